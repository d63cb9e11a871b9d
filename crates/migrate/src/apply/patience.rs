//! How long statements wait and run, and how often a wait that was too long is
//! tried again.
//!
//! A definition that waits for its lock makes everybody wait who comes after
//! it: on a server one queued `ALTER TABLE` stops the whole app behind it. So
//! it waits only for a moment, gives everything back, and tries again later.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use shipgate_database::Limits;
use shipgate_sql::{Dialect, StatementKind};

use crate::apply::{ApplyError, WrongDirective};
use crate::directory::File;
use crate::golang::GoDuration;

/// How long statements wait and run, and how often what waited too long is
/// tried again. `None` leaves the choice to the rule below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patience {
    /// How long a statement waits for a lock; zero: without end. Without a
    /// choice, on a server, [`Patience::DEFINITIONS_WAIT`] where a lock is
    /// waited for that stops others, else as the server has it.
    pub lock_timeout: Option<Duration>,
    /// How long a statement runs; zero: without end.
    pub statement_timeout: Option<Duration>,
    /// How often a transaction that waited too long, or lost against another
    /// one, is tried again; without a choice [`Patience::RETRIES`].
    pub lock_retries: Option<u32>,
}

impl Patience {
    /// How long a definition waits for its lock on a server.
    pub const DEFINITIONS_WAIT: Duration = Duration::from_secs(1);

    /// How often it is tried again: with the pauses in between for a minute
    /// and a half.
    pub const RETRIES: u32 = 25;

    const FIRST_PAUSE: Duration = Duration::from_millis(250);
    const LONGEST_PAUSE: Duration = Duration::from_secs(4);

    /// Waits about this long in all for the locks of definitions on a server,
    /// and at least [`Patience::DEFINITIONS_WAIT`]: in short waits with pauses
    /// between them, for behind each of them others wait.
    #[must_use]
    pub fn within(total: Duration) -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let total = total.min(DAY);
        let mut spent = Self::DEFINITIONS_WAIT;
        let mut retries = 0;
        loop {
            let again = Self::longest_pause(retries + 1) + Self::DEFINITIONS_WAIT;
            spent += again;
            if spent > total {
                break;
            }
            retries += 1;
        }
        Self {
            lock_retries: Some(retries),
            ..Self::default()
        }
    }

    /// These choices, and where there is none the `others`.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            lock_timeout: self.lock_timeout.or(others.lock_timeout),
            statement_timeout: self.statement_timeout.or(others.statement_timeout),
            lock_retries: self.lock_retries.or(others.lock_retries),
        }
    }

    /// The limits of statements, of which one may stop others or none does.
    pub(super) fn limits(self, dialect: Dialect, stops_others: bool) -> Limits {
        let by_rule =
            (stops_others && dialect != Dialect::Sqlite).then_some(Self::DEFINITIONS_WAIT);
        Limits {
            lock: self.lock_timeout.or(by_rule),
            statement: self.statement_timeout,
        }
    }

    /// How long to wait before a further attempt, from 1: longer each time,
    /// and never the same for two who fail together.
    pub(super) fn pause(attempt: u32) -> Duration {
        let longest = Self::longest_pause(attempt);
        let random = RandomState::new().build_hasher().finish() % 1000;
        longest / 2 + longest.mul_f64(random as f64 / 2000.0)
    }

    fn longest_pause(attempt: u32) -> Duration {
        let doubled = Self::FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(10));
        doubled.min(Self::LONGEST_PAUSE)
    }
}

/// Whether a statement may wait for a lock that makes others wait behind it.
pub(super) fn stops_others(kind: StatementKind<'_>) -> bool {
    match kind {
        // These wait for old transactions, and nobody waits behind them.
        StatementKind::CreateIndexConcurrently
        | StatementKind::DropIndexConcurrently
        | StatementKind::ReindexConcurrently
        | StatementKind::DetachPartitionConcurrently => false,
        StatementKind::Truncate
        | StatementKind::Lock
        | StatementKind::Cluster
        | StatementKind::Refresh
        | StatementKind::Reindex => true,
        kind => kind.changes_schema(),
    }
}

