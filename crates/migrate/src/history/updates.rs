//! The statements that change a row alike on every database.

use shipgate_database::{Session, Value};
use shipgate_sql::Dialect;

use super::store::HistoryError;

/// `progress`, `intend` and `delete` of a history, spelled for its database.
pub(super) struct Updates {
    progress: String,
    intend: String,
    delete: String,
}

impl Updates {
    /// Those of a table, which is named as the dialect's SQL writes it.
    pub(super) fn of(dialect: Dialect, table: &str) -> Self {
        let (quote, value): (char, fn(usize) -> String) = match dialect {
            Dialect::Postgres => ('"', |number| format!("${number}")),
            Dialect::MySql | Dialect::MariaDb | Dialect::Sqlite => ('`', |_| "?".to_owned()),
        };
        let column = |name: &str| format!("{quote}{name}{quote}");
        let [applied, error, error_stmt, version] =
            ["applied", "error", "error_stmt", "version"].map(column);
        let [first, second, third, fourth] = [1, 2, 3, 4].map(value);
        Self {
            progress: format!(
                "UPDATE {table} SET {applied} = {first}, {error} = '', {error_stmt} = '' \
                 WHERE {version} = {second}"
            ),
            intend: format!(
                "UPDATE {table} SET {applied} = {first}, {error_stmt} = {second}, \
                 {error} = {third} WHERE {version} = {fourth}"
            ),
            delete: format!("DELETE FROM {table} WHERE {version} = {first}"),
        }
    }

    /// As [`History::progress`](super::History::progress).
    pub(super) async fn progress(
        &self,
        session: &mut dyn Session,
        version: &str,
        applied: i64,
    ) -> Result<(), HistoryError> {
        let values = [Value::Integer(applied), Value::Text(version.to_owned())];
        write(session, &self.progress, &values).await
    }

    /// As [`History::intend`](super::History::intend).
    pub(super) async fn intend(
        &self,
        session: &mut dyn Session,
        version: &str,
        applied: i64,
        statement: &str,
        intent: &str,
    ) -> Result<(), HistoryError> {
        let values = [
            Value::Integer(applied),
            Value::Text(statement.to_owned()),
            Value::Text(intent.to_owned()),
            Value::Text(version.to_owned()),
        ];
        write(session, &self.intend, &values).await
    }

    /// As [`History::delete`](super::History::delete).
    pub(super) async fn delete(
        &self,
        session: &mut dyn Session,
        version: &str,
    ) -> Result<(), HistoryError> {
        write(session, &self.delete, &[Value::Text(version.to_owned())]).await
    }
}

/// Runs a statement that writes rows.
pub(super) async fn write(
    session: &mut dyn Session,
    statement: &str,
    values: &[Value],
) -> Result<(), HistoryError> {
    let written = session.query(statement, values).await;
    written.map(|_| ()).map_err(HistoryError::Write)
}

/// Runs a statement that defines the table or what it stands in.
pub(super) async fn define(session: &mut dyn Session, statement: &str) -> Result<(), HistoryError> {
    let defined = session.execute(statement).await;
    defined.map(|_| ()).map_err(HistoryError::Create)
}

#[cfg(test)]
mod tests {
    use shipgate_sql::Dialect;

    use super::Updates;

    #[test]
    fn statements_are_spelled_as_the_database_reads_them() {
        let postgres = Updates::of(Dialect::Postgres, "\"s\".\"t\"");
        assert_eq!(
            postgres.progress,
            r#"UPDATE "s"."t" SET "applied" = $1, "error" = '', "error_stmt" = '' WHERE "version" = $2"#
        );
        let mysql = Updates::of(Dialect::MySql, "`s`.`t`");
        assert_eq!(
            mysql.intend,
            "UPDATE `s`.`t` SET `applied` = ?, `error_stmt` = ?, `error` = ? WHERE `version` = ?"
        );
    }
}
