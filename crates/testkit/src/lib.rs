//! Dev only: temporary projects, a fake app, the CLI test environment.
