//! A valid script does to a database statement by statement what it does as
//! one file given to the database's own client: scripts with nearly every kind
//! of statement, what the database's own tools dump of them in several styles,
//! and scripts that come with the databases.

mod mariadb;
mod postgres;
mod sqlite;
