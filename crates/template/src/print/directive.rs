//! A directive of a format: flags, width, precision, argument numbers, verb.

use super::pad::Flags;
use crate::value::Value;

/// A directive, and where the format goes on.
pub(super) struct Directive<'f> {
    pub(super) flags: Flags,
    /// None if the format ends before it.
    pub(super) verb: Option<char>,
    /// The argument it takes.
    pub(super) next: usize,
    /// Whether an argument was named by its number.
    pub(super) reordered: bool,
    pub(super) bad_index: bool,
    /// What is wrong with width and precision.
    pub(super) errors: Vec<&'static str>,
    pub(super) rest: &'f str,
}

/// Beyond this a number is no width.
const TOO_LARGE: usize = 1_000_000;

/// Reads what follows a `%`. `next` is the argument whose turn it is.
pub(super) fn parse<'f>(format: &'f str, next: usize, values: &[Value]) -> Directive<'f> {
    let mut directive = Directive {
        flags: Flags::default(),
        verb: None,
        next,
        reordered: false,
        bad_index: false,
        errors: Vec::new(),
        rest: format,
    };
    directive.take_flags();
    let mut after_index = directive.take_index(values);
    if directive.take('*') {
        match directive.width_argument(values) {
            Some(width) => {
                directive.flags.minus |= width < 0;
                directive.flags.zero &= width >= 0;
                directive.flags.width = usize::try_from(width.unsigned_abs()).ok();
            }
            None => directive.errors.push("%!(BADWIDTH)"),
        }
        after_index = false;
    } else {
        directive.flags.width = directive.take_number();
        directive.bad_index |= after_index && directive.flags.width.is_some();
    }
    // A dot at the very end of the format is a verb, and no good one.
    if directive.rest.len() > 1 && directive.take('.') {
        directive.bad_index |= after_index;
        after_index = directive.take_index(values);
        if directive.take('*') {
            match directive.width_argument(values) {
                Some(precision) if precision >= 0 => {
                    directive.flags.precision = usize::try_from(precision).ok();
                }
                _ => directive.errors.push("%!(BADPREC)"),
            }
            after_index = false;
        } else {
            directive.flags.precision = Some(directive.take_number().unwrap_or(0));
        }
    }
    if !after_index {
        directive.take_index(values);
    }
    directive.take_verb();
    directive
}

impl Directive<'_> {
    fn take(&mut self, wanted: char) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn take_flags(&mut self) {
        while let Some(flag) = self.rest.chars().next() {
            match flag {
                '#' => self.flags.sharp = true,
                '0' => self.flags.zero = true,
                '+' => self.flags.plus = true,
                '-' => self.flags.minus = true,
                ' ' => self.flags.space = true,
                _ => return,
            }
            self.rest = &self.rest[1..];
        }
    }

    fn take_verb(&mut self) {
        let mut letters = self.rest.chars();
        self.verb = letters.next();
        self.rest = letters.as_str();
    }

    /// Digits; none, or what they make is too large.
    fn take_number(&mut self) -> Option<usize> {
        let end = self.rest.find(|letter: char| !letter.is_ascii_digit());
        let (digits, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        if digits.is_empty() {
            return None;
        }
        // A number is too large when it is before its last digit; the rest of
        // the format is then lost.
        let number: Option<usize> = digits.parse().ok();
        let number = number.filter(|number| number / 10 <= TOO_LARGE);
        self.rest = if number.is_some() { rest } else { "" };
        number
    }

    /// `[3]`: the number of an argument, from 1; whether there is a good one.
    fn take_index(&mut self, values: &[Value]) -> bool {
        let Some(inside) = self.rest.strip_prefix('[') else {
            return false;
        };
        self.reordered = true;
        let Some((number, rest)) = inside.split_once(']') else {
            self.rest = inside;
            self.bad_index = true;
            return false;
        };
        self.rest = rest;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let index = number
            .parse::<usize>()
            .ok()
            .and_then(|number| number.checked_sub(1))
            .filter(|index| is_number && *index < values.len());
        match index {
            Some(index) => {
                self.next = index;
                true
            }
            None => {
                self.bad_index = true;
                is_number
            }
        }
    }

    /// A width or precision that is an argument.
    fn width_argument(&mut self, values: &[Value]) -> Option<i64> {
        let value = values.get(self.next)?;
        self.next += 1;
        let number = match value {
            Value::Int(number) => *number,
            Value::Byte(number) => i64::from(*number),
            _ => return None,
        };
        (number.unsigned_abs() <= TOO_LARGE as u64).then_some(number)
    }
}
