//! `shipgate migrate status`.

use shipgate_atlas_config::Wanted;
use shipgate_database::ConnectOptions;
use shipgate_migrate::history::HistoryError;
use shipgate_migrate::{Reading, StatusError};

use super::config::Config;
use super::format::Format;
use super::repeated::Repeated;
use super::screen::Screen;
use super::source::source;
use super::{DatabaseFlags, DirectoryFlags, target};
use crate::cli::App;
use crate::error::{CliError, Exit};
use crate::wiring::notice::wait_hook;

/// Arguments of `shipgate migrate status`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    directory: DirectoryFlags,
    /// The form of the report: a Go template such as '{{ json . }}'
    #[arg(long, alias = "log", value_name = "TEMPLATE")]
    format: Option<String>,
    /// Exit with 3 when something is pending
    #[arg(long)]
    exit_code: bool,
}

pub(super) async fn run(
    arguments: Arguments,
    config: &Config<'_>,
    app: &App,
    screen: &mut Screen,
) -> Result<Exit, CliError> {
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
    let template = settings.or(arguments.format.as_deref(), |env| {
        env.status_format.as_ref()
    });
    let format = match Format::of_status(template.as_deref(), screen) {
        Ok(format) => format,
        Err(bad) => return screen.fail("format", &bad.0, &[]),
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
    let schema = settings.revisions_schema(&arguments.database);
    let history = match source.history(reach.database.url(), schema) {
        Ok(history) => history,
        Err(error) => return screen.fail("migrations-directory", &error.to_string(), &[]),
    };
    let directory = source.directory();
    let reading = Reading {
        history,
        exec_order: source.exec_order(),
        connect: ConnectOptions {
            connect_timeout: reach.connect_timeout,
            on_wait: Some(wait_hook(app)),
            ..ConnectOptions::default()
        },
    };
    let report = match shipgate_migrate::status(reach.database.as_ref(), directory, &reading).await
    {
        Ok(report) => report,
        Err(StatusError::Checksum(error)) => {
            return screen.fail_checksum(&error, &repeated.directory_flags());
        }
        Err(StatusError::History(HistoryError::Ambiguous)) => return screen.fail_ambiguous(),
        Err(error) => return screen.fail("history", &error.to_string(), &[]),
    };
    for note in &report.notes {
        app.printer.warn(note);
    }
    for change in report.drift.changes.iter().chain(&report.drift.forgiven) {
        app.printer.warn(&change.to_string());
    }
    let palette = screen.palette();
    match format.written(&report, || report.value(palette)) {
        Ok(Some(text)) => screen.write(&text)?,
        Ok(None) => screen.write(&report.text(palette).to_string())?,
        Err(bad) => return screen.fail("format", &bad.0, &[]),
    }
    Ok(if arguments.exit_code && !report.is_ok() {
        Exit::Trouble
    } else {
        Exit::Done
    })
}
