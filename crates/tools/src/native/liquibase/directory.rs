//! The changesets as Liquibase would execute them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use shipgate_migrate::directory::{Directory, File, Location};
use shipgate_migrate::formats::Format;
use shipgate_migrate::plan::ExecOrder;

use super::super::directory::{Native, NativeError};
use super::super::ledger::Ledger;
use super::format::LiquibaseFormat;
use super::ledger::LiquibaseLedger;
use crate::project::Project;
use crate::tool::Settings;
use crate::tools::liquibase::{Changelog, Held, properties};

/// Settings with which other changesets would be executed, or elsewhere.
const BEYOND: [&str; 6] = [
    "contexts",
    "contextFilter",
    "labels",
    "labelFilter",
    "defaultSchemaName",
    "searchPath",
];

/// Liquibase without Liquibase.
#[derive(Debug)]
pub(crate) struct NativeLiquibase;

impl Native for NativeLiquibase {
    fn format(&self) -> &'static dyn Format {
        &LiquibaseFormat
    }

    fn exec_order(&self, _project: &Project) -> ExecOrder {
        ExecOrder::NonLinear
    }

    fn differs_by_database(&self) -> bool {
        true
    }

    fn directory(
        &self,
        project: &Project,
        path: PathBuf,
        settings: &Settings,
    ) -> Result<Directory, NativeError> {
        let changelog = Changelog::read(project, settings)?;
        if let Some(beyond) = &changelog.beyond {
            return Err(only_liquibase(beyond));
        }
        if let Some(key) = BEYOND
            .into_iter()
            .find(|key| properties::value(project, key).is_some_and(|value| !value.is_empty()))
        {
            return Err(only_liquibase(&format!("liquibase.properties sets {key}")));
        }
        let mut seen: HashMap<String, String> = HashMap::new();
        let mut files = Vec::with_capacity(changelog.sets.len());
        for held in &changelog.sets {
            let identity = held.identity();
            if let Some(first) = seen.insert(identity, held.shown()) {
                return Err(NativeError::Setting(format!(
                    "{}: changeset {}:{} is in {first} already; give one of them another id",
                    held.shown(),
                    held.set.author,
                    held.set.id
                )));
            }
            files.push(file(project, held)?);
        }
        let location = Location::with_format(&path, &LiquibaseFormat);
        Ok(Directory::of_files(location, files, None)?)
    }

    fn ledger(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Arc<dyn Ledger>, NativeError> {
        let changelog = Changelog::read(project, settings)?;
        Ok(Arc::new(LiquibaseLedger::new(project, settings, changelog)))
    }

    fn is_read_by_atlas(&self) -> bool {
        true
    }
}

fn file(project: &Project, held: &Held) -> Result<File, NativeError> {
    let Some(sql) = &held.set.sql else {
        return Err(only_liquibase(&format!(
            "{}: changeset {}:{} is not formatted SQL",
            held.file, held.set.author, held.set.id
        )));
    };
    let path = project.root().join(&held.file);
    let content = sql.text.clone().into_bytes();
    let file = File::new(&LiquibaseFormat, held.identity(), path, content, None);
    Ok(file.beginning_in_line(sql.line))
}

fn only_liquibase(what: &str) -> NativeError {
    NativeError::Setting(format!(
        "{what}: that is not done without liquibase; `shipgate gate` runs it"
    ))
}
