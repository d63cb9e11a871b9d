//! The functions expressions may call: Atlas's, by file of their subject.
//!
//! A function takes all its values and says what is wrong with them without
//! showing any.

mod arguments;
mod collections;
mod encoding;
mod files;
mod format;
mod lists;
mod numbers;
mod regular;
mod sets;
mod strings;
mod time;
mod urls;
mod yaml;

use crate::error::nearest;
use crate::evaluate::Evaluator;
use crate::value::Value;

/// A function. Err: what is wrong with what it was given.
pub(crate) type Function = fn(&Evaluator<'_>, Vec<Value>) -> Result<Value, String>;

/// Functions with their names.
type Table = &'static [(&'static str, Function)];

const TABLES: [Table; 12] = [
    collections::TABLE,
    encoding::TABLE,
    files::TABLE,
    format::TABLE,
    lists::TABLE,
    numbers::TABLE,
    regular::TABLE,
    sets::TABLE,
    strings::TABLE,
    time::TABLE,
    urls::TABLE,
    yaml::TABLE,
];

/// The function of this name; `try` and `can` are none, as they take expressions.
pub(crate) fn find(name: &str) -> Option<Function> {
    all()
        .find(|(known, _)| *known == name)
        .map(|(_, function)| function)
}

/// The function that is meant, perhaps.
pub(crate) fn nearest_to(name: &str) -> Option<String> {
    let names: Vec<_> = all().map(|(name, _)| name).chain(["try", "can"]).collect();
    nearest(name, &names)
}

fn all() -> impl Iterator<Item = (&'static str, Function)> {
    TABLES.into_iter().flatten().copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::all;

    #[test]
    fn no_name_means_two_functions() {
        let names: Vec<_> = all().map(|(name, _)| name).collect();
        let unique: BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
    }
}
