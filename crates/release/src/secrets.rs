//! Values that must not be seen, and masking them in what is seen.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What stands where a secret stood.
const MASK: &str = "***";

/// Shorter values are not masked: they would hide half of every log.
const SHORTEST: usize = 6;

/// Secret values. `Debug` tells how many there are, no more.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// These values, longest first, so that no part of one is left standing.
    pub fn new(values: impl IntoIterator<Item = String>) -> Self {
        let mut values: Vec<String> = values
            .into_iter()
            .filter(|value| value.len() >= SHORTEST)
            .collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        Self(values)
    }

    /// Whether there is nothing to mask.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `text` with every secret masked.
    pub fn mask(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
    }

    /// `bytes` with every secret masked.
    pub fn mask_bytes<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let mut masked = Cow::Borrowed(bytes);
        for secret in &self.0 {
            if let Some(replaced) = replace(&masked, secret.as_bytes()) {
                masked = Cow::Owned(replaced);
            }
        }
        masked
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} values)", self.0.len())
    }
}

/// `bytes` with `secret` masked; `None` if it is not in them.
fn replace(bytes: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
    let mut replaced = Vec::new();
    let mut rest = bytes;
    while let Some(at) = find(rest, secret) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(MASK.as_bytes());
        rest = &rest[at + secret.len()..];
    }
    if rest.len() == bytes.len() {
        return None;
    }
    replaced.extend_from_slice(rest);
    Some(replaced)
}

fn find(bytes: &[u8], secret: &[u8]) -> Option<usize> {
    let first = *secret.first()?;
    let mut from = 0;
    while let Some(step) = bytes[from..].iter().position(|&byte| byte == first) {
        let at = from + step;
        if bytes[at..].starts_with(secret) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        let secrets = Secrets::new(["hunter22".to_owned(), "hunter22-long".to_owned()]);
        assert_eq!(secrets.mask("a hunter22-long, hunter22!"), "a ***, ***!");
        let bytes = secrets.mask_bytes(b"\xff hunter22 hunter2");
        assert_eq!(&*bytes, b"\xff *** hunter2");
    }

    #[test]
    fn a_value_too_short_to_be_a_secret_is_left_alone() {
        assert!(Secrets::new(["1".to_owned(), "true".to_owned()]).is_empty());
    }

    #[test]
    fn debugging_shows_no_secret() {
        let secrets = Secrets::new(["hunter22".to_owned()]);
        assert_eq!(format!("{secrets:?}"), "Secrets(1 values)");
    }
}
