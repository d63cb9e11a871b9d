//! Atlas's lock, shared among Shipgates.
//!
//! Atlas takes `GET_LOCK('atlas_migrate_execute')` for its whole run, and such
//! a name is one for the whole server, whatever the database. If every
//! Shipgate held it too, two schemas of a server would wait for each other. So one
//! of them, the *carrier*, holds it, and with it a mark by which the others
//! know that it is one of them; they stand in the server's queue behind it, each on a
//! connection of its own, and go on. When the carrier is done the next in the
//! queue carries it. The queue is first come, first served: an Atlas that comes later
//! waits for all of them, and a Shipgate that finds another one waiting that
//! is none of them (an Atlas) takes its turn behind that one.
//!
//! Limit: without the right `PROCESS`, an Atlas that runs as another user cannot
//! be seen waiting; if it gets its turn, the next heartbeat notices and the
//! lock counts as lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::names::Names;
use super::{IDLE, open, server, server_error};
use crate::lock::Waiting;
use crate::mysql::session::MysqlSession;
use crate::mysql::settings::Settings;
use crate::{LockError, LockRequest, Session, StatementError};

/// For how long a waiting connection waits in one go.
const IN_QUEUE: u64 = 3600;

/// How Atlas's lock is held.
pub(super) struct AtlasHold {
    /// The connection that stands in the queue, or carries since its turn came.
    queue: Option<Queue>,
    /// Whether the lock connection itself carries.
    carries: bool,
    /// Whether somebody else was seen to hold it at the last look.
    suspected: bool,
}

struct Queue {
    task: JoinHandle<()>,
    carries: Arc<AtomicBool>,
}

impl Drop for Queue {
    fn drop(&mut self) {
        // Its session ends with it.
        self.task.abort();
    }
}

impl AtlasHold {
    /// Where there are no such locks.
    pub(super) fn none() -> Self {
        Self {
            queue: None,
            carries: false,
            suspected: false,
        }
    }

    fn carrier() -> Self {
        Self {
            carries: true,
            ..Self::none()
        }
    }

    /// Whether the lock connection itself carries.
    pub(super) fn carries(&self) -> bool {
        self.carries
    }

    /// Whether Atlas has overtaken this Shipgate: seen twice in a row, since
    /// between two carriers nobody has the mark.
    pub(super) async fn is_overtaken(
        &mut self,
        session: &mut MysqlSession,
        names: &Names,
    ) -> Result<bool, StatementError> {
        let Some(queue) = &self.queue else {
            return Ok(false);
        };
        if queue.carries.load(Ordering::SeqCst) {
            return Ok(false);
        }
        let (holder, mark) = server::holders(session, names.atlas(), names.mark()).await?;
        let is_other = holder.is_some() && holder != mark;
        let was_other = std::mem::replace(&mut self.suspected, is_other);
        Ok(is_other && was_other)
    }

    /// Gives it back, whoever carries it.
    pub(super) async fn release(
        self,
        session: &mut MysqlSession,
        names: &Names,
    ) -> Result<(), StatementError> {
        if self.carries {
            server::release(session, &[names.atlas(), names.mark()]).await?;
        }
        Ok(())
    }
}

/// Takes Atlas's lock, or a place behind the Shipgate that carries it.
pub(super) async fn take(
    settings: &Settings,
    request: &LockRequest,
    session: &mut MysqlSession,
    names: &Names,
    wait: &mut Waiting<'_>,
) -> Result<AtlasHold, LockError> {
    let mut patience = 0;
    loop {
        if server::get(session, names.atlas(), patience)
            .await
            .map_err(server_error)?
        {
            // The last carrier lets go of the mark right after the lock.
            server::get(session, names.mark(), 5)
                .await
                .map_err(server_error)?;
            return Ok(AtlasHold::carrier());
        }
        let (holder, mark) = server::holders(session, names.atlas(), names.mark())
            .await
            .map_err(server_error)?;
        if holder.is_some() && holder == mark {
            if let Some(hold) = join(settings, request, session, names).await? {
                return Ok(hold);
            }
        } else if holder.is_none() {
            // Free again by now.
            patience = 0;
            continue;
        }
        let who = server::holder(session, names.atlas(), "Atlas or another user of its lock").await;
        patience = server::wait_for(wait, who).await?;
    }
}

/// Stands in the queue behind the carrier, unless Atlas stands there already.
async fn join(
    settings: &Settings,
    request: &LockRequest,
    session: &mut MysqlSession,
    names: &Names,
) -> Result<Option<AtlasHold>, LockError> {
    let waiting = open(settings, request).await?;
    let connection = waiting.connection();
    let carries = Arc::new(AtomicBool::new(false));
    let queue = Queue {
        task: tokio::spawn(stand(waiting, names.clone(), Arc::clone(&carries))),
        carries,
    };
    let mut looks = 0;
    while !queue.carries.load(Ordering::SeqCst)
        && !server::waits(session, connection)
            .await
            .map_err(server_error)?
    {
        looks += 1;
        if looks > 100 {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Only who came before our place in the queue can overtake us.
    if server::others_wait(session, names.atlas())
        .await
        .map_err(server_error)?
    {
        return Ok(None);
    }
    Ok(Some(AtlasHold {
        queue: Some(queue),
        ..AtlasHold::none()
    }))
}

/// Waits for the turn to carry, then carries until it is aborted.
async fn stand(mut session: MysqlSession, names: Names, carries: Arc<AtomicBool>) {
    loop {
        match server::get(&mut session, names.atlas(), IN_QUEUE).await {
            Ok(true) => break,
            Ok(false) => {}
            // The heartbeat tells what that means.
            Err(_) => return,
        }
    }
    if server::get(&mut session, names.mark(), 5).await.is_err() {
        return;
    }
    carries.store(true, Ordering::SeqCst);
    loop {
        tokio::time::sleep(IDLE / 2).await;
        if session.execute("DO 0").await.is_err() {
            carries.store(false, Ordering::SeqCst);
            return;
        }
    }
}
