//! A line of the project file, as far as it can be shown.

use crate::redact::{REDACTED, is_secret_name, redact};

/// The last line of `text`, which is a file up to that line, with secrets
/// masked: what stands behind a secret-looking name, whether in this line or
/// in an earlier one, and the passwords of URLs.
pub(crate) fn line(text: &str) -> String {
    let mut lines = text.rsplit('\n').map(|line| line.trim_end_matches('\r'));
    let last = lines.next().unwrap_or_default();
    let before = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    let continues = separators(last).next().is_none() && !last.trim_start().starts_with('[');
    if in_long_string(before) || (continues && lines.find(names).is_some_and(ends_secret)) {
        return REDACTED.to_owned();
    }
    match first_secret(last) {
        Some(at) => format!("{} {REDACTED}", redact(&last[..at])),
        None => redact(last),
    }
}

/// Whether a `"""` or `'''` is open at the end of `text`.
fn in_long_string(text: &str) -> bool {
    let count = |quote| text.matches(quote).count();
    (count("\"\"\"") + count("'''")) % 2 == 1
}

/// Whether a line has a key, or a header.
fn names(line: &&str) -> bool {
    separators(line).next().is_some() || line.trim_start().starts_with('[')
}

/// Whether the value that goes on behind this line is a secret's.
fn ends_secret(line: &str) -> bool {
    first_secret(line).is_some()
}

/// Where the value of the first secret-looking name begins.
fn first_secret(line: &str) -> Option<usize> {
    separators(line)
        .find(|at| is_secret_name(name_before(&line[..*at])))
        .map(|at| at + 1)
}

/// The places of `=` (TOML) and `:` (JSON).
fn separators(line: &str) -> impl Iterator<Item = usize> {
    line.match_indices(['=', ':']).map(|(at, _)| at)
}

/// The bare or quoted key at the end of `text`.
fn name_before(text: &str) -> &str {
    let text = text.trim_end();
    let text = text.strip_suffix(['"', '\'']).unwrap_or(text);
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let start = text.rfind(|letter| !plain(letter));
    &text[start.map_or(0, |at| {
        at + text[at..].chars().next().map_or(1, char::len_utf8)
    })..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_a_secret_name_is_hidden() {
        for (text, shown) in [
            ("API_TOKEN = \"abc\"", "API_TOKEN = ***"),
            (
                "env = { A = 1, API_TOKEN = \"abc\" }",
                "env = { A = 1, API_TOKEN = ***",
            ),
            ("env.API_TOKEN=[\"abc\"]", "env.API_TOKEN= ***"),
            ("\"API_TOKEN\": [\"abc\"],", "\"API_TOKEN\": ***"),
            ("url = \"pg://u:pw@h\"", "url = \"pg://u:***@h\""),
            ("A = \"abc\"", "A = \"abc\""),
        ] {
            assert_eq!(line(text), shown);
        }
    }

    #[test]
    fn what_goes_on_from_an_earlier_line_is_hidden() {
        for text in [
            "API_TOKEN = \"\"\"\nabc",
            "A = '''\nB = abc",
            "API_TOKENS = [\n  \"a\",\n  \"abc\",",
            "{\n\"API_TOKEN\": [\n\"abc\"",
        ] {
            assert_eq!(line(text), "***", "{text}");
        }
    }

    #[test]
    fn other_lines_are_shown() {
        assert_eq!(line("A = \u{e9}\r\nB = 1\r\r"), "B = 1");
        assert_eq!(line("API_TOKEN = \"abc\"\n[deploy]"), "[deploy]");
        assert_eq!(line("A = [\n  \"abc\","), "  \"abc\",");
        assert_eq!(line("\u{e9}\u{e9}KEY"), "\u{e9}\u{e9}KEY");
    }
}
