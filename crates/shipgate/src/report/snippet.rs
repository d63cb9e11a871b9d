//! A statement with a mark under the place that is meant.

/// Lines of context before and after the marked one.
const AROUND: usize = 2;

/// The lines of `text` around a marked place. `first` is the number of its
/// first line; `line` and `column` say what is marked, from 1.
pub(crate) fn snippet(text: &str, first: usize, line: usize, column: usize) -> Vec<String> {
    let lines: Vec<&str> = text.split('\n').collect();
    let marked = line.saturating_sub(first).min(lines.len() - 1);
    let from = marked.saturating_sub(AROUND);
    let to = (marked + AROUND + 1).min(lines.len());
    let width = (first + to).to_string().len();
    let mut shown = vec![format!("{:width$} |", "")];
    for (at, line) in lines.iter().enumerate().take(to).skip(from) {
        let line = line.trim_end_matches('\r');
        shown.push(format!("{:width$} | {line}", first + at));
        if at == marked {
            let before: String = line
                .chars()
                .take(column.saturating_sub(1))
                .map(|letter| if letter == '\t' { '\t' } else { ' ' })
                .collect();
            shown.push(format!("{:width$} | {before}^", ""));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::snippet;

    #[test]
    fn the_marked_place_stands_under_its_line() {
        let text = "CREATE TABLE a (\n  id int,\n  nam text,\n  x\n);\n-- end";
        assert_eq!(
            snippet(text, 9, 11, 3).join("\n"),
            "   |\n 9 | CREATE TABLE a (\n10 |   id int,\n11 |   nam text,\n   |   ^\n12 |   x\n13 | );"
        );
    }
}
