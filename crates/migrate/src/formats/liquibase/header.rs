//! The line that begins a changeset: `--changeset author:id name:value ...`.

use shipgate_sql::Dialect;

/// A changeset as its first line says it, before parameters have values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangesetHeader {
    /// Who wrote it.
    pub author: String,
    /// Its name among the author's.
    pub id: String,
    /// `splitStatements`: whether it is more than one statement.
    pub split_statements: bool,
    /// `endDelimiter`, if it is not `;`.
    pub end_delimiter: Option<String>,
    /// `dbms`: the databases it is for, or not for.
    pub dbms: Option<String>,
    /// `runOnChange`.
    pub run_on_change: bool,
    /// `runAlways`.
    pub run_always: bool,
    /// `runInTransaction`.
    pub run_in_transaction: bool,
    /// `failOnError`.
    pub fail_on_error: bool,
    /// `contextFilter`, or `context`.
    pub context: Option<String>,
    /// `labels`.
    pub labels: Option<String>,
    /// `logicalFilePath`.
    pub logical_file_path: Option<String>,
    /// `runWith`: the program that executes it.
    pub run_with: Option<String>,
    /// `ignore`.
    pub ignore: bool,
}

impl ChangesetHeader {
    /// Reads what stands behind `--changeset`; nothing if that is no
    /// `author:id`, either of which may be in quotes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (author, rest) = author(text)?;
        let (id, _) = quoted(rest).unwrap_or_else(|| {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            rest.split_at(end)
        });
        if author.is_empty() || id.is_empty() {
            return None;
        }
        let flag = |name, usual: bool| {
            last(text, name, word).map_or(usual, |value| value.eq_ignore_ascii_case("true"))
        };
        let named = |name| last(text, name, not_blank).filter(|value| !value.is_empty());
        Some(Self {
            author: author.to_owned(),
            id: id.to_owned(),
            split_statements: flag("splitStatements", true),
            end_delimiter: last(text, "endDelimiter", not_blank)
                .filter(|delimiter| *delimiter != ";")
                .map(str::to_owned),
            dbms: last(text, "dbms", databases).map(str::to_owned),
            run_on_change: flag("runOnChange", false),
            run_always: flag("runAlways", false),
            run_in_transaction: flag("runInTransaction", true),
            fail_on_error: flag("failOnError", true),
            context: expression(text, "contextFilter").or_else(|| expression(text, "context")),
            labels: expression(text, "labels"),
            logical_file_path: named("logicalFilePath").map(str::to_owned),
            run_with: named("runWith").map(str::to_owned),
            ignore: flag("ignore", false),
        })
    }

    /// Whether its `dbms` leaves databases of this kind out.
    #[must_use]
    pub fn leaves_out(&self, dialect: Dialect) -> bool {
        let listed = self.dbms.as_deref().unwrap_or_default();
        !is_for_database(listed, dialect)
    }
}

/// Whether a `dbms` as `postgresql,!h2` is for databases of this kind; an empty
/// one is for all.
#[must_use]
pub fn is_for_database(databases: &str, dialect: Dialect) -> bool {
    let own = match dialect {
        Dialect::Sqlite => "sqlite",
        Dialect::Postgres => "postgresql",
        Dialect::MySql => "mysql",
        Dialect::MariaDb => "mariadb",
    };
    let listed: Vec<&str> = databases
        .split(',')
        .map(str::trim)
        .filter(|database| !database.is_empty())
        .collect();
    if listed.contains(&"all") {
        return true;
    }
    let is_excluded = |database: &&str| database.strip_prefix('!') == Some(own);
    if listed.contains(&"none") || listed.iter().any(is_excluded) {
        return false;
    }
    let mut only = listed.iter().filter(|name| !name.starts_with('!'));
    listed.contains(&own) || only.next().is_none()
}

/// The author, and what stands behind the colon.
fn author(text: &str) -> Option<(&str, &str)> {
    if let Some((author, rest)) = quoted(text)
        && let Some(rest) = rest.strip_prefix(':')
    {
        return Some((author, rest));
    }
    text.split_once(':')
}

