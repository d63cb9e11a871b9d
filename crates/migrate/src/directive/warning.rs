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
    /// It is almost the directive that this is.
    Misspelt {
        /// As it would be obeyed.
        right: String,
    },
    /// Files of this layout do not have it.
    NotInFormat {
        /// The layout.
        format: &'static str,
        /// What to write instead, if there is such a thing.
        instead: Option<&'static str>,
    },
    /// `sum` knows no other argument than `ignore`.
    SumArgument,
    /// `sum ignore` followed by blanks or a carriage return, which other programs would not obey.
    SumTrailingBlanks,
}

const IN_FIRST_LINE: [&str; 2] = ["sum", "delimiter"];
const IN_OPENING_BLOCK: [&str; 3] = ["txmode", "checkpoint", "txtar"];
const ANYWHERE: [&str; 2] = ["nolint", "assert"];

/// What files of a layout may say about themselves beside Shipgate's own directives.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The layout's name.
    pub format: &'static str,
    /// Of Atlas's directives those that are obeyed.
    pub atlas: &'static [&'static str],
    /// How a file says that it runs without a transaction.
    pub without_transaction: Option<&'static str>,
}

impl Known {
    /// What Atlas's own files may say.
    pub const ATLAS: Self = Self {
        format: "atlas",
        atlas: &[
            "sum",
            "delimiter",
            "txmode",
            "checkpoint",
            "txtar",
            "nolint",
            "assert",
        ],
        without_transaction: Some("-- atlas:txmode none"),
    };
}

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
            WarningReason::Misspelt { right } => write!(f, "did you mean \"{right}\"?"),
            WarningReason::NotInFormat { format, instead } => {
                write!(f, "files of the format {format} do not have it")?;
                match instead {
                    Some(instead) => write!(f, "; there it is `{instead}`"),
                    None => Ok(()),
                }
            }
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

/// The words of which every line has one that is, or looks like, a directive.
pub(crate) const MARKS: [&str; 6] = [
    "atlas", "Atlas", "ATLAS", "shipgate", "Shipgate", "SHIPGATE",
];

/// Finds the lines of a file that look like directives and are not obeyed.
#[must_use]
pub fn warnings(content: &[u8], known: &Known) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut search = LineSearch::new(&MARKS);
    let mut see = |line: &FoundLine<'_>| found.extend(warning(line, known));
    search.feed(content, &mut see);
    search.finish(&mut see);
    in_order(&mut found);
    found
}

/// Orders warnings, of which a line with several marks may have given the same twice.
pub(crate) fn in_order(warnings: &mut Vec<Warning>) {
    warnings.sort_by_key(|warning| warning.line);
    warnings.dedup();
}

/// The warning about a line, if it looks like a directive and is not obeyed.
pub(crate) fn warning(found: &FoundLine<'_>, known: &Known) -> Option<Warning> {
    let text = found.text.trim_end_matches('\r');
    let reason = match (Line::parse(text), Line::parse_own(text)) {
        (Some(line), _) => reason(
            &line,
            found.number,
            found.in_opening_block,
            found.text,
            known,
        )?,
        (None, Some(line)) => reason_of_own(&line, text, found.in_opening_block)?,
        (None, None) => WarningReason::Misspelt {
            right: almost(text)?,
        },
    };
    Some(Warning {
        line: found.number,
        text: found.text.trim().to_owned(),
        reason,
    })
}

