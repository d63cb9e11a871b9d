//! MySQL and MariaDB.
//!
//! Rules for everything here: a query of `mysql_async` is never dropped before
//! its end (the next one would read its answer), so each runs in the task that
//! owns the connection; what is to stop is killed from a second connection.
//! Which of the two the server is, it says itself; the URL's scheme does not matter.

mod batch;
mod catalog;
mod connect;
mod copy;
mod database;
mod driver;
mod error;
mod infile;
mod limits;
mod link;
mod lock;
mod names;
mod option_files;
mod place;
mod session;
mod settings;
mod together;
mod value;
mod warnings;
mod worker;

pub use database::MysqlDatabase;
pub use session::MysqlSession;
