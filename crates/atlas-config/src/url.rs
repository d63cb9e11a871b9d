//! The parts of URLs that functions and data sources change. Nothing is
//! understood beyond where the parts begin and end.

/// A URL cut at its parts. What is not asked for stays as it was written.
pub(crate) struct Url<'a> {
    scheme: &'a str,
    user: Option<&'a str>,
    host: &'a str,
    path: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Url<'a> {
    /// Err: it has no scheme.
    pub(crate) fn parse(text: &'a str) -> Result<Self, String> {
        let (scheme, rest) = text
            .split_once("://")
            .filter(|(scheme, _)| !scheme.is_empty())
            .ok_or_else(|| "the URL has no scheme".to_owned())?;
        let (rest, fragment) = optional(rest.split_once('#'), rest);
        let (rest, query) = optional(rest.split_once('?'), rest);
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        Ok(Self {
            scheme,
            user,
            host,
            path,
            query,
            fragment,
        })
    }

    /// With this user.
    pub(crate) fn with_user(&self, user: &str, password: Option<&str>) -> String {
        let user = match password {
            Some(password) => format!("{}:{}", escaped(user, USER), escaped(password, USER)),
            None => escaped(user, USER),
        };
        self.written(Some(&user), self.path, self.query)
    }

    /// With this path.
    pub(crate) fn with_path(&self, path: &str) -> String {
        let path = format!("/{}", escaped(path.strip_prefix('/').unwrap_or(path), PATH));
        self.written(self.user, &path, self.query)
    }

    /// With this query parameter in place of any of its name, all in order of
    /// their names.
    pub(crate) fn with_parameter(&self, name: &str, value: &str) -> String {
        let mut all = parameters(self.query.unwrap_or_default());
        all.retain(|(known, _)| known != name);
        all.push((name.to_owned(), value.to_owned()));
        all.sort_by(|left, right| left.0.cmp(&right.0));
        let query: Vec<_> = all
            .iter()
            .map(|(name, value)| format!("{}={}", escaped(name, ""), escaped(value, "")))
            .collect();
        self.written(self.user, self.path, Some(&query.join("&")))
    }

    fn written(&self, user: Option<&str>, path: &str, query: Option<&str>) -> String {
        let mut text = format!("{}://", self.scheme);
        if let Some(user) = user {
            text.push_str(user);
            text.push('@');
        }
        text.push_str(self.host);
        text.push_str(path);
        for (mark, part) in [('?', query), ('#', self.fragment)] {
            if let Some(part) = part {
                text.push(mark);
                text.push_str(part);
            }
        }
        text
    }
}

fn optional<'a>(split: Option<(&'a str, &'a str)>, whole: &'a str) -> (&'a str, Option<&'a str>) {
    match split {
        Some((before, after)) => (before, Some(after)),
        None => (whole, None),
    }
}

/// What a user or password may hold as it is, beside letters, digits and `-._~`.
const USER: &str = "$&+,;=";
/// What a path may hold so.
const PATH: &str = "$&+,/:;=@";

/// A text in which everything else is percent-encoded; so is a blank, as
/// `+` means one in a query alone.
pub(crate) fn escaped(text: &str, also: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        let kept = byte.is_ascii_alphanumeric()
            || b"-._~".contains(&byte)
            || also.as_bytes().contains(&byte);
        if kept {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// The decoded parameters of a query, in order.
pub(crate) fn parameters(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after
            .get(..2)
            .filter(|_| first == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(match (first, hex) {
            (_, Some(byte)) => byte,
            (b'+', None) => b' ',
            (byte, None) => byte,
        });
        rest = if hex.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
