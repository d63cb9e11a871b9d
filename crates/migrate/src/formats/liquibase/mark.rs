//! What a line of formatted SQL says beside SQL.

use super::header::{last, not_blank};

/// A line of formatted SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark<'l> {
    /// SQL, or a comment that means nothing.
    Sql,
    /// `--liquibase formatted sql`.
    First,
    /// `--changeset`, with what stands behind it.
    Changeset(&'l str),
    /// `--property`, with its attributes.
    Property(&'l str),
    /// `--comment`, with its text.
    Comment(&'l str),
    /// `--validCheckSum`, with the checksum.
    ValidCheckSum(&'l str),
    /// `--rollback`.
    Rollback,
    /// A comment over several lines that begins with `liquibase rollback`.
    RollbackBlock,
    /// `--preconditions` or `--precondition-KIND`, with its name.
    Precondition(&'static str),
    /// `--ignoreLines`.
    Ignore(Ignored),
    /// What Liquibase does not take; with what would be right.
    Wrong(&'static str),
}

/// Which lines are passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// All up to `--ignoreLines:end`.
    UpToEnd,
    /// So many.
    Next(usize),
}

const CHANGESET: &str = "a changeset is named '--changeset author:id'";

impl<'l> Mark<'l> {
    /// What a line says.
    #[must_use]
    pub fn of(line: &'l str) -> Self {
        let trimmed = line.trim_start();
        if let Some(inner) = trimmed.strip_prefix("/*") {
            let mut words = inner.split_whitespace();
            let is_block = words.next().is_some_and(|word| is(word, "liquibase"))
                && words.next().is_some_and(|word| is(word, "rollback"))
                && words.next().is_none();
            return if is_block {
                Self::RollbackBlock
            } else {
                Self::Sql
            };
        }
        match (trimmed.strip_prefix("--"), trimmed.strip_prefix('-')) {
            (Some(rest), _) => Self::of_dashed(rest.trim_start(), line.starts_with("--")),
            (None, Some(rest)) => Self::of_one_dash(rest.trim_start(), line.starts_with('-')),
            (None, None) => Self::Sql,
        }
    }

    /// Of what stands behind two dashes; `at_start` of the line.
    fn of_dashed(text: &'l str, at_start: bool) -> Self {
        if let Some(rest) = behind(text, "property").filter(|rest| begins_blank(rest)) {
            let attributes = rest.trim_start();
            return match attributes.matches(':').count() {
                0 | 1 => Self::Wrong("a property is '--property name:NAME value:VALUE'"),
                _ => Self::Property(attributes),
            };
        }
        if is_first(text) {
            return Self::First;
        }
        if let Some(rest) = behind(text, "changeset") {
            let named = rest.trim_start();
            return match begins_blank(rest) && named.contains(':') {
                true => Self::Changeset(named),
                false => Self::Wrong(CHANGESET),
            };
        }
        if behind(text, "preconditions").is_some() {
            return Self::Precondition("--preconditions");
        }
        if behind(text, "precondition-").is_some() {
            return Self::Precondition("--precondition-...");
        }
        if behind(text, "rollback").is_some_and(|rest| rest.starts_with(' ')) {
            return Self::Rollback;
        }
        if !at_start {
            return Self::Sql;
        }
        if let Some(rest) = behind(text, "ignoreLines:").filter(|rest| is_word(rest)) {
            return match (rest, rest.parse()) {
                ("start", _) => Self::Ignore(Ignored::UpToEnd),
                (_, Ok(lines)) => Self::Ignore(Ignored::Next(lines)),
                _ => Self::Wrong(
                    "lines are ignored by '--ignoreLines:COUNT', or between '--ignoreLines:start' and '--ignoreLines:end'",
                ),
            };
        }
        if behind(text, "ignore:").is_some_and(is_word) {
            return Self::Wrong(
                "lines are ignored by '--ignoreLines:COUNT' or '--ignoreLines:start'",
            );
        }
        let told = |name| {
            let rest = behind(text, name)?;
            rest.strip_prefix(':').unwrap_or(rest).strip_prefix(' ')
        };
        match (told("comment"), told("comments"), told("validCheckSum")) {
            (Some(comment), ..) => Self::Comment(comment),
            (_, Some(_), _) => Self::Wrong("a comment is '--comment TEXT'"),
            (.., Some(sum)) => Self::ValidCheckSum(sum.trim()),
            _ => Self::Sql,
        }
    }

    /// Of what stands behind one dash alone.
    fn of_one_dash(text: &str, at_start: bool) -> Self {
        let named = |name| behind(text, name).is_some_and(begins_blank);
        if named("property") {
            return Self::Wrong("a property is '--property name:NAME value:VALUE'");
        }
        if named("rollback") {
            return Self::Wrong("a rollback is '--rollback SQL'");
        }
        if behind(text, "precondition").is_some() {
            return Self::Wrong("a precondition begins with two dashes");
        }
        match at_start {
            true if named("changeset") => Self::Wrong(CHANGESET),
            true if named("comment") => Self::Wrong("a comment is '--comment TEXT'"),
            _ => Self::Sql,
        }
    }

    /// A property's name and value, if these are its attributes.
    #[must_use]
    pub fn property(attributes: &'l str) -> Option<(&'l str, &'l str)> {
        let value_of =
            |name| last(attributes, name, after_blanks).filter(|value| !value.is_empty());
        Some((value_of("name")?, value_of("value")?))
    }
}

fn after_blanks(text: &str) -> Option<&str> {
    not_blank(text.trim_start())
}

fn is(word: &str, expected: &str) -> bool {
    word.eq_ignore_ascii_case(expected)
}

/// What follows a name, in letters of any case.
fn behind<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let found = text.get(..name.len())?;
    found
        .eq_ignore_ascii_case(name)
        .then(|| &text[name.len()..])
}

fn begins_blank(text: &str) -> bool {
    text.starts_with(char::is_whitespace)
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// `liquibase formatted ...`.
fn is_first(text: &str) -> bool {
    behind(text, "liquibase")
        .and_then(|rest| behind(rest.trim_start(), "formatted"))
        .is_some()
}

#[cfg(test)]
mod tests {
    use super::{Ignored, Mark};

    #[test]
    fn marks_are_told_from_comments() {
        for (line, mark) in [
            ("--liquibase formatted sql", Mark::First),
            ("-- Liquibase formatted SQL logicalFilePath:x", Mark::First),
            ("  -- changeset ann:1", Mark::Changeset("ann:1")),
            ("--comment: why", Mark::Comment("why")),
            ("--comment why", Mark::Comment("why")),
            ("  --comment why", Mark::Sql),
            ("--commentary", Mark::Sql),
            ("--validCheckSum: any", Mark::ValidCheckSum("any")),
            ("--validCheckSum:any", Mark::Sql),
            ("--rollback DROP TABLE a;", Mark::Rollback),
            ("--rollback", Mark::Sql),
            ("/* liquibase rollback", Mark::RollbackBlock),
            ("/* liquibase rollback */", Mark::Sql),
            (
                "--preconditions onFail:HALT",
                Mark::Precondition("--preconditions"),
            ),
            (
                "--precondition-sql-check expectedResult:0 SELECT 1",
                Mark::Precondition("--precondition-..."),
            ),
            ("--ignoreLines:start", Mark::Ignore(Ignored::UpToEnd)),
            ("--ignoreLines:2", Mark::Ignore(Ignored::Next(2))),
            (
                "--property name:a value:b",
                Mark::Property("name:a value:b"),
            ),
            ("SELECT 1; --changeset", Mark::Sql),
            ("- 1", Mark::Sql),
        ] {
            assert_eq!(Mark::of(line), mark, "{line}");
        }
        for line in [
            "--changeset",
            "-- changesets are listed below",
            "-changeset a:1",
            "--comments x",
            "--property name",
            "-rollback x",
            "--ignoreLines:never",
            "--ignore:3",
        ] {
            assert!(matches!(Mark::of(line), Mark::Wrong(_)), "{line}");
        }
    }

    #[test]
    fn a_property_has_a_name_and_a_value() {
        assert_eq!(
            Mark::property("name:table value: users dbms:h2"),
            Some(("table", "users"))
        );
        assert_eq!(Mark::property("name:table dbms:h2"), None);
    }
}
