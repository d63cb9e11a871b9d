//! What is removed after a release: builds and machines of releases long past.

use std::fs;

use shipgate_release::journal::EndState;
use shipgate_runtime::process::Machines;

use super::builder::build_of;
use super::keeper;
use crate::cli::App;
use crate::error::CliError;
use crate::site::Site;

/// Removes builds beyond `[release] keep_releases`, never one that serves or
/// that a rollback would promote; journals stay.
pub(crate) async fn prune(site: &Site, app: &App) -> Result<(), CliError> {
    let store = site.store();
    let keep = site.project().release.keep_releases.value as usize + 1;
    let released: Vec<u64> = store
        .list()?
        .into_iter()
        .filter(|recorded| recorded.state.end() == Some(EndState::Released))
        .map(|recorded| recorded.number)
        .collect();
    let kept = released.iter().rev().take(keep);
    let mut needed: Vec<u64> = kept.clone().copied().collect();
    for &number in kept {
        needed.push(build_of(&store, number)?);
    }
    let Some(&oldest) = needed.iter().min() else {
        return Ok(());
    };
    let machines = Machines::open(&site.state.machines(), keeper::command()?)
        .map_err(|error| CliError::new("machine", error.to_string()))?;
    for number in store.numbers()? {
        let build = store.directory(number).join("build");
        if number < oldest && !needed.contains(&number) && build.exists() {
            match fs::remove_dir_all(&build) {
                Ok(()) => app
                    .printer
                    .detail(&format!("removed the build of release {number}")),
                Err(error) => app
                    .printer
                    .warn(&format!("cannot remove {}: {error}", build.display())),
            }
        }
    }
    remove_machines(&machines, oldest, app).await;
    Ok(())
}

/// Forgets machines of old releases that have ended; their logs go with them.
async fn remove_machines(machines: &Machines, oldest: u64, app: &App) {
    for id in machines.list().unwrap_or_default() {
        let old = machines.spec(&id).is_ok_and(|spec| spec.release < oldest);
        let ended = machines.state(&id).is_ok_and(|state| !state.is_live());
        if old
            && ended
            && let Err(error) = machines.remove(&id).await
        {
            app.printer.warn(&error.to_string());
        }
    }
}
