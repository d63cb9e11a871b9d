//! The query of a SQLite URL.

use super::{UrlError, percent};

/// What of the query concerns Shipgate. Everything else (`cache`,
/// `_journal_mode`, `connection_limit`, ...) is for the app and stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) foreign_keys: Option<bool>,
    pub(super) mode: Option<Mode>,
}

/// `mode` of a SQLite URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `ro`: read only.
    ReadOnly,
    /// `rw`: read and write a file that is there.
    ReadWrite,
    /// `rwc`: as `rw`, and make the file if it is missing.
    Create,
    /// `memory`: no file at all.
    Memory,
}

impl Parameters {
    /// Reads a query, with or without its `?`.
    pub(super) fn parse(query: &str) -> Result<Self, UrlError> {
        let mut parameters = Self::default();
        let query = query.strip_prefix('?').unwrap_or(query);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent::decode(value)?;
            let value = String::from_utf8_lossy(&value);
            match name {
                "_fk" | "_foreign_keys" => {
                    parameters.foreign_keys = Some(switch(name, &value)?);
                }
                "mode" => parameters.mode = Some(mode(&value)?),
                "cache" if !matches!(&*value, "shared" | "private") => {
                    return Err(wrong(name, &value, "`shared` or `private`"));
                }
                _ => {}
            }
        }
        Ok(parameters)
    }
}

fn switch(name: &str, value: &str) -> Result<bool, UrlError> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(wrong(name, value, "1 or 0")),
    }
}

fn mode(value: &str) -> Result<Mode, UrlError> {
    match value {
        "ro" => Ok(Mode::ReadOnly),
        "rw" => Ok(Mode::ReadWrite),
        "rwc" => Ok(Mode::Create),
        "memory" => Ok(Mode::Memory),
        _ => Err(wrong("mode", value, "one of `ro`, `rw`, `rwc`, `memory`")),
    }
}

fn wrong(name: &str, value: &str, expected: &'static str) -> UrlError {
    UrlError::parameter(name, value, expected)
}
