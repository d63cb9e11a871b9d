//! Flyway as a tool.

use shipgate_sql::Dialect;

use super::compare::{FlywayMigrations, Script};
use super::config::{CONFIGS, directory, flag, table};
use super::source::{Kind, Source, order, sources};
use super::version::compare_versions;
use crate::aftermath::Aftermath;
use crate::checksum::{self, Checksum};
use crate::expected::{BadExpectation, Expected};
use crate::native::Native;
use crate::native::flyway::NativeFlyway;
use crate::project::{Project, ReadError};
use crate::runner;
use crate::sign::Sign;
use crate::tool::{Migrations, Place, Settings, Tool};

#[derive(Debug)]
pub(crate) struct Flyway;

pub(crate) const TITLE: &str = "Flyway";
impl Tool for Flyway {
    fn name(&self) -> &'static str {
        "flyway"
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        signs.extend(project.first_file(&CONFIGS).map(Sign::configuration));
        let depends = project
            .dependencies()
            .java
            .iter()
            .any(|name| name.contains("flyway"));
        let directory = directory(project);
        let example = sources(project, &directory)
            .into_iter()
            .find(|source| matches!(source.kind, Kind::Versioned | Kind::Baseline));
        let is_rust = project.is_file("Cargo.toml");
        signs.extend(example.map(|source| match depends || !signs.is_empty() {
            true => Sign::migrations(source.file),
            false if is_rust => Sign::dependency(source.file),
            false => Sign::configuration(source.file),
        }));
        if depends {
            signs.push(Sign::dependency("the build depends on flyway"));
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
                tool: TITLE,
            });
        }
        let mut scripts = Vec::new();
        let mut notes = Vec::new();
        for source in sources(project, &directory) {
            let checksum = match source.in_code {
                true => Checksum::Unknown("it is code".to_owned()),
                false => checksum_of(&source, &project.read_text(&source.file)?),
            };
            if source.in_code {
                notes.push(format!(
                    "{} is code; its checksum cannot be known",
                    source.file
                ));
            }
            scripts.push(Script { source, checksum });
        }
        scripts.sort_by(|a, b| order(&a.source, &b.source));
        let versioned: Vec<&Script> = scripts
            .iter()
            .filter(|script| script.source.kind == Kind::Versioned)
            .collect();
        let twice = versioned.windows(2).find(|pair| {
            compare_versions(&pair[0].source.version, &pair[1].source.version).is_eq()
        });
        if let Some(pair) = twice {
            return Err(ReadError::Contradiction(format!(
                "{} and {} have the same version; flyway refuses both",
                pair[0].source.file, pair[1].source.file
            )));
        }
        let table = table(project, settings);
        Ok(Box::new(FlywayMigrations {
            place: Place {
                notes,
                ..Place::new(&directory, &table)
            },
            table,
            scripts,
            out_of_order: flag(project, "outOfOrder") == Some(true),
        }))
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        let scripts = expected.migrations.iter().map(|migration| {
            let kind = migration.detail.get("kind")?;
            Ok(Script {
                source: Source {
                    kind,
                    version: match kind {
                        Kind::Repeatable => String::new(),
                        Kind::Baseline | Kind::Versioned => migration.version.clone(),
                    },
                    description: migration.name.clone(),
                    file: migration.file.clone(),
                    in_code: false,
                },
                checksum: migration.checksum(),
            })
        });
        Ok(Box::new(FlywayMigrations {
            place: expected.place(),
            table: expected.table()?,
            scripts: scripts.collect::<Result<_, BadExpectation>>()?,
            out_of_order: expected.detail.get("out_of_order")?,
        }))
    }

    fn command(&self, project: &Project) -> Vec<String> {
        let java = &project.dependencies().java;
        if project.is_file("pom.xml") && java.contains("flyway-maven-plugin") {
            runner::plain(&["mvn", "flyway:migrate"])
        } else if project.is_file("build.gradle") || project.is_file("build.gradle.kts") {
            runner::plain(&["./gradlew", "flywayMigrate"])
        } else {
            runner::plain(&["flyway", "migrate"])
        }
    }

    fn begins_in_empty_schemas(&self) -> bool {
        true
    }

    fn native(&self) -> Option<&'static dyn Native> {
        Some(&NativeFlyway)
    }

    fn aftermath(&self, dialect: Dialect) -> Aftermath {
        match dialect {
            Dialect::MySql | Dialect::MariaDb => Aftermath::Marked,
            Dialect::Postgres | Dialect::Sqlite => Aftermath::Nothing,
        }
    }
}

fn checksum_of(source: &Source, text: &str) -> Checksum {
    if source.kind == Kind::Repeatable && text.contains("${") {
        Checksum::Unknown("it has placeholders".to_owned())
    } else {
        Checksum::Any(vec![checksum::flyway(text)])
    }
}
