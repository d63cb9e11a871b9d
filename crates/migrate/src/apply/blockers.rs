//! Who was in the way of a statement that waited for a lock.

use shipgate_database::{Session, StatementError};
use shipgate_sql::Dialect;

use crate::apply::intent::text;

/// More of them are not told.
const MOST: usize = 5;

/// Sessions that hold locks, the oldest first, one line each; nothing if the
/// server does not tell.
pub(super) async fn blockers(session: &mut dyn Session) -> Vec<String> {
    // Whoever may not ask learns how to ask from the hint.
    ask(session).await.unwrap_or_default()
}

/// How a person sees it.
pub(super) fn how_to_see(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        Dialect::Sqlite => None,
        Dialect::Postgres => Some(
            "see who holds locks: SELECT pid, application_name, xact_start, query \
             FROM pg_stat_activity WHERE xact_start IS NOT NULL ORDER BY xact_start",
        ),
        Dialect::MySql | Dialect::MariaDb => Some(
            "see who holds locks: SELECT trx_mysql_thread_id, trx_started, trx_query \
             FROM information_schema.innodb_trx ORDER BY trx_started; and SHOW PROCESSLIST",
        ),
    }
}

async fn ask(session: &mut dyn Session) -> Result<Vec<String>, StatementError> {
    let question = match session.dialect() {
        Dialect::Sqlite => return Ok(Vec::new()),
        Dialect::Postgres => {
            "SELECT a.pid, a.application_name, a.usename, a.state, \
             extract(epoch FROM clock_timestamp() - a.xact_start)::bigint, a.query, \
             string_agg(DISTINCT c.relname, ', ') \
             FROM pg_catalog.pg_stat_activity a \
             JOIN pg_catalog.pg_locks l ON l.pid = a.pid AND l.granted AND l.locktype = 'relation' \
             JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'm', 'v') \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND c.relname <> 'shipgate_lease' \
             WHERE a.pid <> pg_backend_pid() AND a.datname = current_database() \
             AND a.xact_start IS NOT NULL \
             GROUP BY a.pid, a.application_name, a.usename, a.state, a.xact_start, a.query \
             ORDER BY a.xact_start"
        }
        Dialect::MySql | Dialect::MariaDb => {
            "SELECT t.trx_mysql_thread_id, p.host, p.user, p.command, \
             TIMESTAMPDIFF(SECOND, t.trx_started, NOW()), COALESCE(t.trx_query, ''), '' \
             FROM information_schema.innodb_trx t \
             JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
             WHERE t.trx_mysql_thread_id <> CONNECTION_ID() ORDER BY t.trx_started"
        }
    };
    let rows = session.query(question, &[]).await?;
    Ok(rows
        .iter()
        .take(MOST)
        .map(|row| {
            let field = |index: usize| row.get(index).map(text).unwrap_or_default();
            described(&[0, 1, 2, 3, 4, 5, 6].map(field))
        })
        .collect())
}

fn described([id, from, user, state, seconds, query, tables]: &[String; 7]) -> String {
    let mut line = format!("session {id} of {user}");
    if !from.is_empty() {
        line.push_str(&format!(" ({from})"));
    }
    line.push_str(&format!(", {state}, in a transaction for {seconds}s"));
    if !tables.is_empty() {
        line.push_str(&format!(", holds {tables}"));
    }
    let query = query.split_whitespace().collect::<Vec<_>>().join(" ");
    if !query.is_empty() {
        let shown: String = query.chars().take(120).collect();
        line.push_str(&format!(": {shown}"));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::described;

    #[test]
    fn a_session_is_described_on_one_line() {
        let fields = [
            "12",
            "psql",
            "app",
            "idle in transaction",
            "61",
            "SELECT 1\n FROM t",
            "t",
        ];
        assert_eq!(
            described(&fields.map(str::to_owned)),
            "session 12 of app (psql), idle in transaction, in a transaction for 61s, holds t: SELECT 1 FROM t"
        );
    }
}
