//! Measures `shipgate migrate apply` beside each database's own client: see
//! `benches/migrate/run`, which builds and starts this.
#![expect(clippy::print_stdout, reason = "its table is its result")]

mod arguments;
mod beside;
mod contest;
mod database;
mod meter;
mod rows;
mod work;

use std::process::ExitCode;

use arguments::Arguments;
use database::Server;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    if let Some(metered) = meter::asked(&words) {
        return metered;
    }
    let arguments = match Arguments::parse(words) {
        Ok(arguments) => arguments,
        Err(wrong) => {
            println!("{wrong}; see the head of benches/migrate/run");
            return ExitCode::from(2);
        }
    };
    contest::head();
    for kind in &arguments.databases {
        let server = Server::start(*kind);
        for row in &arguments.rows {
            row.run(&server, &arguments);
        }
    }
    ExitCode::SUCCESS
}
