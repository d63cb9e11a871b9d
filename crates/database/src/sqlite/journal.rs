//! The rollback journal between the transactions of a session.
//!
//! By default each transaction makes a journal beside the database and removes
//! it when it is done, which costs the disk as much as what is in it. A session
//! with many transactions keeps the file instead (`journal_mode = persist`) and
//! removes it at its end. What a process that is killed leaves behind is empty
//! by its header: the next one that writes uses it, and removes it
//! (<https://www.sqlite.org/pragma.html#pragma_journal_mode>).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rusqlite::Connection;

/// So many transactions leave things as they are.
const FEW: u32 = 2;

/// What a session does with its journal. Other modes than the default one are
/// the database's own, or somebody's choice, and stay.
#[derive(Clone, Default)]
pub(super) struct Journal(Arc<State>);

#[derive(Default)]
struct State {
    transactions: AtomicU32,
    is_kept: AtomicBool,
}

impl Journal {
    /// A transaction is about to be opened.
    pub(super) fn begins(&self, connection: &Connection) {
        let before = self.0.transactions.fetch_add(1, Ordering::Relaxed);
        if before == FEW && connection.is_autocommit() && mode(connection, "") == "delete" {
            let kept = mode(connection, " = persist") == "persist";
            self.0.is_kept.store(kept, Ordering::Relaxed);
        }
    }

    /// The session ends. A file that cannot be removed now does no harm.
    pub(super) fn ends(&self, connection: &Connection) {
        if self.0.is_kept.load(Ordering::Relaxed) && mode(connection, "") == "persist" {
            mode(connection, " = delete");
        }
    }
}

/// The mode after it was asked for or set; empty if neither was possible.
fn mode(connection: &Connection, set: &str) -> String {
    let pragma = format!("PRAGMA main.journal_mode{set}");
    connection
        .query_row(&pragma, [], |row| row.get(0))
        .unwrap_or_default()
}
