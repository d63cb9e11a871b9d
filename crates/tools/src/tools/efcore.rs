//! EF Core: `Migrations/<time>_<Name>.cs`, with the id in its attribute.
//!
//! Source: <https://learn.microsoft.com/ef/core/managing-schemas/migrations/>.

use super::by_row::{ByRow, Layout, Parsed, needed};
use crate::compare::{Record, Rules, by_text};
use crate::expected::{BadExpectation, Expected};
use crate::history::{Row, Table, TableName};
use crate::migration::{Migration, split_stem};
use crate::project::{Project, ReadError, base_name, join, parent};
use crate::runner;
use crate::sign::Sign;
use crate::status::State;
use crate::tool::{Migrations, Place, Settings, Tool};

#[derive(Debug)]
pub(crate) struct EfCore;

const USUAL: &str = "Migrations";
const PACKAGE: &str = "microsoft.entityframeworkcore";

static LAYOUT: Layout = Layout {
    title: "EF Core",
    required: &["MigrationId"],
    optional: &["ProductVersion"],
    foreign: &[],
    lock: None,
    record,
    rules: Rules {
        order: by_text,
        late: (
            State::OutOfOrder,
            "later ones are applied; ef applies it all the same",
        ),
        missing: "ef does not say so",
    },
    finish: |_, _| {},
};

impl Tool for EfCore {
    fn name(&self) -> &'static str {
        "efcore"
    }

    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let example = classes(project, &directory(project)).into_iter().next();
        signs.extend(example.map(|found| Sign::migrations(found.file)));
        let packages = &project.dependencies().dotnet;
        if packages.iter().any(|name| name.starts_with(PACKAGE)) {
            signs.push(Sign::dependency(
                "a project file references Microsoft.EntityFrameworkCore",
            ));
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
        let table = settings.table_or(|| TableName::new("__EFMigrationsHistory"));
        Ok(Box::new(ByRow {
            place: Place::new(&directory, &table),
            migrations: classes(project, &directory),
            table,
            layout: &LAYOUT,
        }))
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        ByRow::expecting(expected, &LAYOUT)
    }

    fn generator(&self) -> &'static str {
        "dotnet ef migrations add NAME"
    }

    fn command(&self, _project: &Project) -> Vec<String> {
        runner::plain(&["dotnet", "ef", "database", "update"])
    }
}

/// The usual directory, else the first that has a designer file of a migration.
fn directory(project: &Project) -> String {
    const DEPTH: usize = 3;
    if project.is_directory(USUAL) {
        return USUAL.to_owned();
    }
    let found = project
        .directories_below(DEPTH)
        .into_iter()
        .find(|directory| base_name(directory) == USUAL && !classes(project, directory).is_empty());
    found.unwrap_or_else(|| USUAL.to_owned())
}

/// Migrations by their designer files, which carry the id.
fn classes(project: &Project, directory: &str) -> Vec<Migration> {
    let mut found: Vec<Migration> = project
        .files_below(directory)
        .into_iter()
        .filter_map(|path| {
            let stem = base_name(&path).strip_suffix(".Designer.cs")?;
            let text = project.text(&join(directory, &path))?;
            let id = text
                .split_once("[Migration(\"")
                .and_then(|(_, rest)| rest.split('"').next())
                .unwrap_or(stem)
                .to_owned();
            let (version, name) = split_stem(&id);
            let file = join(&join(directory, parent(&path)), &format!("{stem}.cs"));
            Some(Migration::new(id, version, name, file))
        })
        .collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found
}

fn record(_table: &Table, row: &Row<'_>) -> Result<Parsed, String> {
    let id = needed(row, "MigrationId")?;
    let (version, name) = split_stem(&id);
    let by = row
        .text("ProductVersion")
        .map(|version| format!("EF Core {version}"));
    Ok(Parsed::Record(Record::applied(id, version, name).by(by)))
}
