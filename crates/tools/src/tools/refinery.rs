//! Refinery: `V<number>__<name>.sql`, and `U` for those that may come late.
//!
//! Source: <https://docs.rs/refinery>.

use serde::{Deserialize, Serialize};
use shipgate_sql::Dialect;

use super::by_row::{Layout, Parsed, needed};
use super::cargo::named_in_macro;
use crate::checksum::{self, Checksum, Width};
use crate::compare::{Comparison, Record, Rules, by_id, by_number};
use crate::expected::{BadExpectation, Expected};
use crate::history::{HistoryError, Row, Table, TableName, Tables, Wanted};
use crate::migration::Migration;
use crate::native::Native;
use crate::native::refinery::NativeRefinery;
use crate::project::{Project, ReadError, base_name, clean, join};
use crate::runner;
use crate::sign::Sign;
use crate::status::State;
use crate::tool::{Migrations, Place, Settings, Tool};

#[derive(Debug)]
pub(crate) struct Refinery;

const DIRECTORY: &str = "migrations";
pub(crate) const TABLE: &str = "refinery_schema_history";

pub(crate) static LAYOUT: Layout = Layout {
    title: "Refinery",
    required: &["version", "name", "applied_on", "checksum"],
    optional: &[],
    foreign: &[],
    lock: None,
    record,
    rules: Rules {
        order: by_number,
        late: (
            State::OutOfOrder,
            "later ones are applied; refinery refuses to migrate (the command line only with -m)",
        ),
        missing: "refinery refuses to migrate (the command line only with -m)",
    },
    finish: |_, _| {},
};

impl Tool for Refinery {
    fn name(&self) -> &'static str {
        "refinery"
    }

    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let depends = project.dependencies().rust.contains("refinery");
        if project.is_file("refinery.toml") {
            signs.push(Sign::configuration("refinery.toml"));
        }
        if depends {
            signs.push(Sign::dependency("Cargo.toml depends on refinery"));
        }
        if !signs.is_empty() {
            let directory = directory(project);
            let example = project
                .files_below(&directory)
                .into_iter()
                .find(|path| matches!(parsed(base_name(path)), Some(Ok(_))));
            signs.extend(example.map(|path| Sign::migrations(join(&directory, &path))));
        }
        signs
    }

    fn read(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Box<dyn Migrations>, ReadError> {
        let directory = settings.directory_or(|| directory(project));
        if !project.is_directory(&directory) {
            return Err(ReadError::NoDirectory {
                path: directory,
                tool: LAYOUT.title,
            });
        }
        let mut files = Vec::new();
        for path in project.files_below(&directory) {
            let file = join(&directory, &path);
            let Some(found) = parsed(base_name(&path)) else {
                continue;
            };
            let stem = found.map_err(|message| ReadError::Content {
                path: file.clone(),
                line: 1,
                message,
            })?;
            let sums = match stem.ending {
                Ending::Sql => Sums::of(&stem, &project.read_text(&file)?),
                Ending::Rust => Sums::default(),
            };
            files.push(Numbered { stem, file, sums });
        }
        files.sort_by(|a, b| (a.stem.version, &a.file).cmp(&(b.stem.version, &b.file)));
        let table = settings.table_or(|| TableName::new(TABLE));
        Ok(Box::new(RefineryMigrations {
            place: Place::new(&directory, &table),
            table,
            files,
        }))
    }

    fn native(&self) -> Option<&'static dyn Native> {
        Some(&NativeRefinery)
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        let files = expected.migrations.iter().map(|migration| {
            let version = migration
                .id
                .parse()
                .map_err(|_| BadExpectation(format!("id: `{}` is no number", migration.id)))?;
            Ok(Numbered {
                stem: Stem {
                    version,
                    name: migration.name.clone(),
                    may_be_late: migration.detail.get("may_be_late")?,
                    ending: Ending::Sql,
                },
                file: migration.file.clone(),
                sums: migration.detail.get("sums")?,
            })
        });
        Ok(Box::new(RefineryMigrations {
            place: expected.place(),
            table: expected.table()?,
            files: files.collect::<Result<_, BadExpectation>>()?,
        }))
    }

    fn command(&self, project: &Project) -> Vec<String> {
        let directory = directory(project);
        let mut words = runner::plain(&["refinery", "migrate"]);
        if !project.is_file("refinery.toml") {
            words.extend(runner::plain(&["-e", "DATABASE_URL"]));
        }
        words.extend(runner::plain(&["-p", &directory]));
        words
    }
}

fn directory(project: &Project) -> String {
    let named = (!project.is_directory(DIRECTORY))
        .then(|| named_in_macro(project, "embed_migrations!"))
        .flatten();
    named.map_or_else(|| DIRECTORY.to_owned(), |path| clean(&path).to_owned())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Sql,
    Rust,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stem {
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) may_be_late: bool,
    pub(crate) ending: Ending,
}

