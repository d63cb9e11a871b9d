//! What a statement did that was begun and whose end is not known.
//!
//! Nothing is guessed: the catalog is compared with what it was before the
//! statement. `docs/half-applied.md` has the table of statements.

mod mysql;
mod postgres;
mod reader;
mod subject;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use shipgate_database::{Session, StatementError};
use shipgate_sql::Dialect;

use crate::apply::intent::Intent;

pub(crate) use subject::created_database;
pub(super) use subject::{Subject, Tells};

/// What became of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It took effect.
    Applied,
    /// It did not, or doing it again changes nothing more.
    NotApplied,
    /// It did not; this is in the way of doing it again, and is dropped first.
    LeftBehind {
        /// What drops it.
        remedy: String,
    },
    /// It did by half; this does the rest.
    Unfinished {
        /// What finishes it.
        remedy: String,
    },
    /// It cannot be told, and this is why.
    Unknown(String),
}

/// An object that is not there.
pub(super) const ABSENT: &str = "-";

/// What the objects a statement is about look like now.
pub(super) async fn observe(
    session: &mut dyn Session,
    subject: &Subject,
) -> Result<BTreeMap<String, String>, StatementError> {
    let mut seen = BTreeMap::new();
    for object in subject.objects() {
        let look = match session.dialect() {
            Dialect::Postgres => postgres::look(session, object).await?,
            Dialect::MySql | Dialect::MariaDb => mysql::look(session, object).await?,
            Dialect::Sqlite => None,
        };
        seen.insert(
            object.label(),
            look.map_or_else(|| ABSENT.to_owned(), |look| digest(&look)),
        );
    }
    Ok(seen)
}

/// What a statement did, from the intent that was written before it.
pub(super) async fn judge(
    session: &mut dyn Session,
    statement: &str,
    intent: &Intent,
) -> Result<Outcome, StatementError> {
    let dialect = session.dialect();
    let subject = Subject::of(dialect, statement);
    if let Some(leftover) = leftover(session, &subject).await? {
        return Ok(leftover);
    }
    let now = observe(session, &subject).await?;
    let outcome = subject.verdict(&intent.before, &now);
    match outcome {
        Outcome::Unknown(_) if subject.tells == Tells::Emptied => {
            mysql::emptied(session, &subject).await
        }
        outcome => Ok(outcome),
    }
}

/// What a broken-off statement left behind that has to go first.
pub(super) async fn leftover(
    session: &mut dyn Session,
    subject: &Subject,
) -> Result<Option<Outcome>, StatementError> {
    if session.dialect() != Dialect::Postgres {
        return Ok(None);
    }
    postgres::leftover(session, subject).await
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
