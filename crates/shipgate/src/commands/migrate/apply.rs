//! `shipgate migrate apply [AMOUNT]`.

use std::num::{IntErrorKind, NonZeroUsize};
use std::time::Duration;

use jiff::Timestamp;
use shipgate_atlas_config::Wanted;
use shipgate_database::{LockEvent, LockName};
use shipgate_migrate::apply::{ApplyError, ApplyEvent, ApplyOptions, CancelToken, Patience, apply};
use shipgate_migrate::history::HistoryError;
use shipgate_migrate::plan::{ExecOrder, Limit, PlanOptions};
use shipgate_migrate::report::ApplyTextWriter;
use shipgate_migrate::{GoDuration, TxMode};

use super::config::{Config, Settings};
use super::format::Format;
use super::screen::Screen;
use super::{DatabaseFlags, DirectoryFlags, target};
use crate::cli::App;
use crate::error::{CliError, Exit};
use crate::report::short;
use crate::signals;
use crate::wiring::engine::operator_version;

/// How long a statement waits for another session's lock on the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Arguments of `shipgate migrate apply`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many files to execute at most [default: all]
    #[arg(value_name = "AMOUNT", allow_negative_numbers = true)]
    amount: Vec<String>,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    directory: DirectoryFlags,
    /// Stop after the file of this version
    #[arg(long, value_name = "VERSION", conflicts_with = "amount")]
    to_version: Option<String>,
    /// Show what would be executed; write nothing
    #[arg(long)]
    dry_run: bool,
    /// What one transaction spans: file, all or none [default: file]
    #[arg(long, value_name = "MODE")]
    tx_mode: Option<String>,
    /// What files added behind the last applied one mean: linear, linear-skip or
    /// non-linear [default: linear]
    #[arg(long, value_name = "ORDER")]
    exec_order: Option<String>,
    /// The version a database without history stands at
    #[arg(long, value_name = "VERSION")]
    baseline: Option<String>,
    /// Go on in a database that has no history and is not empty
    #[arg(long)]
    allow_dirty: bool,
    /// Go on although applied files are not what was applied
    #[arg(long)]
    allow_changed: bool,
    /// How long to wait for the migration lock [default: 10s]
    #[arg(long, value_name = "DURATION")]
    lock_timeout: Option<String>,
    /// How long a statement waits for other sessions' locks; then its transaction is rolled back
    /// and tried again [default: 1s where a definition waits on a server]
    #[arg(long, value_name = "DURATION", env = "SHIPGATE_DDL_LOCK_TIMEOUT")]
    ddl_lock_timeout: Option<String>,
    /// How often it is tried again [default: 25]
    #[arg(long, value_name = "COUNT", env = "SHIPGATE_LOCK_RETRIES")]
    lock_retries: Option<u32>,
    /// How long a statement may run [default: as the server has it]
    #[arg(long, value_name = "DURATION", env = "SHIPGATE_STATEMENT_TIMEOUT")]
    statement_timeout: Option<String>,
    /// The name of the migration lock; other names do not exclude each other
    #[arg(long, value_name = "NAME")]
    lock_name: Option<String>,
    /// The form of the report: '{{ json . }}'
    #[arg(long, alias = "log", value_name = "TEMPLATE")]
    format: Option<String>,
}

pub(super) async fn run(
    arguments: Arguments,
    config: &Config<'_>,
    app: &App,
    screen: &mut Screen,
) -> Result<Exit, CliError> {
    let project = &arguments.directory.project;
    let targets = match config.all(Wanted::Database, project, screen).await? {
        Ok(targets) => targets,
        Err(exit) => return Ok(exit),
    };
    let (handle, cancel) = CancelToken::new();
    let asked = signals::cancel_on_signal(app.printer.clone())?;
    tokio::spawn(async move {
        asked.wait().await;
        handle.cancel();
    });
    let count = targets.len();
    for (number, settings) in (1..).zip(&targets) {
        let label = format!("{} ({number} of {count})", settings.label());
        if count > 1 {
            screen.fresh_line()?;
            app.printer.say(&label);
        }
        let exit = apply_one(&arguments, settings, cancel.clone(), app, screen).await?;
        if exit != Exit::Done {
            if number < count {
                let left = count - number;
                let text = format!("stopped at {label}; {left} not begun");
                app.printer.say(&text);
            }
            return Ok(exit);
        }
    }
    Ok(Exit::Done)
}

