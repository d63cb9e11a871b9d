//! What a server gets that asks for a local file (`LOAD DATA LOCAL INFILE`).
//!
//! Never a file: any statement, and any server, could ask for any. It gets
//! the rows that the caller hands in, else nothing; the statement is then said to be refused.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream;
use mysql_async::prelude::GlobalHandler;
use mysql_async::{InfileData, LocalInfileError};
use tokio::sync::mpsc;

/// Rows on their way from the caller to the server.
pub(super) type Rows = mpsc::Receiver<Vec<u8>>;

/// What the next question is answered with, and what was asked.
#[derive(Clone, Default)]
pub(super) struct Infile(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    rows: Option<Rows>,
    /// The file that was asked for without rows to give.
    refused: Option<String>,
}

impl Infile {
    /// The next question is answered with these rows.
    pub(super) fn serve(&self, rows: Rows) {
        let mut state = self.state();
        state.rows = Some(rows);
        state.refused = None;
    }

    /// Whether the rows were not asked for; they are taken back.
    pub(super) fn take_back(&self) -> bool {
        self.state().rows.take().is_some()
    }

    /// The file that a statement asked for in vain.
    pub(super) fn refused(&self) -> Option<String> {
        self.state().refused.take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GlobalHandler for Infile {
    fn handle(&self, file: &[u8]) -> BoxFuture<'static, Result<InfileData, LocalInfileError>> {
        let mut state = self.state();
        let data = match state.rows.take() {
            Some(mut rows) => stream::poll_fn(move |context| rows.poll_recv(context))
                .map(|bytes| Ok(Bytes::from(bytes)))
                .boxed(),
            None => {
                state.refused = Some(String::from_utf8_lossy(file).into_owned());
                stream::empty().boxed()
            }
        };
        Box::pin(std::future::ready(Ok(data)))
    }
}
