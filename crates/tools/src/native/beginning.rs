//! The files with which tools' own generators begin a migration.

use jiff::{Timestamp, ToSpan};
use shipgate_migrate::directory::Directory;

/// A moment as a version, in the next free second.
pub(super) fn free_moment(directory: &Directory, now: Timestamp, format: &str) -> String {
    let mut moment = now;
    loop {
        let version = moment.strftime(format).to_string();
        let begins = |name: &str| {
            let behind = name.strip_prefix(&version);
            behind.is_some_and(|behind| behind.starts_with(['_', '/']))
        };
        let is_taken = directory.files().iter().any(|file| begins(file.name()));
        match moment.checked_add(1.second()) {
            Ok(later) if is_taken => moment = later,
            _ => return version,
        }
    }
}

/// A name in which all but letters and digits are `_`, and words begin in
/// lower case.
pub(super) fn words(name: &str) -> String {
    let mut words = String::new();
    let mut previous = '_';
    for letter in name.chars() {
        let letter_or_gap = if letter.is_alphanumeric() {
            letter
        } else {
            '_'
        };
        let begins_word =
            letter.is_uppercase() && (previous.is_lowercase() || previous.is_numeric());
        if begins_word || (letter_or_gap == '_' && previous != '_') {
            words.push('_');
        }
        if letter_or_gap != '_' {
            words.extend(letter.to_lowercase());
        }
        previous = letter_or_gap;
    }
    words.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn names_become_words() {
        for (name, expected) in [
            ("add users", "add_users"),
            ("addUsers2", "add_users2"),
            ("Add -- Users!", "add_users"),
            ("a_b", "a_b"),
        ] {
            assert_eq!(words(name), expected, "{name}");
        }
    }
}