#[derive(Clone, Debug)]
struct Numbered {
    stem: Stem,
    file: String,
    sums: Sums,
}

/// The checksums for either width of versions; none for what is written in
/// Rust, or too large for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Sums {
    four: Option<String>,
    eight: Option<String>,
}

impl Sums {
    fn of(stem: &Stem, text: &str) -> Self {
        let of = |width| checksum::refinery(&stem.name, stem.version, text, width);
        Self {
            four: of(Width::Four),
            eight: of(Width::Eight),
        }
    }
}

impl Numbered {
    fn migration(&self, width: Width) -> Migration {
        let Stem { version, name, .. } = &self.stem;
        let sum = match width {
            Width::Four => &self.sums.four,
            Width::Eight => &self.sums.eight,
        };
        let sum = match (sum, &self.sums.eight) {
            (Some(sum), _) => Checksum::Any(vec![sum.clone()]),
            (None, Some(_)) => {
                Checksum::Unknown("its version does not fit into 32 bits".to_owned())
            }
            (None, None) => Checksum::Unknown("its SQL is built by Rust code".to_owned()),
        };
        Migration::new(version.to_string(), version.to_string(), name, &self.file)
            .with_checksum(sum)
    }
}

/// `None` for files that refinery ignores; Err for a version that is no whole number.
pub(crate) fn parsed(file: &str) -> Option<Result<Stem, String>> {
    let (stem, ending) = match file.rsplit_once('.')? {
        (stem, "sql") => (stem, Ending::Sql),
        (stem, "rs") => (stem, Ending::Rust),
        _ => return None,
    };
    let rest = stem.strip_prefix(['V', 'U'])?;
    let (version, name) = rest.split_once("__")?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let name: String = name
        .chars()
        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect();
    if name.is_empty() || !version.splitn(2, '.').all(is_number) {
        return None;
    }
    Some(
        version
            .parse()
            .map(|version| Stem {
                version,
                name,
                may_be_late: stem.starts_with('U'),
                ending,
            })
            .map_err(|_| format!("refinery takes whole numbers as versions; `{version}` is none")),
    )
}

#[derive(Debug)]
struct RefineryMigrations {
    place: Place,
    table: TableName,
    files: Vec<Numbered>,
}

impl Migrations for RefineryMigrations {
    fn place(&self) -> &Place {
        &self.place
    }

    fn listed(&self) -> Vec<Migration> {
        self.files
            .iter()
            .map(|file| file.migration(Width::Four))
            .collect()
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        vec![Wanted::new(self.table.clone(), LAYOUT.required)]
    }

    fn expected(&self) -> Expected {
        Expected::of(self).detailed(&self.files, |file, detail| {
            detail.put("sums", &file.sums);
            detail.put("may_be_late", &file.stem.may_be_late);
        })
    }

    fn compare(&self, tables: &Tables) -> Result<Comparison, HistoryError> {
        let mut foreign = Vec::new();
        let (records, width) = match tables.get(0) {
            Some(table) => (LAYOUT.records(table, &mut foreign)?, width(table)),
            None => (Vec::new(), Width::Four),
        };
        let migrations = self
            .files
            .iter()
            .map(|file| file.migration(width))
            .collect();
        let mut comparison = by_id(migrations, records, &LAYOUT.rules);
        for entry in &mut comparison.entries {
            let file = entry.file.as_ref();
            let may_be_late = self
                .files
                .iter()
                .any(|known| Some(&known.file) == file && known.stem.may_be_late);
            if entry.state == State::OutOfOrder && may_be_late {
                entry.why =
                    Some("later ones are applied; it is a U, which may come late".to_owned());
            }
        }
        Ok(comparison)
    }
}

/// From the type of the version's column.
fn width(table: &Table) -> Width {
    match table.type_of("version") {
        "bigint" | "int8" => Width::Eight,
        _ => Width::Four,
    }
}

fn record(_table: &Table, row: &Row<'_>) -> Result<Parsed, String> {
    let version = row
        .integer("version")
        .ok_or("version is no number in a row")?
        .to_string();
    let mut record =
        Record::applied(version.clone(), version, needed(row, "name")?).at(row.time("applied_on"));
    record.checksum = row.text("checksum");
    Ok(Parsed::Record(record))
}

#[cfg(test)]
mod tests {
    use super::parsed;

    #[test]
    fn names_are_taken_as_refinery_takes_them() {
        let version = |name| parsed(name).map(|found| found.map(|stem| (stem.version, stem.name)));
        assert_eq!(
            version("V1__create_users.sql"),
            Some(Ok((1, "create_users".to_owned())))
        );
        assert_eq!(
            version("U20261101__x.rs"),
            Some(Ok((20_261_101, "x".to_owned())))
        );
        assert!(matches!(version("V1.2__x.sql"), Some(Err(_))));
        assert_eq!(version("v1__x.sql"), None);
        assert_eq!(version("V1_x.sql"), None);
        assert_eq!(version("V1__x.txt"), None);
    }
}
