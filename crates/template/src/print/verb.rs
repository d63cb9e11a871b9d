//! One value with one verb.

use super::float;
use super::pad::Flags;
use crate::quote::{Quoted, is_printable};
use crate::value::{Object, Value};

/// Writes values.
#[derive(Debug, Default)]
pub(super) struct Printer {
    pub(super) output: String,
    pub(super) flags: Flags,
}

/// Lists within lists are printed to this depth.
const MAX_DEPTH: usize = 100;

impl Printer {
    /// An argument, which may be nil.
    pub(super) fn argument(&mut self, value: &Value, verb: char) {
        match (value, verb) {
            (Value::Nil | Value::NoValue, 'T' | 'v') => {
                self.flags.padded("<nil>", &mut self.output);
            }
            (Value::Nil | Value::NoValue, verb) => {
                self.output.push_str(&format!("%!{verb}(<nil>)"));
            }
            (value, 'T') => self.text(&value.type_name(), 's', value),
            (value, verb) => self.value(value, verb, 0),
        }
    }

    /// A value at this depth of lists, maps and objects.
    pub(super) fn value(&mut self, value: &Value, verb: char, depth: usize) {
        if depth > MAX_DEPTH {
            self.output.push_str("...");
            return;
        }
        match value {
            Value::Nil | Value::NoValue => self.output.push_str("<nil>"),
            Value::NilPointer(_) => match verb {
                'v' => self.flags.padded("<nil>", &mut self.output),
                'b' | 'o' | 'd' | 'x' | 'X' => self.integer(0, false, verb, value),
                _ => self.bad_verb(value, verb),
            },
            Value::Bool(truth) => match verb {
                't' | 'v' => {
                    let text = if *truth { "true" } else { "false" };
                    self.flags.padded(text, &mut self.output);
                }
                _ => self.bad_verb(value, verb),
            },
            Value::Int(number) => self.integer(number.unsigned_abs(), *number < 0, verb, value),
            Value::Byte(number) => {
                if verb == 'v' && self.flags.as_source {
                    self.output.push_str(&format!("{number:#x}"));
                } else {
                    self.integer(u64::from(*number), false, verb, value);
                }
            }
            Value::Float(number) => match verb {
                'v' | 'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
                    float::write(*number, verb, self.flags, &mut self.output);
                }
                _ => self.bad_verb(value, verb),
            },
            Value::String(text) => self.text(text, verb, value),
            Value::List(list) => {
                let (open, close) = self.brackets("[", "]", value);
                self.output.push_str(&open);
                for (at, item) in list.items.iter().enumerate() {
                    self.separator(at);
                    self.value(item, verb, depth + 1);
                }
                self.output.push_str(close);
            }
            Value::Map(map) => {
                let (open, close) = self.brackets("map[", "]", value);
                self.output.push_str(&open);
                for (at, (key, item)) in map.iter().enumerate() {
                    self.separator(at);
                    self.value(&Value::from(key.as_str()), verb, depth + 1);
                    self.output.push(':');
                    self.value(item, verb, depth + 1);
                }
                self.output.push_str(close);
            }
            Value::Object(object) => self.object(object.as_ref(), value, verb, depth),
            Value::Function(_) => self.bad_verb_without_value(value, verb),
        }
    }

    fn object(&mut self, object: &dyn Object, value: &Value, verb: char, depth: usize) {
        if matches!(verb, 'v' | 's' | 'x' | 'X' | 'q')
            && !self.flags.as_source
            && let Some(text) = object.text()
        {
            return self.text(&text, verb, value);
        }
        if depth == 0 && object.type_name().starts_with('*') {
            self.output.push('&');
        }
        let (open, close) = self.brackets("{", "}", value);
        self.output.push_str(open.trim_start_matches('*'));
        for (at, (name, field)) in object.fields().iter().enumerate() {
            self.separator(at);
            if self.flags.named || self.flags.as_source {
                self.output.push_str(name);
                self.output.push(':');
            }
            self.value(field, verb, depth + 1);
        }
        self.output.push_str(close);
    }

    /// What surrounds several values.
    fn brackets(&self, open: &str, close: &'static str, value: &Value) -> (String, &'static str) {
        if self.flags.as_source {
            (format!("{}{{", value.type_name()), "}")
        } else {
            (open.to_owned(), close)
        }
    }

    fn separator(&mut self, at: usize) {
        if at > 0 {
            let separator = if self.flags.as_source { ", " } else { " " };
            self.output.push_str(separator);
        }
    }

    /// `%!d(string=hi)`.
    fn bad_verb(&mut self, value: &Value, verb: char) {
        self.output
            .push_str(&format!("%!{verb}({}=", value.type_name()));
        self.value(value, 'v', 1);
        self.output.push(')');
    }

    fn bad_verb_without_value(&mut self, value: &Value, verb: char) {
        self.output
            .push_str(&format!("%!{verb}({})", value.type_name()));
    }

    fn text(&mut self, text: &str, verb: char, value: &Value) {
        match verb {
            'v' if self.flags.as_source => self.quoted(text),
            'v' | 's' => {
                let text = self.cut(text).to_owned();
                self.flags.padded(&text, &mut self.output);
            }
            'q' => self.quoted(text),
            'x' => self.bytes(text, "0x", |byte| format!("{byte:02x}")),
            'X' => self.bytes(text, "0X", |byte| format!("{byte:02X}")),
            _ => self.bad_verb(value, verb),
        }
    }

    /// As many characters as the precision allows.
    fn cut<'t>(&self, text: &'t str) -> &'t str {
        let end = self
            .flags
            .precision
            .and_then(|precision| text.char_indices().nth(precision));
        match end {
            Some((end, _)) => &text[..end],
            None => text,
        }
    }

    fn quoted(&mut self, text: &str) {
        let text = self.cut(text);
        let can_be_raw = text
            .chars()
            .all(|letter| letter == '\t' || !(letter.is_control() || "`\u{feff}".contains(letter)));
        let quoted = if self.flags.sharp && can_be_raw {
            format!("`{text}`")
        } else if self.flags.plus {
            ascii_quoted(text)
        } else {
            Quoted(text).to_string()
        };
        self.flags.padded(&quoted, &mut self.output);
    }

    /// The text's bytes in base sixteen.
    fn bytes(&mut self, text: &str, prefix: &str, byte: impl Fn(u8) -> String) {
        let length = self.flags.precision.unwrap_or(usize::MAX);
        let bytes = text.bytes().take(length).map(byte);
        let separator = match (self.flags.space, self.flags.sharp) {
            (false, _) => String::new(),
            (true, false) => " ".to_owned(),
            (true, true) => format!(" {prefix}"),
        };
        let mut encoded = bytes.collect::<Vec<_>>().join(&separator);
        if self.flags.sharp && !encoded.is_empty() {
            encoded.insert_str(0, prefix);
        }
        self.flags.padded(&encoded, &mut self.output);
    }

    fn integer(&mut self, magnitude: u64, negative: bool, verb: char, value: &Value) {
        let digits = match verb {
            'v' | 'd' => magnitude.to_string(),
            'b' => format!("{magnitude:b}"),
            'o' | 'O' => format!("{magnitude:o}"),
            'x' => format!("{magnitude:x}"),
            'X' => format!("{magnitude:X}"),
            'c' | 'q' => return self.character(magnitude, negative, verb),
            'U' => return self.unicode(magnitude, negative),
            _ => return self.bad_verb(value, verb),
        };
        let sign = if negative {
            "-"
        } else if self.flags.plus {
            "+"
        } else if self.flags.space {
            " "
        } else {
            ""
        };
        let least = match (self.flags.precision, self.flags.width) {
            (Some(0), _) if magnitude == 0 => {
                return self.flags.padded_with_blanks("", &mut self.output);
            }
            (Some(precision), _) => precision,
            (None, Some(width)) if self.flags.zero && !self.flags.minus => {
                width.saturating_sub(sign.len())
            }
            _ => 0,
        };
        let digits = with_zeros(digits, least);
        let prefix = match verb {
            'O' => "0o",
            _ if !self.flags.sharp => "",
            'b' => "0b",
            'o' if !digits.starts_with('0') => "0",
            'x' => "0x",
            'X' => "0X",
            _ => "",
        };
        let text = format!("{sign}{prefix}{digits}");
        self.flags.padded_with_blanks(&text, &mut self.output);
    }

    fn character(&mut self, magnitude: u64, negative: bool, verb: char) {
        let letter = u32::try_from(magnitude)
            .ok()
            .and_then(char::from_u32)
            .filter(|_| !negative)
            .unwrap_or(char::REPLACEMENT_CHARACTER);
        let text = match verb {
            'c' => letter.to_string(),
            _ if letter == '\'' => "'\\''".to_owned(),
            _ if letter == '"' => "'\"'".to_owned(),
            _ => {
                let text = letter.to_string();
                let quoted = if self.flags.plus {
                    ascii_quoted(&text)
                } else {
                    Quoted(&text).to_string()
                };
                format!("'{}'", &quoted[1..quoted.len() - 1])
            }
        };
        self.flags.padded(&text, &mut self.output);
    }

    fn unicode(&mut self, magnitude: u64, negative: bool) {
        let code = if negative {
            magnitude.wrapping_neg()
        } else {
            magnitude
        };
        let least = self.flags.precision.unwrap_or(4).max(4);
        let mut text = format!("U+{}", with_zeros(format!("{code:X}"), least));
        if self.flags.sharp
            && let Some(letter) = u32::try_from(code).ok().and_then(char::from_u32)
            && is_printable(letter)
        {
            text.push_str(&format!(" '{letter}'"));
        }
        self.flags.padded_with_blanks(&text, &mut self.output);
    }
}

/// Digits, at least so many.
fn with_zeros(digits: String, least: usize) -> String {
    match least.checked_sub(digits.len()) {
        None | Some(0) => digits,
        Some(missing) => "0".repeat(missing) + &digits,
    }
}

/// `%#U`: `U+00E9 'é'`.
pub(crate) fn unicode_notation(code: u32) -> String {
    match char::from_u32(code).filter(|letter| is_printable(*letter)) {
        Some(letter) => format!("U+{code:04X} '{letter}'"),
        None => format!("U+{code:04X}"),
    }
}

/// `%+q`: quoted with ASCII alone.
fn ascii_quoted(text: &str) -> String {
    let mut ascii = String::new();
    for letter in Quoted(text).to_string().chars() {
        match u32::from(letter) {
            0..0x80 => ascii.push(letter),
            code @ 0x80..0x1_0000 => ascii.push_str(&format!("\\u{code:04x}")),
            code => ascii.push_str(&format!("\\U{code:08x}")),
        }
    }
    ascii
}
