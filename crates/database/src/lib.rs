//! URLs, sessions, locks, catalogs and backups of the databases Shipgate
//! migrates: one module per database behind the traits here.

mod session;

pub use session::{Canceller, ErrorKind, Executed, Session, StatementError, Value};
