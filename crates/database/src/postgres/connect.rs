//! Connecting: which host, how, and whether it is worth waiting for.

use std::sync::Arc;
use std::time::Duration;

use postgres_protocol::message::frontend;
use tokio::time::{Instant, sleep, timeout};

use super::host::Host;
use super::refusal::Refusal;
use super::session::PostgresSession;
use super::settings::{Found, Settings, look_up};
use super::startup::{Key, Request, StartError, start};
use super::target::Suits;
use super::transport::{self, Encryption};
use super::wire::Wire;
use crate::unreached;
use crate::{Access, ConnectOptions, OpenError, Wait};

/// Where a session is, so that another connection can be made to it.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) host: Host,
    pub(super) settings: Arc<Settings>,
    encryption: Encryption,
}

/// Why one attempt did not succeed.
#[derive(Debug)]
enum Failure {
    /// Something else may be true in a moment.
    ForNow(String),
    /// It would be the same again.
    ForGood(OpenError),
}

/// Opens a session on the first host that will do, and waits for one up to
/// the limit.
pub(super) async fn connect(
    settings: &Arc<Settings>,
    options: &ConnectOptions,
) -> Result<PostgresSession, OpenError> {
    let limit = settings.connect_timeout.unwrap_or(options.connect_timeout);
    let started = Instant::now();
    let mut pause = Duration::from_millis(50);
    // One that does not answer at all leaves time for others, and is told of;
    // one that only takes long is given more time at the next attempt.
    let mut patience = Duration::from_secs(5);
    let mut told = String::new();
    loop {
        let (target, reason) = match once(
            settings,
            options,
            patience.min(remaining_of(limit, started)),
        )
        .await?
        {
            Attempt::Session(session) => return Ok(*session),
            Attempt::Unreachable { target, reason } => (target, reason),
        };
        let remaining = limit.saturating_sub(started.elapsed());
        if remaining.is_zero() {
            return Err(OpenError::Unreachable {
                target,
                message: reason,
                waited: limit,
            });
        }
        let reason = format!("waiting for {target}: {reason}");
        if let Some(hook) = &options.on_wait
            && told != reason
        {
            hook(&Wait {
                reason: reason.clone(),
                limit: remaining,
            });
            told = reason;
        }
        sleep(pause.min(remaining)).await;
        pause = (pause * 2).min(Duration::from_secs(1));
        patience *= 2;
    }
}

/// The time left, but enough for one attempt.
fn remaining_of(limit: Duration, started: Instant) -> Duration {
    const SHORTEST: Duration = Duration::from_secs(2);
    limit.saturating_sub(started.elapsed()).max(SHORTEST)
}

enum Attempt {
    Session(Box<PostgresSession>),
    Unreachable { target: String, reason: String },
}

/// Tries each host once. A host that is not reached now hides no refusal of
/// one that is.
async fn once(
    settings: &Arc<Settings>,
    options: &ConnectOptions,
    patience: Duration,
) -> Result<Attempt, OpenError> {
    let mut reasons = Vec::new();
    let mut standby = None;
    for host in &settings.hosts {
        let place = Place {
            host: host.clone(),
            settings: settings.clone(),
            encryption: Encryption::Clear,
        };
        let attempt = match timeout(patience, place.clone().open(options)).await {
            Ok(attempt) => attempt,
            Err(_) => Err(Failure::ForNow("no answer".to_owned())),
        };
        match attempt {
            Ok(mut session) => match session.suits(settings.target).await {
                Suits::Yes => return Ok(Attempt::Session(Box::new(session))),
                Suits::IfNothingBetter => standby = Some(session),
                Suits::No(reason) => reasons.push((place.to_string(), reason.to_owned())),
            },
            Err(Failure::ForNow(reason)) => reasons.push((place.to_string(), reason)),
            Err(Failure::ForGood(error)) => return Err(error),
        }
    }
    if let Some(session) = standby {
        return Ok(Attempt::Session(Box::new(session)));
    }
    let (target, reason) = match reasons.as_slice() {
        [(target, reason)] => (target.clone(), reason.clone()),
        several => {
            let targets: Vec<_> = several.iter().map(|(target, _)| target.as_str()).collect();
            let all: Vec<_> = several
                .iter()
                .map(|(target, reason)| format!("{target}: {reason}"))
                .collect();
            (targets.join(", "), all.join("; "))
        }
    };
    Ok(Attempt::Unreachable {
        target: format!("PostgreSQL at {target}"),
        reason,
    })
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.host.fmt(f)
    }
}

impl Place {
    fn target(&self) -> String {
        format!("PostgreSQL at {self}")
    }

