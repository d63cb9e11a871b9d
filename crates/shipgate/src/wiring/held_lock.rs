//! The migration lock while a command runs behind it.

use std::time::Duration;

use shipgate_database::{LeasePlace, LockError, LockEvent, MigrationLock};
use shipgate_tools::Tool;

use crate::report::short;

/// How often it is looked whether the lock is still held.
const LOOK: Duration = Duration::from_millis(500);

/// Programs that take the migration lock themselves.
const LOCKING: [&str; 2] = ["shipgate", "atlas"];

/// Returns when the lock is not held any more, with how that came.
pub(crate) async fn lost(lock: &dyn MigrationLock) -> LockError {
    loop {
        tokio::time::sleep(LOOK).await;
        if let Err(error) = lock.check().await {
            return error;
        }
    }
}

/// Where the lease is written. Some tools refuse to begin a history in a
/// schema that holds any table; there, at first, nowhere.
pub(crate) fn lease(tool: &dyn Tool, has_history: bool) -> LeasePlace {
    if tool.begins_in_empty_schemas() && !has_history {
        LeasePlace::Nowhere
    } else {
        LeasePlace::BesideHistory
    }
}

/// Whether these words of a command, or words of a script among them, run a
/// program that takes the migration lock itself.
pub(crate) fn is_taken_by(words: &[String]) -> bool {
    words
        .iter()
        .flat_map(|word| {
            word.split(|letter: char| letter.is_whitespace() || ";&|()".contains(letter))
        })
        .filter_map(|word| word.rsplit('/').next())
        .any(|program| LOCKING.contains(&program))
}

/// What goes on while the lock is waited for.
pub(crate) fn in_words(event: &LockEvent) -> String {
    match event {
        LockEvent::Waiting { holder, remaining } => format!(
            "waiting for the migration lock, held by {holder}; {} left",
            short(*remaining)
        ),
        LockEvent::LeaseUnusable { message } => {
            format!("who holds the migration lock cannot be written down: {message}")
        }
        LockEvent::AtlasLockUnusable { file, message } => {
            format!("Atlas is not kept out: {}: {message}", file.display())
        }
        LockEvent::LetGo => "the migration lock was given back".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_taken_by;

    #[test]
    fn programs_that_lock_are_seen_in_scripts_too() {
        let words = |text: &str| -> Vec<String> { text.split('|').map(str::to_owned).collect() };
        for taken in [
            "shipgate|migrate|apply",
            "/usr/bin/atlas|migrate|apply",
            "sh|-c|./prepare&&shipgate migrate apply",
        ] {
            assert!(is_taken_by(&words(taken)), "{taken}");
        }
        assert!(!is_taken_by(&words("./atlas.sh|shipgate.db")));
    }
}
