//! Values of variables in a database URL, escaped as their places ask for.

use crate::origin::Origin;
use crate::template::{Piece, UnsetName};

/// Where in a URL a value stands, and so what of it is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At its beginning, in its scheme or its address: nothing.
    Verbatim,
    /// In user or password, or as a parameter's value: all but letters,
    /// digits and `-._~`.
    Component,
    /// In the path: the same, but for `/`.
    Path,
    /// In a keyword string, `host=db password=...`: `'`, `\` and blanks.
    Keyword,
}

/// Stands for a value while places are looked for; a URL never holds it.
const VALUE: char = '\0';

/// The URL with its names replaced.
pub(crate) fn expand(
    pieces: &[Piece],
    lookup: &dyn Fn(&str) -> Option<String>,
    origin: &Origin,
) -> Result<String, UnsetName> {
    let skeleton: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.replace(VALUE, ""),
            Piece::Name(_) => VALUE.to_string(),
        })
        .collect();
    let mut places = skeleton.match_indices(VALUE).map(|(at, _)| at);
    let mut url = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => url.push_str(text),
            Piece::Name(name) => {
                let value = lookup(name).ok_or_else(|| UnsetName::new(name, origin))?;
                let place = places
                    .next()
                    .map_or(Place::Verbatim, |at| place(&skeleton, at));
                url.push_str(&escaped(&value, place));
            }
        }
    }
    Ok(url)
}

fn place(skeleton: &str, at: usize) -> Place {
    if at == 0 {
        return Place::Verbatim;
    }
    let Some(marks) = skeleton.find("://") else {
        return match skeleton.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        {
            Some(end) if skeleton[end..].trim_start().starts_with('=') => Place::Keyword,
            Some(end) if skeleton[end..].starts_with(':') => in_file(skeleton, at),
            _ => Place::Verbatim,
        };
    };
    let begin = marks + "://".len();
    if at < begin {
        return Place::Verbatim;
    }
    let scheme = skeleton[..marks].to_ascii_lowercase();
    if matches!(scheme.as_str(), "sqlite" | "sqlite3" | "file") {
        return in_file(skeleton, at);
    }
    let end = skeleton[begin..]
        .find(['/', '?', '#'])
        .map_or(skeleton.len(), |end| begin + end);
    if at < end {
        let account = skeleton[begin..end].rfind('@').map(|mark| begin + mark);
        return match account {
            Some(account) if at < account => Place::Component,
            _ => Place::Verbatim,
        };
    }
    in_file(skeleton, at)
}

/// In a path or the query behind it.
fn in_file(skeleton: &str, at: usize) -> Place {
    let Some(query) = skeleton[..at].find('?') else {
        return Place::Path;
    };
    let pair = skeleton[..at].rfind('&').unwrap_or(query);
    match skeleton[pair..at].contains('=') {
        true => Place::Component,
        false => Place::Verbatim,
    }
}

fn escaped(value: &str, place: Place) -> String {
    let mut text = String::new();
    match place {
        Place::Verbatim => text.push_str(value),
        Place::Keyword => {
            for letter in value.chars() {
                if letter.is_whitespace() || matches!(letter, '\'' | '\\') {
                    text.push('\\');
                }
                text.push(letter);
            }
        }
        Place::Component | Place::Path => {
            for byte in value.bytes() {
                match byte {
                    b'/' if place == Place::Path => text.push('/'),
                    b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
                    byte if byte.is_ascii_alphanumeric() => text.push(char::from(byte)),
                    byte => text.push_str(&format!("%{byte:02X}")),
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::{Origin, Template};

    fn expanded(url: &str) -> String {
        let lookup = |name: &str| {
            let value = match name {
                "PASSWORD" => "p@ss/w:rd? 100%",
                "USER" => "me@home",
                "HOST" => "db.example.com:5432",
                "BASE" => "postgres://u:p%40@h",
                "DIR" => "/srv/my data",
                "NAME" => "app#1",
                "CA" => "/etc/ca&more.pem",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let template = Template::parse(url, Origin::Default).unwrap();
        template.expand_url(lookup).unwrap()
    }

    #[test]
    fn values_are_escaped_as_their_places_ask_for() {
        for (url, meaning) in [
            (
                "postgres://$USER:$PASSWORD@$HOST/$NAME",
                "postgres://me%40home:p%40ss%2Fw%3Ard%3F%20100%25@db.example.com:5432/app%231",
            ),
            (
                "mysql://app:${PASSWORD}@${HOST}/app?ssl-ca=$CA",
                "mysql://app:p%40ss%2Fw%3Ard%3F%20100%25@db.example.com:5432/app?ssl-ca=%2Fetc%2Fca%26more.pem",
            ),
            ("sqlite://$DIR/app.db", "sqlite:///srv/my%20data/app.db"),
            (
                "sqlite://file:$DIR/$NAME?_fk=1",
                "sqlite://file:/srv/my%20data/app%231?_fk=1",
            ),
            ("file:$DIR/app.db", "file:/srv/my%20data/app.db"),
            (
                "host=$HOST user=app password=$PASSWORD",
                "host=db.example.com:5432 user=app password=p@ss/w:rd?\\ 100%",
            ),
        ] {
            assert_eq!(expanded(url), meaning, "{url}");
        }
    }

    #[test]
    fn what_a_url_begins_with_is_a_url_itself() {
        for (url, meaning) in [
            ("$BASE", "postgres://u:p%40@h"),
            (
                "${BASE}/app?sslmode=disable",
                "postgres://u:p%40@h/app?sslmode=disable",
            ),
        ] {
            assert_eq!(expanded(url), meaning, "{url}");
        }
    }

    #[test]
    fn two_dollars_are_one() {
        assert_eq!(
            expanded("postgres://u:a$$PASSWORD@h"),
            "postgres://u:a$PASSWORD@h"
        );
        assert_eq!(expanded("postgres://u:a$1@h"), "postgres://u:a$1@h");
    }
}
