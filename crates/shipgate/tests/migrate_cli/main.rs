//! `shipgate migrate` through the binary: what it writes where, and how it exits.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod apply;
mod atlas;
mod atlas_hcl;
mod directory;
mod format;
mod import;
mod large;
mod native;
mod new;
mod position;
mod project;
mod settle;
mod support;
mod url;
