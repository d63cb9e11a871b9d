//! Versions that a tool takes as numbers.

use std::cmp::Ordering;

/// Two whole numbers by their value, anything else byte by byte.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    match (value(a), value(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.cmp(b),
    }
}

/// Why a tool that takes numbers only would pass a file over.
pub(super) fn fault(version: &str, tool: &str) -> Option<String> {
    value(version)
        .is_none()
        .then(|| format!("{tool} takes no file whose name does not begin with a number and `_`"))
}

fn value(version: &str) -> Option<u128> {
    let is_number = version.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| version.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::{compare, fault};

    #[test]
    fn numbers_go_by_their_value() {
        assert_eq!(compare("2", "10"), Ordering::Less);
        assert_eq!(compare("001", "1"), Ordering::Equal);
        assert_eq!(compare("b", "a"), Ordering::Greater);
    }

    #[test]
    fn what_is_no_number_is_a_fault() {
        assert!(fault("x", "goose").is_some());
        assert!(fault("", "goose").is_some());
        assert!(fault("0007", "goose").is_none());
    }
}
