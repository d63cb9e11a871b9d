//! One line as a directive.

/// `<prefix>atlas:<name> <argument>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Printable ASCII before the directive.
    pub(super) prefix: &'a str,
    pub(super) name: &'a str,
    /// The rest of the line without the blanks around it.
    pub(super) argument: &'a str,
    /// The rest of the line as it is written.
    pub(super) raw_argument: &'a str,
}

/// What stands before a directive of Atlas's.
pub(super) const ATLAS: &str = "atlas:";

/// What stands before a directive of Shipgate's own.
pub(super) const SHIPGATE: &str = "shipgate:";

impl<'a> Line<'a> {
    /// Reads a line; of several directives in it the last one counts.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        Self::parse_marked(line, ATLAS)
    }

    /// Reads a line with a directive of Shipgate's own.
    pub(super) fn parse_own(line: &'a str) -> Option<Self> {
        Self::parse_marked(line, SHIPGATE)
    }

    fn parse_marked(line: &'a str, mark: &str) -> Option<Self> {
        let printable = line
            .bytes()
            .position(|byte| !(b' '..=b'~').contains(&byte))
            .unwrap_or(line.len());
        line.rmatch_indices(mark)
            .filter(|(at, _)| *at <= printable)
            .find_map(|(at, _)| {
                let rest = &line[at + mark.len()..];
                let end = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
                let raw_argument = match &rest[end..] {
                    argument if argument.starts_with(' ') => argument.trim_start_matches(' '),
                    _ => "",
                };
                (end > 0).then(|| Self {
                    prefix: &line[..at],
                    name: &rest[..end],
                    argument: raw_argument.trim(),
                    raw_argument,
                })
            })
    }
}

/// The text after a byte order mark.
pub(super) fn without_mark(content: &[u8]) -> &[u8] {
    content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content)
}

/// The lines of the opening comment block, without their line ends.
pub(super) fn opening_block(content: &[u8]) -> impl Iterator<Item = &str> {
    without_mark(content)
        .split(|&byte| byte == b'\n')
        .take_while(|line| line.starts_with(b"--") || line.starts_with(b"#"))
        .map(|line| valid_start(line.strip_suffix(b"\r").unwrap_or(line)))
}

/// The part of a line before the first byte that is not UTF-8.
pub(super) fn valid_start(line: &[u8]) -> &str {
    match std::str::from_utf8(line) {
        Ok(line) => line,
        Err(error) => std::str::from_utf8(&line[..error.valid_up_to()]).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    fn parts(line: &str) -> Option<(&str, &str, &str)> {
        Line::parse(line).map(|line| (line.prefix, line.name, line.argument))
    }

    #[test]
    fn name_and_argument_follow_the_mark() {
        assert_eq!(
            parts("-- atlas:txmode none"),
            Some(("-- ", "txmode", "none"))
        );
        assert_eq!(parts("--atlas:nolint"), Some(("--", "nolint", "")));
        assert_eq!(
            parts("#atlas:checkpoint  v1 \t"),
            Some(("#", "checkpoint", "v1"))
        );
        assert_eq!(parts("atlas:sum ignore"), Some(("", "sum", "ignore")));
    }

    #[test]
    fn the_last_directive_of_a_line_counts() {
        assert_eq!(
            parts("-- atlas:txmode none atlas:nolint DS102"),
            Some(("-- atlas:txmode none ", "nolint", "DS102"))
        );
    }

    #[test]
    fn only_printable_ascii_may_stand_before_it() {
        assert_eq!(parts("-- \u{e9} atlas:txmode none"), None);
        assert_eq!(parts("--\tatlas:txmode none"), None);
        assert_eq!(parts("-- atlas: txmode"), None);
    }
}