/// Applies to the database of one env, or of no env.
async fn apply_one(
    arguments: &Arguments,
    settings: &Settings,
    cancel: CancelToken,
    app: &App,
    screen: &mut Screen,
) -> Result<Exit, CliError> {
    let template = settings.or(arguments.format.as_deref(), |env| env.apply_format.as_ref());
    let format = Format::of(template.as_deref(), screen)?;
    let options = match options(arguments, settings, cancel) {
        Ok(options) => options,
        Err(message) => return screen.fail("usage", &message, &[]),
    };
    let directory = match target::directory(&arguments.directory, settings, screen)? {
        Ok(directory) => directory,
        Err(exit) => return Ok(exit),
    };
    if let Err(error) = directory.check_sum() {
        return screen.fail_checksum(&error);
    }
    let project = &arguments.directory.project;
    let database = match target::database(&arguments.database, project, settings, screen)? {
        Ok(database) => database,
        Err(exit) => return Ok(exit),
    };
    let mut writer = ApplyTextWriter::new(screen.palette(), Timestamp::now());
    let mut unwritten = None;
    let result = {
        let mut sink = |event: &ApplyEvent<'_>| {
            tell(event, app);
            if format == Format::Text && unwritten.is_none() {
                unwritten = write(&mut writer, event, screen).err();
            }
        };
        apply(database.as_ref(), &directory, &options, &mut sink).await
    };
    if let Some(error) = unwritten {
        return Err(error);
    }
    let (report, error) = match result {
        Ok(report) => (Some(Box::new(report)), None),
        Err(failure) => (failure.report, Some(failure.error)),
    };
    if format != Format::Text
        && let Some(report) = &report
    {
        screen.write(&format.json(report)?)?;
    }
    match error {
        None => Ok(Exit::Done),
        // A report in the form that was asked for carries its error itself.
        Some(error) if format != Format::Text && report.is_some() => Ok(exit_of(&error)),
        Some(error) => fail(&error, screen),
    }
}

fn fail(error: &ApplyError, screen: &mut Screen) -> Result<Exit, CliError> {
    if let ApplyError::Checksum(checksum) = error {
        return screen.fail_checksum(checksum);
    }
    if let ApplyError::History(HistoryError::Ambiguous) = error {
        return screen.fail_ambiguous();
    }
    screen.fail("migration-failed", &error.to_string(), &error.hints())?;
    Ok(exit_of(error))
}

fn exit_of(error: &ApplyError) -> Exit {
    match error {
        ApplyError::Cancelled(_) => Exit::Interrupted,
        _ => Exit::Failed,
    }
}

/// Writes what an event adds to the report.
fn write(
    writer: &mut ApplyTextWriter,
    event: &ApplyEvent<'_>,
    screen: &mut Screen,
) -> Result<(), CliError> {
    let mut text = String::new();
    writer
        .write(event, &mut text)
        .map_err(|error| CliError::new("output", error.to_string()))?;
    if text.is_empty() {
        return Ok(());
    }
    screen.write(&text)
}

fn lock_warning(event: &LockEvent) -> String {
    match event {
        LockEvent::LeaseUnusable { message } => format!(
            "who holds the migration lock cannot be written down, and behind a connection pooler \
             it may not hold: {message}"
        ),
        LockEvent::AtlasLockUnusable { file, message } => format!(
            "Atlas's lock file {} cannot be used, and Atlas is not kept out: {message}",
            file.display()
        ),
        LockEvent::Waiting { holder, .. } => format!("the migration lock is held by {holder}"),
    }
}

/// Says on stderr what is no part of the report.
fn tell(event: &ApplyEvent<'_>, app: &App) {
    let printer = &app.printer;
    match event {
        ApplyEvent::WaitingForLock { holder, remaining } => printer.say(&format!(
            "waiting for the migration lock, held by {holder}; {} left",
            short(*remaining)
        )),
        ApplyEvent::WaitingForDatabase { reason, limit } => {
            printer.say(&format!("{reason}; waiting up to {}", short(*limit)));
        }
        ApplyEvent::LockIsWeak { event } => printer.warn(&lock_warning(event)),
        ApplyEvent::WaitingForEnd { session, statement } => printer.say(&format!(
            "the server still executes a statement of a run that is gone, in session {session}; \
             waiting for its end: {statement}"
        )),
        ApplyEvent::OutcomeTold {
            file,
            statement,
            applied,
        } => printer.say(&format!(
            "{}: a run was broken off in a statement; the catalog says that it {}: {statement}",
            file.name(),
            if *applied {
                "took effect"
            } else {
                "took no effect, so it is executed again"
            }
        )),
        ApplyEvent::LeftoverRemoved { statement } => {
            printer.say(&format!("removing what was left behind: {statement}"));
        }
        ApplyEvent::Retrying {
            attempt,
            most,
            pause,
            reason,
            blockers,
        } => {
            printer.say(&format!(
                "{reason}; rolled back, trying again in {} ({attempt} of {most})",
                short(*pause)
            ));
            for blocker in *blockers {
                printer.say(&format!("in the way: {blocker}"));
            }
        }
        ApplyEvent::DirectiveIgnored { file, warning } => {
            printer.warn(&format!("{}: {warning}", file.name()));
        }
        ApplyEvent::HistoryDiffers { text } => printer.warn(text),
        ApplyEvent::SessionRestored { statement } => {
            printer.detail(&format!("set again in this session: {statement}"));
        }
        ApplyEvent::StatementDone {
            number,
            elapsed,
            rows,
            notices,
        } => {
            for notice in *notices {
                printer.say(notice);
            }
            let elapsed = elapsed.map_or_else(String::new, |elapsed| format!("{elapsed}, "));
            printer.detail(&format!("statement {number}: {elapsed}{rows} rows"));
        }
        _ => {}
    }
}

