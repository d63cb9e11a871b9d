//! Which machine starts, serves and stops when: pure, so that every strategy
//! can be checked against every point of failure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::machine::MachineId;
use crate::ports::Member;

/// How new machines replace old ones (`[deploy] strategy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Batch after batch: a new one serves before an old one stops.
    Rolling,
    /// All new ones beside all old ones, then traffic moves at one moment.
    Bluegreen,
    /// One new machine takes traffic first; the rest follow when it stays well.
    Canary,
    /// Traffic moves at once, without waiting for health first.
    Immediate,
}

/// One move of a promotion. Each may be repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "move", rename_all = "kebab-case")]
pub enum Move {
    /// Start these.
    Start {
        /// New machines.
        ids: Vec<MachineId>,
    },
    /// Wait until these are healthy.
    AwaitHealthy {
        /// Started machines.
        ids: Vec<MachineId>,
    },
    /// Send requests to these as well.
    Admit {
        /// Healthy machines.
        ids: Vec<MachineId>,
    },
    /// Wait a while and see that these stay up.
    Settle {
        /// Machines that have begun to serve.
        ids: Vec<MachineId>,
    },
    /// Send requests to `to` instead of `from`, at one moment.
    Switch {
        /// Machines that serve.
        from: Vec<MachineId>,
        /// Machines that take over.
        to: Vec<MachineId>,
    },
    /// Send these no more requests and let those under way end.
    Retire {
        /// Machines that serve.
        ids: Vec<MachineId>,
    },
    /// Stop these.
    Stop {
        /// Machines that do not serve.
        ids: Vec<MachineId>,
    },
    /// Start these again (put back only).
    Revive {
        /// Machines that had been stopped.
        ids: Vec<MachineId>,
    },
}

/// The moves that bring `new` in and take `old` out.
pub fn moves(
    strategy: Strategy,
    max_unavailable: f64,
    old: &[Member],
    new: &[Member],
) -> Vec<Move> {
    let moves = match strategy {
        Strategy::Rolling => rolling(max_unavailable, old, new),
        Strategy::Bluegreen => bluegreen(old, new),
        Strategy::Canary => canary(old, new),
        Strategy::Immediate => immediate(old, new),
    };
    moves.into_iter().filter(|step| !step.is_empty()).collect()
}

fn rolling(max_unavailable: f64, old: &[Member], new: &[Member]) -> Vec<Move> {
    let mut moves = Vec::new();
    let mut leaving = by_group(old);
    for (group, entering) in by_group(new) {
        let mut leaving = leaving.remove(group).unwrap_or_default();
        let mut entering = entering.as_slice();
        let mut size = 1;
        while !entering.is_empty() {
            let (batch, rest) = entering.split_at(size.min(entering.len()));
            entering = rest;
            let out = if rest.is_empty() {
                std::mem::take(&mut leaving)
            } else {
                leaving.drain(..size.min(leaving.len())).collect()
            };
            moves.extend([
                Move::Start { ids: ids(batch) },
                Move::AwaitHealthy { ids: ids(batch) },
                Move::Admit { ids: routed(batch) },
                Move::Settle { ids: ids(batch) },
                Move::Retire { ids: routed(&out) },
                Move::Stop { ids: ids(&out) },
            ]);
            size = batch_size(max_unavailable, by_group(new)[group].len());
        }
    }
    for leaving in leaving.into_values() {
        moves.extend([
            Move::Retire {
                ids: routed(&leaving),
            },
            Move::Stop { ids: ids(&leaving) },
        ]);
    }
    moves
}

/// Fly's rule: at least 1 is a number, below 1 a part of the group, rounded up.
fn batch_size(max_unavailable: f64, machines: usize) -> usize {
    let size = if max_unavailable >= 1.0 {
        max_unavailable.floor()
    } else {
        (max_unavailable * machines as f64).ceil()
    };
    (size as usize).clamp(1, machines.max(1))
}

fn bluegreen(old: &[Member], new: &[Member]) -> Vec<Move> {
    let (old, new) = (refs(old), refs(new));
    vec![
        Move::Start { ids: ids(&new) },
        Move::AwaitHealthy { ids: ids(&new) },
        Move::Switch {
            from: routed(&old),
            to: routed(&new),
        },
        Move::Settle { ids: ids(&new) },
        Move::Stop { ids: ids(&old) },
    ]
}

