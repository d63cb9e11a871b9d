//! Words for the reader from places that have no step to tell: who is waited for.

use std::sync::Arc;

use shipgate_database::WaitHook;

use crate::cli::App;
use crate::report::short;

/// Says a line to whoever reads along; from any thread.
#[derive(Clone)]
pub(crate) struct Notice(Arc<dyn Fn(&str) + Send + Sync>);

impl Notice {
    /// Says it where everything else is said.
    pub(crate) fn of(app: &App) -> Self {
        let printer = Arc::clone(&app.printer);
        Self(Arc::new(move |line| {
            printer.say(&format!("{:12}{line}", ""));
        }))
    }

    pub(crate) fn say(&self, line: &str) {
        (self.0)(line);
    }

    /// For a session that has to wait.
    pub(crate) fn hook(&self) -> WaitHook {
        let notice = self.clone();
        Arc::new(move |wait| notice.say(&waiting(&wait.reason, wait.limit)))
    }
}

/// Says on stderr what a session waits for.
pub(crate) fn wait_hook(app: &App) -> WaitHook {
    let printer = Arc::clone(&app.printer);
    Arc::new(move |wait| printer.say(&waiting(&wait.reason, wait.limit)))
}

/// `database is locked by another process; waiting up to 10.00s`.
pub(crate) fn waiting(reason: &str, limit: std::time::Duration) -> String {
    format!("{reason}; waiting up to {}", short(limit))
}
