//! Whether a server keeps what it has said to have committed.

use shipgate_sql::Dialect;

use crate::{Session, StatementError, Value};

/// What a crash may take back of what a session commits, and by which setting
/// of the server, in words; `None` if it keeps its word.
///
/// # Errors
/// As [`Session::query`].
pub async fn crash_risk(session: &mut dyn Session) -> Result<Option<String>, StatementError> {
    let question = match session.dialect() {
        // Its commits wait for the disk unless a script says otherwise.
        Dialect::Sqlite => return Ok(None),
        Dialect::Postgres => {
            "SELECT current_setting('fsync'), current_setting('synchronous_commit')"
        }
        Dialect::MySql | Dialect::MariaDb => {
            "SELECT CAST(@@innodb_flush_log_at_trx_commit AS CHAR), ''"
        }
    };
    let rows = session.query(question, &[]).await?;
    let values: Vec<&str> = rows
        .iter()
        .flatten()
        .map(|value| match value {
            Value::Text(text) => text.as_str(),
            _ => "",
        })
        .collect();
    let risk = match (session.dialect(), values.as_slice()) {
        (Dialect::Postgres, ["off", _]) => {
            "a crash of the server's machine may lose or damage what is committed: `fsync` is off"
        }
        (Dialect::Postgres, [_, "off"]) => {
            "a crash of the server may lose what was committed last: `synchronous_commit` is off"
        }
        (Dialect::MySql | Dialect::MariaDb, ["0", ..]) => {
            "a crash of the server may lose what was committed in the last second: \
             `innodb_flush_log_at_trx_commit` is 0"
        }
        (Dialect::MySql | Dialect::MariaDb, ["2" | "3", ..]) => {
            "a crash of the server's machine may lose what was committed in the last second: \
             `innodb_flush_log_at_trx_commit` is not 1"
        }
        _ => return Ok(None),
    };
    Ok(Some(risk.to_owned()))
}
