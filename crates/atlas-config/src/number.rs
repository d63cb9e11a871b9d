//! Numbers: whole ones exactly, others as far as a double goes.

use std::cmp::Ordering;
use std::fmt;

/// A number of the configuration language.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole number.
    Integer(i64),
    /// Any other, or one that is too large for the above. Never a whole
    /// number that would fit there.
    Float(f64),
}

impl Number {
    /// The number as a double.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a double is all that other numbers are"
    )]
    pub(crate) const fn as_f64(self) -> f64 {
        match self {
            Self::Integer(number) => number as f64,
            Self::Float(number) => number,
        }
    }

    /// The number, if it is whole.
    pub(crate) const fn as_integer(self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(number),
            Self::Float(_) => None,
        }
    }

    /// The number that a decimal text represents.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse() {
            return Some(Self::Integer(number));
        }
        let decimal = text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
        let number: f64 = text.parse().ok()?;
        (decimal && number.is_finite()).then(|| Self::from(number))
    }
}

impl From<f64> for Number {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "numbers beyond 2^53 stay doubles"
    )]
    fn from(number: f64) -> Self {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if number.trunc() == number && number.abs() < EXACT {
            Self::Integer(number as i64)
        } else {
            Self::Float(number)
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(left), Self::Integer(right)) => Some(left.cmp(right)),
            _ => self.as_f64().partial_cmp(&other.as_f64()),
        }
    }
}

impl fmt::Display for Number {
    /// In decimal, with the fifteen digits a double is sure of, so that a
    /// tenth and two tenths are three.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Float(number) => {
                let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(*number);
                rounded.fmt(f)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Number;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        for (number, text) in [
            (Number::from(1000.0), "1000"),
            (Number::from(0.1 + 0.2), "0.3"),
            (Number::from(-2.5), "-2.5"),
            (Number::Integer(i64::MAX), "9223372036854775807"),
        ] {
            assert_eq!(number.to_string(), text);
        }
    }

    #[test]
    fn only_decimal_texts_are_numbers() {
        assert_eq!(Number::parse("1e3"), Some(Number::Integer(1000)));
        assert_eq!(Number::parse("-1.5"), Some(Number::Float(-1.5)));
        for text in ["", "0x10", "inf", "NaN", "1_000", " 1"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }
}
