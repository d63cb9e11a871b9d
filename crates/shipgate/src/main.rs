//! Takes a database schema and the app that needs it to production together.
fn main() {}
