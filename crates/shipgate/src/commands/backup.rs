//! `shipgate backup`: take, list, verify and restore backups.

use jiff::Timestamp;
use serde_json::json;
use shipgate_release::ports::{Backup, Watch};

use crate::cli::{App, PlaceFlag};
use crate::error::{CliError, Exit};
use crate::printer::Output;
use crate::question::confirm;
use crate::report::{bytes, table};
use crate::site::Site;
use crate::wiring::backup::{DatabaseBackups, failure};
use crate::wiring::notice::Notice;

/// The verbs of `shipgate backup`.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Take and verify a backup of the live database
    Create(Create),
    /// List backups, oldest first
    List(Project),
    /// Check that a backup is what was taken, table by table
    Verify(Named),
    /// Put a backup in the live database's place, after a safety copy
    Restore(Named),
}

/// Arguments of `shipgate backup create`.
#[derive(clap::Args)]
pub(crate) struct Create {
    /// Its name [default: manual-TIME]
    name: Option<String>,
    #[command(flatten)]
    place: PlaceFlag,
}

/// Arguments of `shipgate backup list`.
#[derive(clap::Args)]
pub(crate) struct Project {
    #[command(flatten)]
    place: PlaceFlag,
}

/// Arguments of verbs about one backup.
#[derive(clap::Args)]
pub(crate) struct Named {
    /// The backup
    name: String,
    #[command(flatten)]
    place: PlaceFlag,
}

pub(crate) async fn run(command: Command, app: App) -> Result<Exit, CliError> {
    match command {
        Command::Create(arguments) => create(arguments, &app).await,
        Command::List(arguments) => list(arguments, &app),
        Command::Verify(arguments) => verify(arguments, &app).await,
        Command::Restore(arguments) => restore(arguments, &app).await,
    }
}

fn backups(place: PlaceFlag, app: &App) -> Result<(Site, DatabaseBackups), CliError> {
    let site = Site::open(&place.into(), app)?;
    let url = site.database()?.ok_or_else(|| {
        CliError::usage("no-database", "this project has no database")
            .with_hint("`[database] url` names it")
    })?;
    let backups = DatabaseBackups::new(url, &site.state, site.project(), &Notice::of(app))?;
    Ok((site, backups))
}

fn dated(what: &str) -> String {
    format!("{what}-{}", Timestamp::now().strftime("%Y%m%dT%H%M%SZ"))
}

async fn create(arguments: Create, app: &App) -> Result<Exit, CliError> {
    let (_, backups) = backups(arguments.place, app)?;
    let name = arguments.name.unwrap_or_else(|| dated("manual"));
    let taken = backups
        .store
        .create(&name, Timestamp::now(), &backups.options)
        .await
        .map_err(|error| failure(&error))?;
    app.printer.say(&format!(
        "{}, {} rows, verified",
        bytes(taken.bytes),
        taken.rows()
    ));
    app.printer.result(&name)?;
    Ok(Exit::Done)
}

fn list(arguments: Project, app: &App) -> Result<Exit, CliError> {
    let (_, backups) = backups(arguments.place, app)?;
    let listed = backups.store.list().map_err(|error| failure(&error))?;
    let mut rows = vec![["BACKUP", "TAKEN", "SIZE", "TABLES", "ROWS"].map(str::to_owned)];
    for info in &listed.backups {
        if app.printer.output == Output::Json {
            app.printer.result(
                &json!({
                    "type": "backup", "name": info.name, "taken_at": info.taken_at,
                    "bytes": info.bytes, "sha256": info.sha256,
                    "tables": info.contents.tables.len(), "rows": info.rows(),
                })
                .to_string(),
            )?;
        }
        rows.push([
            info.name.clone(),
            info.taken_at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            bytes(info.bytes),
            info.contents.tables.len().to_string(),
            info.rows().to_string(),
        ]);
    }
    if app.printer.output == Output::Text {
        app.printer.result(&table(&rows))?;
    }
    for (name, error) in &listed.unreadable {
        app.printer.warn(&format!("{name}: {error}"));
    }
    Ok(Exit::Done)
}

async fn verify(arguments: Named, app: &App) -> Result<Exit, CliError> {
    let (_, backups) = backups(arguments.place, app)?;
    let info = backups
        .store
        .verify(&arguments.name, &backups.options)
        .await
        .map_err(|error| failure(&error))?;
    app.printer.result(&format!(
        "{} is what was taken: {} tables, {} rows",
        info.name,
        info.contents.tables.len(),
        info.rows()
    ))?;
    Ok(Exit::Done)
}

async fn restore(arguments: Named, app: &App) -> Result<Exit, CliError> {
    let (site, backups) = backups(arguments.place, app)?;
    let _lock = site
        .store()
        .lock("backup restore", std::process::id(), Timestamp::now())?;
    let losses = backups.losses(&arguments.name).await?;
    if losses.is_empty() {
        app.printer
            .say("nothing was written since: no write is lost");
    } else {
        app.printer
            .warn("this loses what was written since the backup:");
        for line in &losses {
            app.printer.say(&format!("  {line}"));
        }
    }
    confirm(
        app,
        &format!("restore backup {} over the live database?", arguments.name),
    )?;
    let safety = dated("before-restore");
    let taken = backups.create(&safety, &Silent).await?;
    app.printer.say(&format!("safety copy: {}", taken.summary));
    let done = backups.restore(&arguments.name).await?;
    app.printer.result(&done)?;
    Ok(Exit::Done)
}

struct Silent;

impl Watch for Silent {
    fn line(&self, _text: &str) {}
    fn output(&self, _text: &str) {}
}
