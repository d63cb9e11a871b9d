//! A man page for every command.

use clap::Command;
use clap_mangen::Man;

/// The pages by file name.
pub(crate) fn pages() -> Vec<(String, String)> {
    let mut command = shipgate::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add(&command, &mut pages);
    pages
}

fn add(command: &Command, pages: &mut Vec<(String, String)>) {
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        add(verb, pages);
    }
    let man = Man::new(command.clone())
        .source(concat!("shipgate ", env!("CARGO_PKG_VERSION")))
        .manual("Shipgate");
    let name = man.get_filename();
    let mut page = Vec::new();
    man.render(&mut page).expect("a page in memory");
    pages.push((name, String::from_utf8(page).expect("pages are UTF-8")));
}
