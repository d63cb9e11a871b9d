//! What the executed part of a file has left in its session, and a later run's
//! session does not have.
//!
//! - What a statement sets to a value that its text tells is made again: it is
//!   the same as before.
//! - A value that was computed (`SET @id = LAST_INSERT_ID()`), a temporary
//!   table and its rows, a statement prepared from such a value are gone. Where
//!   the rest of the file uses one of them before making it anew, the file
//!   cannot go on: nothing of it is executed.
//! - Everything else that lives in a session (locks, cursors, `LISTEN`) is gone
//!   and not missed here: its use fails by itself, or it guards and gives nothing.

use std::fmt;

use shipgate_sql::{Dialect, StatementKind, words};

use crate::script::Unit;

/// Functions whose result hangs on nothing but their arguments.
const PURE: [&str; 12] = [
    "CONCAT",
    "CONCAT_WS",
    "REPLACE",
    "IF",
    "IFNULL",
    "COALESCE",
    "NULLIF",
    "LOWER",
    "UPPER",
    "TRIM",
    "CAST",
    "REGEXP_REPLACE",
];

/// Functions about the statement before, which may have been in another session.
const ABOUT_THE_STATEMENT_BEFORE: [&str; 4] = [
    "LAST_INSERT_ID",
    "LAST_INSERT_ROWID",
    "ROW_COUNT",
    "FOUND_ROWS",
];

/// What a session has that the file's text alone does not bring back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// A user variable with a computed value.
    Variable(String),
    /// A temporary table, view or sequence.
    Temporary(String),
    /// A prepared statement.
    Prepared(String),
    /// A setting with a computed value.
    Setting(String),
    /// What a function tells of the statement before.
    StatementBefore(String),
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "the value of @{name}"),
            Self::Temporary(name) => write!(f, "the temporary table `{name}`"),
            Self::Prepared(name) => write!(f, "the prepared statement `{name}`"),
            Self::Setting(name) => write!(f, "the computed value of `{name}`"),
            Self::StatementBefore(name) => write!(f, "what {name}() tells of the statement before"),
        }
    }
}

/// The session as the executed part left it.
#[derive(Debug)]
pub(super) struct SessionState {
    dialect: Dialect,
    again: Vec<String>,
    gone: Vec<Gone>,
}

impl SessionState {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            again: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// What makes the settings again, in order.
    pub(super) fn again(&self) -> &[String] {
        &self.again
    }

    /// Whether anything is gone.
    pub(super) fn is_whole(&self) -> bool {
        self.gone.is_empty()
    }

    /// A statement that was executed.
    pub(super) fn executed(&mut self, unit: &Unit<'_>) {
        let words: Vec<&str> = words(self.dialect, unit.text).collect();
        if let Some(name) = temporary(&words) {
            self.gone.push(Gone::Temporary(name));
        } else if is(&words, 0, "DROP") {
            for word in &words {
                self.make(&Gone::Temporary(plain(word)));
            }
        }
        if is_insert(unit.kind) || unit.kind == StatementKind::Update {
            self.gone
                .retain(|gone| !matches!(gone, Gone::StatementBefore(_)));
            let names =
                ABOUT_THE_STATEMENT_BEFORE.map(|name| Gone::StatementBefore(name.to_owned()));
            self.gone.extend(names);
        }
        if self.is_mysql() {
            self.executed_on_mysql(unit, &words);
        } else if lives_on(unit.kind) && !is_of_a_transaction(&words)
            || unit.kind == StatementKind::Select && sets_a_literal(&words)
            || is(&words, 0, "PREPARE") && self.dialect == Dialect::Postgres
        {
            self.again.push(unit.text.to_owned());
        }
    }

    fn executed_on_mysql(&mut self, unit: &Unit<'_>, words: &[&str]) {
        match unit.kind {
            StatementKind::Set if is(words, 1, "TRANSACTION") || is(words, 2, "TRANSACTION") => {}
            StatementKind::Set => {
                if tells_its_values(words) && !self.uses_what_is_gone(words) {
                    for name in assigned(words) {
                        self.make(&Gone::Variable(name));
                    }
                    self.again.push(unit.text.to_owned());
                    return;
                }
                let variables = assigned(words);
                if variables.is_empty() {
                    let name = words.get(1).copied().unwrap_or_default();
                    self.gone.push(Gone::Setting(name.to_owned()));
                }
                self.gone.extend(variables.into_iter().map(Gone::Variable));
            }
            StatementKind::Call => {
                let names = variables(words).map(|(_, name)| Gone::Variable(name));
                self.gone.extend(names);
            }
            kind if lives_on(kind) => self.again.push(unit.text.to_owned()),
            _ if is(words, 0, "PREPARE") => {
                let name = words.get(1).copied().unwrap_or_default().to_lowercase();
                if self.uses_what_is_gone(words) {
                    self.gone.push(Gone::Prepared(name));
                } else {
                    self.make(&Gone::Prepared(name));
                    self.again.push(unit.text.to_owned());
                }
            }
            _ => self
                .gone
                .extend(assigned(words).into_iter().map(Gone::Variable)),
        }
    }

