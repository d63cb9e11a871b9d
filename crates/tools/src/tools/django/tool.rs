//! Where Django's migrations are.

use std::collections::HashMap;

use shipgate_sql::Dialect;

use super::compare::{compare, migration};
use super::graph::Graph;
use super::migration_file::{Key, MigrationFile};
use super::settings::DjangoSettings;
use crate::compare::Comparison;
use crate::expected::{BadExpectation, Expected};
use crate::history::{HistoryError, TableName, Tables, Wanted};
use crate::migration::Migration;
use crate::project::{Project, ReadError, base_name, join, parent};
use crate::runner;
use crate::sign::Sign;
use crate::text::python::Module;
use crate::tool::{Migrations, Place, Settings, Tool};

#[derive(Debug)]
pub(crate) struct Django;

const TITLE: &str = "Django";
const DIRECTORY: &str = "migrations";

impl Tool for Django {
    fn name(&self) -> &'static str {
        "django"
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let manages = project
            .text("manage.py")
            .is_some_and(|text| text.contains("django"));
        if manages {
            signs.push(Sign::configuration("manage.py"));
            let apps = app_directories(project);
            signs.extend(
                apps.first()
                    .map(|directory| Sign::migrations(format!("{directory}/"))),
            );
        }
        if project.dependencies().python.contains("django") {
            signs.push(Sign::dependency("the project depends on django"));
        }
        signs
    }

    fn read(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Box<dyn Migrations>, ReadError> {
        let of_django = DjangoSettings::of(project);
        let mut notes = Vec::new();
        let apps = match &settings.directory {
            Some(directory) => {
                let directory = crate::project::clean(directory).to_owned();
                vec![(label(project, parent(&directory), &mut notes), directory)]
            }
            None => apps(project, &of_django, &mut notes),
        };
        let mut files = Vec::new();
        for (app, directory) in &apps {
            files.extend(read_app(project, directory, app, &of_django, &mut notes)?);
        }
        let directories = apps.into_iter().map(|(_, directory)| directory).collect();
        if files.is_empty() {
            return Err(ReadError::NoDirectory {
                path: format!("APP/{DIRECTORY}"),
                tool: TITLE,
            });
        }
        let table = settings.table_or(|| TableName::new("django_migrations"));
        Ok(Box::new(DjangoMigrations {
            place: Place {
                directories,
                history: table.to_string(),
                parts: Vec::new(),
                notes,
            },
            table,
            graph: Graph::new(files)?,
        }))
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        let files = expected.migrations.iter().map(|migration| {
            Ok(MigrationFile {
                key: migration.detail.get("key")?,
                file: migration.file.clone(),
                dependencies: migration.detail.get("dependencies")?,
                run_before: migration.detail.get("run_before")?,
                replaces: migration.detail.get("replaces")?,
            })
        });
        let files = files.collect::<Result<_, BadExpectation>>()?;
        Ok(Box::new(DjangoMigrations {
            place: expected.place(),
            table: expected.table()?,
            graph: Graph::new(files).map_err(|error| BadExpectation(error.to_string()))?,
        }))
    }

    fn generator(&self) -> &'static str {
        "python manage.py makemigrations --empty APP"
    }

    fn command(&self, project: &Project) -> Vec<String> {
        runner::python(project, &["python", "manage.py", "migrate", "--noinput"])
    }
}

/// The apps that have migrations, and where.
fn apps(
    project: &Project,
    settings: &DjangoSettings,
    notes: &mut Vec<String>,
) -> Vec<(String, String)> {
    let mut apps: Vec<(String, String)> = app_directories(project)
        .into_iter()
        .map(|directory| (label(project, parent(&directory), notes), directory))
        .collect();
    for (app, directory) in settings.moved(notes) {
        apps.retain(|(found, _)| *found != app);
        let directory = directory.filter(|directory| project.is_directory(directory));
        apps.extend(directory.map(|directory| (app, directory)));
    }
    apps
}

/// Every `migrations/` with `__init__.py` in a package of the tree.
fn app_directories(project: &Project) -> Vec<String> {
    const DEPTH: usize = 6;
    let mut found: Vec<String> = project
        .directories_below(DEPTH)
        .into_iter()
        .filter(|directory| base_name(directory) == DIRECTORY)
        .filter(|directory| {
            project.is_file(&join(directory, "__init__.py"))
                && project
                    .files(directory)
                    .iter()
                    .any(|name| is_migration(name))
        })
        .collect();
    found.sort_unstable();
    found
}

fn is_migration(name: &str) -> bool {
    name.ends_with(".py") && !name.starts_with(['_', '~'])
}

/// The label of an app: the last part of its package unless `apps.py` says
/// otherwise.
fn label(project: &Project, package: &str, notes: &mut Vec<String>) -> String {
    let usual = base_name(package);
    let file = join(package, "apps.py");
    let Some(text) = project.text(&file) else {
        return usual.to_owned();
    };
    let module = Module::new(&text);
    let labels: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("class ")?.split(['(', ':']).next())
        .filter_map(|name| {
            let class = module.class(name.trim())?;
            let label = class
                .into_iter()
                .find(|assigned| assigned.name == "label")?;
            Some(label.value.text()?.to_owned())
        })
        .collect();
    match labels.as_slice() {
        [] => usual.to_owned(),
        [label] => label.clone(),
        [label, ..] => {
            notes.push(format!("{file} names several labels; {label} is taken"));
            label.clone()
        }
    }
}

fn read_app(
    project: &Project,
    directory: &str,
    app: &str,
    settings: &DjangoSettings,
    notes: &mut Vec<String>,
) -> Result<Vec<MigrationFile>, ReadError> {
    let mut found = Vec::new();
    for name in project.files(directory) {
        if !is_migration(&name) {
            continue;
        }
        let path = join(directory, &name);
        let stem = name.strip_suffix(".py").unwrap_or(&name);
        let key = (app.to_owned(), stem.to_owned());
        match MigrationFile::of(key, &path, &project.read_text(&path)?, settings)? {
            Some(file) => found.push(file),
            None => notes.push(format!("{path} has no class Migration and is left out")),
        }
    }
    Ok(found)
}

#[derive(Debug)]
struct DjangoMigrations {
    place: Place,
    table: TableName,
    graph: Graph,
}

impl Migrations for DjangoMigrations {
    fn place(&self) -> &Place {
        &self.place
    }

    fn listed(&self) -> Vec<Migration> {
        self.graph.migrations.iter().map(migration).collect()
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        vec![Wanted::new(self.table.clone(), &["app", "name", "applied"])]
    }

    fn expected(&self) -> Expected {
        Expected::of(self).detailed(&self.graph.migrations, |file, detail| {
            detail.put("key", &file.key);
            detail.put("dependencies", &file.dependencies);
            detail.put("run_before", &file.run_before);
            detail.put("replaces", &file.replaces);
        })
    }

    fn compare(&self, tables: &Tables) -> Result<Comparison, HistoryError> {
        let rows: HashMap<Key, _> = tables
            .get(0)
            .iter()
            .flat_map(|table| table.rows())
            .filter_map(|row| Some(((row.text("app")?, row.text("name")?), row.time("applied"))))
            .collect();
        Ok(compare(&self.graph, &rows))
    }
}
