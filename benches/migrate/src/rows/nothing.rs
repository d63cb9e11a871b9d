//! Nothing to do, with 1,000 migrations applied.

use super::files::thousand;
use crate::arguments::Arguments;
use crate::beside;
use crate::contest::{self, Contender};
use crate::database::Server;
use crate::meter::{self, Task};

const NAME: &str = "nothing to do";

/// A run takes milliseconds: it is measured this many times as often as work.
const TIMES: usize = 8;

pub(super) fn run(server: &Server, arguments: &Arguments) {
    let work = thousand(&arguments.shipgate);
    let database = server.database();
    if let Err(said) = meter::run(&work.applied_to(&database)) {
        return contest::failure(NAME, "shipgate", &said);
    }

    let contender = |name: &str, task: Task| Contender {
        name: name.to_owned(),
        prepare: Box::new(|| ()) as Box<dyn Fn()>,
        task: Box::new(move |()| task.clone()),
        check: Box::new(|()| ()),
    };
    let mut contenders = vec![
        contender(server.kind().client(), database.asks_for_one()),
        contender("shipgate", work.applied_to(&database)),
    ];
    let tools = beside::found(arguments);
    let others: Vec<_> = tools
        .iter()
        .map(|tool| (tool, tool.lay_out(&work), server.database()))
        .collect();
    for (tool, directory, database) in &others {
        if let Err(said) = meter::run(&tool.apply(directory.path(), database)) {
            contest::failure(NAME, tool.name(), &said);
            continue;
        }
        contenders.push(contender(
            tool.name(),
            tool.apply(directory.path(), database),
        ));
    }
    contest::hold(NAME, arguments.rounds * TIMES, &contenders);
}
