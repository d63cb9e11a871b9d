//! JSON, with the place of every value: Fly reads `fly.json`, too.

use crate::diagnostic::{Complaint, Diagnostic, Fault};
use crate::source::Source;
use crate::tree::{Content, Entry, Node, Table};

/// Deepest nesting that is read.
const DEEPEST: usize = 100;

/// Reads a JSON object. A key whose value is `null` is as good as absent.
pub(crate) fn from_json(source: &Source) -> Result<Table, Vec<Diagnostic>> {
    let mut parser = Parser {
        source,
        at: 0,
        depth: 0,
    };
    parser.document().map_err(|wrong| {
        let origin = source.origin(wrong.at);
        let complaint = Complaint::new(wrong.what);
        vec![Diagnostic::new(
            source,
            origin,
            "",
            Fault::Syntax,
            complaint,
        )]
    })
}

/// What is wrong, and at which byte.
struct Wrong {
    at: usize,
    what: String,
}

struct Parser<'s> {
    source: &'s Source,
    at: usize,
    depth: usize,
}

type Parsed<T> = Result<T, Wrong>;

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.source.text()[self.at..]
    }

    fn wrong<T>(&self, what: impl Into<String>) -> Parsed<T> {
        Err(Wrong {
            at: self.at,
            what: what.into(),
        })
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn accept(&mut self, token: &str) -> bool {
        self.blanks();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Parsed<()> {
        if self.accept(token) {
            Ok(())
        } else {
            self.wrong(format!("expected `{token}`"))
        }
    }

    fn document(&mut self) -> Parsed<Table> {
        self.accept("\u{feff}");
        self.expect("{")?;
        let table = self.object()?;
        self.blanks();
        if self.rest().is_empty() {
            Ok(table)
        } else {
            self.wrong("something follows the end of the object")
        }
    }

    /// Behind its `{`.
    fn object(&mut self) -> Parsed<Table> {
        let mut table = Table::default();
        if self.accept("}") {
            return Ok(table);
        }
        loop {
            self.blanks();
            let (start, origin) = (self.at, self.source.origin(self.at));
            let key = self.string()?;
            if table.get(&key).is_some() {
                self.at = start;
                return self.wrong("duplicate key");
            }
            self.expect(":")?;
            if let Some(node) = self.value()? {
                table.entries.push(Entry { key, origin, node });
            }
            if self.accept("}") {
                return Ok(table);
            }
            if !self.accept(",") {
                return self.wrong("expected `,` or `}`");
            }
        }
    }

    /// Behind its `[`.
    fn array(&mut self) -> Parsed<Vec<Node>> {
        let mut nodes = Vec::new();
        if self.accept("]") {
            return Ok(nodes);
        }
        loop {
            nodes.extend(self.value()?);
            if self.accept("]") {
                return Ok(nodes);
            }
            if !self.accept(",") {
                return self.wrong("expected `,` or `]`");
            }
        }
    }

    fn value(&mut self) -> Parsed<Option<Node>> {
        self.blanks();
        let origin = self.source.origin(self.at);
        if self.accept("null") {
            return Ok(None);
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.wrong(format!("nested deeper than {DEEPEST} levels"));
        }
        let content = if self.rest().starts_with('"') {
            Content::String(self.string()?)
        } else if self.accept("{") {
            Content::Table(self.object()?)
        } else if self.accept("[") {
            Content::Array(self.array()?)
        } else if self.accept("true") {
            Content::Boolean(true)
        } else if self.accept("false") {
            Content::Boolean(false)
        } else {
            self.number()?
        };
        self.depth -= 1;
        Ok(Some(Node { origin, content }))
    }

    fn number(&mut self) -> Parsed<Content> {
        let belongs = |letter: char| letter.is_ascii_digit() || "+-.eE".contains(letter);
        let length = self.rest().find(|letter| !belongs(letter));
        let text = &self.rest()[..length.unwrap_or(self.rest().len())];
        let length = text.len();
        let leads = text
            .trim_start_matches('-')
            .starts_with(|first: char| first.is_ascii_digit());
        let content = match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(number), _) if leads => Content::Integer(number),
            (_, Ok(number)) if leads && number.is_finite() => Content::Float(number),
            _ if text.is_empty() => return self.wrong("expected a value"),
            _ => return self.wrong("this is not a number that can be read"),
        };
        self.at += length;
        Ok(content)
    }

    fn string(&mut self) -> Parsed<String> {
        self.expect("\"")?;
        let mut text = String::new();
        loop {
            let Some(letter) = self.rest().chars().next() else {
                return self.wrong("expected the closing `\"`");
            };
            match letter {
                '"' => {
                    self.at += 1;
                    return Ok(text);
                }
                '\\' => text.push(self.escape()?),
                '\0'..='\x1f' => {
                    return self.wrong("a control character in a string is written \\uXXXX");
                }
                letter => {
                    text.push(letter);
                    self.at += letter.len_utf8();
                }
            }
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        let letter = self.rest().as_bytes().get(1).copied();
        let plain = match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return self.wrong("unknown escape"),
        };
        self.at += 2;
        Ok(plain)
    }

    /// `\uXXXX`, or two of them for a letter beyond the first plane.
    fn unicode(&mut self) -> Parsed<char> {
        let Some(first) = self.unit(0) else {
            return self.wrong("expected four hexadecimal digits");
        };
        let units = match first {
            0xd800..0xdc00 => vec![first, self.unit(6).unwrap_or(0)],
            first => vec![first],
        };
        match char::decode_utf16(units.iter().copied()).next() {
            Some(Ok(letter)) => {
                self.at += 6 * units.len();
                Ok(letter)
            }
            _ => self.wrong("half of a surrogate pair"),
        }
    }

    /// The unit of the `\uXXXX` that begins `offset` bytes from here.
    fn unit(&self, offset: usize) -> Option<u16> {
        let digits = self.rest().get(offset..offset + 6)?.strip_prefix("\\u")?;
        let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        hexadecimal.then(|| u16::from_str_radix(digits, 16).ok())?
    }
}
