//! The session that a dead holder of a lock left on its server.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A session that executed nothing for so long, and whose holder did not renew
/// the lock, has nobody who would go on with it: its client's machine is gone
/// without a word.
pub(crate) const ABANDONED: Duration = Duration::from_secs(60);

/// How much of a statement is shown.
const EXCERPT: usize = 60;

/// A session whose client is gone: until it has ended nobody can tell what its
/// statement does, and the lock is not free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftSession {
    /// Its number on the server.
    pub session: i64,
    /// What it executes, shortened; `None` if that is not shown.
    pub statement: Option<String>,
    /// The statement that ends it.
    pub end: String,
}

impl LeftSession {
    pub(crate) fn new(session: i64, statement: &str, end: String) -> Self {
        let words: Vec<&str> = statement.split_whitespace().collect();
        let line = words.join(" ");
        let statement = match line.char_indices().nth(EXCERPT) {
            Some((end, _)) => format!("{} …", line[..end].trim_end()),
            None => line,
        };
        Self {
            session,
            statement: (!statement.is_empty()).then_some(statement),
            end,
        }
    }
}

impl fmt::Display for LeftSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session {} on the server", self.session)?;
        match &self.statement {
            Some(statement) => write!(f, " still executes `{statement}`")?,
            None => f.write_str(" has not ended")?,
        }
        write!(f, " (`{}` would end it)", self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_statement_is_one_short_line() {
        let statement = format!("ALTER TABLE t\n  ADD COLUMN {} int", "é".repeat(80));
        let left = LeftSession::new(4, &statement, "KILL 4".to_owned());
        assert_eq!(
            left.to_string(),
            format!(
                "session 4 on the server still executes `ALTER TABLE t ADD COLUMN {} …` (`KILL 4` would end it)",
                "é".repeat(35)
            )
        );
    }

    #[test]
    fn a_statement_that_is_not_shown_is_not_made_up() {
        let left = LeftSession::new(4, "", "KILL 4".to_owned());
        assert_eq!(
            left.to_string(),
            "session 4 on the server has not ended (`KILL 4` would end it)"
        );
    }
}
