//! Counts the bytes that are looked at, so that tests can show that splitting
//! takes time in proportion to the script. Outside tests it does nothing.

#[cfg(test)]
thread_local! {
    static SPENT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Notes that this many bytes were looked at.
#[inline]
pub(crate) fn spend(bytes: usize) {
    #[cfg(test)]
    SPENT.with(|spent| spent.set(spent.get() + bytes));
    #[cfg(not(test))]
    let _ = bytes;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dialect, SplitMode, statements};

    /// Bytes looked at per byte of `text`.
    fn effort(mode: SplitMode, text: &str) -> usize {
        SPENT.with(|spent| spent.set(0));
        for statement in statements(Dialect::Sqlite, mode, text) {
            if statement.is_err() {
                break;
            }
        }
        SPENT.with(std::cell::Cell::get).div_ceil(text.len().max(1))
    }

    /// Texts that make a careless splitter read them again and again.
    const HARD: [&str; 26] = [
        ";",
        "a;",
        "'a''",
        "/* ;",
        "/* */ ;",
        "-- a\n",
        "-- ;",
        "[a",
        "((((",
        "))))",
        "BEGIN ",
        "BEGIN a; ",
        "(BEGIN (",
        "BEGIN x; END ",
        "CREATE TRIGGER a BEGIN ",
        "CREATE TRIGGER a BEGIN ; END; ",
        "CASE WHEN 1 END ",
        "WITH a AS (SELECT 1) ",
        "$a(",
        "$$a",
        "\n\n",
        " \n",
        "x ' begin ' ; ",
        "BEGIN ( ; END ) ; ",
        "END; BEGIN ",
        "\"a\"\";",
    ];

    #[test]
    fn reading_takes_time_in_proportion_to_the_text() {
        const ENDINGS: [&str; 5] = ["", "; END;", "'", "*/", "\n; END"];
        const HEADS: [&str; 4] = [
            "",
            "-- atlas:delimiter $$\n",
            "-- atlas:delimiter \\n\\n\n",
            "-- atlas:delimiter a\n",
        ];
        for mode in [SplitMode::Own, SplitMode::AtlasCompatible] {
            for head in HEADS {
                for hard in HARD {
                    for ending in ENDINGS {
                        let text = format!("{head}{}{ending}", hard.repeat(20_000 / hard.len()));
                        let effort = effort(mode, &text);
                        assert!(
                            effort <= 80,
                            "{effort} looks per byte at {hard:?} after {head:?} before {ending:?} {mode:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn an_ordinary_script_is_read_a_few_times() {
        let text = "-- a\nCREATE TABLE t (a TEXT, b INT);\nINSERT INTO t VALUES ('x', 1);\n";
        assert!(effort(SplitMode::Own, &text.repeat(1000)) <= 3);
        assert!(effort(SplitMode::AtlasCompatible, &text.repeat(1000)) <= 4);
    }
}
