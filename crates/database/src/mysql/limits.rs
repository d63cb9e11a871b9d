//! How long statements may wait and run.
//!
//! Locks of definitions (`lock_wait_timeout`) and of rows
//! (`innodb_lock_wait_timeout`) are counted in whole seconds, so what is asked for is
//! rounded up. MariaDB's `max_statement_time` ends any statement; MySQL's
//! `max_execution_time` only a `SELECT`.

use std::time::Duration;

use shipgate_sql::Dialect;

use super::link::Link;
use crate::{Limits, StatementError, Value};

/// The longest time the server takes, one year: as good as without end.
const LONGEST: u64 = 31_536_000;

/// What the session had before anything was limited, as SQL.
#[derive(Clone)]
pub(super) struct OwnLimits {
    definitions: String,
    rows: String,
    statement: String,
}

impl Link {
    /// Sets the limits; what is not limited gets back what the session had.
    pub(super) async fn limit(&mut self, limits: &Limits) -> Result<(), StatementError> {
        let variable = match self.dialect() {
            Dialect::MariaDb => "max_statement_time",
            _ => "max_execution_time",
        };
        let own = match self.own_limits() {
            Some(own) => own.clone(),
            None => self.read_own_limits(variable).await?,
        };
        let (definitions, rows) = match limits.lock {
            Some(limit) => (seconds(limit), seconds(limit)),
            None => (own.definitions.clone(), own.rows.clone()),
        };
        let statement = match (limits.statement, self.dialect()) {
            (None, _) => own.statement.clone(),
            (Some(limit), Dialect::MariaDb) => format!("{:.6}", limit.as_secs_f64()),
            (Some(limit), _) if limit.is_zero() => "0".to_owned(),
            (Some(limit), _) => limit.as_millis().clamp(1, u128::from(u32::MAX)).to_string(),
        };
        let set = format!(
            "SET SESSION lock_wait_timeout = {definitions}, innodb_lock_wait_timeout = {rows}, \
             {variable} = {statement}"
        );
        self.execute(&set).await?;
        self.set_own_limits(own);
        Ok(())
    }

    async fn read_own_limits(&mut self, variable: &str) -> Result<OwnLimits, StatementError> {
        let ask = format!(
            "SELECT CAST(@@lock_wait_timeout AS CHAR), CAST(@@innodb_lock_wait_timeout AS CHAR), \
             CAST(@@{variable} AS CHAR)"
        );
        let rows = self.query(&ask, &[]).await?;
        let mut values = rows.into_iter().flatten().map(|value| match value {
            Value::Text(text) => text,
            _ => "DEFAULT".to_owned(),
        });
        let mut next = || values.next().unwrap_or_else(|| "DEFAULT".to_owned());
        Ok(OwnLimits {
            definitions: next(),
            rows: next(),
            statement: next(),
        })
    }
}

fn seconds(limit: Duration) -> String {
    if limit.is_zero() {
        return LONGEST.to_string();
    }
    let whole = limit
        .as_secs()
        .saturating_add(u64::from(limit.subsec_nanos() > 0));
    whole.min(LONGEST).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up_and_zero_is_without_end() {
        for (milliseconds, text) in [(1, "1"), (1000, "1"), (1001, "2"), (0, "31536000")] {
            assert_eq!(seconds(Duration::from_millis(milliseconds)), text);
        }
        assert_eq!(seconds(Duration::MAX), "31536000");
    }
}
