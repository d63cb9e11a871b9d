//! Where in a statement an error is, from the words of the server.
//!
//! MySQL and MariaDB tell no position. Of a syntax error they show the text
//! from there on (`near '...' at line 3`): to the end of the statement, or its first 80 bytes.

/// Longest text that is shown whole.
const SHOWN: usize = 80;

/// The byte offset into `statement` that `message` means, if only one can be meant.
pub(super) fn offset(statement: &str, message: &str) -> Option<usize> {
    let (_, after) = message.split_once("near '")?;
    let (fragment, line) = after.rsplit_once("' at line ")?;
    // The server leaves these off before it reads.
    let read =
        statement.trim_end_matches(|letter: char| letter == ';' || letter.is_ascii_whitespace());
    // A character may have been cut.
    let fragment = fragment.trim_end_matches('\u{fffd}');
    if fragment.len() + 4 <= SHOWN {
        return read
            .ends_with(fragment)
            .then(|| read.len() - fragment.len());
    }
    let mut places = read.match_indices(fragment).map(|(place, _)| place);
    let first = places.next()?;
    if places.next().is_none() {
        return Some(first);
    }
    let line: usize = line.trim_end_matches('.').parse().ok()?;
    let mut on_line = read
        .match_indices(fragment)
        .map(|(place, _)| place)
        .filter(|place| read[..*place].matches('\n').count() + 1 == line);
    let place = on_line.next()?;
    on_line.next().is_none().then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYNTAX: &str = "You have an error in your SQL syntax; check the manual that corresponds to \
                          your MariaDB server version for the right syntax to use";

    fn near(fragment: &str, line: usize) -> String {
        format!("{SYNTAX} near '{fragment}' at line {line}")
    }

    #[test]
    fn a_short_fragment_is_the_statements_end() {
        let statement = "CREATE TABLE t (\n  a int,\n  b in't'\n);";
        assert_eq!(offset(statement, &near("in't'\n)", 3)), Some(30));
        assert_eq!(offset("SELEC 1;\n", &near("SELEC 1", 1)), Some(0));
    }

    #[test]
    fn an_empty_fragment_is_the_very_end() {
        assert_eq!(offset("SELECT 1 +;", &near("", 1)), Some(10));
    }

    #[test]
    fn a_cut_fragment_is_told_by_its_line_if_it_is_there_twice() {
        let row = format!("x ({})\n", "1,".repeat(60));
        let statement = format!("{row}{row}end");
        let shown = &row[..80];
        assert_eq!(offset(&statement, &near(shown, 2)), Some(row.len()));
        assert_eq!(offset(&statement, &near(shown, 9)), None);
        let alone = format!("SELECT {row}");
        assert_eq!(offset(&alone, &near(shown, 9)), Some(7));
    }

    #[test]
    fn what_cannot_be_told_is_not_guessed() {
        assert_eq!(offset("SELECT 1", &near("something else", 1)), None);
        assert_eq!(
            offset("SELECT x", "Unknown column 'x' in 'field list'"),
            None
        );
    }
}
