//! Numbers, characters and strings as a template writes them.

use crate::quote::Quoted;

/// A number in every type that can hold it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Number {
    /// As written.
    pub(crate) text: String,
    pub(crate) int: Option<i64>,
    pub(crate) float: Option<f64>,
}

impl Number {
    /// Reads a number as Go does: `0x2a`, `052`, `0b1`, `1_000`, `1e3`, `0x1p-2`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let illegal = || format!("illegal number syntax: {}", Quoted(text));
        let mut number = Self {
            text: text.to_owned(),
            int: None,
            float: None,
        };
        if let Some((negative, magnitude)) = integer(text) {
            let signed = i128::from(magnitude) * if negative { -1 } else { 1 };
            number.int = i64::try_from(signed).ok();
            #[expect(clippy::cast_precision_loss, reason = "as Go converts them")]
            let float = signed as f64;
            number.float = Some(float);
            if number.int.is_none() && negative {
                return Err(format!("integer overflow: {}", Quoted(text)));
            }
            return Ok(number);
        }
        let float = float(text).ok_or_else(illegal)?;
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Err(format!("integer overflow: {}", Quoted(text)));
        }
        number.float = Some(float);
        // Beyond 2^53 every float is whole; i64 ends at 2^63.
        if float.fract() == 0.0 && float.abs() < 9_223_372_036_854_775_808.0 {
            #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
            let int = float as i64;
            number.int = Some(int);
        }
        Ok(number)
    }

    /// A character constant, which is a number.
    pub(crate) fn character(text: &str) -> Result<Self, String> {
        let inner = text.strip_prefix('\'').unwrap_or(text);
        let (unit, tail) = unquote_char(inner, '\'').ok_or("invalid syntax")?;
        if tail != "'" {
            return Err(format!("malformed character constant: {text}"));
        }
        let code = match unit {
            Unit::Char(letter) => u32::from(letter),
            Unit::Byte(byte) => u32::from(byte),
        };
        Ok(Self {
            text: text.to_owned(),
            int: Some(i64::from(code)),
            float: Some(f64::from(code)),
        })
    }

    /// Whether it is written so that it means a float where nothing else says
    /// what it is.
    pub(crate) fn is_written_as_float(&self) -> bool {
        let hexadecimal = (self.text.starts_with("0x") || self.text.starts_with("0X"))
            && !self.text.contains(['p', 'P']);
        !hexadecimal
            && !self.text.starts_with('\'')
            && self.text.contains(['.', 'e', 'E', 'p', 'P'])
    }
}

/// Sign and magnitude of an integer with its prefix and underscores.
fn integer(text: &str) -> Option<(bool, u64)> {
    let (negative, unsigned) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let lower = unsigned.to_ascii_lowercase();
    let (radix, digits, prefixed) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest, true)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest, true)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest, true)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..], true)
    } else {
        (10, lower.as_str(), false)
    };
    let digits = without_underscores(digits, prefixed)?;
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(&digits, radix)
        .ok()
        .map(|magnitude| (negative, magnitude))
}

/// The digits alone; underscores may stand between digits, and after a prefix.
fn without_underscores(digits: &str, prefixed: bool) -> Option<String> {
    let wrong =
        digits.ends_with('_') || digits.contains("__") || (digits.starts_with('_') && !prefixed);
    (!wrong && !digits.is_empty()).then(|| digits.replace('_', ""))
}

fn float(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    let unsigned = lower.strip_prefix(['+', '-']).unwrap_or(&lower);
    if let Some(digits) = unsigned.strip_prefix("0x") {
        let float = hexadecimal_float(digits)?;
        return Some(if text.starts_with('-') { -float } else { float });
    }
    // "inf" and "nan" are numbers to Rust and names to Go's templates.
    if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        || unsigned.contains('_')
    {
        return None;
    }
    lower.parse().ok().filter(|float: &f64| float.is_finite())
}

/// `1.8p3`: a mantissa in base sixteen, an exponent of two in base ten.
fn hexadecimal_float(digits: &str) -> Option<f64> {
    let (mantissa, exponent) = digits.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0_f64;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let exponent: i32 = exponent.parse().ok()?;
    let fraction = i32::try_from(fraction.len()).ok()?;
    let exponent = exponent.checked_sub(fraction.checked_mul(4)?)?;
    Some(value * 2.0_f64.powi(exponent)).filter(|value| value.is_finite())
}

/// The text of a string in double quotes or back quotes.
pub(crate) fn unquote(text: &str) -> Result<String, &'static str> {
    const INVALID: &str = "invalid syntax";
    if let Some(raw) = text.strip_prefix('`') {
        let raw = raw.strip_suffix('`').ok_or(INVALID)?;
        return Ok(raw.replace('\r', ""));
    }
    let mut rest = text.strip_prefix('"').ok_or(INVALID)?;
    let mut bytes = Vec::new();
    while rest != "\"" {
        let (unit, tail) = unquote_char(rest, '"').ok_or(INVALID)?;
        match unit {
            Unit::Char(letter) => {
                bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Unit::Byte(byte) => bytes.push(byte),
        }
        rest = tail;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What one escape or character stands for.
enum Unit {
    Char(char),
    Byte(u8),
}

/// The first character of a literal's inside, and what follows it.
fn unquote_char(text: &str, quote: char) -> Option<(Unit, &str)> {
    let mut letters = text.chars();
    let first = letters.next()?;
    if first == quote || first == '\n' {
        return None;
    }
    if first != '\\' {
        return Some((Unit::Char(first), letters.as_str()));
    }
    let kind = letters.next()?;
    let rest = letters.as_str();
    let plain = |letter| Some((Unit::Char(letter), rest));
    match kind {
        'a' => plain('\x07'),
        'b' => plain('\x08'),
        'f' => plain('\x0c'),
        'n' => plain('\n'),
        'r' => plain('\r'),
        't' => plain('\t'),
        'v' => plain('\x0b'),
        '\\' => plain('\\'),
        '\'' | '"' if kind == quote => plain(quote),
        'x' => {
            let (code, rest) = digits(rest, 2, 16)?;
            Some((Unit::Byte(u8::try_from(code).ok()?), rest))
        }
        'u' | 'U' => {
            let (code, rest) = digits(rest, if kind == 'u' { 4 } else { 8 }, 16)?;
            Some((Unit::Char(char::from_u32(code)?), rest))
        }
        '0'..='7' => {
            let (code, rest) = digits(&text[1..], 3, 8)?;
            Some((Unit::Byte(u8::try_from(code).ok()?), rest))
        }
        _ => None,
    }
}

fn digits(text: &str, count: usize, radix: u32) -> Option<(u32, &str)> {
    let number = text.get(..count)?;
    if !number.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    Some((u32::from_str_radix(number, radix).ok()?, &text[count..]))
}
