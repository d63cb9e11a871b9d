//! Files named by a number: what tools of that kind share.

use crate::migration::Migration;
use crate::project::{Project, join};

/// Files directly in a directory whose name `parse` takes apart into the id,
/// version and name of a migration, in the order of file names.
pub(super) fn files(
    project: &Project,
    directory: &str,
    parse: impl Fn(&str) -> Option<(String, String, String)>,
) -> Vec<Migration> {
    project
        .files(directory)
        .into_iter()
        .filter_map(|file| {
            let (id, version, name) = parse(&file)?;
            Some(Migration::new(id, version, name, join(directory, &file)))
        })
        .collect()
}

/// The digits a name begins with, and what stands behind them and `_`.
pub(super) fn digits_and_rest(stem: &str) -> Option<(&str, &str)> {
    let end = stem.bytes().take_while(u8::is_ascii_digit).count();
    if end == 0 {
        return None;
    }
    let rest = &stem[end..];
    Some((&stem[..end], rest.strip_prefix('_').unwrap_or(rest)))
}

/// A number without leading zeros.
pub(crate) fn bare(number: &str) -> String {
    let bare = number.trim_start_matches('0');
    if bare.is_empty() { "0" } else { bare }.to_owned()
}
