//! `shipgate migrate set [VERSION]`.

use std::time::Duration;

use shipgate_atlas_config::Wanted;
use shipgate_database::{Access, ConnectOptions, OpenError};
use shipgate_migrate::history::HistoryError;
use shipgate_migrate::{Effect, SetError, SetOptions, settle};

use super::apply::{parse_lock_name, parse_timeout};
use super::config::Config;
use super::repeated::Repeated;
use super::screen::Screen;
use super::source::source;
use super::{DatabaseFlags, DirectoryFlags, target};
use crate::cli::App;
use crate::error::{CliError, Exit};
use crate::wiring::engine::operator_version;
use crate::wiring::notice::wait_hook;

/// How long a statement waits for another session's lock on the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Arguments of `shipgate migrate set`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The version the database stands at [default: the last file's]
    #[arg(value_name = "VERSION")]
    version: Vec<String>,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    directory: DirectoryFlags,
    /// Count the statement as done in which the run of this version was broken off
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["version", "not_applied"])]
    applied: Option<String>,
    /// Let that statement be executed again
    #[arg(long, value_name = "VERSION", conflicts_with = "version")]
    not_applied: Option<String>,
    /// How long to wait for the migration lock [default: 10s]
    #[arg(long, value_name = "DURATION")]
    lock_timeout: Option<String>,
    /// The name of the migration lock; other names do not exclude each other
    #[arg(long, value_name = "NAME")]
    lock_name: Option<String>,
}

pub(super) async fn run(
    arguments: Arguments,
    config: &Config<'_>,
    app: &App,
    screen: &mut Screen,
) -> Result<Exit, CliError> {
    let version = match arguments.version.as_slice() {
        [] => None,
        [version] => Some(version.as_str()),
        several => {
            let message = format!("accepts 1 arg(s), received {}", several.len());
            return screen.fail("usage", &message, &[]);
        }
    };
    let settings = match config
        .single(
            Wanted::Database,
            &arguments.directory.project,
            Some(&arguments.database.reach),
            screen,
        )
        .await?
    {
        Ok(settings) => settings,
        Err(exit) => return Ok(exit),
    };
    let timeout = settings.or_migration(arguments.lock_timeout.as_deref(), |migration| {
        migration.lock_timeout.as_ref()
    });
    let timeout = match parse_timeout(timeout.as_deref()) {
        Ok(timeout) => timeout,
        Err(message) => return screen.fail("usage", &message, &[]),
    };
    let lock_name = match parse_lock_name(arguments.lock_name.as_deref()) {
        Ok(name) => name,
        Err(message) => return screen.fail("usage", &message, &[]),
    };
    let whose = Some(&arguments.database);
    let mut source = match source(&arguments.directory, whose, &settings, app, screen).await? {
        Ok(source) => source,
        Err(exit) => return Ok(exit),
    };
    let repeated = Repeated::of_directory(config.flags(), &arguments.directory);
    if let Err(error) = source.directory().check_sum() {
        return screen.fail_checksum(&error, &repeated.directory_flags());
    }
    let project = &arguments.directory.project;
    let reach = match target::database(&arguments.database, project, &settings, &source, screen)? {
        Ok(reach) => reach,
        Err(exit) => return Ok(exit),
    };
    // Waits aloud until the database can be reached; one that is not there yet
    // is made later.
    let reachable = ConnectOptions {
        access: Access::ReadOnly,
        connect_timeout: reach.connect_timeout,
        on_wait: Some(wait_hook(app)),
        ..ConnectOptions::default()
    };
    match reach.database.connect(&reachable).await {
        Ok(_) | Err(OpenError::Missing { .. } | OpenError::NoDirectory { .. }) => {}
        Err(error) => return screen.fail("history", &error.to_string(), &[]),
    }
    let mut lock = target::lock_request(lock_name, "shipgate migrate set", timeout);
    lock.connect_timeout = reach.connect_timeout;
    let schema = settings.revisions_schema(&arguments.database);
    let history = match source.history(reach.database.url(), schema) {
        Ok(history) => history,
        Err(error) => return screen.fail("migrations-directory", &error.to_string(), &[]),
    };
    let directory = source.directory();
    let options = SetOptions {
        history,
        lock,
        busy_timeout: BUSY_TIMEOUT,
        operator_version: operator_version(),
    };
    let told = match (&arguments.applied, &arguments.not_applied) {
        (Some(version), _) => Some((version, Effect::Applied)),
        (None, Some(version)) => Some((version, Effect::NotApplied)),
        (None, None) => None,
    };
    if let Some((version, effect)) = told {
        let settled = settle(
            reach.database.as_ref(),
            directory,
            version,
            effect,
            &options,
        )
        .await;
        return match settled {
            Ok(settled) => {
                screen.write(&settled.to_string())?;
                Ok(Exit::Done)
            }
            Err(error) => fail(&error, &repeated, screen),
        };
    }
    match shipgate_migrate::set(reach.database.as_ref(), directory, version, &options).await {
        Ok(report) if screen.wants_json() => screen.write_json(&report),
        Ok(report) => {
            screen.write(&report.text(screen.palette()).to_string())?;
            Ok(Exit::Done)
        }
        Err(error) => fail(&error, &repeated, screen),
    }
}

fn fail(error: &SetError, repeated: &Repeated, screen: &mut Screen) -> Result<Exit, CliError> {
    match error {
        SetError::Checksum(error) => screen.fail_checksum(error, &repeated.directory_flags()),
        SetError::History(HistoryError::Ambiguous) => screen.fail_ambiguous(),
        error => screen.fail("history", &error.to_string(), &error.hints()),
    }
}
