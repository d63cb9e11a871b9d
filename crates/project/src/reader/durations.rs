//! Durations: Go strings, and bare numbers of a unit that depends on the key.

use std::time::Duration;

use super::Section;
use crate::diagnostic::{Complaint, Fault};
use crate::duration::{self, Bare};
use crate::origin::{Origin, Sourced};
use crate::tree::{Content, Node};
use crate::value;

impl Section<'_> {
    /// A duration, or its default.
    pub(crate) fn duration_or(
        &mut self,
        name: &'static str,
        bare: Bare,
        default: Duration,
    ) -> Sourced<Duration> {
        self.duration(name, bare).unwrap_or_else(|| {
            self.note_default(name, &value::quoted(&duration::show(default)));
            Sourced::default(default)
        })
    }

    /// A duration: a Go string, or a bare number of the unit `bare` says.
    pub(crate) fn duration(&mut self, name: &'static str, bare: Bare) -> Option<Sourced<Duration>> {
        let Node { origin, content } = self.take(name)?.node;
        let outside = origin.place().is_none();
        let read = match content {
            Content::String(text) if outside && text == "none" => Ok(Duration::ZERO),
            Content::String(text) => match text.parse::<u64>() {
                Ok(number) if outside => Ok(Duration::from_secs(number)),
                _ => duration::parse(&text),
            },
            Content::Integer(number) => match u64::try_from(number) {
                Ok(number) => {
                    self.bare_number(name, &origin, bare, number);
                    Ok(bare.duration(number))
                }
                Err(_) => Err(Complaint::new(format!("{number} is negative"))
                    .hint("a duration of zero or more")),
            },
            content => {
                let key = self.key(name);
                self.wrong_type(
                    &key,
                    &Node { origin, content },
                    "a duration such as \"30s\"",
                );
                return None;
            }
        };
        match read {
            Ok(value) => {
                let key = self.key(name);
                let shown = value::quoted(&duration::show(value));
                self.reader.note(&key, &shown, &origin);
                Some(Sourced { value, origin })
            }
            Err(complaint) => {
                self.error(&origin, name, Fault::BadValue, complaint);
                None
            }
        }
    }

    fn bare_number(&mut self, name: &str, at: &Origin, bare: Bare, number: u64) {
        if bare == Bare::SecondsWhereFlyTakesNanoseconds && number > 0 {
            let complaint = Complaint::new(format!(
                "{number} is taken as {number} seconds; Fly takes a bare number here as {number} nanoseconds"
            ))
            .hint(format!("write \"{number}s\""));
            self.warn(at, name, Fault::BadValue, complaint);
        }
    }
}
