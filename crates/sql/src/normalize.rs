//! One spelling for texts that differ in layout only.

use crate::Dialect;
use crate::sqlite::token::token_at;
use crate::token::TokenKind;

/// The text with comments dropped and each run of blanks outside quotes as
/// one space, so that two spellings of one definition compare equal.
///
/// Letter case and quotes stay. What cannot be read (see
/// [`SplitErrorKind`](crate::SplitErrorKind)) and other dialects than SQLite stay as they are.
pub fn normalize(dialect: Dialect, text: &str) -> String {
    if dialect != Dialect::Sqlite {
        return text.to_owned();
    }
    let mut normal = String::with_capacity(text.len());
    let mut gap = false;
    let mut at = 0;
    while let Some(token) = token_at(text, at) {
        let Ok(token) = token else {
            return text.to_owned();
        };
        at = token.end;
        match token.kind {
            TokenKind::Space | TokenKind::LineComment | TokenKind::BlockComment => gap = true,
            _ => {
                if gap && !normal.is_empty() {
                    normal.push(' ');
                }
                gap = false;
                normal.push_str(&text[token.start..token.end]);
            }
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_and_comments_do_not_count_but_strings_do() {
        assert_eq!(
            normalize(
                Dialect::Sqlite,
                "CREATE TABLE t (\n  a  TEXT, -- note\n  b DEFAULT 'x  y'\n)"
            ),
            "CREATE TABLE t ( a TEXT, b DEFAULT 'x  y' )"
        );
    }
}
