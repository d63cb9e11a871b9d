//! Flyway: `V<version>__<description>.sql`, repeatable `R__<description>.sql`,
//! baseline `B<version>__<description>.sql`, in folders of any depth.
//!
//! Versions are numbers between `.` or `_`, compared as such. The newest
//! baseline stands for all versions up to its own. Repeatables come last and
//! are executed again when their content changes; in the history their
//! version is `R__<description>`. `executeInTransaction=false` in a file
//! `<migration>.conf` means no transaction.
//!
//! Source: <https://documentation.red-gate.com/flyway/flyway-concepts/migrations>.

use std::cmp::Ordering;

use shipgate_sql::Dialect;

use super::format::{Format, NewFile};
use super::part::{Part, PartError};
use super::stem::SQL;
use crate::directive::{FileDirectives, Known};

#[derive(Debug)]
pub(crate) struct Flyway;

const SEPARATOR: &str = "__";
const REPEATABLE: &str = "R__";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Baseline,
    Versioned,
    Repeatable,
}

impl Format for Flyway {
    fn name(&self) -> &'static str {
        "flyway"
    }

    fn is_migration(&self, name: &str) -> bool {
        name.ends_with(SQL) && kind(name).is_some()
    }

    fn version_and_description(&self, name: &str) -> (String, String) {
        let base = base_name(name);
        let stem = base.strip_suffix(SQL).unwrap_or(base);
        if kind(name) == Some(Kind::Repeatable) {
            let description = stem.strip_prefix(REPEATABLE).unwrap_or(stem);
            return (format!("{REPEATABLE}{description}"), description.to_owned());
        }
        let stem = stem.get(1..).unwrap_or_default();
        let (version, description) = stem.split_once(SEPARATOR).unwrap_or((stem, ""));
        (version.to_owned(), description.to_owned())
    }

    fn new_files(&self, version: &str, name: Option<&str>) -> Vec<NewFile> {
        let rest = match name {
            Some(name) => format!("{version}{SEPARATOR}{name}{SQL}"),
            None => format!("{version}{SEPARATOR}{SQL}"),
        };
        ["V", "U"]
            .map(|prefix| NewFile::new(format!("{prefix}{rest}"), ""))
            .into()
    }

    fn is_recursive(&self) -> bool {
        true
    }

    fn arrange(&self, mut names: Vec<String>) -> Vec<String> {
        let key = |name: &str| (kind(name), self.version_and_description(name).0);
        let newest = names
            .iter()
            .map(|name| key(name))
            .filter(|(kind, _)| *kind == Some(Kind::Baseline))
            .map(|(_, version)| version)
            .max_by(|a, b| compare(a, b));
        names.retain(|name| match (key(name), &newest) {
            ((Some(Kind::Repeatable), _), _) | (_, None) => true,
            ((Some(Kind::Baseline), version), Some(newest)) => {
                compare(&version, newest) == Ordering::Equal
            }
            ((_, version), Some(newest)) => compare(&version, newest) == Ordering::Greater,
        });
        names.sort_by(|a, b| {
            let by_version = self.compare_versions(
                &self.version_and_description(a).0,
                &self.version_and_description(b).0,
            );
            by_version.then_with(|| a.cmp(b))
        });
        names
    }

    fn compare_versions(&self, a: &str, b: &str) -> Ordering {
        match (self.is_repeatable(a), self.is_repeatable(b)) {
            (false, false) => compare(a, b),
            (true, true) => a.cmp(b),
            (a, b) => a.cmp(&b),
        }
    }

    fn goes_by_version(&self) -> bool {
        true
    }

    fn name_fault(&self, name: &str) -> Option<String> {
        let (version, description) = self.version_and_description(name);
        let stem = base_name(name).strip_suffix(SQL).unwrap_or(name);
        match kind(name) {
            Some(Kind::Repeatable) => (!stem.starts_with(REPEATABLE) || description.is_empty())
                .then(|| "a repeatable migration is called R__<description>.sql".to_owned()),
            _ => {
                let is_number =
                    |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
                let is_right = stem.contains(SEPARATOR) && version.split(['.', '_']).all(is_number);
                (!is_right).then(|| {
                    "a versioned migration is called V<numbers with . or _>__<description>.sql"
                        .to_owned()
                })
            }
        }
    }

    fn is_repeatable(&self, version: &str) -> bool {
        version.starts_with(REPEATABLE)
    }

    fn leaves_out_before_checkpoint(&self) -> bool {
        true
    }

    /// Atlas gives all repeatables the empty version.
    fn version_of_row(&self, version: &str, description: &str) -> Option<String> {
        version
            .is_empty()
            .then(|| format!("{REPEATABLE}{description}"))
    }

    fn settings_name(&self, name: &str) -> Option<String> {
        Some(format!("{name}.conf"))
    }

    fn known_directives(&self) -> Known {
        Known {
            format: self.name(),
            atlas: &["sum", "delimiter", "nolint"],
            without_transaction: Some("executeInTransaction=false in the file's .conf"),
        }
    }

    fn directives(&self, name: &str, content: &[u8], settings: Option<&str>) -> FileDirectives {
        let mut directives = FileDirectives::of_any_format(content);
        if kind(name) == Some(Kind::Baseline) {
            directives.checkpoint = Some(String::new());
        }
        let says_without = |line: &str| {
            line.split_once('=').is_some_and(|(key, value)| {
                key.trim() == "executeInTransaction" && value.trim().eq_ignore_ascii_case("false")
            })
        };
        if settings.unwrap_or_default().lines().any(says_without) {
            directives.tx_modes.push("none".to_owned());
        }
        directives
    }

    fn is_one_script(&self, _head: &[u8]) -> bool {
        true
    }

    fn parts(&self, text: &str, _dialect: Dialect) -> Result<Vec<Part>, PartError> {
        Ok(Part::whole(text))
    }
}

