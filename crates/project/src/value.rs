//! From a node of the file to a typed value, and back to text.

use std::net::SocketAddr;

use crate::command::CommandLine;
use crate::diagnostic::Complaint;
use crate::origin::Origin;
use crate::redact;
use crate::template::Template;
use crate::tree::{Content, Node};

/// Why a node is not the value expected.
pub(crate) enum Misfit {
    /// It has another type; the reader says so.
    Type,
    /// The type is right, the value is not.
    Value(Complaint),
}

impl From<Complaint> for Misfit {
    fn from(complaint: Complaint) -> Self {
        Self::Value(complaint)
    }
}

/// A typed value of the project file.
pub(crate) trait Value: Sized {
    /// What is expected, with its article: "a string".
    const EXPECTED: &'static str;

    fn read(node: &Node) -> Result<Self, Misfit>;

    /// The value as the file would have it; may hold a secret.
    fn show(&self) -> String;
}

impl Value for String {
    const EXPECTED: &'static str = "a string";

    fn read(node: &Node) -> Result<Self, Misfit> {
        match &node.content {
            Content::String(text) => Ok(text.clone()),
            _ => Err(Misfit::Type),
        }
    }

    fn show(&self) -> String {
        quoted(self)
    }
}

/// A string; numbers and booleans are taken as their text, as in Fly's `[env]`.
pub(crate) struct Text(pub(crate) String);

impl Value for Text {
    const EXPECTED: &'static str = "a string";

    fn read(node: &Node) -> Result<Self, Misfit> {
        Ok(Self(match &node.content {
            Content::String(text) | Content::Datetime(text) => text.clone(),
            Content::Integer(number) => number.to_string(),
            Content::Float(number) => number.to_string(),
            Content::Boolean(flag) => flag.to_string(),
            Content::Array(_) | Content::Table(_) => return Err(Misfit::Type),
        }))
    }

    fn show(&self) -> String {
        quoted(&self.0)
    }
}

impl Value for bool {
    const EXPECTED: &'static str = "true or false";