    /// What a statement of the rest needs and is gone. The statements are asked
    /// in their order: what one of them makes anew is no longer missed.
    pub(super) fn needed_by(&mut self, unit: &Unit<'_>) -> Option<Gone> {
        let words: Vec<&str> = words(self.dialect, unit.text).collect();
        let made = assigned(&words);
        let is_made_here = |name: &String| {
            unit.kind == StatementKind::Set && made.contains(name) && {
                let uses = variables(&words).filter(|(_, used)| used == name);
                uses.count() == 1
            }
        };
        let missed = self.gone.iter().find(|gone| match gone {
            Gone::Variable(name) => {
                !is_made_here(name) && variables(&words).any(|(_, used)| used == *name)
            }
            Gone::Temporary(name) => {
                temporary(&words).as_ref() != Some(name)
                    && !is_dropped_if_there(&words)
                    && words.iter().any(|word| plain(word) == *name)
            }
            Gone::Prepared(name) => {
                is(&words, 0, "EXECUTE") && words.get(1).is_some_and(|word| plain(word) == *name)
            }
            Gone::Setting(_) => true,
            Gone::StatementBefore(name) => words
                .windows(3)
                .any(|call| call[0].eq_ignore_ascii_case(name) && call[1] == "(" && call[2] == ")"),
        });
        if let Some(missed) = missed {
            return Some(missed.clone());
        }
        for name in made {
            self.make(&Gone::Variable(name));
        }
        if let Some(name) = temporary(&words) {
            self.make(&Gone::Temporary(name));
        }
        if is(&words, 0, "PREPARE") {
            let name = words.get(1).copied().map(plain).unwrap_or_default();
            self.make(&Gone::Prepared(name));
        }
        self.gone.retain(|gone| match gone {
            Gone::StatementBefore(name) if name.starts_with("LAST") => !is_insert(unit.kind),
            // They are about the very last statement.
            Gone::StatementBefore(_) => false,
            _ => true,
        });
        None
    }

    fn make(&mut self, made: &Gone) {
        self.gone.retain(|gone| gone != made);
    }

    fn uses_what_is_gone(&self, words: &[&str]) -> bool {
        let assigned = assigned(words);
        variables(words)
            .any(|(_, name)| !assigned.contains(&name) && self.gone.contains(&Gone::Variable(name)))
    }

    fn is_mysql(&self) -> bool {
        matches!(self.dialect, Dialect::MySql | Dialect::MariaDb)
    }
}

/// Settings of the session, whatever they are set to.
fn lives_on(kind: StatementKind<'_>) -> bool {
    matches!(
        kind,
        StatementKind::Pragma { .. }
            | StatementKind::Attach
            | StatementKind::Detach
            | StatementKind::Set
            | StatementKind::Use
    )
}

fn is_insert(kind: StatementKind<'_>) -> bool {
    matches!(kind, StatementKind::Insert | StatementKind::Load)
}

fn is(words: &[&str], index: usize, word: &str) -> bool {
    words
        .get(index)
        .is_some_and(|found| found.eq_ignore_ascii_case(word))
}

/// A name in lower case, without its quotes.
fn plain(word: &str) -> String {
    word.trim_matches(['`', '"', '\'', '[', ']']).to_lowercase()
}

/// `SET LOCAL`, `SET TRANSACTION`, `SET CONSTRAINTS`.
fn is_of_a_transaction(words: &[&str]) -> bool {
    is(words, 0, "SET")
        && ["LOCAL", "TRANSACTION", "CONSTRAINTS"]
            .iter()
            .any(|word| is(words, 1, word))
}

/// `SELECT set_config('search_path', '', false)` and nothing else.
fn sets_a_literal(words: &[&str]) -> bool {
    let mut call = words.iter().skip(1).skip_while(|word| {
        [".", "pg_catalog"]
            .iter()
            .any(|part| word.eq_ignore_ascii_case(part))
    });
    let is_literal = |word: Option<&&str>| word.is_some_and(|word| word.starts_with('\''));
    call.next()
        .is_some_and(|word| word.eq_ignore_ascii_case("set_config"))
        && call.next() == Some(&"(")
        && is_literal(call.next())
        && call.next() == Some(&",")
        && is_literal(call.next())
        && call.next() == Some(&",")
        && call
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("false"))
        && call.next() == Some(&")")
        && call.next().is_none()
}

