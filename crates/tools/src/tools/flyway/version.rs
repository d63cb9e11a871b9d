//! Versions, and what the history calls a migration.

use std::cmp::Ordering;

use shipgate_migrate::formats::FLYWAY;

/// What a repeatable migration's id begins with.
const REPEATABLE: &str = "R ";

/// Equal versions, however written, have one id.
pub(crate) fn id(version: &str, description: &str) -> String {
    if version.is_empty() {
        return format!("{REPEATABLE}{description}");
    }
    let mut parts: Vec<&str> = version
        .split(['.', '_'])
        .map(|part| match part.trim_start_matches('0') {
            "" => "0",
            part => part,
        })
        .collect();
    while parts.len() > 1 && parts.last() == Some(&"0") {
        parts.pop();
    }
    parts.join(".")
}

/// Number by number; repeatables last.
pub(crate) fn compare_versions(a: &str, b: &str) -> Ordering {
    match (a.strip_prefix(REPEATABLE), b.strip_prefix(REPEATABLE)) {
        (None, None) => FLYWAY.compare_versions(a, b),
        (a, b) => a.cmp(&b),
    }
}

#[cfg(test)]
mod tests {
    use super::{compare_versions, id};

    #[test]
    fn versions_are_compared_number_by_number() {
        assert!(compare_versions("1.2", "1.10").is_lt());
        assert!(compare_versions("1", "1.0").is_eq());
        assert!(compare_versions("R a", "9").is_gt());
        assert_eq!(id("01_2.0", ""), "1.2");
        assert_eq!(id("", "views"), "R views");
    }
}
