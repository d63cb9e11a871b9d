//! `docs/cli.md`: every command and flag.

use std::fmt::Write as _;

use clap::{Arg, Command, Id};

/// The whole page.
pub(crate) fn reference() -> String {
    let mut command = shipgate::command().disable_help_subcommand(true);
    command.build();
    let mut page = "# The command line\n\n\
        Made from the definitions; `shipgate COMMAND --help` says the same.\n"
        .to_owned();
    section(&command, &[], &mut page);
    page
}

/// Adds a command and its verbs; `inherited` are the options that stand with
/// the commands above it.
fn section(command: &Command, inherited: &[&Id], page: &mut String) {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    write!(page, "\n## {name}\n\n").expect("a string");
    let about = command.get_long_about().or_else(|| command.get_about());
    if let Some(about) = about {
        write!(page, "{}\n\n", paragraphs(&about.to_string())).expect("a string");
    }
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let usage: Vec<&str> = usage.lines().map(str::trim).collect();
    write!(page, "```text\n{}\n```\n", usage.join("\n")).expect("a string");
    table(command, inherited, page);
    if let Some(after) = command.get_after_help() {
        write!(page, "\n{}\n", lines(&after.to_string())).expect("a string");
    }
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        let global = command.get_arguments().filter(|arg| arg.is_global_set());
        let inherited: Vec<_> = global.map(Arg::get_id).collect();
        section(verb, &inherited, page);
    }
}

fn table(command: &Command, inherited: &[&Id], page: &mut String) {
    let own: Vec<&Arg> = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str()))
        .filter(|arg| !inherited.contains(&arg.get_id()))
        .collect();
    if own.is_empty() {
        return;
    }
    page.push_str("\n| argument | environment | default | |\n|---|---|---|---|\n");
    for arg in own {
        let env = arg
            .get_env()
            .map(|name| name.to_string_lossy().into_owned());
        let default: Vec<_> = arg
            .get_default_values()
            .iter()
            .map(|value| value.to_string_lossy().into_owned())
            .collect();
        writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            spelled(arg),
            env.map_or_else(String::new, |env| format!("`{env}`")),
            if arg.get_action().takes_values() && !default.is_empty() {
                format!("`{}`", default.join(" "))
            } else {
                String::new()
            },
            cell(arg),
        )
        .expect("a string");
    }
}

/// `-c, --config <FILE>`, `[DIR]`.
fn spelled(arg: &Arg) -> String {
    if arg.is_positional() {
        return arg.to_string();
    }
    let values: Vec<String> = arg
        .get_value_names()
        .filter(|_| arg.get_action().takes_values())
        .unwrap_or_default()
        .iter()
        .map(|name| format!(" <{name}>"))
        .collect();
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let flags: Vec<String> = short.into_iter().chain(long).collect();
    flags.join(", ") + &values.concat()
}

fn cell(arg: &Arg) -> String {
    let help = arg
        .get_long_help()
        .or_else(|| arg.get_help())
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut text = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let words: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set() && arg.get_action().takes_values())
        .map(|value| match value.get_help() {
            Some(help) => format!("`{}` ({help})", value.get_name()),
            None => format!("`{}`", value.get_name()),
        })
        .collect();
    if !words.is_empty() {
        write!(text, ": {}", words.join(", ")).expect("a string");
    }
    text.replace('|', "\\|").replace('<', "&lt;")
}

/// Paragraphs, each on one line.
fn paragraphs(text: &str) -> String {
    text.split("\n\n")
        .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// Lines that stay lines.
fn lines(text: &str) -> String {
    format!("```text\n{}\n```", text.trim_end())
}
