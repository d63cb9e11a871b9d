//! Sessions that a stopped command left on its server: a client that is killed
//! does not end the statement it sent, and the server might yet carry it out.
//!
//! PostgreSQL's clients call themselves by `PGAPPNAME`, so a command's sessions
//! are known by the name of its machine. Other servers have no such name.

use std::time::Duration;

use shipgate_database::{ConnectOptions, Database, Dialect, Session, StatementError, Value};
use tokio::time::Instant;

/// The variable by which PostgreSQL's clients take their name.
pub(crate) const NAME_VARIABLE: &str = "PGAPPNAME";

/// How long sessions that were told to end may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// From one look to the next.
const LOOK: Duration = Duration::from_millis(50);

/// What became of the sessions whose name begins so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// There were none, or nobody can tell.
    None,
    /// So many, and they have ended.
    Ended(usize),
    /// So many still run.
    Running(usize),
}

/// Ends the sessions on this database whose name begins with `prefix`.
pub(crate) async fn end(database: &dyn Database, connect: &ConnectOptions, prefix: &str) -> Left {
    if database.dialect() != Dialect::Postgres {
        return Left::None;
    }
    let Ok(mut session) = database.connect(connect).await else {
        return Left::None;
    };
    let left = end_in(session.as_mut(), prefix).await;
    session.close().await;
    left.unwrap_or(Left::None)
}

async fn end_in(session: &mut dyn Session, prefix: &str) -> Result<Left, StatementError> {
    let deadline = Instant::now() + PATIENCE;
    let mut most = 0;
    loop {
        let rows = session
            .query(
                "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
                 WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid() \
                 AND pg_catalog.starts_with(application_name, $1)",
                &[Value::Text(prefix.to_owned())],
            )
            .await?;
        most = most.max(rows.len());
        if rows.is_empty() {
            return Ok(match most {
                0 => Left::None,
                ended => Left::Ended(ended),
            });
        }
        if Instant::now() > deadline {
            return Ok(Left::Running(rows.len()));
        }
        tokio::time::sleep(LOOK).await;
    }
}
