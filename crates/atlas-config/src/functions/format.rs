//! `format` and `formatlist`: the verbs of Go's `fmt` that the language has.

use super::Table;
use super::arguments::{at_least, integer, number, text};
use super::encoding::{json, quoted};
use crate::types::to_bool;
use crate::value::Value;

pub(super) const TABLE: Table = &[
    ("format", |_, values| {
        let ([pattern], values) = at_least(values)?;
        format(&text(&pattern)?, &values).map(Value::String)
    }),
    ("formatlist", |_, values| {
        let ([pattern], values) = at_least(values)?;
        format_list(&text(&pattern)?, &values)
    }),
];

/// One text per element of the lists; values that are none go into each.
fn format_list(pattern: &str, values: &[Value]) -> Result<Value, String> {
    let lengths: Vec<_> = values
        .iter()
        .filter_map(|value| value.elements().map(<[Value]>::len))
        .collect();
    let length = lengths.first().copied().unwrap_or(1);
    if lengths.iter().any(|other| *other != length) {
        return Err("the lists are not of the same length".to_owned());
    }
    let texts = (0..length).map(|index| {
        let row: Vec<_> = values
            .iter()
            .map(|value| match value.elements() {
                Some(elements) => elements.get(index).cloned().unwrap_or(Value::Null),
                None => value.clone(),
            })
            .collect();
        format(pattern, &row)
    });
    texts.collect::<Result<Vec<_>, _>>().map(Value::texts)
}

fn format(pattern: &str, values: &[Value]) -> Result<String, String> {
    let mut formatted = String::with_capacity(pattern.len());
    let mut rest = pattern;
    let mut next = 0;
    let mut highest = 0;
    while let Some(start) = rest.find('%') {
        formatted.push_str(&rest[..start]);
        let (verb, after) = Verb::parse(&rest[start + 1..])?;
        rest = after;
        if verb.letter == '%' {
            formatted.push('%');
            continue;
        }
        let index = verb.argument.unwrap_or(next);
        next = index + 1;
        highest = highest.max(next);
        let value = values.get(index).ok_or_else(|| {
            format!(
                "not enough arguments for %{}: {} are given",
                verb.letter,
                values.len()
            )
        })?;
        let written = verb
            .write(value)
            .map_err(|wrong| format!("argument {next} for %{}: {wrong}", verb.letter))?;
        formatted.push_str(&written);
    }
    formatted.push_str(rest);
    if values.len() > highest {
        return Err(format!("too many arguments; only {highest} are used"));
    }
    Ok(formatted)
}

/// `%[1]+08.3f` and the like.
#[derive(Default)]
struct Verb {
    letter: char,
    argument: Option<usize>,
    flags: String,
    width: usize,
    precision: Option<usize>,
}

impl Verb {
    const LONGEST: usize = 1024;

    fn parse(text: &str) -> Result<(Self, &str), String> {
        let flags = text.len() - text.trim_start_matches(['+', '-', ' ', '0', '#']).len();
        let mut verb = Self {
            flags: text[..flags].to_owned(),
            ..Self::default()
        };
        let (width, mut rest) = digits(&text[flags..]);
        verb.width = width.unwrap_or_default().min(Self::LONGEST);
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = digits(after);
            verb.precision = Some(precision.unwrap_or_default().min(Self::LONGEST));
            rest = after;
        }
        if let Some(after) = rest.strip_prefix('[') {
            let (position, after) = digits(after);
            verb.argument = position.and_then(|position| position.checked_sub(1));
            rest = after
                .strip_prefix(']')
                .filter(|_| verb.argument.is_some())
                .ok_or("after %[ the number of an argument and ] are expected")?;
        }
        let letter = rest
            .chars()
            .next()
            .ok_or("the pattern ends within a verb")?;
        if !"%vtbdoxXeEfgGsq".contains(letter) {
            return Err(format!("there is no verb %{letter}"));
        }
        verb.letter = letter;
        Ok((verb, &rest[letter.len_utf8()..]))
    }

    fn write(&self, value: &Value) -> Result<String, String> {
        if *value == Value::Null && self.letter != 'v' {
            return Err("it is null".to_owned());
        }
        Ok(match self.letter {
            'v' => self.padded(&match value {
                Value::String(text) if !self.has('#') => text.clone(),
                value => json(value)?,
            }),
            's' => self.padded(&self.cut(text(value)?)),
            'q' => self.padded(&quoted(&self.cut(text(value)?))),
            't' => self.padded(&to_bool(value)?.to_string()),
            'b' | 'd' | 'o' | 'x' | 'X' => self.whole(integer(value)?),
            _ => self.fraction(number(value)?.as_f64()),
        })
    }

    fn cut(&self, text: String) -> String {
        match self.precision {
            Some(length) => text.chars().take(length).collect(),
            None => text,
        }
    }

    fn whole(&self, number: i64) -> String {
        let size = number.unsigned_abs();
        let digits = match self.letter {
            'b' => format!("{size:b}"),
            'o' => format!("{size:o}"),
            'x' => format!("{size:x}"),
            'X' => format!("{size:X}"),
            _ => size.to_string(),
        };
        self.signed(number < 0, &digits)
    }

    fn fraction(&self, number: f64) -> String {
        let size = number.abs();
        let precision = self.precision.unwrap_or(6);
        let digits = match self.letter {
            'f' => format!("{size:.precision$}"),
            'g' | 'G' => crate::number::Number::from(size).to_string(),
            _ => exponential(size, precision),
        };
        let digits = match self.letter {
            'E' | 'G' => digits.to_uppercase(),
            _ => digits,
        };
        self.signed(number < 0.0, &digits)
    }

    fn signed(&self, negative: bool, digits: &str) -> String {
        let sign = match () {
            () if negative => "-",
            () if self.has('+') => "+",
            () if self.has(' ') => " ",
            () => "",
        };
        if self.has('0') && !self.has('-') {
            let width = self.width.saturating_sub(sign.len());
            return format!("{sign}{digits:0>width$}");
        }
        self.padded(&format!("{sign}{digits}"))
    }

    fn padded(&self, text: &str) -> String {
        let width = self.width;
        if self.has('-') {
            format!("{text:<width$}")
        } else {
            format!("{text:>width$}")
        }
    }

    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }
}

/// The number a text begins with, and what follows it.
fn digits(text: &str) -> (Option<usize>, &str) {
    let end = text
        .find(|one: char| !one.is_ascii_digit())
        .unwrap_or(text.len());
    (text[..end].parse().ok(), &text[end..])
}

/// Go writes at least two digits of the exponent, and its sign.
fn exponential(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, size) = match exponent.strip_prefix('-') {
        Some(size) => ('-', size),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{size:0>2}")
}