fn base_name(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, base)| base)
}

fn kind(name: &str) -> Option<Kind> {
    match base_name(name).as_bytes().first() {
        Some(b'V') => Some(Kind::Versioned),
        Some(b'B') => Some(Kind::Baseline),
        Some(b'R') => Some(Kind::Repeatable),
        _ => None,
    }
}

/// Number by number; a missing one is 0, and so is what is none.
fn compare(a: &str, b: &str) -> Ordering {
    // Without zeros before them, longer digits are the greater number.
    let numbers = |version: &str| -> Vec<(usize, String)> {
        let digits = version
            .split(['.', '_'])
            .map(|part| part.trim_start_matches('0'));
        digits.map(|part| (part.len(), part.to_owned())).collect()
    };
    let (mut a, mut b) = (numbers(a), numbers(b));
    let length = a.len().max(b.len());
    a.resize(length, (0, String::new()));
    b.resize(length, (0, String::new()));
    a.cmp(&b)
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::{Flyway, Format};

    fn arranged(names: &[&str]) -> Vec<String> {
        Flyway.arrange(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn versions_go_number_by_number_and_repeatables_last() {
        assert_eq!(
            arranged(&[
                "R__views.sql",
                "V1.10__b.sql",
                "V1.2__a.sql",
                "sub/V1_3__c.sql",
                "V2__d.sql"
            ]),
            [
                "V1.2__a.sql",
                "sub/V1_3__c.sql",
                "V1.10__b.sql",
                "V2__d.sql",
                "R__views.sql"
            ]
        );
    }

    #[test]
    fn the_newest_baseline_stands_for_what_is_not_newer() {
        assert_eq!(
            arranged(&[
                "B1__b.sql",
                "B2__b.sql",
                "V1__a.sql",
                "V2__b.sql",
                "V10__c.sql",
                "R__r.sql"
            ]),
            ["B2__b.sql", "V10__c.sql", "R__r.sql"]
        );
    }

    #[test]
    fn equal_numbers_are_one_version() {
        assert_eq!(Flyway.compare_versions("1", "1.0"), Ordering::Equal);
        assert_eq!(Flyway.compare_versions("1_2", "1.2"), Ordering::Equal);
        assert_eq!(Flyway.compare_versions("R__a", "99"), Ordering::Greater);
        let huge = "9".repeat(60);
        assert_eq!(Flyway.compare_versions(&huge, "1"), Ordering::Greater);
    }

    #[test]
    fn names_are_taken_apart_at_the_two_underscores() {
        for (name, version, description) in [
            ("V1.2__add_users.sql", "1.2", "add_users"),
            ("sub/V1_2__d.sql", "1_2", "d"),
            ("R__views.sql", "R__views", "views"),
        ] {
            assert_eq!(
                Flyway.version_and_description(name),
                (version.to_owned(), description.to_owned())
            );
            assert_eq!(Flyway.name_fault(name), None);
        }
        assert!(Flyway.name_fault("V1_a.sql").is_some());
        assert!(Flyway.name_fault("V1a__b.sql").is_some());
        assert!(Flyway.name_fault("R_views.sql").is_some());
    }

    #[test]
    fn undo_and_other_files_are_no_migrations() {
        assert!(!Flyway.is_migration("U1__a.sql"));
        assert!(!Flyway.is_migration("1__a.sql"));
        assert!(!Flyway.is_migration("V1__a.sql.conf"));
    }

    #[test]
    fn a_settings_file_turns_the_transaction_off() {
        let modes = |settings| {
            Flyway
                .directives("V1__a.sql", b"A;", Some(settings))
                .tx_modes
        };
        assert_eq!(modes("executeInTransaction=false\n"), ["none"]);
        assert_eq!(modes("# c\nexecuteInTransaction = False"), ["none"]);
        assert!(modes("executeInTransaction=true").is_empty());
    }
}