/// The directive that a comment is almost: with a blank, a tab, capitals or a
/// hyphen where there must be none, or without its colon.
fn almost(text: &str) -> Option<String> {
    let text = text.trim_start();
    let rest = ["--", "#", "/*"]
        .into_iter()
        .find_map(|open| text.strip_prefix(open))?
        .trim_start();
    let (owner, rest) = [SHIPGATE, ATLAS].into_iter().find_map(|mark| {
        let owner = mark.trim_end_matches(':');
        let is = rest.get(..owner.len())?.eq_ignore_ascii_case(owner);
        is.then(|| (mark, rest[owner.len()..].trim_start()))
    })?;
    let (has_colon, rest) = match rest.strip_prefix(':') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, rest),
    };
    let name = word(rest);
    let name = match owner {
        SHIPGATE if has_colon => nearest(&name, OWN.into_iter())?,
        SHIPGATE => OWN.into_iter().find(|own| *own == name)?,
        // Comments say much about Atlas.
        _ if has_colon => known().find(|known| *known == name)?,
        _ => return None,
    };
    Some(format!("-- {owner}{name}"))
}

/// A name as it would be written if it were one.
fn word(text: &str) -> String {
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
        .unwrap_or(text.len());
    text[..end].to_ascii_lowercase().replace('-', "_")
}

fn reason_of_own(line: &Line<'_>, text: &str, in_block: bool) -> Option<WarningReason> {
    if !opens_a_comment(line) {
        return None;
    }
    if !OWN.contains(&line.name) {
        let whole = text.rsplit(SHIPGATE).next().map(word).unwrap_or_default();
        let nearest = nearest(&whole, OWN.into_iter());
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

fn reason(
    line: &Line<'_>,
    number: usize,
    in_block: bool,
    text: &str,
    of_format: &Known,
) -> Option<WarningReason> {
    let is_first = number == 1;
    let is_obeyed_with_any_prefix = is_first && line.name == "sum";
    if !opens_a_comment(line) && !is_obeyed_with_any_prefix {
        return None;
    }
    if is_known(line.name) && !of_format.atlas.contains(&line.name) {
        let instead = of_format.without_transaction;
        return Some(WarningReason::NotInFormat {
            format: of_format.format,
            instead: instead.filter(|_| line.name == "txmode" && line.argument == "none"),
        });
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

    use super::{Known, Warning, WarningReason};
    use crate::directive::FileDirectives;

    fn warnings(content: &[u8]) -> Vec<Warning> {
        super::warnings(content, &Known::ATLAS)
    }

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

    #[test]
    fn what_is_almost_a_directive_is_reported_with_the_right_form() {
        for line in [
            "-- shipgate: lock_timeout 2s",
            "--\tshipgate:lock_timeout 2s",
            "-- Shipgate:lock_timeout 2s",
            "-- SHIPGATE:LOCK_TIMEOUT 2s",
            "-- shipgate lock_timeout 2s",
            "# shipgate : lock-timeout 2s",
        ] {
            let right = "-- shipgate:lock_timeout".to_owned();
            assert_eq!(
                reasons(line),
                [(1, WarningReason::Misspelt { right })],
                "{line}"
            );
        }
        assert_eq!(
            reasons("-- shipgate:lock-timeout 2s"),
            [(
                1,
                WarningReason::UnknownOwnName {
                    nearest: Some("lock_timeout")
                }
            )]
        );
        let right = "-- atlas:txmode".to_owned();
        assert_eq!(
            reasons("-- atlas: txmode none"),
            [(1, WarningReason::Misspelt { right })]
        );
        assert_eq!(
            reasons("-- Atlas: see the manual\n-- made by shipgate\n"),
            []
        );
    }

    #[test]
    fn what_the_layout_does_not_have_is_reported_with_what_it_has() {
        let goose = Known {
            format: "goose",
            atlas: &["sum", "nolint"],
            without_transaction: Some("-- +goose NO TRANSACTION"),
        };
        let found = super::warnings(b"-- +goose Up\n-- atlas:txmode none\nSELECT 1;", &goose);
        assert_eq!(
            found[0].to_string(),
            "line 2: \"-- atlas:txmode none\" is ignored: files of the format goose do not have it; \
             there it is `-- +goose NO TRANSACTION`"
        );
        assert_eq!(
            super::warnings(b"-- +goose Up\n-- atlas:nolint\n", &goose),
            []
        );
    }
}
