//! The layout, with a changeset for a file.

use shipgate_migrate::directive::{FileDirectives, Known};
use shipgate_migrate::formats::{
    ChangesetHeader, Format, LIQUIBASE, LiquibaseMark as Mark, NewFile, Part, PartError,
};
use shipgate_sql::Dialect;

/// Liquibase's formatted SQL, in which a file is one changeset: its name and
/// version are the changeset's identity, `PATH::ID::AUTHOR`.
#[derive(Debug)]
pub(super) struct LiquibaseFormat;

/// The changeset that a text begins with.
fn header(text: &str) -> Option<ChangesetHeader> {
    match Mark::of(text.lines().next()?) {
        Mark::Changeset(named) => ChangesetHeader::parse(named),
        _ => None,
    }
}

impl Format for LiquibaseFormat {
    fn name(&self) -> &'static str {
        LIQUIBASE.name()
    }

    fn is_migration(&self, name: &str) -> bool {
        LIQUIBASE.is_migration(name)
    }

    fn version_and_description(&self, name: &str) -> (String, String) {
        (name.to_owned(), String::new())
    }

    fn new_files(&self, version: &str, name: Option<&str>) -> Vec<NewFile> {
        LIQUIBASE.new_files(version, name)
    }

    fn goes_by_place(&self) -> bool {
        true
    }

    /// Nor does Liquibase look for what is not in the changelog.
    fn forgives_missing(&self) -> bool {
        true
    }

    fn directives(&self, name: &str, content: &[u8], settings: Option<&str>) -> FileDirectives {
        let mut directives = LIQUIBASE.directives(name, content, settings);
        let text = String::from_utf8_lossy(content);
        directives.repeatable =
            header(&text).is_some_and(|header| header.run_on_change || header.run_always);
        directives
    }

    fn known_directives(&self) -> Known {
        LIQUIBASE.known_directives()
    }

    fn parts(&self, text: &str, dialect: Dialect) -> Result<Vec<Part>, PartError> {
        let refused = |line, what: &str| PartError {
            line,
            message: format!("{what}: that is not done without liquibase; `shipgate gate` runs it"),
        };
        if let Some(header) = header(text) {
            if !header.fail_on_error {
                return Err(refused(1, "failOnError:false lets a changeset fail"));
            }
            if let Some(program) = header.run_with {
                return Err(refused(
                    1,
                    &format!("runWith:{program} names another program"),
                ));
            }
        }
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(name) = parameter(line) {
                let what = format!(
                    "parameter ${{{name}}} has no value in the changelog or in liquibase.properties"
                );
                return Err(refused(number, &what));
            }
        }
        LIQUIBASE.parts(text, dialect)
    }
}

/// A parameter that was left in a line.
fn parameter(line: &str) -> Option<&str> {
    let (_, behind) = line.split_once("${")?;
    let (name, _) = behind.split_once('}')?;
    Some(name)
}
