//! The password file
//! (<https://www.postgresql.org/docs/current/libpq-pgpass.html>).

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Settings;
use crate::postgres::host::Host;
use crate::{ClientSettings, Password};

/// Where it is: `passfile`, else `~/.pgpass`.
pub(super) fn path(settings: &Settings, client: &ClientSettings) -> Option<PathBuf> {
    settings
        .passfile
        .clone()
        .or_else(|| client.home.as_ref().map(|home| home.join(".pgpass")))
}

/// What the password file has for a host.
pub(in super::super) enum Found {
    Password(Password),
    Nothing,
    /// It is not used: others may read it.
    TooOpen,
}

/// The first password that fits.
pub(in super::super) fn look_up(path: &Path, host: &Host, settings: &Settings) -> Found {
    let Ok(about) = std::fs::metadata(path) else {
        return Found::Nothing;
    };
    if !about.is_file() {
        return Found::Nothing;
    }
    if about.mode() & 0o077 != 0 {
        return Found::TooOpen;
    }
    let Ok(text) = std::fs::read_to_string(path) else {
        return Found::Nothing;
    };
    let name = match host {
        Host::Socket { directory, .. } => match directory.to_str() {
            // The default directory goes by this name, as for libpq.
            Some("/var/run/postgresql" | "/tmp") | None => "localhost",
            Some(directory) => directory,
        },
        Host::Tcp { name, .. } => name,
    };
    let port = host.port().to_string();
    let wanted = [
        name,
        &port,
        settings.database(),
        settings.user.as_deref().unwrap_or_default(),
    ];
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| password(line, wanted))
        .map_or(Found::Nothing, Found::Password)
}

/// The last of five fields between `:`, if the others fit; `\` takes the
/// meaning from what follows, `*` alone fits everything.
fn password(line: &str, wanted: [&str; 4]) -> Option<Password> {
    let mut rest = line;
    for wanted in wanted {
        let (field, is_any, after) = field(rest)?;
        if !is_any && field != wanted {
            return None;
        }
        rest = after?;
    }
    let (password, _, _) = field(rest)?;
    Some(password)
        .filter(|password| !password.is_empty())
        .map(Password::new)
}

/// The next field, whether it is a plain `*`, and what follows its `:`.
fn field(text: &str) -> Option<(String, bool, Option<&str>)> {
    let mut field = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => field.push(letters.next()?.1),
            ':' => return Some((field, &text[..at] == "*", Some(&text[at + 1..]))),
            other => field.push(other),
        }
    }
    Some((field, text == "*", None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<String> {
        password(line, ["db", "5432", "app", "me"]).map(|password| password.expose().to_owned())
    }

    #[test]
    fn fields_are_compared_one_by_one() {
        assert_eq!(of("db:5432:app:me:secret"), Some("secret".to_owned()));
        assert_eq!(of("*:*:*:*:secret"), Some("secret".to_owned()));
        assert_eq!(of("db:5433:app:me:secret"), None);
        assert_eq!(of("db:5432:app:me"), None);
        assert_eq!(of("db:5432:app:me:"), None);
    }

    #[test]
    fn a_backslash_takes_the_meaning_from_colon_and_star() {
        assert_eq!(of("*:*:*:*:a\\:b\\\\c"), Some("a:b\\c".to_owned()));
        assert_eq!(of("\\*:*:*:*:secret"), None);
    }
}
