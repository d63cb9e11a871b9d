//! `url.URL` as its JSON shows it.

use serde::Serialize;

/// The parts of a database URL, as `encoding/json` writes Go's `url.URL` plus the schema.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GoUrl {
    /// Before the `://`.
    pub scheme: String,
    /// What follows `scheme:` when no slash does.
    pub opaque: String,
    /// `{}` when the URL names a user (its contents are never shown), else null.
    pub user: Option<UserInfo>,
    /// Host and port.
    pub host: String,
    /// The decoded path.
    pub path: String,
    /// The decoded fragment.
    pub fragment: String,
    /// The query as written.
    pub raw_query: String,
    /// The path as written, if that differs from the default encoding.
    pub raw_path: String,
    /// The fragment as written, if that differs from the default encoding.
    pub raw_fragment: String,
    /// Whether an empty query's `?` was written.
    pub force_query: bool,
    /// Whether an empty host's slashes were left out.
    pub omit_host: bool,
    /// The schema the connection works in.
    pub schema: String,
    /// The whole URL.
    #[serde(skip)]
    pub text: String,
}

/// A user that is there but not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct UserInfo {}

impl GoUrl {
    /// Takes a URL apart from which secrets were removed before. Text without a scheme
    /// becomes a path.
    #[must_use]
    pub fn parse(text: &str, schema: &str) -> Self {
        let mut url = Self {
            schema: schema.to_owned(),
            text: text.to_owned(),
            ..Self::default()
        };
        let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
        url.fragment = percent_decode(fragment);
        let (scheme, rest) = match rest.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
            _ => ("", rest),
        };
        url.scheme = scheme.to_ascii_lowercase();
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        url.force_query = query.is_empty() && text.contains('?');
        query.clone_into(&mut url.raw_query);
        if let Some(authority_and_path) = rest.strip_prefix("//") {
            let slash = authority_and_path
                .find('/')
                .unwrap_or(authority_and_path.len());
            let (authority, path) = authority_and_path.split_at(slash);
            let host = match authority.rsplit_once('@') {
                Some((_, host)) => {
                    url.user = Some(UserInfo {});
                    host
                }
                None => authority,
            };
            url.host = percent_decode(host);
            url.set_path(path);
        } else if !scheme.is_empty() && !rest.starts_with('/') {
            rest.clone_into(&mut url.opaque);
        } else {
            url.omit_host = !scheme.is_empty();
            url.set_path(rest);
        }
        url
    }

    fn set_path(&mut self, path: &str) {
        self.path = percent_decode(path);
        if path.contains("%2F") || path.contains("%2f") {
            path.clone_into(&mut self.raw_path);
        }
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// Turns `%41` into `A`; a percent sign without two hex digits stays.
pub(crate) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let hex = bytes
            .get(index + 1..index + 3)
            .filter(|_| bytes[index] == b'%');
        let value = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match value {
            Some(value) => {
                decoded.push(value);
                index += 3;
            }
            None => {
                decoded.push(bytes[index]);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::GoUrl;
    use crate::golang::to_json;

    #[test]
    fn a_relative_sqlite_file_is_the_host() {
        assert_eq!(
            to_json(&GoUrl::parse("sqlite://x.db?_fk=1", "main")).unwrap(),
            concat!(
                r#"{"Scheme":"sqlite","Opaque":"","User":null,"Host":"x.db","Path":"","Fragment":"","#,
                r#""RawQuery":"_fk=1","RawPath":"","RawFragment":"","ForceQuery":false,"#,
                r#""OmitHost":false,"Schema":"main"}"#
            )
        );
    }

    #[test]
    fn a_user_is_there_but_not_shown() {
        let url = GoUrl::parse(
            "postgres://me:hunter2@db:5432/app?sslmode=disable",
            "public",
        );
        let json = to_json(&url).unwrap();
        assert!(
            json.contains(r#""User":{},"Host":"db:5432","Path":"/app""#),
            "{json}"
        );
        assert!(!json.contains("hunter2"), "{json}");
    }

    #[test]
    fn an_absolute_sqlite_file_url_is_kept_in_parts() {
        let url = GoUrl::parse("sqlite://file:/abs/f.db?cache=shared", "main");
        assert_eq!(
            (url.host.as_str(), url.path.as_str()),
            ("file:", "/abs/f.db")
        );
    }
}
