//! golang-migrate: `<number>_<description>.up.sql` beside `.down.sql`.
//!
//! Source: <https://github.com/golang-migrate/migrate/blob/master/MIGRATIONS.md>.

use std::cmp::Ordering;

use shipgate_sql::Dialect;

use super::format::{Format, NewFile};
use super::part::{Part, PartError};
use super::{number, stem};
use crate::directive::{FileDirectives, Known};

#[derive(Debug)]
pub(crate) struct GolangMigrate;

const UP: &str = ".up.sql";
const DOWN: &str = ".down.sql";

impl Format for GolangMigrate {
    fn name(&self) -> &'static str {
        "golang-migrate"
    }

    fn is_migration(&self, name: &str) -> bool {
        name.ends_with(UP)
    }

    fn version_and_description(&self, name: &str) -> (String, String) {
        stem::version_and_description(name, UP)
    }

    fn new_files(&self, version: &str, name: Option<&str>) -> Vec<NewFile> {
        [UP, DOWN]
            .map(|suffix| NewFile::new(stem::file_name(version, name, suffix), ""))
            .into()
    }

    fn compare_versions(&self, a: &str, b: &str) -> Ordering {
        number::compare(a, b)
    }

    fn goes_by_version(&self) -> bool {
        true
    }

    fn leaves_transactions_to_files(&self) -> bool {
        true
    }

    fn name_fault(&self, name: &str) -> Option<String> {
        number::fault(&self.version_and_description(name).0, self.name())
    }

    fn known_directives(&self) -> Known {
        Known {
            format: self.name(),
            atlas: &["sum", "delimiter", "nolint"],
            without_transaction: None,
        }
    }

    fn directives(&self, _name: &str, content: &[u8], _settings: Option<&str>) -> FileDirectives {
        FileDirectives::of_any_format(content)
    }

    fn is_one_script(&self, _head: &[u8]) -> bool {
        true
    }

    fn parts(&self, text: &str, _dialect: Dialect) -> Result<Vec<Part>, PartError> {
        Ok(Part::whole(text))
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, GolangMigrate};

    #[test]
    fn the_up_files_are_the_migrations() {
        assert!(GolangMigrate.is_migration("1_a.up.sql"));
        assert!(!GolangMigrate.is_migration("1_a.down.sql"));
        assert!(!GolangMigrate.is_migration("1_a.sql"));
        assert_eq!(
            GolangMigrate.version_and_description("000001_add_users.up.sql"),
            ("000001".to_owned(), "add_users".to_owned())
        );
    }
}
