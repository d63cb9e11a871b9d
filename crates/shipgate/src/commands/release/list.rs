//! `shipgate release list`.

use serde_json::json;
use shipgate_release::journal::ReleaseKind;
use shipgate_release::ports::Applied;
use shipgate_release::steps::migrate;
use shipgate_release::store::Recorded;

use super::store_of;
use crate::cli::{App, PlaceFlag};
use crate::error::{CliError, Exit};
use crate::printer::Output;
use crate::report::{number_of_migrations, short, table};

/// Arguments of `shipgate release list`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: PlaceFlag,
}

pub(super) fn run(arguments: &Arguments, app: &App) -> Result<Exit, CliError> {
    let store = store_of(&arguments.place)?;
    let serving = store.serving()?;
    let running = store.busy().and_then(|owner| owner.release);
    let mut rows = vec![["RELEASE", "STATE", "WHAT", "BEGAN", "TOOK"].map(str::to_owned)];
    for recorded in store.list()?.iter().rev() {
        let state = state_of(recorded, running);
        let serves = serving == Some(recorded.number);
        let what = what(recorded);
        if app.printer.output == Output::Json {
            app.printer.result(
                &json!({
                    "type": "release", "release": recorded.number, "state": state,
                    "serving": serves, "what": what, "began": recorded.began(),
                    "applied": migrate::applied_by(&recorded.state),
                })
                .to_string(),
            )?;
        }
        let began = recorded
            .began()
            .map(|at| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string());
        rows.push([
            format!("{}{}", recorded.number, if serves { " *" } else { "" }),
            state,
            what,
            began.unwrap_or_default(),
            took(recorded),
        ]);
    }
    if app.printer.output == Output::Text {
        app.printer.result(&table(&rows))?;
        if serving.is_some() {
            app.printer.say("* serves");
        }
    }
    Ok(Exit::Done)
}

fn state_of(recorded: &Recorded, running: Option<u64>) -> String {
    match recorded.state.end() {
        Some(end) => end.to_string(),
        None if running == Some(recorded.number) => "running".to_owned(),
        None => "unfinished".to_owned(),
    }
}

fn what(recorded: &Recorded) -> String {
    match recorded.state.head().map(|head| &head.kind) {
        Some(ReleaseKind::Rollback { to, restore }) => {
            let restored = if restore.is_some() { ", restored" } else { "" };
            format!("rollback to {to}{restored}")
        }
        _ => {
            let applied = migrate::applied_by(&recorded.state);
            format!(
                "deploy{}",
                applied.map_or_else(String::new, |applied| counted(&applied))
            )
        }
    }
}

/// `, 2 migrations (Knex)`.
fn counted(applied: &Applied) -> String {
    let tool = applied.tool.as_ref();
    let tool = tool.map_or_else(String::new, |tool| format!(" ({tool})"));
    match (applied.migrations.len(), applied.taken_back.len()) {
        (0, back) => format!(", {} taken back{tool}", number_of_migrations(back)),
        (more, _) => format!(", {}{tool}", number_of_migrations(more)),
    }
}

fn took(recorded: &Recorded) -> String {
    let (Some(first), Some(last)) = (recorded.entries.first(), recorded.entries.last()) else {
        return String::new();
    };
    std::time::Duration::try_from(last.at.duration_since(first.at))
        .map_or_else(|_| String::new(), short)
}
