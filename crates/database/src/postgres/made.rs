//! Settings that a script makes itself.
//!
//! A pooler that gives a server's connection to others between transactions
//! would hand them on with it: an app behind the same pooler would suddenly
//! have a migration's `search_path`. So behind a pooler the session takes back
//! what was set before a transaction ends, and keeps it from then on as it
//! keeps its own settings.

use shipgate_sql::{Dialect, StatementKind, classify, words};

use super::session::PostgresSession;
use super::status::Status;
use crate::{Executed, StatementError, Value};

/// What poolers follow by themselves, and give back to each client.
const FOLLOWED: [&str; 6] = [
    "application_name",
    "client_encoding",
    "datestyle",
    "intervalstyle",
    "standard_conforming_strings",
    "timezone",
];

/// What a statement does to the session's settings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Making {
    /// Names that have another value behind it.
    sets: Vec<String>,
    /// Names that are as the session began with behind it.
    resets: Vec<String>,
    resets_all: bool,
}

impl Making {
    pub(super) fn of(statement: &str) -> Self {
        let mut making = Self::default();
        if classify(Dialect::Postgres, statement) == StatementKind::Set {
            making.read_set(statement);
        } else if calls_set_config(statement) {
            making.read_calls(statement);
        }
        let is_ours = |name: &String| !FOLLOWED.contains(&name.as_str());
        making.sets.retain(is_ours);
        making.resets.retain(is_ours);
        making
    }

    fn is_nothing(&self) -> bool {
        self.sets.is_empty() && self.resets.is_empty() && !self.resets_all
    }

    fn read_set(&mut self, statement: &str) {
        let mut words = words(Dialect::Postgres, statement).map(str::to_ascii_lowercase);
        let mut next = || words.next().unwrap_or_default();
        let verb = next();
        let mut first = next();
        if verb == "reset" {
            match first.as_str() {
                "all" => self.resets_all = true,
                _ => self.resets.push(name(&first, &mut next)),
            }
            return;
        }
        if first == "session" {
            first = next();
            if first == "characteristics" {
                self.sets.extend(
                    ["isolation", "read_only", "deferrable"]
                        .map(|what| format!("default_transaction_{what}")),
                );
                return;
            }
        }
        match first.as_str() {
            "local" | "transaction" | "constraints" | "seed" => {}
            "authorization" => self.sets.push("session_authorization".to_owned()),
            "time" => self.sets.push("timezone".to_owned()),
            "names" => self.sets.push("client_encoding".to_owned()),
            "schema" => self.sets.push("search_path".to_owned()),
            "xml" => self.sets.push("xmloption".to_owned()),
            _ => self.sets.push(name(&first, &mut next)),
        }
    }

    /// `set_config('search_path', '', false)`, as dumps write it.
    fn read_calls(&mut self, statement: &str) {
        let words: Vec<&str> = words(Dialect::Postgres, statement).collect();
        for call in words.windows(3) {
            let [function, "(", literal] = call else {
                continue;
            };
            let literal = literal
                .strip_prefix('\'')
                .and_then(|rest| rest.strip_suffix('\''));
            if let Some(literal) = literal
                && function.eq_ignore_ascii_case("set_config")
            {
                self.sets.push(literal.to_ascii_lowercase());
            }
        }
    }
}

/// A name with what follows a dot in it, without the quotes around it.
fn name(first: &str, next: &mut impl FnMut() -> String) -> String {
    let mut name = first.trim_matches('"').to_owned();
    while next() == "." {
        name.push('.');
        name.push_str(next().trim_matches('"'));
    }
    name
}

/// Whether a statement may make settings by a function.
pub(super) fn calls_set_config(statement: &str) -> bool {
    statement.contains("set_config") || statement.contains("SET_CONFIG")
}

