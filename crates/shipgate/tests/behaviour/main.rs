//! What the program does, seen from outside: every test runs the binary in a
//! project of its own and looks at what it said, what serves and what is in
//! the database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod apps;
mod daemon;
mod database;
mod disk;
mod doctor;
mod interrupt;
mod logs;
mod migrations;
mod output;
mod project_file;
mod release_command;
mod rollback;
mod servers;
mod stand_in;
mod strategies;
mod support;
mod tool_commands;
mod tool_releases;
mod unfinished;
