//! Atlas directories: `<version>[_<description>].sql`, one statement list per file.

use shipgate_sql::Dialect;

use super::format::{Format, NewFile};
use super::part::{self, Part, PartError};
use super::stem;
use super::txtar::{Archive, CheckPart};
use crate::directive::{FileDirectives, Known};

#[derive(Debug)]
pub(crate) struct Atlas;

impl Format for Atlas {
    fn name(&self) -> &'static str {
        "atlas"
    }

    fn is_migration(&self, name: &str) -> bool {
        name.ends_with(stem::SQL)
    }

    fn version_and_description(&self, name: &str) -> (String, String) {
        stem::version_and_description(name, stem::SQL)
    }

    fn new_files(&self, version: &str, name: Option<&str>) -> Vec<NewFile> {
        vec![NewFile::new(stem::file_name(version, name, stem::SQL), "")]
    }

    fn known_directives(&self) -> Known {
        Known::ATLAS
    }

    fn directives(&self, _name: &str, content: &[u8], _settings: Option<&str>) -> FileDirectives {
        FileDirectives::of(content)
    }

    fn is_one_script(&self, head: &[u8]) -> bool {
        !FileDirectives::of(head).txtar
    }

    fn line_fault(&self, line: &str) -> Option<String> {
        foreign_fault(line)
    }

    fn parts(&self, text: &str, dialect: Dialect) -> Result<Vec<Part>, PartError> {
        refuse_foreign(text)?;
        if !FileDirectives::of(text.as_bytes()).txtar {
            return Ok(Part::whole(text));
        }
        Ok(vec![Part::Script(Archive::of(text, dialect)?.migration)])
    }

    fn checks(&self, text: &str, dialect: Dialect) -> Result<Vec<CheckPart>, PartError> {
        if !FileDirectives::of(text.as_bytes()).txtar {
            return Ok(Vec::new());
        }
        Ok(Archive::of(text, dialect)?.checks)
    }
}

/// What begins a line of another format, and the format.
pub(crate) const FOREIGN_MARKS: [(&str, &str); 2] =
    [("+goose", "goose"), ("migrate:down", "dbmate")];

/// A file of goose or dbmate read as an Atlas file would be executed with its
/// way back.
fn refuse_foreign(text: &str) -> Result<(), PartError> {
    if !FOREIGN_MARKS.iter().any(|(mark, _)| text.contains(mark)) {
        return Ok(());
    }
    let fault = |line: part::Line<'_>| Some(line.error(foreign_fault(line.text)?));
    part::lines(text).find_map(fault).map_or(Ok(()), Err)
}

fn foreign_fault(line: &str) -> Option<String> {
    let words = line.strip_prefix("--")?.trim_start();
    let (_, format) = FOREIGN_MARKS
        .into_iter()
        .find(|(mark, _)| words.starts_with(mark))?;
    Some(format!(
        "'{}' is a mark of {format}, whose way back would be executed too; \
         open the directory with ?format={format}",
        line.trim_end()
    ))
}

#[cfg(test)]
mod tests {
    use shipgate_sql::Dialect;

    use super::{Atlas, Format};

    #[test]
    fn the_version_ends_at_the_first_underscore() {
        for (name, version, description) in [
            ("1_a.sql", "1", "a"),
            (
                "20220318104614_add_users.sql",
                "20220318104614",
                "add_users",
            ),
            ("V2.1__x.sql", "V2.1", "_x"),
            ("1.sql", "1", ""),
            ("_x.sql", "", "x"),
        ] {
            assert_eq!(
                Atlas.version_and_description(name),
                (version.to_owned(), description.to_owned())
            );
        }
    }

    #[test]
    fn only_lower_case_sql_files_are_migrations() {
        assert!(Atlas.is_migration("1_a.sql"));
        assert!(Atlas.is_migration(".hidden.sql"));
        assert!(!Atlas.is_migration("1_a.SQL"));
        assert!(!Atlas.is_migration("atlas.sum"));
    }

    #[test]
    fn a_file_of_goose_or_dbmate_is_refused() {
        for (content, format) in [
            ("-- +goose Up\nA;\n-- +goose Down\nB;\n", "goose"),
            ("-- migrate:up\nA;\n-- migrate:down\nB;\n", "dbmate"),
        ] {
            let error = Atlas.parts(content, Dialect::Sqlite).unwrap_err();
            assert!(
                error.message.ends_with(&format!("?format={format}")),
                "{error}"
            );
        }
        let talk = "-- was -- +goose Up before\nSELECT '\n migrate:down';\n";
        assert!(Atlas.parts(talk, Dialect::Sqlite).is_ok());
    }
}