/// What a file says about itself: `-- shipgate:lock_timeout 2s`,
/// `-- shipgate:statement_timeout 1m`, `-- shipgate:lock_retries 5`.
pub(super) fn patience_of(file: &File) -> Result<Patience, ApplyError> {
    let mut patience = Patience::default();
    for directive in &file.directives().patience {
        let wrong = |expected| {
            ApplyError::Directive(Box::new(WrongDirective {
                path: file.path().to_owned(),
                line: file.line_on_disk(directive.line),
                name: directive.name.clone(),
                value: directive.value.clone(),
                expected,
            }))
        };
        let duration = || {
            let duration: Option<GoDuration> = directive.value.parse().ok();
            let nanos = duration.and_then(|duration| u64::try_from(duration.as_nanos()).ok());
            nanos.map(Duration::from_nanos).ok_or_else(|| {
                wrong("a duration such as `500ms`, `2s` or `1m30s`; `0s` is without end")
            })
        };
        match directive.name.as_str() {
            "lock_timeout" => patience.lock_timeout = Some(duration()?),
            "statement_timeout" => patience.statement_timeout = Some(duration()?),
            _ => {
                let retries = directive.value.parse();
                patience.lock_retries =
                    Some(retries.map_err(|_| wrong("a whole number from 0 on"))?);
            }
        }
    }
    Ok(patience)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use shipgate_sql::{Dialect, classify};

    use super::{Patience, stops_others};

    fn wait(patience: Patience, dialect: Dialect, statement: &str) -> Option<Duration> {
        let stops = stops_others(classify(dialect, statement));
        patience.limits(dialect, stops).lock
    }

    #[test]
    fn definitions_wait_for_a_moment_on_servers() {
        let waits = |dialect, statement| wait(Patience::default(), dialect, statement);
        let moment = Some(Patience::DEFINITIONS_WAIT);
        assert_eq!(waits(Dialect::Postgres, "ALTER TABLE t ADD a int"), moment);
        assert_eq!(waits(Dialect::MariaDb, "TRUNCATE t"), moment);
        assert_eq!(waits(Dialect::Postgres, "UPDATE t SET a = 1"), None);
        assert_eq!(
            waits(Dialect::Postgres, "CREATE INDEX CONCURRENTLY i ON t (a)"),
            None
        );
        assert_eq!(waits(Dialect::Sqlite, "ALTER TABLE t ADD a int"), None);
    }

    #[test]
    fn a_choice_wins_over_the_rule_and_the_file_over_the_run() {
        let second = Some(Duration::from_secs(2));
        let chosen = Patience {
            lock_timeout: second,
            ..Patience::default()
        };
        assert_eq!(wait(chosen, Dialect::Postgres, "SELECT 1"), second);
        let file = Patience {
            lock_timeout: Some(Duration::ZERO),
            ..Patience::default()
        };
        assert_eq!(file.or(chosen).lock_timeout, Some(Duration::ZERO));
        assert_eq!(Patience::default().or(chosen).lock_timeout, second);
    }

    #[test]
    fn a_time_in_all_is_spent_in_short_waits() {
        let retries = |seconds| Patience::within(Duration::from_secs(seconds)).lock_retries;
        assert_eq!(retries(0), Some(0));
        assert_eq!(retries(1), Some(0));
        // 1 + 0.25 + 1 + 0.5 + 1 + 1 + 1 + 2 + 1
        assert_eq!(retries(10), Some(4));
        assert_eq!(retries(600), Some(122));
        assert_eq!(Patience::within(Duration::MAX).lock_timeout, None);
    }

    #[test]
    fn pauses_grow_to_a_bound() {
        for attempt in 1..40 {
            let pause = Patience::pause(attempt);
            assert!(pause >= Patience::FIRST_PAUSE / 2, "{pause:?}");
            assert!(pause <= Patience::LONGEST_PAUSE, "{pause:?}");
        }
    }
}
