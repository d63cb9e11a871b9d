//! Runs those who do the same work in turns and prints their medians.

use crate::meter::{self, Cost, Task};

/// One who does the work. What is prepared is not measured; it lives until the
/// task has ended and been checked.
pub(crate) struct Contender<'a, P> {
    pub(crate) name: String,
    pub(crate) prepare: Box<dyn Fn() -> P + 'a>,
    pub(crate) task: Box<dyn Fn(&P) -> Task + 'a>,
    pub(crate) check: Box<dyn Fn(&P) + 'a>,
}

/// The table's head.
pub(crate) fn head() {
    println!("| work | who | wall ms | CPU ms | peak MB | of the client's wall | of its CPU |");
    println!("|---|---|---|---|---|---|---|");
}

/// Runs all of them `rounds` times in turns. The first is who the others are
/// compared with.
pub(crate) fn hold<P>(work: &str, rounds: usize, contenders: &[Contender<'_, P>]) {
    let mut results = vec![Ok(Vec::new()); contenders.len()];
    for _ in 0..rounds {
        for (contender, result) in contenders.iter().zip(&mut results) {
            let Ok(costs) = result else { continue };
            let prepared = (contender.prepare)();
            match meter::run(&(contender.task)(&prepared)) {
                Ok(cost) => {
                    (contender.check)(&prepared);
                    costs.push(cost);
                }
                Err(said) => *result = Err(said),
            }
        }
    }
    let first = results[0].as_deref().map(median).unwrap_or_default();
    for (contender, result) in contenders.iter().zip(&results) {
        match result {
            Ok(costs) => line(work, &contender.name, median(costs), first),
            Err(said) => failure(work, &contender.name, said),
        }
    }
}

/// Prints, instead of a line of figures, that there are none.
pub(crate) fn failure(work: &str, who: &str, said: &str) {
    let said = said
        .lines()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|");
    println!("| {work} | {who} | failed: {said} | | | | |");
}

/// Prints a line of the table.
pub(crate) fn line(work: &str, who: &str, cost: Cost, first: Cost) {
    println!(
        "| {work} | {who} | {:.1} | {:.1} | {:.1} | {:.2} | {:.2} |",
        cost.wall,
        cost.cpu,
        cost.memory / 1024.0,
        cost.wall / first.wall,
        cost.cpu / first.cpu,
    );
}

/// The median of each figure by itself.
pub(crate) fn median(costs: &[Cost]) -> Cost {
    let middle = |figure: fn(&Cost) -> f64| {
        let mut figures: Vec<_> = costs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        let half = figures.len() / 2;
        if figures.len().is_multiple_of(2) {
            f64::midpoint(figures[half - 1], figures[half])
        } else {
            figures[half]
        }
    };
    Cost {
        wall: middle(|cost| cost.wall),
        cpu: middle(|cost| cost.cpu),
        memory: middle(|cost| cost.memory),
    }
}
