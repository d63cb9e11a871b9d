//! The layout, with a baseline beside the versions that it stands for.

use std::cmp::Ordering;

use shipgate_migrate::directive::{FileDirectives, Known};
use shipgate_migrate::formats::{FLYWAY, Format, NewFile, Part, PartError};
use shipgate_sql::Dialect;

use crate::project::base_name;

/// What begins the version of a baseline's file.
pub(super) const BASELINE: char = 'B';

/// What is executed around migrations.
const CALLBACKS: [&str; 17] = [
    "beforeMigrate",
    "beforeRepeatables",
    "beforeEachMigrate",
    "beforeEachMigrateStatement",
    "afterEachMigrateStatement",
    "afterEachMigrateStatementError",
    "afterEachMigrate",
    "afterEachMigrateError",
    "afterMigrate",
    "afterMigrateApplied",
    "afterVersioned",
    "afterMigrateError",
    "beforeValidate",
    "afterValidate",
    "beforeConnect",
    "afterConnect",
    "createSchema",
];

/// Flyway's layout, in which no file is left out: which baseline stands for
/// what depends on the database. The version of a baseline's file is `B` and its number.
#[derive(Debug)]
pub(super) struct FlywayFormat;

fn is_baseline(name: &str) -> bool {
    base_name(name).starts_with(BASELINE)
}

impl Format for FlywayFormat {
    fn name(&self) -> &'static str {
        FLYWAY.name()
    }

    fn is_migration(&self, name: &str) -> bool {
        FLYWAY.is_migration(name)
    }

    fn version_and_description(&self, name: &str) -> (String, String) {
        let (version, description) = FLYWAY.version_and_description(name);
        match is_baseline(name) {
            true => (format!("{BASELINE}{version}"), description),
            false => (version, description),
        }
    }

    fn new_files(&self, version: &str, name: Option<&str>) -> Vec<NewFile> {
        FLYWAY.new_files(version, name)
    }

    fn is_recursive(&self) -> bool {
        FLYWAY.is_recursive()
    }

    fn arrange(&self, mut names: Vec<String>) -> Vec<String> {
        let version = |name: &str| self.version_and_description(name).0;
        names.sort_by(|a, b| {
            let by_version = self.compare_versions(&version(a), &version(b));
            by_version.then_with(|| a.cmp(b))
        });
        names
    }

    /// A baseline comes behind the version that it ends with.
    fn compare_versions(&self, a: &str, b: &str) -> Ordering {
        let number = |version: &str| version.trim_start_matches(BASELINE).to_owned();
        FLYWAY
            .compare_versions(&number(a), &number(b))
            .then_with(|| a.starts_with(BASELINE).cmp(&b.starts_with(BASELINE)))
    }

    fn goes_by_version(&self) -> bool {
        FLYWAY.goes_by_version()
    }

    fn is_of_newer_release(&self, version: &str, versions: &[&str]) -> bool {
        let is_older = |other: &&str| {
            let other = other.trim_start_matches(BASELINE);
            !self.is_repeatable(other) && FLYWAY.compare_versions(version, other).is_lt()
        };
        !self.is_repeatable(version) && !versions.iter().any(is_older)
    }

    fn name_fault(&self, name: &str) -> Option<String> {
        FLYWAY.name_fault(name)
    }

    fn foreign_fault(&self, name: &str) -> Option<String> {
        let base = base_name(name);
        let (stem, ending) = base.rsplit_once('.')?;
        let is_callback = CALLBACKS.contains(&stem.split("__").next().unwrap_or(stem));
        let is_numbered = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
        let is_code = stem.contains("__")
            && !matches!(ending, "sql" | "conf" | "class")
            && match stem.split_at_checked(1) {
                Some(("V" | "B", rest)) => is_numbered(rest),
                Some(("R", rest)) => rest.starts_with("__"),
                _ => false,
            };
        match (is_callback, is_code) {
            (true, _) => Some("it is a callback, which only flyway itself runs: `shipgate gate`"),
            (_, true) => Some("it is code, which only flyway itself can run: `shipgate gate`"),
            _ => None,
        }
        .map(str::to_owned)
    }

    fn is_repeatable(&self, version: &str) -> bool {
        FLYWAY.is_repeatable(version)
    }

    fn settings_name(&self, name: &str) -> Option<String> {
        FLYWAY.settings_name(name)
    }

    fn known_directives(&self) -> Known {
        FLYWAY.known_directives()
    }

    fn directives(&self, name: &str, content: &[u8], settings: Option<&str>) -> FileDirectives {
        FLYWAY.directives(name, content, settings)
    }

    fn is_one_script(&self, head: &[u8]) -> bool {
        FLYWAY.is_one_script(head)
    }

    fn parts(&self, text: &str, dialect: Dialect) -> Result<Vec<Part>, PartError> {
        FLYWAY.parts(text, dialect)
    }
}

#[cfg(test)]
mod tests {
    use super::{FlywayFormat, Format};

    #[test]
    fn a_baseline_is_behind_what_it_stands_for() {
        let names = [
            "B1__b.sql",
            "V3__c.sql",
            "R__v.sql",
            "B2__b.sql",
            "V2__b.sql",
        ];
        let names = names.map(str::to_owned).to_vec();
        assert_eq!(
            FlywayFormat.arrange(names),
            [
                "B1__b.sql",
                "V2__b.sql",
                "B2__b.sql",
                "V3__c.sql",
                "R__v.sql"
            ]
        );
        assert_eq!(
            FlywayFormat.version_and_description("sub/B2__b.sql"),
            ("B2".to_owned(), "b".to_owned())
        );
    }

    #[test]
    fn what_only_flyway_runs_is_named() {
        for name in [
            "V1__a.java",
            "sub/R__b.kt",
            "V2__c.sh",
            "afterMigrate__x.sql",
        ] {
            assert!(FlywayFormat.foreign_fault(name).is_some(), "{name}");
        }
        for name in ["V1__a.sql.conf", "README.md", "U1__a.sql", "Vision.java"] {
            assert_eq!(FlywayFormat.foreign_fault(name), None, "{name}");
        }
    }
}