/// A text in quotes, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let (inner, rest) = text.strip_prefix('"')?.split_once('"')?;
    (!inner.is_empty()).then_some((inner, rest))
}

/// The value behind the last `name:` that has one, in letters of any case.
pub(super) fn last<'t>(
    text: &'t str,
    name: &str,
    take: fn(&'t str) -> Option<&'t str>,
) -> Option<&'t str> {
    let lower = text.to_ascii_lowercase();
    let mark = format!("{}:", name.to_ascii_lowercase());
    lower
        .rmatch_indices(&mark)
        .find_map(|(at, _)| take(&text[at + mark.len()..]))
}

fn is_of_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn word(text: &str) -> Option<&str> {
    let end = text.find(|letter| !is_of_word(letter));
    let word = &text[..end.unwrap_or(text.len())];
    (!word.is_empty()).then_some(word)
}

pub(super) fn not_blank(text: &str) -> Option<&str> {
    text.split(char::is_whitespace).next()
}

/// A list of databases of at least two letters, which begins with no comma.
fn databases(text: &str) -> Option<&str> {
    let first = text.chars().next().filter(|first| *first != ',')?;
    let behind = &text[first.len_utf8()..];
    let end = behind.find(|letter| !is_of_word(letter) && !matches!(letter, '!' | ','));
    let end = end.unwrap_or(behind.len());
    (end > 0).then(|| &text[..first.len_utf8() + end])
}

/// An expression, which may be in quotes; an empty one is none.
fn expression(text: &str, name: &str) -> Option<String> {
    let take = |rest: &'_ str| -> Option<String> {
        let value = match quoted(rest) {
            Some((inner, _)) => inner,
            None => not_blank(rest)?.trim_matches('"'),
        };
        Some(value.to_owned())
    };
    let at = last(text, name, Some)?;
    take(at).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{ChangesetHeader, Dialect};

    fn header(text: &str) -> ChangesetHeader {
        ChangesetHeader::parse(text).unwrap()
    }

    #[test]
    fn author_and_id_may_be_in_quotes() {
        for (text, author, id) in [
            ("ann:1", "ann", "1"),
            ("\"bob b\":\"a b\" runAlways:true", "bob b", "a b"),
            ("Ann B.:x:y dbms:h2", "Ann B.", "x:y"),
        ] {
            let header = header(text);
            assert_eq!((header.author.as_str(), header.id.as_str()), (author, id));
        }
        for text in ["ann", "ann:", ":1", "", "ann: 1"] {
            assert_eq!(ChangesetHeader::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn attributes_are_read_whatever_their_letters_are() {
        let found = header(
            "a:1 RUNONCHANGE:True splitStatements:false endDelimiter:// context:\"a or b\" labels:x logicalFilePath:p/q.sql",
        );
        assert!(found.run_on_change && !found.split_statements && found.run_in_transaction);
        assert_eq!(found.end_delimiter.as_deref(), Some("//"));
        assert_eq!(found.context.as_deref(), Some("a or b"));
        assert_eq!(found.labels.as_deref(), Some("x"));
        assert_eq!(found.logical_file_path.as_deref(), Some("p/q.sql"));
        assert_eq!(header("a:1 endDelimiter:;").end_delimiter, None);
    }

    #[test]
    fn databases_are_listed_or_excluded() {
        let is_for =
            |listed: &str, dialect| !header(&format!("a:1 dbms:{listed}")).leaves_out(dialect);
        assert!(is_for("postgresql,h2", Dialect::Postgres));
        assert!(!is_for("postgresql,h2", Dialect::MariaDb));
        assert!(!is_for("mysql", Dialect::MariaDb));
        assert!(!is_for("!sqlite", Dialect::Sqlite));
        assert!(is_for("!sqlite", Dialect::Postgres));
        assert!(is_for("all", Dialect::Postgres));
        assert!(!is_for("none", Dialect::Postgres));
        assert!(!header("a:1").leaves_out(Dialect::Sqlite));
    }
}
