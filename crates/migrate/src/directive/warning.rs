//! What looks like a directive and is none.

use std::fmt;

use super::file::OWN;
use super::line::{ATLAS, Line, SHIPGATE};
use super::search::{FoundLine, LineSearch};

/// A line that looks like a directive but is not obeyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The line, from 1.
    pub line: usize,
    /// The line's text, without the blanks around it.
    pub text: String,
    /// Why it is not obeyed.
    pub reason: WarningReason,
}

/// Why a line that looks like a directive is not obeyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WarningReason {
    /// No directive has this name.
    UnknownName {
        /// The known name most like it.
        nearest: Option<&'static str>,
    },
    /// No directive of Shipgate's own has this name.
    UnknownOwnName {
        /// The known name most like it.
        nearest: Option<&'static str>,
    },
    /// A file directive outside the opening comment block.
    NotInOpeningBlock,
    /// A directive that counts in the first line only.
    NotInFirstLine,
    /// `delimiter` must follow `-- ` exactly.
    DelimiterPrefix,
    /// `sum` knows no other argument than `ignore`.
    SumArgument,
    /// `sum ignore` followed by blanks or a carriage return, which other programs would not obey.
    SumTrailingBlanks,
}

const IN_FIRST_LINE: [&str; 2] = ["sum", "delimiter"];
const IN_OPENING_BLOCK: [&str; 3] = ["txmode", "checkpoint", "txtar"];
const ANYWHERE: [&str; 2] = ["nolint", "assert"];

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: \"{}\" is ignored: ", self.line, self.text)?;
        match &self.reason {
            WarningReason::UnknownName { nearest: None }
            | WarningReason::UnknownOwnName { nearest: None } => {
                f.write_str("there is no directive of this name")
            }
            WarningReason::UnknownName {
                nearest: Some(nearest),
            } => write!(
                f,
                "there is no directive of this name; did you mean \"atlas:{nearest}\"?"
            ),
            WarningReason::UnknownOwnName {
                nearest: Some(nearest),
            } => write!(
                f,
                "there is no directive of this name; did you mean \"shipgate:{nearest}\"?"
            ),
            WarningReason::NotInOpeningBlock => {
                f.write_str("it must stand in the comment lines at the very start of the file")
            }
            WarningReason::NotInFirstLine => f.write_str("it must be the first line of the file"),
            WarningReason::DelimiterPrefix => {
                f.write_str("the line must begin with exactly \"-- atlas:delimiter\"")
            }
            WarningReason::SumArgument => f.write_str("the only form is \"atlas:sum ignore\""),
            WarningReason::SumTrailingBlanks => {
                f.write_str("blanks or a carriage return follow it, and checksums count every byte")
            }
        }
    }
}

/// The words of which every directive has one.
pub(crate) const MARKS: [&str; 2] = [ATLAS, SHIPGATE];

/// Finds the lines of a file that look like directives and are not obeyed.
#[must_use]
pub fn warnings(content: &[u8]) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut search = LineSearch::new(&MARKS);
    let mut see = |line: &FoundLine<'_>| found.extend(warning(line));
    search.feed(content, &mut see);
    search.finish(&mut see);
    found
}

/// The warning about a line, if it looks like a directive and is not obeyed.
pub(crate) fn warning(found: &FoundLine<'_>) -> Option<Warning> {
    let text = found.text.trim_end_matches('\r');
    let reason = match Line::parse(text) {
        Some(line) => reason(&line, found.number, found.in_opening_block, found.text)?,
        None => reason_of_own(&Line::parse_own(text)?, found.in_opening_block)?,
    };
    Some(Warning {
        line: found.number,
        text: found.text.trim().to_owned(),
        reason,
    })
}

fn reason_of_own(line: &Line<'_>, in_block: bool) -> Option<WarningReason> {
    if !opens_a_comment(line) {
        return None;
    }
    if !OWN.contains(&line.name) {
        let nearest = nearest(line.name, OWN.into_iter());
        return Some(WarningReason::UnknownOwnName { nearest });
    }
    (!in_block).then_some(WarningReason::NotInOpeningBlock)
}

fn opens_a_comment(line: &Line<'_>) -> bool {
    matches!(
        line.prefix.trim_start(),
        "--" | "-- " | "#" | "# " | "/*" | "/* "
    )
}

