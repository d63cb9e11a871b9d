//! The program `shipgate`; everything it does is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    shipgate::run(std::env::args_os())
}