impl PostgresSession {
    /// Runs a statement of a script.
    pub(super) async fn run_of_script(
        &mut self,
        statement: &str,
    ) -> Result<Executed, StatementError> {
        let making = Making::of(statement);
        let is_plain = making.is_nothing() && self.made.is_empty();
        if is_plain || self.status == Status::Failed || !self.is_pooled().await? {
            let (executed, _) = self.run(statement).await?;
            return Ok(executed);
        }
        if self.status == Status::Idle {
            self.run("BEGIN").await?;
            let done = self.run(statement).await;
            return match done {
                Ok((executed, _)) => {
                    self.note(making).await?;
                    self.run_commit("COMMIT").await?;
                    Ok(executed)
                }
                Err(error) => {
                    // The statement's own error is the one to tell.
                    let _ = self.run("ROLLBACK").await;
                    Err(error)
                }
            };
        }
        if classify(Dialect::Postgres, statement) == StatementKind::Commit {
            return self.run_commit(statement).await.map(|(done, _)| done);
        }
        let (executed, _) = self.run(statement).await?;
        self.note(making).await?;
        if self.status == Status::Idle {
            // It rolled back.
            self.made.clear();
        }
        Ok(executed)
    }

    /// Commits. What was set in the transaction is taken back before, and
    /// kept afterwards.
    pub(super) async fn run_commit(
        &mut self,
        statement: &str,
    ) -> Result<(Executed, String), StatementError> {
        let names: Vec<String> = std::mem::take(&mut self.made).into_iter().collect();
        if names.is_empty() || self.status != Status::InTransaction {
            return self.run(statement).await;
        }
        let marks: Vec<String> = (1..=names.len())
            .map(|number| format!("pg_catalog.current_setting(${number}, true)"))
            .collect();
        let bound: Vec<Value> = names.iter().cloned().map(Value::Text).collect();
        let rows = self
            .run_bound(&format!("SELECT {}", marks.join(", ")), &bound)
            .await?;
        let resets: Vec<String> = names.iter().map(|name| super::kept::reset(name)).collect();
        self.run(&resets.join("; ")).await?;
        let (executed, tag) = self.run(statement).await?;
        if tag != "ROLLBACK" {
            for (name, value) in names.iter().zip(rows.into_iter().flatten()) {
                if let Value::Text(value) = value {
                    self.kept.put(name, Some(&value));
                }
            }
            self.keep_in_transaction().await?;
        }
        Ok((executed, tag))
    }

    async fn note(&mut self, making: Making) -> Result<(), StatementError> {
        if making.resets_all {
            self.made.clear();
            self.kept = self.begun_with.clone();
            self.keep_limits();
        }
        for name in &making.resets {
            self.made.remove(name);
            let own = self.begun_with.get(name).map(str::to_owned);
            self.kept.put(name, own.as_deref());
            self.keep_limits();
        }
        self.made.extend(making.sets);
        if making.resets_all || !making.resets.is_empty() {
            self.keep_in_transaction().await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Making;

    fn sets(statement: &str) -> Vec<String> {
        Making::of(statement).sets
    }

    #[test]
    fn what_a_statement_sets_is_told_by_its_words() {
        for (statement, names) in [
            ("SET search_path = a, b", &["search_path"][..]),
            ("SET SESSION work_mem TO '4MB'", &["work_mem"]),
            ("set \"app\".\"user\" to 1", &["app.user"]),
            ("SET ROLE owner", &["role"]),
            ("SET SESSION AUTHORIZATION ann", &["session_authorization"]),
            (
                "SELECT pg_catalog.set_config('search_path', '', false);",
                &["search_path"],
            ),
            ("SET LOCAL lock_timeout = 0", &[]),
            ("SET TRANSACTION READ ONLY", &[]),
            ("SET CONSTRAINTS ALL DEFERRED", &[]),
            // The pooler follows these.
            ("SET client_encoding = 'UTF8'", &[]),
            ("SET TIME ZONE 'UTC'", &[]),
            ("INSERT INTO t VALUES (1)", &[]),
        ] {
            assert_eq!(sets(statement), names, "{statement}");
        }
        assert!(Making::of("RESET ALL").resets_all);
        assert_eq!(Making::of("RESET search_path").resets, ["search_path"]);
    }
}