/// Every `@name`, with the place of its name among the words.
fn variables<'w>(words: &'w [&str]) -> impl Iterator<Item = (usize, String)> + 'w {
    (1..words.len()).filter_map(|at| {
        let is_user_variable = words[at - 1] == "@" && (at < 2 || words[at - 2] != "@");
        (is_user_variable && words[at] != "@").then(|| (at, plain(words[at])))
    })
}

/// The user variables that a statement gives a value: `SET @a = 1, @b = 2`,
/// `SELECT ... INTO @a, @b`, `@a := 1`.
fn assigned(words: &[&str]) -> Vec<String> {
    let is_set = is(words, 0, "SET");
    let is_assigned = |at: usize| {
        let next = words.get(at + 1).copied().unwrap_or_default();
        next.starts_with(':')
            || is_set && next == "=" && ends_an_assignment(words[at.saturating_sub(2)])
    };
    let mut names: Vec<String> = variables(words)
        .filter(|(at, _)| is_assigned(*at))
        .map(|(_, name)| name)
        .collect();
    let into = words
        .iter()
        .position(|word| word.eq_ignore_ascii_case("INTO"));
    if let Some(into) = into {
        let mut at = into + 1;
        while words.get(at) == Some(&"@") {
            names.extend(words.get(at + 1).map(|name| plain(name)));
            at += 2;
            if words.get(at) != Some(&",") {
                break;
            }
            at += 1;
        }
    }
    names
}

fn ends_an_assignment(word: &str) -> bool {
    word == "," || word.eq_ignore_ascii_case("SET")
}

/// Whether a `SET` has no value but literals, names, and what pure functions
/// make of them.
fn tells_its_values(words: &[&str]) -> bool {
    let is_called = |at: usize| words.get(at + 1) == Some(&"(");
    (0..words.len()).all(|at| {
        let word = words[at];
        let is_name = word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        let is_pure = PURE.iter().any(|pure| pure.eq_ignore_ascii_case(word));
        let is_computed = ["SELECT", "CURRENT_TIMESTAMP", "CURRENT_DATE", "LOCALTIME"]
            .iter()
            .any(|computed| computed.eq_ignore_ascii_case(word));
        !is_computed && (!is_name || !is_called(at) || is_pure)
    })
}

/// The name of the temporary table that a statement makes.
fn temporary(words: &[&str]) -> Option<String> {
    let is_temporary =
        |word: &&str| word.eq_ignore_ascii_case("TEMP") || word.eq_ignore_ascii_case("TEMPORARY");
    let at = words.iter().take(6).position(&is_temporary);
    let at = match at {
        Some(at) if is(words, 0, "CREATE") => at,
        _ => {
            let into = words
                .iter()
                .position(|word| word.eq_ignore_ascii_case("INTO"))?;
            let is_select = is(words, 0, "SELECT") || is(words, 0, "WITH");
            (is_select && words.get(into + 1).is_some_and(is_temporary)).then_some(into + 1)?
        }
    };
    let kinds = [
        "TABLE",
        "VIEW",
        "SEQUENCE",
        "TRIGGER",
        "RECURSIVE",
        "IF",
        "NOT",
        "EXISTS",
    ];
    let name = words[at + 1..]
        .iter()
        .find(|word| !kinds.iter().any(|kind| kind.eq_ignore_ascii_case(word)))?;
    Some(plain(name))
}

/// `DROP TEMPORARY TABLE IF EXISTS`, which drops nothing else.
fn is_dropped_if_there(words: &[&str]) -> bool {
    is(words, 0, "DROP") && is(words, 1, "TEMPORARY") && is(words, 3, "IF")
}

#[cfg(test)]
mod tests {
    use shipgate_sql::Dialect;

    use super::{Gone, SessionState};
    use crate::script::Unit;

