//! The task that keeps a lock alive and gives it back.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::lease::EXPIRY;
use super::{AtlasHold, Locks, Lost, lost, server, server_error};
use crate::mysql::connect::connect;
use crate::mysql::session::MysqlSession;
use crate::mysql::settings::Settings;
use crate::{Access, ConnectOptions, ErrorKind, LockError, Session, StatementError};

/// Between two heartbeats: three fit into the life of a lease.
const PERIOD: Duration = Duration::from_secs(5);

/// Holds the lock until it is released or dropped.
pub(super) struct Keeper {
    stop: mpsc::Sender<oneshot::Sender<Result<(), LockError>>>,
}

impl Keeper {
    pub(super) fn start(held: Locks, settings: Settings, lost: Lost) -> Self {
        let (stop, stopped) = mpsc::channel(1);
        tokio::spawn(keep(held, settings, lost, stopped));
        Self { stop }
    }

    /// Gives the lock back and waits until it is.
    pub(super) async fn release(&mut self) -> Result<(), LockError> {
        let (reply, answer) = oneshot::channel();
        let is_asked = self.stop.send(reply).await.is_ok();
        match answer.await {
            Ok(result) if is_asked => result,
            _ => Err(lost("the task that kept it has ended")),
        }
    }
}

async fn keep(
    mut held: Locks,
    settings: Settings,
    lost: Lost,
    mut stopped: mpsc::Receiver<oneshot::Sender<Result<(), LockError>>>,
) {
    let mut alive = Instant::now();
    let reply = loop {
        if let Ok(reply) = tokio::time::timeout(PERIOD, stopped.recv()).await {
            break reply;
        }
        if lost.check().is_err() {
            continue;
        }
        match beat(&mut held).await {
            Ok(()) => alive = Instant::now(),
            Err(Trouble::Lost(how)) => lost.set(how),
            Err(Trouble::Passing(how)) if alive.elapsed() > EXPIRY => lost.set(how),
            Err(Trouble::Passing(_)) => {}
            Err(Trouble::Connection(how)) => match reconnect(&mut held, &settings).await {
                Ok(()) => alive = Instant::now(),
                Err(Some(taken)) => lost.set(taken),
                Err(None) if alive.elapsed() > EXPIRY => lost.set(how),
                Err(None) => {}
            },
        }
    };
    let result = give_back(held, &settings).await;
    if let Some(reply) = reply {
        let _ = reply.send(result);
    }
}

/// Why a heartbeat was missed.
enum Trouble {
    Lost(String),
    Passing(String),
    Connection(String),
}

impl From<StatementError> for Trouble {
    fn from(error: StatementError) -> Self {
        if is_connection(&error) {
            Self::Connection(error.message)
        } else {
            Self::Passing(error.message)
        }
    }
}

async fn beat(held: &mut Locks) -> Result<(), Trouble> {
    match &held.lease {
        Some(lease) => {
            if !lease.beat(&mut held.session, held.token).await? {
                return Err(Trouble::Lost("another one has taken it over".to_owned()));
            }
        }
        None => {
            held.session.execute("DO 0").await?;
        }
    }
    if held
        .atlas
        .is_overtaken(&mut held.session, &held.names)
        .await?
    {
        return Err(Trouble::Lost(
            "Atlas, or another user of its lock, got its turn".to_owned(),
        ));
    }
    Ok(())
}

/// A new connection in the place of a lost one, if nobody took the locks
/// meanwhile; `Err(None)` if none could be made yet.
async fn reconnect(held: &mut Locks, settings: &Settings) -> Result<(), Option<String>> {
    let mut session = another(settings).await.ok_or(None)?;
    if held.on_server {
        let mut names = vec![held.names.own()];
        if held.atlas.carries() {
            names.extend([held.names.atlas(), held.names.mark()]);
        }
        for name in names {
            match server::get(&mut session, name, 0).await {
                Ok(true) => {}
                Ok(false) => {
                    return Err(Some(
                        "its connection ended, and another one took it".to_owned(),
                    ));
                }
                Err(_) => return Err(None),
            }
        }
    }
    held.session = session;
    match beat(held).await {
        Ok(()) => Ok(()),
        Err(Trouble::Lost(how)) => Err(Some(how)),
        Err(Trouble::Passing(_) | Trouble::Connection(_)) => Err(None),
    }
}

/// A new connection, if one can be made at once.
async fn another(settings: &Settings) -> Option<MysqlSession> {
    let options = ConnectOptions {
        connect_timeout: Duration::ZERO,
        ..ConnectOptions::default()
    };
    let (link, made_with) = connect(settings, &options).await.ok()?;
    Some(MysqlSession::new(link, made_with, Access::ReadWrite))
}

async fn give_back(held: Locks, settings: &Settings) -> Result<(), LockError> {
    let Locks {
        mut session,
        names,
        on_server,
        atlas,
        lease,
        token,
    } = held;
    let Some(lease) = lease else {
        let given_back = release_server_locks(atlas, &mut session, &names, on_server).await;
        Box::new(session).close().await;
        return given_back.map_err(release_error);
    };
    let mut was_ours = lease.release(&mut session, token).await;
    if was_ours.as_ref().is_err_and(is_connection)
        && let Some(fresh) = another(settings).await
    {
        // The server's locks went with the connection.
        Box::new(std::mem::replace(&mut session, fresh))
            .close()
            .await;
        was_ours = lease.release(&mut session, token).await;
    } else {
        if matches!(was_ours, Ok(true)) {
            lease.tidy(&mut session).await;
        }
        release_server_locks(atlas, &mut session, &names, on_server)
            .await
            .map_err(release_error)?;
    }
    Box::new(session).close().await;
    match was_ours {
        Ok(true) => Ok(()),
        Ok(false) => Err(lost("another one has taken it over")),
        Err(error) => Err(release_error(error)),
    }
}

fn is_connection(error: &StatementError) -> bool {
    error.kind == ErrorKind::SessionLost
}

fn release_error(error: StatementError) -> LockError {
    if is_connection(&error) {
        lost(&error.message)
    } else {
        server_error(error)
    }
}

async fn release_server_locks(
    atlas: AtlasHold,
    session: &mut MysqlSession,
    names: &super::names::Names,
    on_server: bool,
) -> Result<(), StatementError> {
    atlas.release(session, names).await?;
    if on_server {
        server::release(session, &[names.own()]).await?;
    }
    Ok(())
}