    /// Asks the server to stop what the session of `key` is running, and
    /// waits until it has been told.
    pub(super) async fn cancel(&self, key: Key) -> Result<(), StartError> {
        let transport = transport::open(&self.host, &self.settings.tls, self.encryption).await?;
        let mut wire = Wire::new(transport.stream);
        frontend::cancel_request(key.process, key.secret, wire.output());
        wire.flush().await?;
        wire.closed().await;
        Ok(())
    }

    async fn open(mut self, options: &ConnectOptions) -> Result<PostgresSession, Failure> {
        let mut parameters = self.settings.run_time.clone();
        if options.access == Access::ReadOnly {
            parameters.push(("default_transaction_read_only".to_owned(), "on".to_owned()));
        }
        let mut refused: Vec<(String, String)> = Vec::new();
        loop {
            match self.attempt(&parameters).await {
                Ok(mut session) => {
                    session
                        .set(&refused)
                        .await
                        .map_err(|error| self.refusal(&error.message))?;
                    return Ok(session);
                }
                // A pooler takes few settings at the start; each connection
                // tells of one, or of all, that it does not take.
                Err(StartError::Server(report))
                    if report.message.contains("unsupported startup parameter") =>
                {
                    let before = parameters.len();
                    let names = report.message.clone();
                    parameters.retain(|pair| {
                        let is_refused = names
                            .split(|letter: char| {
                                !(letter.is_alphanumeric() || "_.".contains(letter))
                            })
                            .any(|word| word == pair.0);
                        if is_refused {
                            refused.push(pair.clone());
                        }
                        !is_refused
                    });
                    if parameters.len() == before {
                        return Err(self.refusal(&report.message));
                    }
                }
                Err(error) => return Err(self.failure(error)),
            }
        }
    }

    /// One attempt, in each of the ways `sslmode` knows.
    async fn attempt(
        &mut self,
        parameters: &[(String, String)],
    ) -> Result<PostgresSession, StartError> {
        let ways = transport::ways(&self.host, self.settings.tls.mode);
        let mut first = None;
        for way in ways {
            self.encryption = *way;
            let error = match self.start(parameters).await {
                Ok(session) => return Ok(session),
                Err(error) => error,
            };
            // Another way may do where this one is not offered or not let in;
            // a wrong password is wrong both ways.
            let is_about_the_way = match &error {
                StartError::Tls(_) => true,
                StartError::Server(report) => report.code == "28000",
                _ => false,
            };
            if !is_about_the_way {
                return Err(error);
            }
            first.get_or_insert(error);
        }
        Err(first.unwrap_or_else(|| StartError::Impossible("no way to connect".to_owned())))
    }

    async fn start(&self, parameters: &[(String, String)]) -> Result<PostgresSession, StartError> {
        let settings = &self.settings;
        let transport = transport::open(&self.host, &settings.tls, self.encryption).await?;
        let mut wire = Wire::new(transport.stream);
        let found = match (&settings.password, &settings.passfile) {
            (None, Some(path)) => look_up(path, &self.host, settings),
            _ => Found::Nothing,
        };
        let password = match (&settings.password, &found) {
            (Some(password), _) | (None, Found::Password(password)) => Some(password.expose()),
            (None, _) => None,
        };
        let request = Request {
            user: settings.user.as_deref().unwrap_or_default(),
            database: settings.database(),
            password,
            unused_passfile: match (&found, &settings.passfile) {
                (Found::TooOpen, Some(path)) => Some(path),
                _ => None,
            },
            parameters,
            channel_binding: settings.tls.channel_binding,
            end_point: transport.end_point,
        };
        let started = start(&mut wire, &request).await?;
        Ok(PostgresSession::new(wire, self.clone(), started))
    }

    fn failure(&self, error: StartError) -> Failure {
        match error {
            StartError::Io(error) => Failure::ForNow(unreached::words(&error)),
            StartError::Tls(message) => Failure::ForGood(OpenError::Tls {
                target: self.target(),
                message,
            }),
            StartError::Impossible(message) => Failure::ForGood(OpenError::Denied {
                target: self.target(),
                message,
            }),
            StartError::Server(report) => match Refusal::of(&report) {
                Refusal::ForNow => Failure::ForNow(report.message),
                Refusal::NoDatabase => Failure::ForGood(OpenError::NoSuchDatabase {
                    target: self.target(),
                    name: self.settings.database().to_owned(),
                    message: report.message,
                }),
                Refusal::Denied => Failure::ForGood(OpenError::Denied {
                    target: self.target(),
                    message: report.message,
                }),
                Refusal::Other => self.refusal(&report.message),
            },
        }
    }

    fn refusal(&self, message: &str) -> Failure {
        Failure::ForGood(OpenError::Other {
            target: self.target(),
            message: message.to_owned(),
        })
    }
}