    fn unit(dialect: Dialect, text: &str) -> Unit<'_> {
        Unit::new(dialect, 1, text, 0, (1, 1))
    }

    fn after(dialect: Dialect, executed: &[&str]) -> SessionState {
        let mut state = SessionState::new(dialect);
        for text in executed {
            state.executed(&unit(dialect, text));
        }
        state
    }

    fn needed(dialect: Dialect, executed: &[&str], rest: &[&str]) -> Option<Gone> {
        let mut state = after(dialect, executed);
        rest.iter()
            .find_map(|text| state.needed_by(&unit(dialect, text)))
    }

    #[test]
    fn what_the_text_tells_is_made_again() {
        let again = |dialect, text: &str| after(dialect, &[text]).again().to_vec();
        for text in [
            "SET @a = 1",
            "SET @a = 'x', @b := CONCAT('a', 'b')",
            "SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='ANSI'",
            "USE other",
            "PREPARE s FROM 'SELECT 1'",
        ] {
            assert_eq!(again(Dialect::MariaDb, text), [text]);
        }
        for text in [
            "SET search_path = a",
            "SELECT pg_catalog.set_config('search_path', '', false);",
            "PREPARE p AS SELECT 1",
        ] {
            assert_eq!(again(Dialect::Postgres, text), [text]);
        }
        for text in [
            "SET LOCAL lock_timeout = 1",
            "SELECT now()",
            "SET CONSTRAINTS ALL DEFERRED",
        ] {
            assert!(again(Dialect::Postgres, text).is_empty(), "{text}");
        }
        for text in [
            "SET @a = (SELECT 1)",
            "SET @a = NOW()",
            "SET @a = LAST_INSERT_ID()",
        ] {
            assert!(again(Dialect::MariaDb, text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_computed_value_is_missed_where_it_is_used() {
        let variable = |name: &str| Some(Gone::Variable(name.to_owned()));
        for (executed, rest, gone) in [
            (
                &["SET @a = (SELECT 1)"][..],
                "INSERT INTO t VALUES (@a)",
                variable("a"),
            ),
            (
                &["SELECT x INTO @a, @b FROM t"],
                "UPDATE t SET x = @b",
                variable("b"),
            ),
            (&["SELECT @a := max(x) FROM t"], "SELECT @A", variable("a")),
            (&["CALL p(1, @out)"], "SELECT @out", variable("out")),
            (
                &["SET @a = UUID()", "SET @b = @a"],
                "SELECT @b",
                variable("b"),
            ),
            (&["SET @a = UUID()"], "SET @a = @a + 1", variable("a")),
            (&["SET @a = UUID()"], "SET @a = 1", None),
            (&["SET @a = UUID()"], "SELECT @@a, @b, a", None),
            (&["SET @a = UUID()", "SET @a = 1"], "SELECT @a", None),
            (
                &["SET @q = (SELECT 'SELECT 1')", "PREPARE s FROM @q"],
                "EXECUTE s",
                Some(Gone::Prepared("s".to_owned())),
            ),
        ] {
            assert_eq!(needed(Dialect::MariaDb, executed, &[rest]), gone, "{rest}");
        }
        let made = ["SET @a = 1", "SELECT @a"];
        assert_eq!(needed(Dialect::MariaDb, &["SET @a = UUID()"], &made), None);
    }

    #[test]
    fn a_temporary_table_is_missed_where_it_is_named() {
        let gone = Some(Gone::Temporary("draft".to_owned()));
        for (dialect, executed) in [
            (
                Dialect::MariaDb,
                "CREATE OR REPLACE TEMPORARY TABLE `draft` (a int)",
            ),
            (
                Dialect::Postgres,
                "CREATE TEMP TABLE IF NOT EXISTS Draft AS SELECT 1",
            ),
            (Dialect::Postgres, "SELECT 1 INTO TEMPORARY TABLE draft"),
            (Dialect::Sqlite, "CREATE TEMP TABLE draft (a)"),
        ] {
            let use_it = "INSERT INTO kept SELECT * FROM draft";
            assert_eq!(needed(dialect, &[executed], &[use_it]), gone, "{executed}");
            assert_eq!(
                needed(dialect, &[executed], &[executed, use_it]),
                None,
                "{executed}"
            );
        }
        let drop = "DROP TEMPORARY TABLE IF EXISTS draft";
        let create = "CREATE TEMPORARY TABLE draft (a int)";
        assert_eq!(needed(Dialect::MariaDb, &[create], &[drop]), None);
        assert_eq!(
            needed(
                Dialect::Postgres,
                &["CREATE TABLE draft (a int)"],
                &["TABLE draft"]
            ),
            None
        );
    }

    #[test]
    fn an_insert_of_another_session_is_not_the_last_one() {
        let id = Some(Gone::StatementBefore("LAST_INSERT_ID".to_owned()));
        let insert = "INSERT INTO t VALUES (1)";
        let ask = "INSERT INTO u VALUES (LAST_INSERT_ID())";
        assert_eq!(needed(Dialect::MariaDb, &[insert], &[ask]), id);
        assert_eq!(
            needed(
                Dialect::MariaDb,
                &[insert],
                &["ALTER TABLE t ADD b int", ask]
            ),
            id
        );
        assert_eq!(needed(Dialect::MariaDb, &[insert], &[insert, ask]), None);
        assert_eq!(
            needed(Dialect::MariaDb, &["CREATE TABLE t (a int)"], &[ask]),
            None
        );
        assert!(
            needed(
                Dialect::Sqlite,
                &[insert],
                &["UPDATE u SET t = last_insert_rowid()"]
            )
            .is_some()
        );
    }
}
