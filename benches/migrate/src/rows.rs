//! The table's rows: one kind of work each.

mod crowd;
mod files;
mod large;
mod nothing;

use crate::arguments::Arguments;
use crate::beside;
use crate::contest::{self, Contender};
use crate::database::{Database, Kind, Server};
use crate::work::Work;

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    Nothing,
    Files,
    Inserts,
    Script,
    Copy,
    Crowd,
}

impl Row {
    pub(crate) const ALL: [Self; 6] = [
        Self::Nothing,
        Self::Files,
        Self::Inserts,
        Self::Script,
        Self::Copy,
        Self::Crowd,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Files => "files",
            Self::Inserts => "inserts",
            Self::Script => "script",
            Self::Copy => "copy",
            Self::Crowd => "crowd",
        }
    }

    /// # Errors
    /// There is no such row.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|row| row.name() == name);
        found.ok_or(format!("there is no row {name}"))
    }

    /// Measures it and prints its lines.
    pub(crate) fn run(self, server: &Server, arguments: &Arguments) {
        match self {
            Self::Nothing => nothing::run(server, arguments),
            Self::Files => files::many(server, arguments),
            Self::Inserts => files::one(server, arguments),
            Self::Script => large::script(server, arguments),
            Self::Copy if server.kind() == Kind::Postgres => large::copy(server, arguments),
            Self::Copy => {}
            Self::Crowd => crowd::run(server, arguments),
        }
    }
}

/// Work that client, Shipgate and perhaps others do to an empty database; then
/// `table` has so many rows.
struct Fresh<'a> {
    name: &'a str,
    work: &'a Work,
    table: &'a str,
    rows: u64,
}

impl Fresh<'_> {
    fn compare(&self, server: &Server, arguments: &Arguments, others: &[beside::Tool]) {
        let script = self.work.script();
        let laid_out: Vec<_> = others
            .iter()
            .map(|tool| (tool, tool.lay_out(self.work)))
            .collect();
        let contender = |name: &str, task| Contender {
            name: name.to_owned(),
            prepare: Box::new(|| server.database()) as Box<dyn Fn() -> Database + '_>,
            task,
            check: Box::new(|database: &Database| {
                assert_eq!(database.count(self.table), self.rows, "{}", self.name);
            }),
        };
        let client = server.kind().client();
        let mut contenders = vec![
            contender(
                client,
                Box::new(|database: &Database| database.runs(&script)),
            ),
            contender(
                "shipgate",
                Box::new(|database: &Database| self.work.applied_to(database)),
            ),
        ];
        for (tool, directory) in &laid_out {
            contenders.push(contender(
                tool.name(),
                Box::new(|database: &Database| tool.apply(directory.path(), database)),
            ));
        }
        contest::hold(self.name, arguments.rounds, &contenders);
    }
}
