//! Comma-separated values, as `--var` and `csvdecode` read them (RFC 4180).

/// Why a text is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CsvError {
    line: usize,
    column: usize,
    message: &'static str,
}

impl std::fmt::Display for CsvError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            line,
            column,
            message,
        } = self;
        write!(f, "parse error on line {line}, column {column}: {message}")
    }
}

/// The records of a text; empty lines are none.
pub(crate) fn records(text: &str) -> Result<Vec<Vec<String>>, CsvError> {
    let mut reader = Reader {
        rest: text,
        line: 1,
        column: 1,
    };
    let mut records = Vec::new();
    while !reader.rest.is_empty() {
        if reader.line_end() {
            continue;
        }
        records.push(reader.record()?);
    }
    Ok(records)
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
    column: usize,
}

impl Reader<'_> {
    fn record(&mut self) -> Result<Vec<String>, CsvError> {
        let mut fields = Vec::new();
        loop {
            fields.push(if self.rest.starts_with('"') {
                self.quoted()?
            } else {
                self.bare()?
            });
            if self.rest.starts_with(',') {
                self.skip(1);
            } else {
                self.line_end();
                return Ok(fields);
            }
        }
    }

    fn bare(&mut self) -> Result<String, CsvError> {
        let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
        let field = &self.rest[..end];
        if let Some(quote) = field.find('"') {
            self.skip(quote);
            return Err(self.wrong("bare \" in non-quoted-field"));
        }
        let text = match self.rest[end..].chars().next() {
            Some('\n') => field.strip_suffix('\r').unwrap_or(field),
            _ => field,
        };
        let text = text.to_owned();
        self.skip(end);
        Ok(text)
    }

    fn quoted(&mut self) -> Result<String, CsvError> {
        let mut text = String::new();
        self.skip(1);
        loop {
            let Some(end) = self.rest.find('"') else {
                self.skip(self.rest.len());
                return Err(self.wrong("extraneous or missing \" in quoted-field"));
            };
            text.push_str(&self.rest[..end]);
            self.skip(end + 1);
            match self.rest.chars().next() {
                Some('"') => {
                    text.push('"');
                    self.skip(1);
                }
                None | Some(',' | '\n') => return Ok(text),
                Some('\r') if self.rest.starts_with("\r\n") => return Ok(text),
                Some(_) => return Err(self.wrong("extraneous or missing \" in quoted-field")),
            }
        }
    }

    fn line_end(&mut self) -> bool {
        let length = ["\r\n", "\n"]
            .iter()
            .find(|end| self.rest.starts_with(**end))
            .map_or(0, |end| end.len());
        self.skip(length);
        length > 0
    }

    fn skip(&mut self, length: usize) {
        let (skipped, rest) = self.rest.split_at(length);
        self.rest = rest;
        match skipped.rfind('\n') {
            Some(newline) => {
                self.line += skipped.matches('\n').count();
                self.column = skipped.len() - newline;
            }
            None => self.column += skipped.len(),
        }
    }

    const fn wrong(&self, message: &'static str) -> CsvError {
        CsvError {
            line: self.line,
            column: self.column,
            message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::records;

    #[test]
    fn fields_are_split_at_commas_outside_quotes() {
        let read = records("a,\"b,\"\"c\"\"\"\r\n\n1,\n").expect("it is one");
        assert_eq!(read, [vec!["a", "b,\"c\""], vec!["1", ""]]);
    }

    #[test]
    fn a_stray_quote_is_named_with_its_place() {
        let error = records("x={\"a\":1}").expect_err("it is none");
        assert_eq!(
            error.to_string(),
            "parse error on line 1, column 4: bare \" in non-quoted-field"
        );
        assert!(records("\"open").is_err());
    }
}
