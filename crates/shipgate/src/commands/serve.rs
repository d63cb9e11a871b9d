//! `shipgate serve`: the daemon, in the foreground.

use std::sync::Arc;

use jiff::Timestamp;
use shipgate_server::daemon::{self, ServeError, Settings};
use shipgate_server::events::{Event, Events};

use crate::cli::{App, Place};
use crate::error::{CliError, Exit};
use crate::printer::Printer;
use crate::signals;
use crate::site::Site;
use crate::wiring::keeper;

/// Arguments of `shipgate serve`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The front door's address [default: the project file's `[runtime] listen`]
    #[arg(long, value_name = "IP:PORT", env = "SHIPGATE_LISTEN")]
    listen: Option<String>,
    /// Begin a session of its own: the terminal this is started from may close
    #[arg(long, hide = true)]
    detached: bool,
}

pub(crate) async fn run(arguments: Arguments, app: App) -> Result<Exit, CliError> {
    if arguments.detached {
        rustix::process::setsid()
            .map_err(|error| CliError::new("daemon-start", format!("cannot detach: {error}")))?;
    }
    let site = Site::open(&arguments.place, &app)?;
    let settings = Settings {
        state: site.state.clone(),
        listen: arguments.listen.unwrap_or_else(|| site.listen()),
        keeper: keeper::command()?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let until = async {
        if let Err(error) = signals::asked_to_end().await {
            app.printer.error(&error);
        }
        app.printer
            .say("ending; machines run on, `shipgate stop` would stop them too");
    };
    let events = Arc::new(Words {
        printer: Arc::clone(&app.printer),
    });
    daemon::run(settings, events, until)
        .await
        .map_err(|error| in_words(&error))?;
    Ok(Exit::Done)
}

fn in_words(error: &ServeError) -> CliError {
    let message = error.to_string();
    match error {
        ServeError::Running { .. } => CliError::new("daemon-running", message)
            .with_hint("`shipgate status` asks it, `shipgate stop` ends it"),
        ServeError::Address(_) => CliError::usage("listen-address", message)
            .with_hint("write it like `listen = \"127.0.0.1:8080\"`"),
        ServeError::Listen { .. } => CliError::new("port-taken", message).with_hint(
            "end what listens there, or set another `[runtime] listen` in the project file",
        ),
        ServeError::Damaged { .. } => CliError::new("daemon-state", message).with_hint(
            "put a whole copy back, or delete it: the machines of the serving release that run are then found without it",
        ),
        ServeError::File { .. } => CliError::new("daemon-state", message),
    }
}

/// The daemon's events as lines.
struct Words {
    printer: Arc<Printer>,
}

impl Events for Words {
    fn event(&self, event: Event) {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        let text = match event {
            Event::Listening(address) => format!("the front door is open at http://{address}"),
            Event::Adopted(id) => format!("found {id} running"),
            Event::Revived(id) => format!("started {id} again"),
            Event::TakenOut(id, why) => format!("{id} takes no requests: {why}"),
            Event::BackIn(id) => format!("{id} takes requests again"),
            Event::Trouble(text) => format!("trouble: {text}"),
            Event::Ending(why) => format!("ending: {why}"),
        };
        self.printer.say(&format!("{now} {text}"));
    }
}
