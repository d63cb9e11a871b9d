//! Connection service files
//! (<https://www.postgresql.org/docs/current/libpq-pgservice.html>).

use std::io::ErrorKind;
use std::path::PathBuf;

use crate::{ClientSettings, OpenError};

/// The parameters of service `name`, from the file given, else from the
/// home directory's, else from the system's.
pub(super) fn read(
    name: &str,
    file: Option<&str>,
    client: &ClientSettings,
) -> Result<Vec<(String, String)>, OpenError> {
    let mut files: Vec<PathBuf> = match file {
        Some(file) => vec![PathBuf::from(file)],
        None => client
            .home
            .iter()
            .map(|home| home.join(".pg_service.conf"))
            .collect(),
    };
    let system = client
        .variables
        .get("PGSYSCONFDIR")
        .map_or("/etc/postgresql-common", String::as_str);
    files.push(PathBuf::from(system).join("pg_service.conf"));
    for (at, path) in files.iter().enumerate() {
        let must_be_there = at == 0 && file.is_some();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && !must_be_there => continue,
            Err(error) => return Err(wrong(format!("{}: {error}", path.display()))),
        };
        let found = section(&text, name)
            .map_err(|(line, words)| wrong(format!("{}:{line}: {words}", path.display())))?;
        if let Some(parameters) = found {
            return Ok(parameters);
        }
    }
    let files: Vec<_> = files
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    Err(wrong(format!(
        "no service `{name}` in {}",
        files.join(" nor in ")
    )))
}

/// The lines under `[name]`; `None` if there is no such section. On an error,
/// its line.
#[expect(clippy::type_complexity, reason = "used once, right above")]
fn section(text: &str, name: &str) -> Result<Option<Vec<(String, String)>>, (usize, &'static str)> {
    let mut found = None;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            if header.strip_suffix(']') == Some(name) {
                found = Some(Vec::new());
            }
            continue;
        }
        let Some(parameters) = &mut found else {
            continue;
        };
        let (key, value) = line
            .split_once('=')
            .ok_or((at + 1, "expected `name=value`"))?;
        if key == "service" {
            return Err((at + 1, "a service cannot name another service"));
        }
        parameters.push((key.trim().to_owned(), value.trim().to_owned()));
    }
    Ok(found)
}

fn wrong(message: String) -> OpenError {
    OpenError::Setting { message }
}
