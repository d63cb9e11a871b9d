//! The directives of a whole file.

use super::line::{Line, opening_block, valid_start};

/// What a file says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileDirectives {
    /// Every `txmode` given, as written; more than one is a mistake.
    pub tx_modes: Vec<String>,
    /// How long statements wait and run, as `shipgate:` directives say it.
    pub patience: Vec<PatienceDirective>,
    /// The file is a checkpoint, with its tag (which may be empty).
    pub checkpoint: Option<String>,
    /// The file is a txtar archive.
    pub txtar: bool,
    /// The file is left out of the checksums.
    pub sum_ignored: bool,
    /// The file is executed again when it changes.
    pub repeatable: bool,
}

/// `-- shipgate:lock_timeout 2s` and its like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatienceDirective {
    /// Its line, from 1.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// What is behind the name.
    pub value: String,
}

/// Directives of Shipgate's own.
pub(super) const OWN: [&str; 3] = ["lock_timeout", "statement_timeout", "lock_retries"];

impl FileDirectives {
    /// Reads the directives of a file.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        let mut directives = Self::of_any_format(content);
        for line in opening_block(content).filter_map(Line::parse) {
            match line.name {
                "txmode" => directives.tx_modes.push(line.argument.to_owned()),
                "checkpoint" => directives.checkpoint = Some(line.argument.to_owned()),
                "txtar" => directives.txtar = true,
                _ => {}
            }
        }
        directives
    }

    /// Reads what a file of every layout may say, whatever its own marks are:
    /// how long it waits, and whether checksums leave it out.
    #[must_use]
    pub fn of_any_format(content: &[u8]) -> Self {
        let mut directives = Self::only_sum(content);
        for (number, line) in (1..).zip(opening_block(content)) {
            if let Some(line) = Line::parse_own(line)
                && OWN.contains(&line.name)
            {
                directives.patience.push(PatienceDirective {
                    line: number,
                    name: line.name.to_owned(),
                    value: line.argument.to_owned(),
                });
            }
        }
        directives
    }

    /// Reads only what concerns the checksums.
    ///
    /// Here bytes decide, because the checksums have to equal those of other
    /// programs: the argument must be exactly `ignore`, so a carriage return
    /// or a blank after it makes the file count.
    fn only_sum(content: &[u8]) -> Self {
        let first = content
            .split(|&byte| byte == b'\n')
            .next()
            .unwrap_or_default();
        let sum_ignored = Line::parse(valid_start(first))
            .is_some_and(|line| line.name == "sum" && line.raw_argument == "ignore")
            && std::str::from_utf8(first).is_ok();
        Self {
            sum_ignored,
            ..Self::default()
        }
    }
}

/// Whether a checks section says that one true assertion is enough.
pub(crate) fn asserts_one_of(section: &str) -> bool {
    opening_block(section.as_bytes())
        .filter_map(Line::parse)
        .any(|line| line.name == "assert" && line.argument == "oneof")
}

#[cfg(test)]
mod tests {
    use super::FileDirectives;

    fn of(content: &str) -> FileDirectives {
        FileDirectives::of(content.as_bytes())
    }

    #[test]
    fn txmode_is_obeyed_with_and_without_an_empty_line() {
        assert_eq!(of("-- atlas:txmode none\n\nSELECT 1;").tx_modes, ["none"]);
        assert_eq!(of("-- atlas:txmode none\nSELECT 1;").tx_modes, ["none"]);
        assert_eq!(of("-- atlas:txmode none").tx_modes, ["none"]);
    }

    #[test]
    fn txmode_is_obeyed_with_carriage_returns_and_after_a_byte_order_mark() {
        assert_eq!(
            of("-- atlas:txmode none\r\n\r\nSELECT 1;\r\n").tx_modes,
            ["none"]
        );
        assert_eq!(
            of("\u{feff}-- atlas:txmode none\n\nSELECT 1;").tx_modes,
            ["none"]
        );
    }

    #[test]
    fn other_comments_may_stand_in_the_block() {
        let directives =
            of("-- About this file.\n# atlas:txmode none\n-- atlas:checkpoint v1\nSELECT 1;");
        assert_eq!(directives.tx_modes, ["none"]);
        assert_eq!(directives.checkpoint.as_deref(), Some("v1"));
    }

    #[test]
    fn the_block_ends_at_the_first_line_that_is_no_comment() {
        assert_eq!(of("\n-- atlas:txmode none\n"), FileDirectives::default());
        assert_eq!(
            of("SELECT 1;\n-- atlas:txmode none\n"),
            FileDirectives::default()
        );
        assert_eq!(
            of("/* atlas:txmode none */\nSELECT 1;"),
            FileDirectives::default()
        );
    }

    #[test]
    fn every_txmode_is_kept() {
        assert_eq!(
            of("-- atlas:txmode none\n-- atlas:txmode file\n\nSELECT 1;").tx_modes,
            ["none", "file"]
        );
    }

    #[test]
    fn sum_ignore_counts_in_the_first_line_with_any_prefix() {
        for first in [
            "-- atlas:sum ignore",
            "//atlas:sum ignore",
            "atlas:sum ignore",
        ] {
            assert!(of(&format!("{first}\nSELECT 1;")).sum_ignored, "{first}");
        }
        for first in [
            "-- atlas:sum",
            "-- atlas:sum ignored",
            "-- atlas:sum ignore ",
            "-- atlas:sum ignore\r",
            "-- x\n-- atlas:sum ignore",
        ] {
            assert!(!of(&format!("{first}\nSELECT 1;")).sum_ignored, "{first}");
        }
    }

    #[test]
    fn a_txtar_file_is_recognised() {
        assert!(of("-- atlas:txtar\n\n-- migration.sql --\nSELECT 1;").txtar);
    }
}