    fn read(node: &Node) -> Result<Self, Misfit> {
        match (&node.content, &node.origin) {
            (Content::Boolean(flag), _) => Ok(*flag),
            (Content::String(text), Origin::Flag(_) | Origin::Environment(_)) => {
                match text.as_str() {
                    "true" | "1" => Ok(true),
                    "false" | "0" | "" => Ok(false),
                    _ => Err(Misfit::Type),
                }
            }
            _ => Err(Misfit::Type),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

fn integer(node: &Node) -> Result<i64, Misfit> {
    match (&node.content, &node.origin) {
        (Content::Integer(number), _) => Ok(*number),
        (Content::String(text), Origin::Flag(_) | Origin::Environment(_)) => {
            text.trim().parse().map_err(|_| Misfit::Type)
        }
        _ => Err(Misfit::Type),
    }
}

fn out_of_range(number: i64, last: &str) -> Misfit {
    Complaint::new(format!("{number} is out of range"))
        .hint(format!("a number from 0 to {last}"))
        .into()
}

impl Value for u32 {
    const EXPECTED: &'static str = "a whole number";

    fn read(node: &Node) -> Result<Self, Misfit> {
        let number = integer(node)?;
        Self::try_from(number).map_err(|_| out_of_range(number, "4294967295"))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// A port; numbers in quotes are accepted, as on Fly.
#[derive(Clone, Copy)]
pub(crate) struct Port(pub(crate) u16);

impl Value for Port {
    const EXPECTED: &'static str = "a port number";

    fn read(node: &Node) -> Result<Self, Misfit> {
        let number = match &node.content {
            Content::String(text) => text.trim().parse().map_err(|_| Misfit::Type)?,
            _ => integer(node)?,
        };
        match u16::try_from(number) {
            Ok(port) if port > 0 => Ok(Self(port)),
            _ => Err(Complaint::new(format!("{number} is not a port"))
                .hint("a number from 1 to 65535")
                .into()),
        }
    }

    fn show(&self) -> String {
        self.0.to_string()
    }
}

impl Value for f64 {
    const EXPECTED: &'static str = "a number";

    fn read(node: &Node) -> Result<Self, Misfit> {
        match &node.content {
            Content::Float(number) => Ok(*number),
            Content::String(text) if node.origin.place().is_none() => {
                text.trim().parse().map_err(|_| Misfit::Type)
            }
            _ => integer(node).map(|number| number as Self),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for SocketAddr {
    const EXPECTED: &'static str = "a string";

    fn read(node: &Node) -> Result<Self, Misfit> {
        let text = String::read(node)?;
        text.parse().map_err(|_| {
            Complaint::new(format!("`{text}` is not an address to listen on"))
                .hint("an IP address and a port, as in \"127.0.0.1:8080\" or \"[::]:80\"")
                .into()
        })
    }

    fn show(&self) -> String {
        quoted(&self.to_string())
    }
}

impl Value for Template {
    const EXPECTED: &'static str = "a string";

    fn read(node: &Node) -> Result<Self, Misfit> {
        let text = String::read(node)?;
        Self::parse(&text, node.origin.clone())
            .map_err(|error| Complaint::new(error.to_string()).hint(error.hint()).into())
    }

    fn show(&self) -> String {
        quoted(self.as_written())
    }
}

impl Value for CommandLine {
    const EXPECTED: &'static str = "a string";

    fn read(node: &Node) -> Result<Self, Misfit> {
        let text = String::read(node)?;
        Self::parse(&text, node.origin.clone())
            .map_err(|error| Complaint::new(error.to_string()).hint(error.hint()).into())
    }

    fn show(&self) -> String {
        quoted(self.as_written())
    }
}

/// A TOML basic string.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => shown.push_str("\\\""),
            '\\' => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            control if control.is_control() => {
                shown.push_str(&format!("\\u{:04X}", u32::from(control)));
            }
            letter => shown.push(letter),
        }
    }
    shown.push('"');
    shown
}

/// What may be shown of the value of `key`.
pub(crate) fn redacted(key: &str, shown: &str) -> String {
    let name = key.rsplit('.').next().unwrap_or(key);
    let variable = key != name && key.starts_with("env.");
    if name == "raw_value" || variable && redact::is_secret_name(name) {
        quoted(redact::REDACTED)
    } else {
        redact(shown)
    }
}

/// Implements [`Value`] for an enum whose variants are words of the file.
macro_rules! words {
    ($vis:vis $type:ty, $expected:literal, $what:literal, { $($word:literal => $variant:ident),+ $(,)? }) => {
        impl $type {
            /// Every word the file may use, in the order of the manual.
            $vis const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word of the file.
            $vis fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value of a word.
            $vis fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::value::Value for $type {
            const EXPECTED: &'static str = $expected;

            fn read(node: &$crate::tree::Node) -> Result<Self, $crate::value::Misfit> {
                let word = String::read(node)?;
                Self::from_word(&word).ok_or_else(|| {
                    $crate::value::unknown_word($what, &word, Self::WORDS).into()
                })
            }

            fn show(&self) -> String {
                $crate::value::quoted(self.as_str())
            }
        }
    };
}
pub(crate) use words;

/// The complaint about a word that is none of `words`.
pub(crate) fn unknown_word(what: &str, word: &str, words: &[&str]) -> Complaint {
    let complaint = Complaint::new(format!("`{word}` is not {what}"));
    let known = words.join(", ");
    match nearest(word, words) {
        Some(near) => complaint.hint(format!("did you mean `{near}`? known are {known}")),
        None => complaint.hint(format!("known are {known}")),
    }
}

/// The word most like `word`, if any is like it.
pub(crate) fn nearest<'w>(word: &str, words: &[&'w str]) -> Option<&'w str> {
    let plain = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    let wanted = plain(word);
    words
        .iter()
        .map(|known| (strsim::jaro_winkler(&wanted, &plain(known)), *known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}
