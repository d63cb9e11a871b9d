//! The session reads a file's strings as they were read when it was taken apart.
//!
//! A file is taken apart by the settings with which the session began, and
//! followed where it changes them itself. They end with it: the next file
//! begins with the session's first ones again, whatever runs before it in the
//! same run. A change that the text does not tell is found out before anything
//! behind it is executed.

use shipgate_database::Value;
use shipgate_sql::{Dialect, Position, SplitOptions, StatementKind};

use crate::apply::file_run::Run;
use crate::apply::intent::text;
use crate::apply::prepare::Prepared;
use crate::apply::{ApplyError, ApplyEvent, ReadOtherwise};
use crate::script::{Cursor, Unit};

impl Run<'_, '_> {
    /// Makes the session read on where the cursor stands.
    pub(super) async fn read_as_taken_apart(
        &mut self,
        file: &Prepared<'_>,
        cursor: &Cursor<'_>,
    ) -> Result<(), ApplyError> {
        let options = cursor.options();
        let options = options.unwrap_or(file.script.syntax().options());
        let session = &mut *self.conductor.session;
        if !file.script.is_own() || session.split_options() == options {
            return Ok(());
        }
        let statement = match session.dialect() {
            Dialect::Sqlite => return Ok(()),
            Dialect::Postgres => {
                let value = on_or_off(options.standard_conforming_strings);
                format!("SET standard_conforming_strings = {value}")
            }
            Dialect::MySql | Dialect::MariaDb => {
                let rows = session.query("SELECT @@sql_mode", &[]).await;
                let rows = rows.map_err(ApplyError::Session)?;
                let mode = rows.first().and_then(|row| row.first());
                let mode = text(mode.unwrap_or(&Value::Null));
                format!("SET SESSION sql_mode = '{}'", mode_with(&mode, options))
            }
        };
        self.conductor.emit(&ApplyEvent::SessionRestored {
            statement: &statement,
        });
        let executed = self.conductor.execute(&statement).await;
        executed.map(drop).map_err(ApplyError::Session)
    }

    /// Refuses to go on if a statement changed what its text does not tell.
    /// The cursor stands behind it.
    pub(super) fn refuse_to_misread(
        &self,
        file: &Prepared<'_>,
        cursor: &Cursor<'_>,
        unit: &Unit<'_>,
    ) -> Result<(), ApplyError> {
        let may_change = matches!(
            unit.kind,
            StatementKind::Set | StatementKind::Call | StatementKind::Do
        );
        let is_last = unit.number >= file.script.len();
        if !may_change || is_last || !file.script.is_own() {
            return Ok(());
        }
        if cursor.options() == Some(self.conductor.session.split_options()) {
            return Ok(());
        }
        Err(ApplyError::ReadOtherwise(Box::new(ReadOtherwise {
            path: file.file.path().to_owned(),
            position: Position {
                line: unit.line,
                column: unit.column,
            },
            statement: unit.text.to_owned(),
            setting: match self.dialect() {
                Dialect::Postgres => "standard_conforming_strings",
                _ => "sql_mode",
            },
        })))
    }
}

const fn on_or_off(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

/// A `sql_mode` like this one in which strings end as the options say.
fn mode_with(mode: &str, options: SplitOptions) -> String {
    /// They bring `ANSI_QUOTES` with them.
    const COMBINED: [&str; 6] = ["ANSI", "ORACLE", "MSSQL", "DB2", "POSTGRESQL", "MAXDB"];
    let mut modes: Vec<&str> = mode
        .split(',')
        .filter(|mode| !mode.is_empty() && !["ANSI_QUOTES", "NO_BACKSLASH_ESCAPES"].contains(mode))
        .filter(|mode| options.ansi_quotes || !COMBINED.contains(mode))
        .collect();
    if options.ansi_quotes {
        modes.push("ANSI_QUOTES");
    }
    if options.no_backslash_escapes {
        modes.push("NO_BACKSLASH_ESCAPES");
    }
    modes.join(",")
}

#[cfg(test)]
mod tests {
    use shipgate_sql::SplitOptions;

    use super::mode_with;

    #[test]
    fn of_a_mode_only_what_concerns_strings_is_changed() {
        let plain = SplitOptions::default();
        let mode = "STRICT_TRANS_TABLES,ANSI_QUOTES,NO_BACKSLASH_ESCAPES";
        assert_eq!(mode_with(mode, plain), "STRICT_TRANS_TABLES");
        assert_eq!(
            mode_with("STRICT_TRANS_TABLES", plain.ansi_quotes(true)),
            "STRICT_TRANS_TABLES,ANSI_QUOTES"
        );
        assert_eq!(
            mode_with("PIPES_AS_CONCAT,ANSI_QUOTES,ANSI", plain),
            "PIPES_AS_CONCAT"
        );
        assert_eq!(
            mode_with("", plain.no_backslash_escapes(true)),
            "NO_BACKSLASH_ESCAPES"
        );
    }
}
