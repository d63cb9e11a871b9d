//! What is left of an output when everything that differs from run to run is
//! replaced by what it is.

/// Units of a time, longest first.
const TIMES: [&str; 5] = ["µs", "ms", "s", "m", "h"];
/// Units of a size.
const SIZES: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];

/// The output with `TIME`, `SIZE`, `DATE`, `SUM` and `COUNT` in place of those.
pub(crate) fn normal(output: &str) -> String {
    output.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn line(written: &str) -> String {
    let line = &moments(written);
    let words: Vec<&str> = line.split(' ').collect();
    let mut shown: Vec<String> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let (before, core, after) = bare(words[at]);
        let next = words.get(at + 1).copied().unwrap_or_default();
        let (unit, behind) = (bare(next).1, bare(next).2);
        let one = |what: &str| format!("{before}{what}{after}");
        if is_number(core) && after.is_empty() && SIZES.contains(&unit) {
            shown.push(format!("{before}SIZE{behind}"));
            at += 1;
        } else if is_time(core) && is_time(unit) && after.is_empty() {
            shown.push(format!("{before}TIME{behind}"));
            at += 1;
        } else if is_time(core) {
            shown.push(one("TIME"));
        } else if is_date(core) && is_clock(unit) {
            shown.push(format!("{before}DATE{behind}"));
            at += 1;
        } else if is_sum(core) {
            shown.push(one("SUM"));
        } else if is_count(core, next) && words[..at].iter().all(|word| word.is_empty()) {
            shown.push(one("COUNT"));
        } else {
            shown.push(words[at].to_owned());
        }
        at += 1;
    }
    let shown = shown.join(" ");
    if shown == written {
        return shown;
    }
    // Columns are as wide as what stands in them.
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The line with `DATE` in place of every `2026-11-20T13:24:05.123Z`.
fn moments(line: &str) -> String {
    const SHAPE: &str = "0000-00-00T00:00:00";
    let mut shown = String::new();
    let mut rest = line;
    while let Some(letter) = rest.chars().next() {
        let fits = rest.len() >= SHAPE.len()
            && rest
                .bytes()
                .zip(SHAPE.bytes())
                .all(|(byte, shape)| match shape {
                    b'0' => byte.is_ascii_digit(),
                    other => byte == other,
                });
        if fits {
            shown.push_str("DATE");
            rest = rest[SHAPE.len()..]
                .trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
            rest = rest.strip_prefix('Z').unwrap_or(rest);
        } else {
            shown.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    shown
}

/// A word and the punctuation around it.
fn bare(word: &str) -> (&str, &str, &str) {
    let punctuation = |letter: char| "(),;:[]`\"'".contains(letter);
    let core = word.trim_matches(punctuation);
    let begin = word.find(core).unwrap_or(0);
    let (before, rest) = word.split_at(begin);
    let (core, after) = rest.split_at(core.len());
    (before, core, after)
}

fn is_number(word: &str) -> bool {
    word.starts_with(|letter: char| letter.is_ascii_digit()) && word.parse::<f64>().is_ok()
}

fn is_time(word: &str) -> bool {
    TIMES
        .iter()
        .any(|unit| word.strip_suffix(unit).is_some_and(is_number))
}

/// `2026-11-20`, also with a clock behind it.
fn is_date(word: &str) -> bool {
    let day = word.get(..10).unwrap_or_default();
    !day.is_empty()
        && day.char_indices().all(|(at, letter)| match at {
            4 | 7 => letter == '-',
            _ => letter.is_ascii_digit(),
        })
}

/// `13:24:05Z`.
fn is_clock(word: &str) -> bool {
    let letters = |letter: char| letter.is_ascii_digit() || ":.Z".contains(letter);
    word.contains(':') && word.chars().all(letters)
}

fn is_sum(word: &str) -> bool {
    let hex = |letter: char| letter.is_ascii_digit() || ('a'..='f').contains(&letter);
    word.len() >= 12 && word.chars().all(hex)
}

/// What `uniq -c` counts: answers with status 200.
fn is_count(word: &str, next: &str) -> bool {
    word.parse::<u64>().is_ok() && next == "200"
}

#[test]
fn what_differs_from_run_to_run_is_named() {
    let cases = [
        (
            r#"{"id":1,"at":"2026-11-20T13:23:38.25Z"}"#,
            r#"{"id":1,"at":"DATE"}"#,
        ),
        ("     check  ready (12ms)", "check ready (TIME)"),
        ("released in 2m 05s", "released in TIME"),
        ("copied 24.6 KB, whole", "copied SIZE, whole"),
        ("1 *  2026-11-20 13:24:05Z  1.24s", "1 * DATE TIME"),
        ("   1234 200", "COUNT 200"),
        ("      2 000", "      2 000"),
        ("  9 | INSERT INTO t;", "  9 | INSERT INTO t;"),
    ];
    for (printed, expected) in cases {
        assert_eq!(normal(printed), expected);
    }
}
