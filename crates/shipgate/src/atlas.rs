//! The program called as `atlas`: what Atlas's Go client, Kubernetes operator,
//! Terraform provider and CI actions send, and the answers they understand.
//!
//! stdout carries reports alone, stderr lines that begin with `Error:` or
//! `Abort:` alone, and the program exits with 0 or 1.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anstream::ColorChoice;
use clap::Parser;
use clap::error::ErrorKind;

use crate::cli::{App, Voice, block_on};
use crate::commands;
use crate::error::Exit;
use crate::printer::{Output, Printer, Progress, Verbosity};

/// The name that makes the program answer as `atlas`.
const NAME: &str = "atlas";

/// The version of Atlas whose flags, reports and history this one has.
const VERSION: &str = "1.2.3";

/// Shipgate in the place of `atlas`: versioned migrations
#[derive(Parser)]
#[command(name = NAME, disable_help_subcommand = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Run versioned SQL migrations
    Migrate(Box<commands::migrate::Arguments>),
    /// Tell the version of Atlas this program stands in for
    Version,
}

/// The arguments behind the name `atlas`, if that is what the program is
/// called: by a link or copy of that name, or as `shipgate atlas ...`.
pub(crate) fn called_so(arguments: &[OsString]) -> Option<&[OsString]> {
    let is_atlas = |name: &OsStr| Path::new(name).file_name() == Some(OsStr::new(NAME));
    match arguments {
        [program, ..] if is_atlas(program) => Some(arguments),
        [_, inside @ ..] if inside.first().is_some_and(|verb| verb == NAME) => Some(inside),
        _ => None,
    }
}

/// Runs the program with these arguments, of which the first is its name.
pub(crate) fn run(arguments: &[OsString]) -> ExitCode {
    if let Some(answer) = unsupported(arguments) {
        return refuse(&answer);
    }
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) if !error.use_stderr() => {
            // Nobody is left to tell if this cannot be printed.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        // Without a command Atlas answers with its help, and so on stdout.
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return match write!(io::stdout(), "{}", error.render()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            };
        }
        Err(error) => return refuse(&usage(&error)),
    };
    match cli.command {
        Command::Version => {
            let answer = format!(
                "atlas version v{VERSION}-shipgate\nshipgate {}, which stands in for atlas {VERSION}\n",
                env!("CARGO_PKG_VERSION")
            );
            match io::stdout().write_all(answer.as_bytes()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            }
        }
        Command::Migrate(arguments) => migrate(*arguments),
    }
}

fn migrate(arguments: commands::migrate::Arguments) -> ExitCode {
    let app = App {
        // Callers take every word on stderr for an error.
        printer: Arc::new(Printer::new(
            Output::Text,
            Verbosity::Quiet,
            ColorChoice::Auto,
            Progress::Off,
        )),
        yes: true,
        voice: Voice::Atlas,
    };
    match block_on(commands::migrate::run(arguments, app)) {
        Ok(Exit::Done) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => refuse(&format!("Error: {}", error.message)),
    }
}

fn refuse(answer: &str) -> ExitCode {
    // Nobody is left to tell if stderr is gone.
    let _ = writeln!(io::stderr(), "{answer}");
    ExitCode::FAILURE
}

/// Commands of Atlas with commands of their own.
const GROUPS: [&str; 4] = ["schema", "cloud", "copilot", "tool"];

/// Verbs of `atlas migrate` that this program has not.
const MIGRATE_VERBS: [&str; 9] = [
    "checkpoint",
    "diff",
    "down",
    "edit",
    "lint",
    "push",
    "rebase",
    "rm",
    "test",
];

/// Single commands of Atlas that this program has not.
const COMMANDS: [&str; 7] = [
    "ask",
    "login",
    "logout",
    "license",
    "security",
    "script",
    "completion",
];

/// The answer to a command of Atlas that this program has not.
fn unsupported(arguments: &[OsString]) -> Option<String> {
    let words: Vec<&str> = arguments
        .iter()
        .skip(1)
        .map_while(|word| word.to_str().filter(|word| !word.starts_with('-')))
        .collect();
    let command = match words.as_slice() {
        // Clients know this one, and go on without an account.
        ["whoami", ..] => return Some("Error: command requires 'atlas login'".to_owned()),
        ["migrate", verb, ..] if MIGRATE_VERBS.contains(verb) => format!("migrate {verb}"),
        [group, verb, ..] if GROUPS.contains(group) => format!("{group} {verb}"),
        [group, ..] if GROUPS.contains(group) => (*group).to_owned(),
        [command, ..] if COMMANDS.contains(command) => (*command).to_owned(),
        _ => return None,
    };
    Some(format!(
        "Abort: 'atlas {command}' is not supported by shipgate, which runs versioned migrations.\n\
         \n\
         To use it, install Atlas itself: https://atlasgo.io/getting-started\n"
    ))
}

/// What is wrong with the flags, in the words of Atlas where it has some.
fn usage(error: &clap::Error) -> String {
    use clap::error::ContextKind::{InvalidArg, InvalidSubcommand};
    let text = |kind| {
        error.get(kind).map(|value| {
            let value = value.to_string();
            // `--flag <VALUE>`: the flag alone.
            value.split(' ').next().unwrap_or_default().to_owned()
        })
    };
    match (error.kind(), text(InvalidArg), text(InvalidSubcommand)) {
        (ErrorKind::UnknownArgument, Some(flag), _) if flag.starts_with('-') => {
            format!("Error: unknown flag: {flag}")
        }
        (ErrorKind::InvalidSubcommand, _, Some(command)) => {
            format!("Error: unknown command \"{command}\" for \"{NAME}\"")
        }
        (ErrorKind::InvalidValue, Some(flag), _) => {
            format!("Error: flag needs an argument: {flag}")
        }
        _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            format!("Error: {}", first.trim_start_matches("error: "))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{called_so, unsupported};

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_name_is_that_of_a_link_or_the_first_word() {
        for (text, inside) in [
            ("/usr/bin/atlas version", Some("/usr/bin/atlas version")),
            ("atlas", Some("atlas")),
            ("shipgate atlas version", Some("atlas version")),
            ("shipgate version", None),
            ("atlas2 version", None),
            ("shipgate", None),
        ] {
            let inside = inside.map(words);
            assert_eq!(called_so(&words(text)), inside.as_deref(), "{text}");
        }
    }

    #[test]
    fn commands_of_atlas_that_are_not_ours_are_named() {
        for (text, command) in [
            ("atlas schema apply --url u", Some("'atlas schema apply'")),
            ("atlas schema", Some("'atlas schema'")),
            ("atlas migrate down 1", Some("'atlas migrate down'")),
            ("atlas login --token t", Some("'atlas login'")),
            ("atlas migrate apply", None),
            ("atlas version", None),
            ("atlas --help", None),
        ] {
            let answer = unsupported(&words(text));
            match command {
                None => assert_eq!(answer, None, "{text}"),
                Some(command) => {
                    let answer = answer.unwrap();
                    assert!(answer.starts_with(&format!("Abort: {command} is not supported")));
                }
            }
        }
        assert_eq!(
            unsupported(&words("atlas whoami --format f")).unwrap(),
            "Error: command requires 'atlas login'"
        );
    }
}