fn options(
    arguments: &Arguments,
    settings: &Settings,
    cancel: CancelToken,
) -> Result<ApplyOptions, String> {
    let limit = match (arguments.amount.as_slice(), &arguments.to_version) {
        ([], Some(version)) => Limit::Version(version.clone()),
        ([], None) => Limit::None,
        ([amount], _) => Limit::Amount(parse_amount(amount)?),
        (several, _) => {
            return Err(format!(
                "accepts at most 1 arg(s), received {}",
                several.len()
            ));
        }
    };
    let timeout = settings.or_migration(arguments.lock_timeout.as_deref(), |migration| {
        migration.lock_timeout.as_ref()
    });
    let timeout = parse_timeout(timeout.as_deref())?;
    let exec_order = settings.or_migration(arguments.exec_order.as_deref(), |migration| {
        migration.exec_order.as_ref()
    });
    let tx_mode = settings.or_migration(arguments.tx_mode.as_deref(), |migration| {
        migration.tx_mode.as_ref()
    });
    let baseline = settings.or_migration(arguments.baseline.as_deref(), |migration| {
        migration.baseline.as_ref()
    });
    Ok(ApplyOptions {
        revisions_schema: settings.revisions_schema(&arguments.database),
        patience: Patience {
            lock_timeout: parse_limit(&arguments.ddl_lock_timeout, "--ddl-lock-timeout")?,
            statement_timeout: parse_limit(&arguments.statement_timeout, "--statement-timeout")?,
            lock_retries: arguments.lock_retries,
        },
        plan: PlanOptions {
            exec_order: ExecOrder::parse(exec_order.as_deref().unwrap_or("linear"))
                .map_err(|error| error.to_string())?,
            baseline,
            allow_dirty: arguments.allow_dirty,
            allow_changed: arguments.allow_changed,
            limit,
        },
        tx_mode: TxMode::parse(tx_mode.as_deref().unwrap_or("file"))
            .map_err(|error| error.to_string())?,
        dry_run: arguments.dry_run,
        lock: target::lock_request(
            parse_lock_name(arguments.lock_name.as_deref())?,
            "shipgate migrate apply",
            timeout,
        ),
        busy_timeout: BUSY_TIMEOUT.max(timeout),
        operator_version: operator_version(),
        cancel,
    })
}

fn parse_amount(text: &str) -> Result<NonZeroUsize, String> {
    let amount: i64 = text.parse().map_err(|error: std::num::ParseIntError| {
        let reason = match error.kind() {
            IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        format!("invalid amount argument \"{text}\" ({reason}). Omit the argument or pass a valid integer instead")
    })?;
    usize::try_from(amount)
        .ok()
        .and_then(NonZeroUsize::new)
        .ok_or_else(|| format!("cannot apply '{amount}' migration files"))
}

/// What `--lock-timeout` means; without it ten seconds.
pub(super) fn parse_timeout(text: Option<&str>) -> Result<Duration, String> {
    parse_duration(text.unwrap_or("10s"), "--lock-timeout")
}

fn parse_limit(text: &Option<String>, flag: &str) -> Result<Option<Duration>, String> {
    match text.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => parse_duration(text, flag).map(Some),
        None => Ok(None),
    }
}

fn parse_duration(text: &str, flag: &str) -> Result<Duration, String> {
    let duration: GoDuration = text
        .parse()
        .map_err(|error| format!("invalid argument \"{text}\" for \"{flag}\" flag: {error}"))?;
    Ok(Duration::from_nanos(
        u64::try_from(duration.as_nanos()).unwrap_or_default(),
    ))
}

pub(super) fn parse_lock_name(text: Option<&str>) -> Result<LockName, String> {
    match text.filter(|text| !text.is_empty()) {
        None => Ok(LockName::default()),
        Some(text) => LockName::parse(text).map_err(|error| {
            format!("invalid argument \"{text}\" for \"--lock-name\" flag: {error}")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{parse_amount, parse_timeout};

    #[test]
    fn amounts_that_are_none_are_refused() {
        assert_eq!(parse_amount("2").map(usize::from), Ok(2));
        for (text, error) in [
            (
                "abc",
                "invalid amount argument \"abc\" (invalid syntax). Omit the argument or pass a valid integer instead",
            ),
            ("0", "cannot apply '0' migration files"),
            ("-1", "cannot apply '-1' migration files"),
        ] {
            assert_eq!(parse_amount(text), Err(error.to_owned()));
        }
    }

    #[test]
    fn timeouts_are_durations() {
        assert_eq!(
            parse_timeout(Some("1m30s")).map(|timeout| timeout.as_secs()),
            Ok(90)
        );
        assert_eq!(
            parse_timeout(Some("soon")),
            Err("invalid argument \"soon\" for \"--lock-timeout\" flag: time: invalid duration \"soon\"".to_owned())
        );
    }
}
