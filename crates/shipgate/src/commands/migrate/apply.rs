//! `shipgate migrate apply [AMOUNT]`.

mod job;
mod progress;

use std::num::{IntErrorKind, NonZeroUsize};
use std::time::Duration;

use shipgate_atlas_config::Wanted;
use shipgate_database::{Database, LockName};
use shipgate_migrate::TxMode;
use shipgate_migrate::apply::{ApplyOptions, CancelToken, Patience};
use shipgate_migrate::history::HistoryChoice;
use shipgate_migrate::plan::{ExecOrder, Limit, PlanOptions};
use shipgate_migrate::report::StatementTexts;

use job::Job;

use super::config::{Config, ConfigFlags, Settings};
use super::format::Format;
use super::repeated::Repeated;
use super::screen::Screen;
use super::source::source;
use super::{DatabaseFlags, DirectoryFlags, target};
use crate::cli::App;
use crate::error::{CliError, Exit};
use crate::signals::{self, Asked};
use crate::wiring::early::Early;
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
    /// What one transaction spans: file, all or none [default: file, or what the tool does whose own history it is]
    #[arg(long, value_name = "MODE")]
    tx_mode: Option<String>,
    /// What files added behind the last applied one mean: linear, linear-skip or
    /// non-linear [default: linear, or what the tool does whose own history it is]
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
    /// What runs this, as JSON; for Atlas's cloud, and of no effect here
    #[arg(long, value_name = "JSON", hide = true)]
    context: Option<String>,
    /// The form of the report: a Go template such as '{{ json . }}'
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
    let reach = Some(&arguments.database.reach);
    let targets = match config.all(Wanted::Database, project, reach, screen).await? {
        Ok(targets) => targets,
        Err(exit) => return Ok(exit),
    };
    let (handle, cancel) = CancelToken::new();
    let asked = Asked::listen(&app.printer, signals::STOPPING)?;
    let heard = asked.clone();
    tokio::spawn(async move {
        heard.wait().await;
        handle.cancel();
    });
    let count = targets.len();
    for (number, settings) in (1..).zip(&targets) {
        let label = format!("{} ({number} of {count})", settings.label());
        if count > 1 {
            screen.fresh_line()?;
            app.printer.say(&label);
        }
        let exit = apply_one(
            &arguments,
            settings,
            config.flags(),
            cancel.clone(),
            app,
            screen,
        )
        .await?;
        if exit != Exit::Done {
            if number < count {
                let left = count - number;
                let text = format!("stopped at {label}; {left} not begun");
                app.printer.say(&text);
            }
            return Ok(match exit {
                Exit::Interrupted => asked.heard().unwrap_or(exit),
                exit => exit,
            });
        }
    }
    Ok(Exit::Done)
}

/// Applies to the database of one env, or of no env.
async fn apply_one(
    arguments: &Arguments,
    settings: &Settings,
    config: &ConfigFlags,
    cancel: CancelToken,
    app: &App,
    screen: &mut Screen,
) -> Result<Exit, CliError> {
    let template = settings.or(arguments.format.as_deref(), |env| env.apply_format.as_ref());
    let format = match Format::of_apply(template.as_deref(), screen) {
        Ok(format) => format,
        Err(bad) => return screen.fail("format", &bad.0, &[]),
    };
    let mut options = match options(arguments, settings, cancel) {
        Ok(options) => options,
        Err(message) => return screen.fail("usage", &message, &[]),
    };
    let ahead = target::server_ahead(&arguments.database, settings).map(|reach| {
        options.lock.connect_timeout = reach.connect_timeout;
        Early::connecting(reach.database, &options.connect_options())
    });
    let whose = Some(&arguments.database);
    let mut source = match source(&arguments.directory, whose, settings, app, screen).await? {
        Ok(source) => source,
        Err(exit) => return Ok(exit),
    };
    if let Err(error) = source.directory().check_sum() {
        let repeated = Repeated::of_directory(config, &arguments.directory);
        return screen.fail_checksum(&error, &repeated.directory_flags());
    }
    if exec_order(arguments, settings).is_none() {
        options.plan.exec_order = source.exec_order();
    }
    if tx_mode(arguments, settings).is_none() {
        options.tx_mode = source.tx_mode();
    }
    let project = &arguments.directory.project;
    let mut reach = match target::database(&arguments.database, project, settings, &source, screen)?
    {
        Ok(reach) => reach,
        Err(exit) => return Ok(exit),
    };
    if let Some(ahead) = ahead.filter(|ahead| ahead.url() == reach.database.url()) {
        reach.database = ahead;
    }
    if format.is_text() {
        options.texts = StatementTexts::Counted;
    }
    options.lock.connect_timeout = reach.connect_timeout;
    let schema = settings.revisions_schema(&arguments.database);
    options.history = match source.history(reach.database.url(), schema) {
        Ok(history) => history,
        Err(error) => return screen.fail("migrations-directory", &error.to_string(), &[]),
    };
    let lock_name = arguments.lock_name.as_deref();
    let repeated = Repeated::of(
        config,
        &arguments.directory,
        &arguments.database,
        reach.database.url(),
    )
    .with("--lock-name", lock_name);
    let job = Job {
        directory: source.into_directory(),
        database: reach.database,
        options,
        format,
        repeated,
    };
    job.run(app, screen).await
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
    let exec_order = exec_order(arguments, settings);
    let tx_mode = tx_mode(arguments, settings);
    let baseline = settings.or_migration(arguments.baseline.as_deref(), |migration| {
        migration.baseline.as_ref()
    });
    Ok(ApplyOptions {
        history: HistoryChoice::default(),
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
        texts: StatementTexts::Kept,
        cancel,
    })
}

fn tx_mode(arguments: &Arguments, settings: &Settings) -> Option<String> {
    settings.or_migration(arguments.tx_mode.as_deref(), |migration| {
        migration.tx_mode.as_ref()
    })
}

fn exec_order(arguments: &Arguments, settings: &Settings) -> Option<String> {
    settings.or_migration(arguments.exec_order.as_deref(), |migration| {
        migration.exec_order.as_ref()
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
    target::parse_duration("--lock-timeout", text.unwrap_or("10s"))
}

fn parse_limit(text: &Option<String>, flag: &str) -> Result<Option<Duration>, String> {
    match text.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => target::parse_duration(flag, text).map(Some),
        None => Ok(None),
    }
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
