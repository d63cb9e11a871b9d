//! Connecting: which failures pass, and how long they are waited out.

use std::io;
use std::time::{Duration, Instant};

use mysql_async::{Conn, DriverError, Error, IoError, Opts, ServerError, TlsError};

use super::driver;
use super::error::worded;
use super::infile::Infile;
use super::link::Link;
use super::settings::{Server, Settings};
use crate::tls;
use crate::unreached;
use crate::url::TlsMode;
use crate::{Access, ConnectOptions, OpenError, Wait};

/// The pause after the first round of attempts; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// What one attempt has at least, however little time is left.
const SHORTEST_ATTEMPT: Duration = Duration::from_secs(2);

/// Why an attempt failed.
enum Failure {
    /// The same may work in a moment.
    Passing(String),
    /// It will not.
    Lasting(OpenError),
}

/// A connection, and the options it was made with.
pub(super) async fn connect(
    settings: &Settings,
    options: &ConnectOptions,
) -> Result<(Link, Opts), OpenError> {
    let begun = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut told = None;
    loop {
        let mut reasons = Vec::new();
        for server in &settings.servers {
            let left = options.connect_timeout.saturating_sub(begun.elapsed());
            let patience = settings.attempt.min(left.max(SHORTEST_ATTEMPT));
            match attempt(settings, server, options.access, patience).await {
                Ok(connected) => return Ok(connected),
                Err(Failure::Lasting(error)) => return Err(error),
                Err(Failure::Passing(reason)) => reasons.push(format!("{server}: {reason}")),
            }
        }
        let reason = reasons.join("; ");
        let waited = begun.elapsed();
        if waited + pause > options.connect_timeout {
            return Err(unreachable(settings, reason, options.connect_timeout));
        }
        if told.as_ref() != Some(&reason)
            && let Some(hook) = &options.on_wait
        {
            hook(&Wait {
                reason: format!("waiting for {reason}"),
                limit: options.connect_timeout.saturating_sub(waited),
            });
            told = Some(reason);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn unreachable(settings: &Settings, reason: String, waited: Duration) -> OpenError {
    match settings.servers.as_slice() {
        [server] => OpenError::Unreachable {
            target: server.to_string(),
            message: reason
                .strip_prefix(&format!("{server}: "))
                .unwrap_or(&reason)
                .to_owned(),
            waited,
        },
        _ => OpenError::Unreachable {
            target: "any server".to_owned(),
            message: reason,
            waited,
        },
    }
}

async fn attempt(
    settings: &Settings,
    server: &Server,
    access: Access,
    patience: Duration,
) -> Result<(Link, Opts), Failure> {
    let encrypted = settings.tls.mode != TlsMode::Disabled;
    match attempt_once(settings, server, access, patience, encrypted).await {
        // Nothing was to be checked: the two have no way to encrypt in common.
        Err(Failure::Lasting(OpenError::Tls { .. })) if settings.tls.mode == TlsMode::Preferred => {
            attempt_once(settings, server, access, patience, false).await
        }
        other => other,
    }
}

async fn attempt_once(
    settings: &Settings,
    server: &Server,
    access: Access,
    patience: Duration,
    encrypted: bool,
) -> Result<(Link, Opts), Failure> {
    let infile = Infile::default();
    let options =
        driver::options(settings, server, encrypted, infile.clone()).map_err(|message| {
            Failure::Lasting(OpenError::Tls {
                target: server.to_string(),
                message,
            })
        })?;
    let conn = match tokio::time::timeout(patience, Conn::new(options.clone())).await {
        Ok(Ok(conn)) => conn,
        Ok(Err(error)) => return Err(judge(error, settings, server)),
        Err(_) => {
            return Err(Failure::Passing(format!("no answer within {patience:.0?}")));
        }
    };
    let mut statements = settings.statements.clone();
    if access == Access::ReadOnly {
        statements.push("SET SESSION TRANSACTION READ ONLY".to_owned());
    }
    match Link::new(conn, &statements, infile).await {
        Ok(link) => Ok((link, options)),
        Err(Error::Server(error)) => Err(Failure::Lasting(OpenError::Setting {
            message: format!(
                "the server refuses what the database URL sets: {}",
                worded(&error)
            ),
        })),
        Err(error) => Err(judge(error, settings, server)),
    }
}

fn judge(error: Error, settings: &Settings, server: &Server) -> Failure {
    match error {
        Error::Server(error) => judge_answer(&error, settings, server),
        Error::Driver(DriverError::NoClientSslFlagFromServer) => Failure::Lasting(OpenError::Tls {
            target: server.to_string(),
            message: "the server offers no TLS; `ssl-mode=DISABLED` (or `tls=false`) does without"
                .to_owned(),
        }),
        Error::Io(IoError::Tls(TlsError::Tls(error))) => no_tls(&error, settings, server),
        Error::Io(IoError::Tls(error)) => Failure::Lasting(OpenError::Tls {
            target: server.to_string(),
            message: error.to_string(),
        }),
        Error::Io(IoError::Io(error)) => judge_io(&error, settings, server),
        other => Failure::Lasting(OpenError::Other {
            target: server.to_string(),
            message: other.to_string(),
        }),
    }
}

fn no_tls(error: &rustls::Error, settings: &Settings, server: &Server) -> Failure {
    Failure::Lasting(OpenError::Tls {
        target: server.to_string(),
        message: tls::words(error, &settings.tls.roots),
    })
}

fn judge_io(error: &io::Error, settings: &Settings, server: &Server) -> Failure {
    if let Some(refusal) = tls::refusal(error) {
        return no_tls(refusal, settings, server);
    }
    if error.kind() == io::ErrorKind::PermissionDenied {
        return Failure::Lasting(OpenError::Denied {
            target: server.to_string(),
            message: error.to_string(),
        });
    }
    Failure::Passing(unreached::words(error))
}

/// Numbers as in [`super::error`]; 9001 is ProxySQL without a server behind it.
fn judge_answer(error: &ServerError, settings: &Settings, server: &Server) -> Failure {
    let target = server.to_string();
    let message = worded(error);
    match error.code {
        1040
        | 1053
        | 1158..=1161
        | 1203
        | 1226
        | 1927
        | 2002
        | 2003
        | 2006
        | 2013
        | 3032
        | 9001 => Failure::Passing(message),
        1044 | 1045 | 1129 | 1130 | 1251 | 1698 | 1820 | 1862 | 3118 | 3159 | 3955 => {
            Failure::Lasting(OpenError::Denied { target, message })
        }
        1049 => Failure::Lasting(OpenError::NoSuchDatabase {
            target,
            name: settings.database.clone().unwrap_or_default(),
            message,
        }),
        _ => Failure::Lasting(OpenError::Other { target, message }),
    }
}
