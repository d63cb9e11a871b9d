//! The files as Flyway would execute them.

use std::path::PathBuf;
use std::sync::Arc;

use shipgate_migrate::TxMode;
use shipgate_migrate::directory::{Directory, File, Location};
use shipgate_migrate::formats::Format;
use shipgate_migrate::plan::ExecOrder;

use super::super::directory::{Native, NativeError};
use super::super::ledger::Ledger;
use super::format::FlywayFormat;
use super::ledger::FlywayLedger;
use super::placeholders::Placeholders;
use crate::project::Project;
use crate::text::toml::value_at;
use crate::tool::Settings;
use crate::tools::flyway::{CONFIGS, directory, flag, list, option, table};

/// Settings with which other files would be executed, or more than files.
const BEYOND: [&str; 6] = [
    "sqlMigrationPrefix",
    "sqlMigrationSeparator",
    "sqlMigrationSuffixes",
    "repeatableSqlMigrationPrefix",
    "initSql",
    "callbacks",
];

/// Flyway without Flyway.
#[derive(Debug)]
pub(crate) struct NativeFlyway;

impl Native for NativeFlyway {
    fn format(&self) -> &'static dyn Format {
        &FlywayFormat
    }

    fn exec_order(&self, project: &Project) -> ExecOrder {
        match flag(project, "outOfOrder") {
            Some(true) => ExecOrder::NonLinear,
            _ => ExecOrder::Linear,
        }
    }

    fn tx_mode(&self, project: &Project) -> TxMode {
        match flag(project, "group") {
            Some(true) => TxMode::All,
            _ => TxMode::File,
        }
    }

    fn directory(
        &self,
        project: &Project,
        path: PathBuf,
        _settings: &Settings,
    ) -> Result<Directory, NativeError> {
        refuse_beyond(project)?;
        let location = Location::with_format(&path, &FlywayFormat);
        let opened = Directory::open(location.clone())?;
        let table = table(project, &Settings::default());
        let placeholders = Placeholders::of(project, &table.name);
        let mut files = opened.files().to_vec();
        for file in &mut files {
            let shown = path.join(file.name()).display().to_string();
            let settings = project.text(&format!("{shown}.conf"));
            let setting = |key: &str| settings.as_deref().and_then(|text| value_of(text, key));
            if setting("shouldExecute").is_some_and(|value| value != "true") {
                return Err(NativeError::Setting(format!(
                    "{}.conf: shouldExecute is for flyway to decide: `shipgate gate` runs it",
                    file.name()
                )));
            }
            let Some(placeholders) = &placeholders else {
                continue;
            };
            let text = file.text()?.into_owned();
            if setting("placeholderReplacement") == Some("false") || !placeholders.are_in(&text) {
                continue;
            }
            let filled = placeholders.fill(file.name(), &text)?.into_bytes();
            *file = File::new(
                &FlywayFormat,
                file.name(),
                file.path().to_owned(),
                filled,
                settings.as_deref(),
            );
        }
        Ok(Directory::of_files(location, files, None)?)
    }

    fn ledger(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Arc<dyn Ledger>, NativeError> {
        let directory = settings.directory_or(|| directory(project));
        let table = table(project, settings);
        let ledger = FlywayLedger::new(project, &directory, table)?;
        Ok(Arc::new(ledger))
    }

    fn is_read_by_atlas(&self) -> bool {
        true
    }
}

/// Settings that mean more than the files of one directory, as they are.
fn refuse_beyond(project: &Project) -> Result<(), NativeError> {
    let refused = |what: String| {
        let text = format!("{what}: that is not done without flyway; `shipgate gate` runs it");
        Err(NativeError::Setting(text))
    };
    if list(project, "locations").is_some_and(|listed| listed.len() > 1) {
        return refused("the configuration names several locations".to_owned());
    }
    if let Some(key) = BEYOND.iter().find(|key| {
        option(project, key).is_some()
            || value_at(project, CONFIGS[0], &["flyway", **key]).is_some()
    }) {
        return refused(format!("the configuration sets {key}"));
    }
    for (key, unusual) in [
        ("baselineOnMigrate", true),
        ("validateOnMigrate", false),
        ("skipExecutingMigrations", true),
    ] {
        if flag(project, key) == Some(unusual) {
            return refused(format!("the configuration sets {key} to {unusual}"));
        }
    }
    for (key, usual) in [
        ("target", "latest"),
        ("ignoreMigrationPatterns", "*:future"),
    ] {
        let listed = || list(project, key);
        if let Some(value) = listed().filter(|value| value != &[usual]) {
            let value = value.join(",");
            return refused(format!("the configuration sets {key} to {value}"));
        }
    }
    let encoding = option(project, "encoding").unwrap_or_default();
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("UTF-8") {
        return refused(format!(
            "the configuration says that files are in {encoding}"
        ));
    }
    Ok(())
}

/// A setting of a migration's own.
fn value_of<'t>(settings: &'t str, key: &str) -> Option<&'t str> {
    settings.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == key).then(|| value.trim())
    })
}
