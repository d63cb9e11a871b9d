//! What in `docs/` is made from the code, or must agree with it.
//!
//! `SHIPGATE_UPDATE=1 cargo test -p shipgate --test generated` writes the
//! generated parts anew; without it a stale one fails.

mod cli;
mod codes;
mod man;
mod pages;
mod project_file;

use std::collections::BTreeSet;
use std::path::PathBuf;

use pages::Pages;

fn docs() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.join("../../docs")
}

#[test]
fn the_command_line_reference_is_that_of_the_definitions() {
    Pages::from([("cli.md".to_owned(), cli::reference())]).agree_with(&docs());
}

#[test]
fn the_man_pages_are_those_of_the_definitions() {
    let pages = Pages::from(man::pages());
    pages.are_all_in(&docs().join("man"));
    pages.agree_with(&docs().join("man"));
}

#[test]
fn every_error_code_of_the_source_has_a_page_and_every_page_a_code() {
    let codes = codes::in_the_source();
    assert!(
        codes.len() > 50,
        "the codes are not found any more: {codes:?}"
    );
    let described = codes::with_a_page(&docs().join("errors"));
    let missing: BTreeSet<_> = codes.difference(&described).collect();
    let left: BTreeSet<_> = described.difference(&codes).collect();
    assert!(missing.is_empty(), "no page in docs/errors for {missing:?}");
    assert!(
        left.is_empty(),
        "no error has the code of the pages {left:?}"
    );
}

#[test]
fn an_error_page_shows_its_own_code() {
    codes::check_pages(&docs().join("errors"));
}

#[test]
fn the_project_file_reference_lists_what_is_ignored_and_why() {
    let file = docs().join("project-file.md");
    let page = std::fs::read_to_string(&file).expect("the reference");
    let right = project_file::with_ignored_keys(&page);
    Pages::from([("project-file.md".to_owned(), right)]).agree_with(&docs());
}

#[test]
fn the_project_file_reference_has_a_row_for_every_key_with_its_default() {
    let page = std::fs::read_to_string(docs().join("project-file.md")).expect("the reference");
    project_file::check_rows(&page);
}
