//! Has anybody written to a database since a moment? Asked when a command
//! failed, to tell a database that is as it was from one that may not be.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use shipgate_database::{
    ConnectOptions, Database, Dialect, LEASE_TABLE, OpenError, Session, StatementError, Value,
};
use shipgate_release::Failure;

use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;

use super::access::open_failure;

/// A database under watch.
pub(crate) enum Witness {
    /// There was none.
    Nothing,
    /// It was, and a session sees whether others commit.
    Sqlite(Mutex<Sqlite>),
    /// It was, and its transactions are numbered.
    Postgres(Mutex<Postgres>),
    /// It cannot be told.
    Blind,
}

/// Whether anybody has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// Nobody has.
    No,
    /// Somebody has; who cannot be told.
    BySomebody,
    /// It cannot be told.
    CannotTell,
}

impl Witness {
    /// Begins to watch.
    pub(crate) async fn of(
        database: &Arc<dyn Database>,
        connect: &ConnectOptions,
    ) -> Result<Self, Failure> {
        let session = match database.connect(connect).await {
            Ok(session) => session,
            Err(OpenError::Missing { .. } | OpenError::NoDirectory { .. }) => {
                return Ok(Self::Nothing);
            }
            Err(error) => return Err(open_failure(&error)),
        };
        let failed = |error: StatementError| Failure::new("database", error.to_string());
        Ok(match database.dialect() {
            Dialect::Sqlite => {
                let watched = Sqlite::of(session).await.map_err(failed)?;
                Self::Sqlite(Mutex::new(watched))
            }
            Dialect::Postgres => {
                let watched = Postgres::of(session).await.map_err(failed)?;
                Self::Postgres(Mutex::new(watched))
            }
            // Nothing tells what was committed and what was not.
            Dialect::MySql | Dialect::MariaDb => Self::Blind,
        })
    }

    /// What was seen until now; the migration lock's own writes do not count.
    pub(crate) async fn written(&self) -> Written {
        let seen = match self {
            Self::Nothing => return Written::No,
            Self::Blind => return Written::CannotTell,
            Self::Sqlite(watched) => watched.lock().await.has_changed().await,
            Self::Postgres(watched) => watched.lock().await.has_changed().await,
        };
        match seen {
            Ok(false) => Written::No,
            Ok(true) => Written::BySomebody,
            Err(_) => Written::CannotTell,
        }
    }
}

/// A session on a SQLite database.
pub(crate) struct Sqlite {
    session: Box<dyn Session>,
    version: Vec<Vec<Value>>,
}

impl Sqlite {
    /// Changes whenever another session has committed.
    const VERSION: &str = "PRAGMA data_version";

    async fn of(mut session: Box<dyn Session>) -> Result<Self, StatementError> {
        let version = session.query(Self::VERSION, &[]).await?;
        Ok(Self { session, version })
    }

    async fn has_changed(&mut self) -> Result<bool, StatementError> {
        Ok(self.session.query(Self::VERSION, &[]).await? != self.version)
    }
}

/// A session on a PostgreSQL database. Every transaction that writes has a
/// number, and what became of it can be asked.
pub(crate) struct Postgres {
    session: Option<Box<dyn Session>>,
    /// The first number that was not given yet.
    next: i64,
    lease: Option<Lease>,
}

/// Gathers the numbers of the transactions that renew the migration lock.
struct Lease {
    stop: oneshot::Sender<()>,
    gathered: JoinHandle<(Box<dyn Session>, BTreeSet<i64>)>,
}

impl Postgres {
    /// Numbers go round after this many, where the system shows a row's.
    const ROUND: i64 = 1 << 32;
    /// Several times as often as a lease is renewed.
    const LOOK: Duration = Duration::from_millis(500);

    async fn of(mut session: Box<dyn Session>) -> Result<Self, StatementError> {
        let next = "SELECT txid_snapshot_xmax(txid_current_snapshot())";
        let next = integer(&session.query(next, &[]).await?);
        let (stop, stopped) = oneshot::channel();
        let gathered = tokio::spawn(Self::gather(session, stopped));
        Ok(Self {
            session: None,
            next,
            lease: Some(Lease { stop, gathered }),
        })
    }

    async fn gather(
        mut session: Box<dyn Session>,
        mut stopped: oneshot::Receiver<()>,
    ) -> (Box<dyn Session>, BTreeSet<i64>) {
        let number = format!("SELECT xmin::text::bigint FROM {LEASE_TABLE}");
        let mut own = BTreeSet::new();
        loop {
            let is_last = tokio::select! {
                _ = &mut stopped => true,
                () = tokio::time::sleep(Self::LOOK) => false,
            };
            if let Ok(rows) = session.query(&number, &[]).await {
                own.extend(rows.iter().map(|row| integer(std::slice::from_ref(row))));
            }
            if is_last {
                return (session, own);
            }
        }
    }

    async fn has_changed(&mut self) -> Result<bool, StatementError> {
        let mut own = BTreeSet::new();
        if let Some(lease) = self.lease.take() {
            // The task ends by itself only if this fails, and then it has ended.
            let _ = lease.stop.send(());
            if let Ok((session, gathered)) = lease.gathered.await {
                self.session = Some(session);
                own = gathered;
            }
        }
        let Some(session) = &mut self.session else {
            return Ok(true);
        };
        let kept = format!(
            "SELECT number % {} FROM generate_series({}::bigint, \
             txid_snapshot_xmax(txid_current_snapshot()) - 1) AS number \
             WHERE txid_status(number) IS DISTINCT FROM 'aborted' LIMIT 10000",
            Self::ROUND,
            self.next
        );
        let kept = session.query(&kept, &[]).await?;
        Ok(kept
            .iter()
            .any(|row| !own.contains(&integer(std::slice::from_ref(row)))))
    }
}

/// The number in the first column of the first row.
fn integer(rows: &[Vec<Value>]) -> i64 {
    match rows.first().and_then(|row| row.first()) {
        Some(Value::Integer(number)) => *number,
        Some(Value::Text(text)) => text.parse().unwrap_or(0),
        _ => 0,
    }
}
