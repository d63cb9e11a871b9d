//! Atlas directories: `<version>[_<description>].sql`, one statement list per file.

use super::format::{Format, NewFile};

#[derive(Debug)]
pub(crate) struct Atlas;

const SUFFIX: &str = ".sql";

impl Format for Atlas {
    fn name(&self) -> &'static str {
        "atlas"
    }

    fn is_migration(&self, file_name: &str) -> bool {
        file_name.ends_with(SUFFIX)
    }

    fn version_and_description(&self, file_name: &str) -> (String, String) {
        let stem = file_name.strip_suffix(SUFFIX).unwrap_or(file_name);
        let (version, description) = stem.split_once('_').unwrap_or((stem, ""));
        (version.to_owned(), description.to_owned())
    }

    fn has_atlas_directives(&self) -> bool {
        true
    }

    fn new_files(&self, version: &str, name: Option<&str>) -> Vec<NewFile> {
        let name = match name {
            Some(name) => format!("{version}_{name}{SUFFIX}"),
            None => format!("{version}{SUFFIX}"),
        };
        vec![NewFile {
            name,
            content: String::new(),
        }]
    }
}

#[cfg(test)]
mod tests {
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
}
