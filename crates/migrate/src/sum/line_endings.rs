//! Telling a checkout with other line endings from an edit.

use crate::directory::{DirectoryError, File};
use crate::sum::compute::{Entry, HashChain};

/// How a file's lines end in what is hashed.
#[derive(Clone, Copy)]
enum Ends {
    AsTheyAre,
    LineFeeds,
    CarriageReturns,
}

/// The files whose content is as recorded but for CRLF and LF, if that
/// explains every difference; none if anything else differs, or a file cannot
/// be read again.
pub(super) fn differing_only_in_line_endings(
    files: &[File],
    recorded: &[Entry<'_>],
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
        let variants = [Ends::AsTheyAre, Ends::LineFeeds, Ends::CarriageReturns];
        let (index, matching) = variants.into_iter().enumerate().find_map(|(index, ends)| {
            let mut chain = chain.clone();
            feed(&mut chain, file, ends).ok()?;
            (chain.digest() == entry.hash).then_some((index, chain))
        })?;
        if index > 0 {
            names.push(file.name().to_owned());
        }
        chain = matching;
    }
    (recorded.next().is_none() && !names.is_empty()).then_some(names)
}

fn feed(chain: &mut HashChain, file: &File, ends: Ends) -> Result<(), DirectoryError> {
    let mut pieces = file.pieces()?;
    let mut before = 0;
    let mut changed = Vec::new();
    while let Some(piece) = pieces.next()? {
        changed.clear();
        for &byte in piece {
            match ends {
                Ends::AsTheyAre => changed.push(byte),
                Ends::LineFeeds => {
                    // A carriage return is written when it is known what follows.
                    if before == b'\r' && byte != b'\n' {
                        changed.push(b'\r');
                    }
                    if byte != b'\r' {
                        changed.push(byte);
                    }
                }
                Ends::CarriageReturns => {
                    if byte == b'\n' && before != b'\r' {
                        changed.push(b'\r');
                    }
                    changed.push(byte);
                }
            }
            before = byte;
        }
        chain.feed(&changed);
    }
    if matches!(ends, Ends::LineFeeds) && before == b'\r' {
        chain.feed(b"\r");
    }
    Ok(())
}
