//! PostgreSQL's URLs and keyword strings
//! (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING>).

use super::{UrlError, percent};

/// Parameters in the order they are written; the last of a name counts.
pub(crate) type PostgresParameters = Vec<(String, String)>;

/// Whether `text` is a keyword string: `host=/run/postgresql dbname=app`.
pub(super) fn is_keywords(text: &str) -> bool {
    let word = text
        .find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
        .unwrap_or(text.len());
    word > 0 && text[word..].trim_start().starts_with('=')
}

/// Reads what follows the scheme and its colon.
pub(super) fn parse_url(rest: &str) -> Result<PostgresParameters, UrlError> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let mut parameters = Vec::new();
    let mut push = |name: &str, text: &str| -> Result<(), UrlError> {
        if !text.is_empty() {
            parameters.push((name.to_owned(), decode(text)?));
        }
        Ok(())
    };
    let (account, rest) = split_account(rest);
    if let Some(account) = account {
        let (user, password) = account.split_once(':').unwrap_or((account, ""));
        push("user", user)?;
        push("password", password)?;
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (hosts, rest) = rest.split_at(end);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut names = Vec::new();
    let mut ports = Vec::new();
    for host in hosts.split(',') {
        let (name, port) = split_port(host)?;
        names.push(name);
        ports.push(port);
    }
    push("host", &names.join(","))?;
    if ports.iter().any(|port| !port.is_empty()) {
        push("port", &ports.join(","))?;
    }
    push("dbname", path.strip_prefix('/').unwrap_or(path))?;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parameters.push((decode(name)?, decode(value)?));
    }
    Ok(parameters)
}

/// User and password, and what follows their `@`. A password with a `/` or `?`
/// that should have been escaped is understood where it is clear.
fn split_account(rest: &str) -> (Option<&str>, &str) {
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    let path_end = after.find('?').map_or(rest.len(), |at| end + at);
    let at = if rest[end..path_end].contains('@') {
        rest[..path_end].rfind('@')
    } else if authority.contains('@') {
        authority.rfind('@')
    } else {
        let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let has_password = authority
            .split_once(':')
            .is_some_and(|(_, after)| !is_port(after));
        rest.rfind('@').filter(|_| has_password)
    };
    match at {
        Some(at) => (Some(&rest[..at]), &rest[at + 1..]),
        None => (None, rest),
    }
}

/// `host:port`, `[::1]:port`, either without port.
fn split_port(host: &str) -> Result<(&str, &str), UrlError> {
    if let Some(inside) = host.strip_prefix('[') {
        let (name, after) = inside.split_once(']').ok_or(UrlError::Bracket)?;
        return Ok((name, after.strip_prefix(':').unwrap_or(after)));
    }
    Ok(host.split_once(':').unwrap_or((host, "")))
}

fn decode(text: &str) -> Result<String, UrlError> {
    String::from_utf8(percent::decode(text)?).map_err(|_| UrlError::Percent)
}

/// Reads a keyword string: `name = value` pairs between blanks; a value with
/// blanks stands in `'`, and `\` takes the meaning from what follows.
pub(crate) fn parse_keywords(text: &str) -> Result<PostgresParameters, UrlError> {
    let mut parameters = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or(UrlError::Keywords)?;
        let name = name.trim_end();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(UrlError::Keywords);
        }
        let (value, after) = keyword_value(after.trim_start())?;
        parameters.push((name.to_owned(), value));
        rest = after.trim_start();
    }
    Ok(parameters)
}

fn keyword_value(text: &str) -> Result<(String, &str), UrlError> {
    let (quoted, text) = match text.strip_prefix('\'') {
        Some(inside) => (true, inside),
        None => (false, text),
    };
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
            '\'' if quoted => return Ok((value, &text[at + 1..])),
            blank if !quoted && blank.is_whitespace() => return Ok((value, &text[at..])),
            other => value.push(other),
        }
    }
    if quoted {
        return Err(UrlError::Keywords);
    }
    Ok((value, ""))
}

/// The keyword string with its secrets hidden; all of it if it cannot be read.
pub(super) fn redact_keywords(text: &str, hidden: &str, is_secret: fn(&str) -> bool) -> String {
    let Ok(parameters) = parse_keywords(text) else {
        return hidden.to_owned();
    };
    let shown: Vec<String> = parameters
        .iter()
        .map(|(name, value)| {
            // `user= password=…` names a user `password=…`.
            if is_secret(name) || value.contains('=') && is_secret(value) {
                return format!("{name}={hidden}");
            }
            if value.is_empty() || value.contains([' ', '\'', '\\']) {
                let value = value.replace('\\', "\\\\").replace('\'', "\\'");
                return format!("{name}='{value}'");
            }
            format!("{name}={value}")
        })
        .collect();
    shown.join(" ")
}
