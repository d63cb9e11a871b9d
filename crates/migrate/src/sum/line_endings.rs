//! Telling a checkout with other line endings from an edit.

use std::borrow::Cow;

use crate::directory::File;
use crate::sum::compute::{Entry, HashChain};

/// The files whose content is as recorded but for CRLF and LF, if that
/// explains every difference; none if anything else differs.
pub(super) fn differing_only_in_line_endings(
    files: &[File],
    recorded: &[Entry],
) -> Option<Vec<String>> {
    let mut recorded = recorded.iter();
    let mut chain = HashChain::default();
    let mut names = Vec::new();
    for file in files {
        chain.feed(file.name().as_bytes());
        if file.directives().sum_ignored {
            continue;
        }
        let entry = recorded.next().filter(|entry| entry.name == file.name())?;
        let variants = [
            Cow::Borrowed(file.content()),
            Cow::Owned(with_newlines(file.content())),
            Cow::Owned(with_carriage_returns(file.content())),
        ];
        let (index, matching) = variants.iter().enumerate().find_map(|(index, content)| {
            let mut chain = chain.clone();
            chain.feed(content);
            (chain.digest() == entry.hash).then_some((index, chain))
        })?;
        if index > 0 {
            names.push(file.name().to_owned());
        }
        chain = matching;
    }
    (recorded.next().is_none() && !names.is_empty()).then_some(names)
}

fn with_newlines(content: &[u8]) -> Vec<u8> {
    let mut changed = Vec::with_capacity(content.len());
    for (index, &byte) in content.iter().enumerate() {
        if byte != b'\r' || content.get(index + 1) != Some(&b'\n') {
            changed.push(byte);
        }
    }
    changed
}

fn with_carriage_returns(content: &[u8]) -> Vec<u8> {
    let mut changed = Vec::with_capacity(content.len() + content.len() / 16);
    for (index, &byte) in content.iter().enumerate() {
        if byte == b'\n' && (index == 0 || content[index - 1] != b'\r') {
            changed.push(b'\r');
        }
        changed.push(byte);
    }
    changed
}
