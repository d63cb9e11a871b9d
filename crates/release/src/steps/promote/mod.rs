//! promote: new machines take the traffic, old ones drain and stop; when the
//! new ones do not become healthy, the old ones serve again.

mod plan;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use plan::{Move, Strategy, moves, put_back};

use super::{Step, backup, build, check, migrate, rehearse, restore, verify};
use crate::context::Context;
use crate::failure::Failure;
use crate::fault::fault;
use crate::flow::StepName;
use crate::journal::{Outcome, ReleaseKind};
use crate::machine::MachineSpec;
use crate::ports::Member;

/// The step's name.
pub const NAME: StepName = StepName::new("promote");

/// See the module.
pub(crate) struct Promote;

/// What the step writes into the journal while it runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "kebab-case")]
enum Note {
    /// Written first: what is going to happen.
    Plan {
        old: Vec<Member>,
        new: Vec<Member>,
        moves: Vec<Move>,
    },
    /// Move `at` of the plan begins.
    Begun { at: usize },
    /// Move `at` of the plan is made.
    Made { at: usize },
}

struct Plan {
    old: Vec<Member>,
    new: Vec<Member>,
    moves: Vec<Move>,
    begun: usize,
    made: usize,
}

#[async_trait]
impl Step for Promote {
    fn name(&self) -> StepName {
        NAME
    }

    fn after(&self) -> &'static [StepName] {
        &[
            check::NAME,
            build::NAME,
            backup::NAME,
            rehearse::NAME,
            migrate::NAME,
            verify::NAME,
            restore::NAME,
        ]
    }

    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, Failure> {
        let specs = specs(cx).await?;
        let plan = match noted(cx) {
            Some(plan) => plan,
            None => make_plan(cx, &specs).await?,
        };
        for (at, step) in plan.moves.iter().enumerate().skip(plan.made) {
            cx.check_cancel()?;
            if at >= plan.begun {
                cx.note(&Note::Begun { at })?;
            }
            fault("promote.before_move");
            tokio::select! {
                made = perform(cx, step, &specs) => made?,
                () = cx.cancel.wait() => return Err(Failure::cancelled()),
            }
            fault("promote.after_move");
            cx.note(&Note::Made { at })?;
        }
        cx.ports.runtime.commit(cx.release(), &plan.new).await?;
        let address = cx.ports.traffic.address().await?;
        Ok(Outcome {
            summary: format!(
                "{} healthy, {} retired",
                machines(plan.new.len()),
                plan.old.len()
            ),
            details: vec![format!("serving at {address}")],
            ..Outcome::default()
        })
    }

    fn puts_back(&self) -> bool {
        true
    }

    async fn put_back(&self, cx: &Context<'_>) -> Result<String, Failure> {
        let Some(plan) = noted(cx) else {
            return Ok("no machine had been started".to_owned());
        };
        for step in put_back(&plan.moves[..plan.begun], &plan.old, &plan.new) {
            perform(cx, &step, &[]).await?;
        }
        Ok(match cx.head().previous {
            Some(previous) => format!("release {previous} serves"),
            None => "no machine runs, as before".to_owned(),
        })
    }
}

async fn specs(cx: &Context<'_>) -> Result<Vec<MachineSpec>, Failure> {
    let build_of = match cx.head().kind {
        ReleaseKind::Deploy => cx.release(),
        ReleaseKind::Rollback { to, .. } => to,
    };
    cx.ports.builder.machines(cx.release(), build_of).await
}

async fn make_plan(cx: &Context<'_>, specs: &[MachineSpec]) -> Result<Plan, Failure> {
    let old = cx.ports.runtime.fleet().await?;
    let new: Vec<Member> = specs
        .iter()
        .map(|spec| Member {
            id: spec.id.clone(),
            group: spec.group.clone(),
            routed: spec.routed,
        })
        .collect();
    let policy = &cx.ports.policy;
    let moves = moves(policy.strategy, policy.max_unavailable, &old, &new);
    cx.note(&Note::Plan {
        old: old.clone(),
        new: new.clone(),
        moves: moves.clone(),
    })?;
    Ok(Plan {
        old,
        new,
        moves,
        begun: 0,
        made: 0,
    })
}

/// The plan and how far it is, as the journal tells it.
fn noted(cx: &Context<'_>) -> Option<Plan> {
    let mut found = None;
    for note in cx.notes() {
        match (note, &mut found) {
            (Note::Plan { old, new, moves }, _) => {
                found = Some(Plan {
                    old,
                    new,
                    moves,
                    begun: 0,
                    made: 0,
                });
            }
            (Note::Begun { at }, Some(plan)) => plan.begun = at + 1,
            (Note::Made { at }, Some(plan)) => plan.made = at + 1,
            (_, None) => {}
        }
    }
    found
}

async fn perform(cx: &Context<'_>, step: &Move, specs: &[MachineSpec]) -> Result<(), Failure> {
    let (runtime, traffic) = (&cx.ports.runtime, &cx.ports.traffic);
    let policy = &cx.ports.policy;
    match step {
        Move::Start { ids } => {
            let wanted: Vec<MachineSpec> = specs
                .iter()
                .filter(|spec| ids.contains(&spec.id))
                .cloned()
                .collect();
            runtime.start(&wanted).await
        }
        Move::AwaitHealthy { ids } => runtime.healthy(ids, policy.wait_timeout).await,
        Move::Admit { ids } => traffic.admit(ids).await,
        Move::Settle { ids } => runtime.steady(ids, policy.settle).await,
        Move::Switch { from, to } => traffic.switch(from, to, policy.drain_timeout).await,
        Move::Retire { ids } => traffic.retire(ids, policy.drain_timeout).await,
        Move::Stop { ids } => runtime.stop(ids).await,
        Move::Revive { ids } => runtime.revive(ids).await,
    }
}

fn machines(count: usize) -> String {
    match count {
        1 => "1 machine".to_owned(),
        _ => format!("{count} machines"),
    }
}
