//! What of a URL may be shown.

use super::postgres;

pub(super) const HIDDEN: &str = "***";

/// Parts of parameter names whose values are never shown.
const SECRET_PARTS: [&str; 8] = [
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "auth",
    "salt",
    "credential",
];

pub(super) fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_PARTS.iter().any(|part| name.contains(part))
}

/// The URL with `***` for its password and for values of secret parameters.
///
/// In doubt it hides more: a password may hold an unescaped `/`, `?` or `@`,
/// so everything up to the last `@` is taken for it.
pub(super) fn redact(url: &str, has_user: bool) -> String {
    if postgres::is_keywords(url) {
        return postgres::redact_keywords(url, HIDDEN, looks_secret);
    }
    let mut shown = String::with_capacity(url.len());
    let mut rest = url;
    if has_user
        && let Some(start) = after_scheme(url)
        && let Some(end) = url[start..].rfind('@').map(|at| start + at)
        && let Some(colon) = url[start..end].find(':').map(|at| start + at)
    {
        shown.push_str(&url[..=colon]);
        shown.push_str(HIDDEN);
        rest = &url[end..];
    }
    let (before, query) = match rest.find('?') {
        Some(at) => rest.split_at(at + 1),
        None => (rest, ""),
    };
    shown.push_str(before);
    for (at, pair) in query.split('&').enumerate() {
        if at > 0 {
            shown.push('&');
        }
        match pair.split_once('=') {
            Some((name, _)) if looks_secret(name) => {
                shown.push_str(name);
                shown.push('=');
                shown.push_str(HIDDEN);
            }
            _ => shown.push_str(pair),
        }
    }
    shown
}

/// Where user and password begin.
fn after_scheme(url: &str) -> Option<usize> {
    match url.find("://") {
        Some(at) => Some(at + 3),
        None => url.find(':').map(|at| at + 1),
    }
}