fn reason(line: &Line<'_>, number: usize, in_block: bool, text: &str) -> Option<WarningReason> {
    let is_first = number == 1;
    let is_obeyed_with_any_prefix = is_first && line.name == "sum";
    if !opens_a_comment(line) && !is_obeyed_with_any_prefix {
        return None;
    }
    match line.name {
        "sum" if !is_first => Some(WarningReason::NotInFirstLine),
        "sum" if line.argument != "ignore" => Some(WarningReason::SumArgument),
        "sum" if text.ends_with([' ', '\t', '\r']) => Some(WarningReason::SumTrailingBlanks),
        "delimiter" if !is_first => Some(WarningReason::NotInFirstLine),
        "delimiter" if line.prefix != "-- " => Some(WarningReason::DelimiterPrefix),
        name if IN_OPENING_BLOCK.contains(&name) && !in_block => {
            Some(WarningReason::NotInOpeningBlock)
        }
        name if is_known(name) => None,
        name => Some(WarningReason::UnknownName {
            nearest: nearest(name, known()),
        }),
    }
}

fn is_known(name: &str) -> bool {
    known().any(|known| known == name)
}

fn known() -> impl Iterator<Item = &'static str> {
    IN_FIRST_LINE
        .into_iter()
        .chain(IN_OPENING_BLOCK)
        .chain(ANYWHERE)
}

/// The known name within two edits, if there is one.
fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    known
        .map(|known| {
            (
                strsim::levenshtein(&name.to_ascii_lowercase(), known),
                known,
            )
        })
        .filter(|(distance, _)| *distance <= 2)
        .min()
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, proptest};

    use super::{WarningReason, warnings};
    use crate::directive::FileDirectives;

    proptest! {
        #[test]
        fn no_content_makes_reading_panic(content in vec(any::<u8>(), 0..300)) {
            let _ = warnings(&content);
            let _ = FileDirectives::of(&content);
        }

        #[test]
        fn no_comment_makes_reading_panic(content in "(-- |#|/\\*)?.{0,5}atlas:[a-z]{0,9}.{0,20}\n?(-- atlas:\\PC{0,9}\n){0,3}") {
            let _ = warnings(content.as_bytes());
            let _ = FileDirectives::of(content.as_bytes());
        }
    }

    fn reasons(content: &str) -> Vec<(usize, WarningReason)> {
        warnings(content.as_bytes())
            .into_iter()
            .map(|warning| (warning.line, warning.reason))
            .collect()
    }

    #[test]
    fn a_misspelt_name_is_reported_with_the_nearest() {
        assert_eq!(
            reasons("-- atlas:txmod none\nSELECT 1;"),
            [(
                1,
                WarningReason::UnknownName {
                    nearest: Some("txmode")
                }
            )]
        );
        assert_eq!(
            warnings(b"-- atlas:txmod none\n")[0].to_string(),
            "line 1: \"-- atlas:txmod none\" is ignored: there is no directive of this name; \
             did you mean \"atlas:txmode\"?"
        );
    }

    #[test]
    fn a_file_directive_after_the_opening_block_is_reported() {
        assert_eq!(
            reasons("\n-- atlas:txmode none\nSELECT 1;"),
            [(2, WarningReason::NotInOpeningBlock)]
        );
        assert_eq!(
            reasons("/* atlas:txmode none */\nSELECT 1;"),
            [(1, WarningReason::NotInOpeningBlock)]
        );
    }

    #[test]
    fn first_line_directives_elsewhere_are_reported() {
        assert_eq!(
            reasons("-- x\n-- atlas:sum ignore\n--atlas:delimiter X\n"),
            [
                (2, WarningReason::NotInFirstLine),
                (3, WarningReason::NotInFirstLine)
            ]
        );
        assert_eq!(
            reasons("--atlas:delimiter X\n"),
            [(1, WarningReason::DelimiterPrefix)]
        );
        assert_eq!(
            reasons("-- atlas:sum ignore\r\n"),
            [(1, WarningReason::SumTrailingBlanks)]
        );
        assert_eq!(
            reasons("-- atlas:sum off\n"),
            [(1, WarningReason::SumArgument)]
        );
    }

    #[test]
    fn what_is_obeyed_or_only_mentions_a_directive_is_not_reported() {
        let content = "-- atlas:delimiter \\n\\n\n-- atlas:txmode none\r\n\n-- see atlas:docs\n\
                       -- atlas:nolint DS102\nDROP TABLE t;\nINSERT INTO t VALUES ('-- atlas:x');";
        assert_eq!(reasons(content), []);
    }
}
