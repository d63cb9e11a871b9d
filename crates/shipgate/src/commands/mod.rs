//! The commands: one file each, with its arguments and what it does.

pub(crate) mod backup;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod deploy;
pub(crate) mod doctor;
pub(crate) mod entrypoint;
pub(crate) mod gate;
pub(crate) mod history_flags;
pub(crate) mod logs;
pub(crate) mod manifest;
pub(crate) mod migrate;
pub(crate) mod ps;
pub(crate) mod release;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod stop;
pub(crate) mod wait;
