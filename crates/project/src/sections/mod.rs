//! The tables of the project file, one file each: its type and how it is read.

pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod database;
pub(crate) mod deploy;
pub(crate) mod experimental;
pub(crate) mod files;
pub(crate) mod mount;
pub(crate) mod release;
pub(crate) mod restart;
pub(crate) mod runtime;
pub(crate) mod service;
pub(crate) mod signal;
pub(crate) mod statics;
pub(crate) mod vm;
