//! May we use the database? Asked before anything changes, and told in the
//! user's words.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use shipgate_database::{DatabaseUrl, OpenError};
use shipgate_release::{Failure, FailureKind};

/// Whether this user could write the database: its file and the directory in
/// which SQLite puts its journal, or the place where both would be made.
pub(crate) fn check_writable(url: &DatabaseUrl) -> Result<(), Failure> {
    let Some(file) = url.file() else {
        return Ok(());
    };
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let directory = file.parent().unwrap_or(Path::new("/"));
    let refused = |path: PathBuf| Err(open_failure(&OpenError::NotWritable { path }));
    if file.exists() && access(&file, Access::WRITE_OK).is_err() {
        return refused(file);
    }
    let Some(there) = directory.ancestors().find(|path| path.exists()) else {
        return Ok(());
    };
    if !there.is_dir() {
        return Err(Failure::new(
            "database-directory",
            format!(
                "cannot make the database in {}: {} is a file",
                directory.display(),
                there.display()
            ),
        )
        .with_hint("`[database] url` says where the database is; name another place, or move the file away")
        .of_kind(FailureKind::Usage));
    }
    if access(there, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        return refused(there.to_owned());
    }
    Ok(())
}

/// What to do about a lock that was not let go of in time.
pub(crate) const LOCKED_HINT: &str = "end what holds it (`fuser FILE` tells the process of a SQLite file), or raise `[release] lock_timeout`";

/// A database that cannot be opened, as the user reads it.
pub(crate) fn open_failure(error: &OpenError) -> Failure {
    let message = error.to_string();
    let failure = |code| Failure::new(code, message.clone());
    match error {
        OpenError::Locked { .. } => failure("database-locked")
            .with_hint(LOCKED_HINT)
            .of_kind(FailureKind::Deadline),
        OpenError::NotReadable { path } | OpenError::NotWritable { path } => {
            failure("database-permission").with_hint(format!(
                "`ls -ld {}` shows whose it is; release as that user, or give it to this one",
                path.display()
            ))
        }
        OpenError::DiskFull { .. } => failure("disk-full").with_hint("free some space there"),
        OpenError::NotAFile { .. } | OpenError::NotADatabase { .. } => failure("database-open")
            .with_hint("the database's URL names its file, as in `sqlite://data/app.db`"),
        OpenError::Damaged { .. } => failure("database-open")
            .with_hint("`shipgate backup list` shows the backups that could be restored"),
        OpenError::Unreachable { .. } => failure("database-open").with_hint(
            "is the server up, and is this its address?",
        ),
        OpenError::Denied { .. } => failure("database-open").with_hint(
            "user and password are in the URL, in the client's own files (`.pgpass`, `.my.cnf`) or in its variables",
        ),
        OpenError::NoSuchDatabase { .. } => failure("database-open")
            .with_hint("create it first; Shipgate does not create a server's database"),
        OpenError::Tls { .. } => failure("database-open").with_hint(
            "`sslmode` (PostgreSQL) or `ssl-mode` (MySQL) in the URL says how safe the connection must be",
        ),
        OpenError::Setting { .. } => failure("database-url").of_kind(FailureKind::Usage),
        OpenError::Missing { .. } | OpenError::NoDirectory { .. } | OpenError::Other { .. } => {
            failure("database-open")
        }
    }
}