fn canary(old: &[Member], new: &[Member]) -> Vec<Move> {
    let (old, new) = (refs(old), refs(new));
    let first = new
        .iter()
        .position(|member| member.routed)
        .unwrap_or_default();
    let canary: Vec<&Member> = new.get(first).copied().into_iter().collect();
    let rest: Vec<&Member> = new
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != first)
        .map(|(_, member)| *member)
        .collect();
    vec![
        Move::Start { ids: ids(&canary) },
        Move::AwaitHealthy { ids: ids(&canary) },
        Move::Admit {
            ids: routed(&canary),
        },
        Move::Settle { ids: ids(&canary) },
        Move::Start { ids: ids(&rest) },
        Move::AwaitHealthy { ids: ids(&rest) },
        Move::Admit { ids: routed(&rest) },
        Move::Settle { ids: ids(&new) },
        Move::Retire { ids: routed(&old) },
        Move::Stop { ids: ids(&old) },
    ]
}

fn immediate(old: &[Member], new: &[Member]) -> Vec<Move> {
    let (old, new) = (refs(old), refs(new));
    vec![
        Move::Start { ids: ids(&new) },
        Move::Switch {
            from: routed(&old),
            to: routed(&new),
        },
        Move::AwaitHealthy { ids: ids(&new) },
        Move::Settle { ids: ids(&new) },
        Move::Stop { ids: ids(&old) },
    ]
}

/// The moves that undo `begun` (moves done or under way, in order): the old
/// machines serve again, the new ones are gone.
pub fn put_back(begun: &[Move], old: &[Member], new: &[Member]) -> Vec<Move> {
    let touched = |pick: fn(&Move) -> &[MachineId], member: &Member| {
        begun.iter().any(|step| pick(step).contains(&member.id))
    };
    let stopped: Vec<&Member> = old
        .iter()
        .filter(|member| touched(Move::stops, member))
        .collect();
    let retired: Vec<&Member> = old
        .iter()
        .filter(|member| touched(Move::retires, member))
        .collect();
    let admitted: Vec<&Member> = new
        .iter()
        .filter(|member| touched(Move::admits, member))
        .collect();
    let started: Vec<&Member> = new
        .iter()
        .filter(|member| touched(Move::starts, member))
        .collect();
    [
        Move::Revive { ids: ids(&stopped) },
        Move::AwaitHealthy { ids: ids(&stopped) },
        Move::Switch {
            from: routed(&admitted),
            to: routed(&retired),
        },
        Move::Stop { ids: ids(&started) },
    ]
    .into_iter()
    .filter(|step| !step.is_empty())
    .collect()
}

impl Move {
    fn is_empty(&self) -> bool {
        match self {
            Self::Switch { from, to } => from.is_empty() && to.is_empty(),
            Self::Start { ids }
            | Self::AwaitHealthy { ids }
            | Self::Admit { ids }
            | Self::Settle { ids }
            | Self::Retire { ids }
            | Self::Stop { ids }
            | Self::Revive { ids } => ids.is_empty(),
        }
    }

    fn starts(&self) -> &[MachineId] {
        match self {
            Self::Start { ids } => ids,
            _ => &[],
        }
    }

    fn admits(&self) -> &[MachineId] {
        match self {
            Self::Admit { ids } => ids,
            Self::Switch { to, .. } => to,
            _ => &[],
        }
    }

    fn retires(&self) -> &[MachineId] {
        match self {
            Self::Retire { ids } => ids,
            Self::Switch { from, .. } => from,
            _ => &[],
        }
    }

    fn stops(&self) -> &[MachineId] {
        match self {
            Self::Stop { ids } => ids,
            _ => &[],
        }
    }
}

fn by_group(members: &[Member]) -> BTreeMap<&str, Vec<&Member>> {
    let mut groups: BTreeMap<&str, Vec<&Member>> = BTreeMap::new();
    for member in members {
        groups.entry(&member.group).or_default().push(member);
    }
    groups
}

fn refs(members: &[Member]) -> Vec<&Member> {
    members.iter().collect()
}

fn ids(members: &[&Member]) -> Vec<MachineId> {
    members.iter().map(|member| member.id.clone()).collect()
}

