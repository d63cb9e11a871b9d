//! Formatted SQL: `--liquibase formatted sql` and `--changeset author:id`.

use super::changelog::{Changeset, Item};
use crate::checksum::liquibase;

/// The changesets of a text; `None` if it is no formatted SQL, Err: line and
/// what is wrong with it.
pub(super) fn read(text: &str) -> Option<Result<Vec<Item>, (usize, String)>> {
    let text = text.trim_start_matches('\u{feff}');
    let header = text.lines().find(|line| !line.trim().is_empty())?;
    let words: Vec<&str> = comment(header)?.split_whitespace().collect();
    let is_header = words
        .first()
        .is_some_and(|word| word.eq_ignore_ascii_case("liquibase"))
        && words
            .get(1)
            .is_some_and(|word| word.eq_ignore_ascii_case("formatted"))
        && words
            .get(2)
            .is_some_and(|word| word.to_lowercase().starts_with("sql"));
    is_header.then(|| {
        let path = attribute(header, "logicalFilePath");
        changesets(text, path.as_deref())
    })
}

fn changesets(text: &str, path: Option<&str>) -> Result<Vec<Item>, (usize, String)> {
    let mut found: Vec<(Changeset, String, bool)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mark = comment(line).unwrap_or_default();
        let lower = mark.to_lowercase();
        if lower.starts_with("changeset ") {
            let mut changeset = changeset(&mark["changeset ".len()..]).ok_or_else(|| {
                let message = "a changeset is written `--changeset author:id`".to_owned();
                (at + 1, message)
            })?;
            changeset.path = changeset.path.or_else(|| path.map(str::to_owned));
            // Statements between other delimiters, or not split, hash the same text otherwise.
            let is_plain = ["splitstatements:", "enddelimiter:", "stripcomments:"]
                .iter()
                .all(|attribute| !lower.contains(attribute));
            found.push((changeset, String::new(), is_plain));
            continue;
        }
        let is_directive = [
            "rollback",
            "precondition",
            "comment",
            "validchecksum",
            "ignorelines",
            "property",
            "liquibase ",
        ]
        .iter()
        .any(|word| lower.starts_with(word));
        if let Some((_, sql, _)) = found.last_mut()
            && !(is_directive && comment(line).is_some())
        {
            sql.push_str(line);
            sql.push('\n');
        }
    }
    Ok(found
        .into_iter()
        .map(|(mut changeset, sql, is_plain)| {
            // Parameters are replaced, and comments are left out, before hashing.
            let can_be_known =
                is_plain && !sql.contains("${") && !sql.contains("--") && !sql.contains("/*");
            changeset.checksum = can_be_known.then(|| liquibase(&[sql.trim()]));
            Item::Changeset(changeset)
        })
        .collect())
}

/// What stands behind `--`.
fn comment(line: &str) -> Option<&str> {
    Some(line.trim_start().strip_prefix("--")?.trim())
}

/// `author:id attribute:value …`; either may be in quotes.
fn changeset(text: &str) -> Option<Changeset> {
    let (author, rest) = part(text.trim_start(), ':')?;
    let (id, rest) = part(rest, ' ').unwrap_or((rest.trim().to_owned(), ""));
    let is_true =
        |name| attribute(rest, name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    (!author.is_empty() && !id.is_empty()).then(|| Changeset {
        path: attribute(rest, "logicalFilePath"),
        run_on_change: is_true("runOnChange"),
        run_always: is_true("runAlways"),
        id,
        author,
        checksum: None,
    })
}

/// A word up to a mark, or one in quotes, and what follows.
fn part(text: &str, end: char) -> Option<(String, &str)> {
    if let Some(rest) = text.strip_prefix('"') {
        let (word, rest) = rest.split_once('"')?;
        return Some((word.to_owned(), rest.strip_prefix(end).unwrap_or(rest)));
    }
    let (word, rest) = text.split_once(end)?;
    Some((word.trim().to_owned(), rest))
}

/// The value of `name:value`.
fn attribute(text: &str, name: &str) -> Option<String> {
    let at = text
        .to_ascii_lowercase()
        .find(&format!("{}:", name.to_ascii_lowercase()))?;
    let rest = &text[at + name.len() + 1..];
    let (value, _) = part(rest, ' ').unwrap_or((rest.trim().to_owned(), ""));
    Some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{Item, read};

    fn changesets(text: &str) -> Vec<(String, String, Option<String>)> {
        read(text)
            .unwrap()
            .unwrap()
            .into_iter()
            .map(|item| match item {
                Item::Changeset(found) => (found.author, found.id, found.checksum),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn changesets_are_read_with_their_authors() {
        let found = changesets(
            "--liquibase formatted sql\n\n--changeset ann:create-users runOnChange:true\nCREATE TABLE users (id int);\n--rollback DROP TABLE users;\n\n-- changeset \"bob b\":2\nSELECT ${x};\n",
        );
        assert_eq!(found[0].0, "ann");
        assert_eq!(found[0].1, "create-users");
        assert!(found[0].2.as_deref().unwrap().starts_with("9:"));
        assert_eq!((found[1].0.as_str(), found[1].1.as_str()), ("bob b", "2"));
        assert_eq!(found[1].2, None);
    }

    #[test]
    fn blanks_and_rollbacks_do_not_count() {
        let of = |body: &str| {
            changesets(&format!(
                "--liquibase formatted sql\n--changeset a:1\n{body}"
            ))[0]
                .2
                .clone()
                .unwrap()
        };
        assert_eq!(
            of("SELECT 1;\n"),
            of("SELECT\n   1;\n--rollback SELECT 2;\n")
        );
        assert_ne!(of("SELECT 1;\n"), of("SELECT 2;\n"));
    }

    #[test]
    fn other_sql_is_no_changelog() {
        assert_eq!(read("CREATE TABLE a (id int);"), None);
        assert_eq!(read(""), None);
        assert!(
            read("--liquibase formatted sql\n--changeset nobody\n")
                .unwrap()
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "(--\\s?(changeset|rollback) ?[\":a-zé]{0,9}|\\PC{0,9}| |\n){0,12}") {
            let _ = read(&format!("--liquibase formatted sql\n{text}"));
        }
    }
}
