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
    use crate::{Dialect, SplitMode, SplitOptions, Splitter, statements};

    const DIALECTS: [Dialect; 3] = [Dialect::Sqlite, Dialect::Postgres, Dialect::MariaDb];

    /// Bytes looked at per byte of `text`.
    fn effort(dialect: Dialect, mode: SplitMode, text: &str) -> usize {
        SPENT.with(|spent| spent.set(0));
        for statement in statements(dialect, mode, text) {
            if statement.is_err() {
                break;
            }
        }
        SPENT.with(std::cell::Cell::get).div_ceil(text.len().max(1))
    }

    /// The same for a text that comes in chunks of this size.
    fn streamed_effort(dialect: Dialect, text: &str, size: usize) -> usize {
        SPENT.with(|spent| spent.set(0));
        let mut splitter = Splitter::new(dialect, SplitOptions::default());
        for chunk in text.as_bytes().chunks(size) {
            splitter.feed(chunk);
            while matches!(splitter.next_event(), Ok(Some(_))) {}
        }
        splitter.finish();
        while matches!(splitter.next_event(), Ok(Some(_))) {}
        SPENT.with(std::cell::Cell::get).div_ceil(text.len().max(1))
    }

    /// Texts that make a careless splitter read them again and again.
    const HARD: [&str; 48] = [
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
        "$a",
        "$a$b",
        "a$b$",
        "1$",
        "1a$",
        "$1",
        "E'a' ",
        "E'\\''\n-- a\n",
        "/* /*",
        "/* */",
        "/*!",
        "/*!50003 a */ ",
        "# a\n",
        "\\",
        "COPY t FROM STDIN;\n1\n\\.\n",
        "COPY a FROM ",
        "CREATE PROCEDURE p() BEGIN ",
        "BEGIN ATOMIC ",
        "CREATE FUNCTION f() BEGIN ATOMIC ; END; ",
        "DELIMITER //\n",
        "IF a THEN ",
        "ALTER TABLE a DETACH ",
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
        for dialect in DIALECTS {
            for head in HEADS {
                for hard in HARD {
                    for ending in ENDINGS {
                        let text = format!("{head}{}{ending}", hard.repeat(4_000 / hard.len()));
                        let own = effort(dialect, SplitMode::Own, &text);
                        let atlas = effort(dialect, SplitMode::AtlasCompatible, &text);
                        let streamed = streamed_effort(dialect, &text, 64);
                        let which = format!(
                            "looks per byte at {hard:?} after {head:?} before {ending:?} in {dialect}"
                        );
                        assert!(own <= 8, "{own} {which}");
                        assert!(atlas <= 80, "{atlas} {which}, compatible");
                        assert!(streamed <= 24, "{streamed} {which}, streamed");
                    }
                }
            }
        }
    }

    #[test]
    fn an_ordinary_script_is_read_a_few_times() {
        let text = "-- a\nCREATE TABLE t (a TEXT, b INT);\nINSERT INTO t VALUES ('x', 1);\n";
        let text = text.repeat(1000);
        for dialect in DIALECTS {
            assert!(effort(dialect, SplitMode::Own, &text) <= 3);
            assert!(streamed_effort(dialect, &text, 4096) <= 3);
            assert!(effort(dialect, SplitMode::AtlasCompatible, &text) <= 4);
        }
    }

    #[test]
    fn a_stream_holds_little_more_than_its_longest_statement() {
        let long = format!("INSERT INTO t VALUES ('{}');\n", "x".repeat(10_000));
        let script = format!(
            "{long}{}{long}",
            "SELECT 1; -- a comment\n\n".repeat(20_000)
        );
        let copy = format!("COPY t FROM STDIN;\n{}\\.\n", "1\tabc\n".repeat(100_000));
        for (dialect, text, most) in [
            (Dialect::Postgres, &script, 4 * long.len()),
            (Dialect::MySql, &script, 4 * long.len()),
            (Dialect::Postgres, &copy, 4 * 4096),
        ] {
            let mut splitter = Splitter::new(dialect, SplitOptions::default());
            for chunk in text.as_bytes().chunks(4096) {
                splitter.feed(chunk);
                while splitter.next_event().expect("valid").is_some() {}
                assert!(splitter.held() <= most, "{} in {dialect}", splitter.held());
            }
        }
    }
}