fn routed(members: &[&Member]) -> Vec<MachineId> {
    members
        .iter()
        .filter(|member| member.routed)
        .map(|member| member.id.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};
    use proptest::strategy::Strategy as Generator;

    use super::*;

    /// A fleet in which moves are made and promises are checked.
    #[derive(Clone, Default)]
    struct World {
        running: BTreeSet<MachineId>,
        serving: BTreeSet<MachineId>,
        healthy: BTreeSet<MachineId>,
    }

    impl World {
        fn of(members: &[Member]) -> Self {
            Self {
                running: members.iter().map(|member| member.id.clone()).collect(),
                healthy: members.iter().map(|member| member.id.clone()).collect(),
                serving: routed(&refs(members)).into_iter().collect(),
            }
        }

        fn make(&mut self, step: &Move) {
            match step {
                Move::Start { ids } | Move::Revive { ids } => self.running.extend(ids.clone()),
                Move::AwaitHealthy { ids } => self.healthy.extend(ids.clone()),
                Move::Admit { ids } => self.serving.extend(ids.clone()),
                Move::Settle { .. } => {}
                Move::Switch { from, to } => {
                    self.serving.retain(|id| !from.contains(id));
                    self.serving.extend(to.clone());
                }
                Move::Retire { ids } => self.serving.retain(|id| !ids.contains(id)),
                Move::Stop { ids } => {
                    self.running.retain(|id| !ids.contains(id));
                    self.healthy.retain(|id| !ids.contains(id));
                }
            }
            assert!(
                self.serving.is_subset(&self.running),
                "a machine serves that does not run, after {step:?}"
            );
        }
    }

    fn members(release: u64, web: usize, worker: usize) -> Vec<Member> {
        let member = |group: &str, number, routed| Member {
            id: MachineId::new(release, group, number),
            group: group.to_owned(),
            routed,
        };
        (1..=web)
            .map(|number| member("web", number, true))
            .chain((1..=worker).map(|number| member("worker", number, false)))
            .collect()
    }

    fn strategies() -> impl Generator<Value = Strategy> {
        prop::sample::select(vec![
            Strategy::Rolling,
            Strategy::Bluegreen,
            Strategy::Canary,
            Strategy::Immediate,
        ])
    }

    proptest! {
        #[test]
        fn every_promotion_ends_with_exactly_the_new_fleet(
            strategy in strategies(), unavailable in 0.05f64..4.0,
            old_web in 0usize..5, old_worker in 0usize..3, web in 1usize..6, worker in 0usize..3,
        ) {
            let (old, new) = (members(1, old_web, old_worker), members(2, web, worker));
            let mut world = World::of(&old);
            for step in moves(strategy, unavailable, &old, &new) {
                world.make(&step);
                prop_assert!(
                    old_web == 0 || !world.serving.is_empty(),
                    "nobody serves after {:?}", step
                );
            }
            let wanted = World::of(&new);
            prop_assert_eq!(world.running, wanted.running);
            prop_assert_eq!(world.serving, wanted.serving);
        }

        #[test]
        fn no_machine_serves_before_it_is_healthy_unless_asked_for(
            unavailable in 0.05f64..4.0, old_web in 0usize..5, web in 1usize..6,
            strategy in prop::sample::select(vec![Strategy::Rolling, Strategy::Bluegreen, Strategy::Canary]),
        ) {
            let (old, new) = (members(1, old_web, 1), members(2, web, 1));
            let mut world = World::of(&old);
            for step in moves(strategy, unavailable, &old, &new) {
                world.make(&step);
                prop_assert!(world.serving.is_subset(&world.healthy));
            }
        }

        #[test]
        fn putting_back_after_any_move_gives_the_old_fleet_again(
            strategy in strategies(), unavailable in 0.05f64..4.0,
            old_web in 0usize..5, old_worker in 0usize..3, web in 1usize..6, worker in 0usize..3,
            part in 0.0f64..1.0, half_made: bool,
        ) {
            let (old, new) = (members(1, old_web, old_worker), members(2, web, worker));
            let plan = moves(strategy, unavailable, &old, &new);
            let begun = &plan[..((plan.len() as f64) * part) as usize + 1];
            let mut world = World::of(&old);
            for step in &begun[..begun.len() - usize::from(half_made)] {
                world.make(step);
            }
            for step in put_back(begun, &old, &new) {
                world.make(&step);
                prop_assert!(old_web == 0 || !world.serving.is_empty());
            }
            let wanted = World::of(&old);
            prop_assert_eq!(world.running, wanted.running);
            prop_assert_eq!(world.serving, wanted.serving);
        }
    }

    #[test]
    fn a_rolling_batch_follows_flys_rule() {
        assert_eq!(batch_size(0.33, 2), 1);
        assert_eq!(batch_size(0.33, 10), 4);
        assert_eq!(batch_size(2.9, 10), 2);
        assert_eq!(batch_size(0.0, 10), 1);
    }
}
