//! `shipgate logs`: what machines wrote.

use std::pin::pin;

use shipgate_release::machine::MachineId;
use shipgate_runtime::log::LogLine;
use shipgate_runtime::process::{MachineError, Machines};
use tokio::sync::mpsc;

use crate::cli::{App, PlaceFlag};
use crate::error::{CliError, Exit};
use crate::printer::{Output, Printer};
use crate::signals;
use crate::site::Site;
use crate::wiring::keeper;

/// Arguments of `shipgate logs`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Machines, such as r2-web-1 [default: those that run]
    #[arg(value_name = "MACHINE")]
    machines: Vec<String>,
    /// Go on as lines come
    #[arg(short, long)]
    follow: bool,
    /// Show at most this many lines of each machine's past
    #[arg(short = 'n', long, value_name = "LINES", default_value_t = 100)]
    tail: usize,
    #[command(flatten)]
    place: PlaceFlag,
}

pub(crate) async fn run(arguments: Arguments, app: App) -> Result<Exit, CliError> {
    let Some(state) = Site::existing_state(&arguments.place.clone().into()) else {
        return Err(CliError::new("no-machine", "no machine has run here yet")
            .with_hint("`shipgate deploy` starts the first"));
    };
    let machines =
        Machines::open(&state.machines(), keeper::command()?).map_err(|error| failed(&error))?;
    let ids = chosen(&machines, &arguments.machines)?;
    let mut past: Vec<(MachineId, LogLine)> = Vec::new();
    let mut follows = Vec::new();
    for id in &ids {
        let log = machines.log(id);
        let (lines, position) = log.tail(arguments.tail).map_err(|error| failed(&error))?;
        past.extend(lines.into_iter().map(|line| (id.clone(), line)));
        follows.push((id.clone(), log.follow(position, machines.changes(id))));
    }
    past.sort_by_key(|(_, line)| line.at);
    for (id, line) in &past {
        print(&app.printer, id, line)?;
    }
    if !arguments.follow {
        return Ok(Exit::Done);
    }
    let (sender, mut receiver) = mpsc::channel(256);
    for (id, mut follow) in follows {
        let sender = sender.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = follow.next().await {
                if sender.send((id.clone(), line)).await.is_err() {
                    return;
                }
            }
        });
    }
    drop(sender);
    let mut ended = pin!(signals::asked_to_end());
    loop {
        tokio::select! {
            line = receiver.recv() => match line {
                Some((id, line)) => print(&app.printer, &id, &line)?,
                None => return Ok(Exit::Done),
            },
            // Ctrl-C is how following ends, also where a shell lets its
            // background jobs ignore it.
            asked = &mut ended => return asked.map(|()| Exit::Interrupted),
        }
    }
}

fn chosen(machines: &Machines, names: &[String]) -> Result<Vec<MachineId>, CliError> {
    let known = machines.list().map_err(|error| failed(&error))?;
    if names.is_empty() {
        return Ok(known
            .into_iter()
            .filter(|id| machines.state(id).is_ok_and(|state| state.is_live()))
            .collect());
    }
    names
        .iter()
        .map(|name| {
            known
                .iter()
                .find(|id| id.as_str() == name)
                .cloned()
                .ok_or_else(|| {
                    CliError::usage("no-machine", format!("there is no machine `{name}`"))
                        .with_hint("`shipgate ps --all` lists them")
                })
        })
        .collect()
}

fn print(printer: &Printer, id: &MachineId, line: &LogLine) -> Result<(), CliError> {
    let text = line.text();
    let (at, stream) = (line.at, line.stream.name());
    match printer.output {
        Output::Text => printer.result(&format!(
            "{} {id} {stream:<3} {text}",
            at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        )),
        Output::Json => printer.result(
            &serde_json::json!({
                "type": "log", "machine": id, "at": at, "stream": stream,
                "text": text, "partial": line.partial,
            })
            .to_string(),
        ),
    }
}

fn failed(error: &MachineError) -> CliError {
    let hint = error.hint();
    let failure = CliError::new("machine", error.to_string());
    match hint {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}
