//! Many processes that start at once, as the machines of an app do.

use super::files::statement;
use crate::arguments::Arguments;
use crate::contest::{failure, line, median};
use crate::database::Server;
use crate::meter::{self, Cost};
use crate::work::Work;

const PROCESSES: usize = 64;
const MIGRATIONS: usize = 50;

const NAME: &str = "64 processes, 50 files";

pub(super) fn run(server: &Server, arguments: &Arguments) {
    if let Err(said) = compare(server, arguments) {
        failure(NAME, "shipgate", &said);
    }
}

fn compare(server: &Server, arguments: &Arguments) -> Result<(), String> {
    let work = Work::of(&arguments.shipgate, (0..MIGRATIONS).map(statement));
    let (mut alone, mut idle, mut crowd) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        let database = server.database();
        let task = work.applied_to(&database);
        alone.push(meter::run(&task)?);
        idle.push(all(&vec![task; PROCESSES])?);

        let database = server.database();
        crowd.push(all(&vec![work.applied_to(&database); PROCESSES])?);
        for table in 0..MIGRATIONS / 10 {
            assert_eq!(database.count(&format!("table_{table}")), 9);
        }
    }
    let (alone, idle) = (median(&alone), median(&idle));
    let one_after_all = Cost {
        wall: alone.wall + idle.wall,
        cpu: alone.cpu + idle.cpu,
        memory: alone.memory,
    };
    let others = "one alone, then 64 with nothing to do";
    line(NAME, others, one_after_all, one_after_all);
    line(NAME, "shipgate", median(&crowd), one_after_all);
    Ok(())
}

/// All at once: the clock's time for all, the processors' together, the
/// largest one's memory.
fn all(tasks: &[meter::Task]) -> Result<Cost, String> {
    let (costs, wall) = meter::run_at_once(tasks)?;
    Ok(Cost {
        wall,
        cpu: costs.iter().map(|cost| cost.cpu).sum(),
        memory: costs.iter().map(|cost| cost.memory).fold(0.0, f64::max),
    })
}
