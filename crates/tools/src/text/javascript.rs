//! JavaScript and TypeScript: which literal stands under which key.
//!
//! A text is cut into tokens; objects are followed by their braces. What is
//! no literal is [`Value::Computed`]. `path.join(__dirname, "x")`,
//! `__dirname + "/x"` and `` `${__dirname}/x` `` count as the literal `x`.
//! PHP's arrays are read the same way, with `=>` for `:` and `[` for `{`.

/// In a path: whatever the key is called.
pub const ANY: &str = "*";

/// What is written under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// `true` or `false`.
    Truth(bool),
    /// An object.
    Object,
    /// Something that only running the program could tell.
    Computed,
}

impl Value {
    /// The text or texts.
    pub fn texts(&self) -> Option<Vec<String>> {
        match self {
            Self::Text(text) => Some(vec![text.clone()]),
            Self::Texts(texts) => Some(texts.clone()),
            _ => None,
        }
    }
}

/// The language a text is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// JavaScript or TypeScript.
    JavaScript,
    /// PHP.
    Php,
}

/// A text, read once.
#[derive(Clone, Debug)]
pub struct Script {
    tokens: Vec<Token>,
    language: Language,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Text(String),
    /// A template with parts that are computed.
    Template,
    Name(String),
    Mark(char),
    /// `=>`
    Arrow,
}

impl Script {
    /// Reads a JavaScript or TypeScript text.
    pub fn new(text: &str) -> Self {
        Self::in_language(text, Language::JavaScript)
    }

    /// Reads a text.
    pub fn in_language(text: &str, language: Language) -> Self {
        Self {
            tokens: Lexer::new(text, language).tokens(),
            language,
        }
    }

    /// Every value that stands under this path of keys, whatever is around
    /// it, in the order of the text.
    pub fn find(&self, path: &[&str]) -> Vec<Value> {
        let mut found = Vec::new();
        let mut open: Vec<(char, Option<String>)> = Vec::new();
        let mut pending: Option<String> = None;
        for (at, token) in self.tokens.iter().enumerate() {
            match token {
                Token::Mark(mark @ ('{' | '[' | '(')) => open.push((*mark, pending.take())),
                Token::Mark('}' | ']' | ')') => {
                    open.pop();
                    pending = None;
                }
                Token::Mark(',' | ';') => pending = None,
                Token::Name(_) | Token::Text(_) => {
                    let Some((key, value)) = self.key_at(at, open.last().map(|open| open.0)) else {
                        continue;
                    };
                    let around = open.iter().rev().map(|open| open.1.as_deref());
                    if is_at(path, key, around) {
                        found.push(self.value_at(value));
                    }
                    pending = Some(key.to_owned());
                }
                _ => {}
            }
        }
        found
    }

    /// What stands under this path in a section, as files with one for each
    /// environment have it. Where there is no such section, or it takes parts
    /// from elsewhere (`...common`), whatever is around it.
    pub fn find_in(&self, section: &str, path: &[&str]) -> Vec<Value> {
        if self.is_whole(section) {
            let path: Vec<&str> = std::iter::once(section)
                .chain(path.iter().copied())
                .collect();
            self.find(&path)
        } else {
            self.find(path)
        }
    }

    /// Whether an object stands under this key, and says all it holds itself.
    fn is_whole(&self, section: &str) -> bool {
        self.spreads(section) == Some(false)
    }

    /// Whether an object stands under this key that takes parts from elsewhere: `...common`.
    pub fn takes_parts(&self, key: &str) -> bool {
        self.spreads(key) == Some(true)
    }

    /// The same; `None` if no object stands there.
    fn spreads(&self, section: &str) -> Option<bool> {
        let opens = |at: &usize| {
            let key =
                matches!(&self.tokens[*at], Token::Name(key) | Token::Text(key) if key == section);
            key && matches!(
                self.tokens.get(at + 1),
                Some(Token::Mark(':') | Token::Arrow)
            ) && matches!(self.tokens.get(at + 2), Some(Token::Mark('{' | '[')))
        };
        let start = (0..self.tokens.len()).find(opens)?;
        let mut depth = 0_usize;
        for window in self.tokens[start + 2..].windows(2) {
            match window {
                [Token::Mark('.'), Token::Mark('.')] if depth == 1 => return Some(true),
                [Token::Mark('{' | '[' | '('), _] => depth += 1,
                [Token::Mark('}' | ']' | ')'), _] => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        Some(false)
    }

    /// The one value under this path; `None` if there is none, or several
    /// that differ.
    pub fn one(&self, path: &[&str]) -> Option<Value> {
        let found = self.find(path);
        let first = found.first()?;
        found
            .iter()
            .all(|value| value == first)
            .then(|| first.clone())
    }

    /// Whether a name stands in it, outside of texts and comments.
    pub fn names(&self, name: &str) -> bool {
        self.tokens
            .iter()
            .any(|token| matches!(token, Token::Name(found) if found == name))
    }

    /// Whether names and marks follow each other so: `["new", "Umzug"]`.
    pub fn has(&self, sequence: &[&str]) -> bool {
        self.tokens.windows(sequence.len()).any(|window| {
            window
                .iter()
                .zip(sequence)
                .all(|(token, word)| match token {
                    Token::Name(name) => name == word,
                    Token::Mark(mark) => word.len() == 1 && word.starts_with(*mark),
                    _ => false,
                })
        })
    }

    /// The text that is assigned to a property of a class: `name = "x"`, also
    /// with a type: `name: string = "x"`.
    pub fn assigned(&self, name: &str) -> Option<Value> {
        let is_equals = |at: usize| self.tokens.get(at) == Some(&Token::Mark('='));
        (0..self.tokens.len()).find_map(|at| {
            if !matches!(&self.tokens[at], Token::Name(found) if found == name) {
                return None;
            }
            let is_typed = self.tokens.get(at + 1) == Some(&Token::Mark(':'))
                && matches!(self.tokens.get(at + 2), Some(Token::Name(_)));
            let equals = if is_typed { at + 3 } else { at + 1 };
            is_equals(equals).then(|| self.value_at(equals + 1))
        })
    }

    /// Names of the classes it declares, in order.
    pub fn classes(&self) -> Vec<&str> {
        self.tokens
            .windows(2)
            .filter_map(|window| match window {
                [Token::Name(word), Token::Name(name)] if word == "class" => Some(name.as_str()),
                _ => None,
            })
            .collect()
    }

    /// Names in the parameters of a function, of a function assigned to this
    /// name, or of a method; types are among them.
    pub fn parameters(&self, function: &str) -> Option<Vec<&str>> {
        const BETWEEN: usize = 6;
        for (at, token) in self.tokens.iter().enumerate() {
            if !matches!(token, Token::Name(name) if name == function) {
                continue;
            }
            let mut next = at + 1;
            while next < at + BETWEEN {
                match self.tokens.get(next) {
                    Some(Token::Mark('(')) => return Some(self.names_up_to_close(next + 1)),
                    Some(Token::Mark('=' | ':')) => next += 1,
                    Some(Token::Name(word)) if word == "async" || word == "function" => next += 1,
                    // A single parameter without brackets, or a function's own name.
                    Some(Token::Name(word)) => match self.tokens.get(next + 1) {
                        Some(Token::Arrow) => return Some(vec![word]),
                        Some(Token::Mark('(')) => next += 1,
                        _ => break,
                    },
                    _ => break,
                }
            }
        }
        None
    }

    fn names_up_to_close(&self, start: usize) -> Vec<&str> {
        let mut depth = 0_usize;
        let mut names = Vec::new();
        for token in &self.tokens[start..] {
            match token {
                Token::Mark('(') => depth += 1,
                Token::Mark(')') if depth == 0 => break,
                Token::Mark(')') => depth -= 1,
                Token::Name(name) => names.push(name.as_str()),
                _ => {}
            }
        }
        names
    }

    /// A key at this token, and where its value begins.
    fn key_at(&self, at: usize, inside: Option<char>) -> Option<(&str, usize)> {
        let (Token::Name(key) | Token::Text(key)) = &self.tokens[at] else {
            return None;
        };
        let before = at.checked_sub(1).map(|before| &self.tokens[before]);
        let begins = match self.language {
            Language::JavaScript => {
                inside == Some('{')
                    && matches!(before, Some(Token::Mark('{' | ',')))
                    && self.tokens.get(at + 1) == Some(&Token::Mark(':'))
            }
            Language::Php => {
                matches!(before, Some(Token::Mark('[' | ',' | '(')))
                    && self.tokens.get(at + 1) == Some(&Token::Arrow)
            }
        };
        begins.then_some((key.as_str(), at + 2))
    }

    fn value_at(&self, at: usize) -> Value {
        let (value, end) = self.literal(at);
        match self.tokens.get(end) {
            None | Some(Token::Mark(',' | '}' | ']' | ')' | ';')) => value,
            Some(Token::Name(word)) if matches!(word.as_str(), "as" | "satisfies") => value,
            // A new line ends a statement where no mark does; names that go on are no operator.
            Some(Token::Name(_)) if value != Value::Computed => value,
            _ if value == Value::Object => value,
            _ => Value::Computed,
        }
    }

    /// A literal and where it ends.
    fn literal(&self, at: usize) -> (Value, usize) {
        match self.tokens.get(at) {
            Some(Token::Text(text)) => (Value::Text(text.clone()), at + 1),
            Some(Token::Name(name)) if name == "true" || name == "false" => {
                (Value::Truth(name == "true"), at + 1)
            }
            Some(Token::Name(_)) => match self.path(at) {
                Some((text, end)) => (Value::Text(text), end),
                None => (Value::Computed, at + 1),
            },
            Some(Token::Mark('[')) if self.language == Language::JavaScript => self.list(at + 1),
            Some(Token::Mark('[' | '{')) => (Value::Object, at + 1),
            _ => (Value::Computed, at + 1),
        }
    }

    fn list(&self, mut at: usize) -> (Value, usize) {
        let mut texts = Vec::new();
        let mut is_literal = true;
        let mut depth = 0_usize;
        loop {
            match self.tokens.get(at) {
                None => return (Value::Computed, at),
                Some(Token::Mark(']')) if depth == 0 => {
                    let value = if is_literal {
                        Value::Texts(texts)
                    } else {
                        Value::Computed
                    };
                    return (value, at + 1);
                }
                Some(Token::Mark('[' | '{' | '(')) => {
                    depth += 1;
                    is_literal = false;
                    at += 1;
                }
                Some(Token::Mark(']' | '}' | ')')) => {
                    depth = depth.saturating_sub(1);
                    at += 1;
                }
                Some(Token::Mark(',')) => at += 1,
                Some(_) => match self.literal(at) {
                    (Value::Text(text), end)
                        if depth == 0
                            && matches!(self.tokens.get(end), Some(Token::Mark(',' | ']'))) =>
                    {
                        texts.push(text);
                        at = end;
                    }
                    _ => {
                        is_literal = false;
                        at += 1;
                    }
                },
            }
        }
    }

    /// `path.join(__dirname, "x")`, `join(…)`, `__dirname + "x"`.
    fn path(&self, at: usize) -> Option<(String, usize)> {
        let is_here = |at: usize| -> Option<usize> {
            match self.tokens.get(at)? {
                Token::Name(name) if name == "__dirname" || name == "__DIR__" => Some(at + 1),
                Token::Name(name)
                    if name == "import"
                        && self.tokens.get(at + 2) == Some(&Token::Name("meta".to_owned()))
                        && self.tokens.get(at + 4) == Some(&Token::Name("dirname".to_owned())) =>
                {
                    Some(at + 5)
                }
                _ => None,
            }
        };
        if let Some(next) = is_here(at) {
            return match (self.tokens.get(next), self.tokens.get(next + 1)) {
                (Some(Token::Mark('+' | '.')), Some(Token::Text(text))) => {
                    Some((relative(text), next + 2))
                }
                (Some(Token::Mark(',' | ')' | '}' | ']' | ';')) | None, _) => {
                    Some((String::new(), next))
                }
                _ => None,
            };
        }
        let mut call = at;
        if self.tokens.get(call) == Some(&Token::Name("path".to_owned()))
            && self.tokens.get(call + 1) == Some(&Token::Mark('.'))
        {
            call += 2;
        }
        let joins = matches!(self.tokens.get(call), Some(Token::Name(name)) if name == "join" || name == "resolve");
        if !joins || self.tokens.get(call + 1) != Some(&Token::Mark('(')) {
            return None;
        }
        let mut parts: Vec<String> = Vec::new();
        let mut at = call + 2;
        loop {
            match self.tokens.get(at)? {
                Token::Mark(')') => break,
                Token::Mark(',') => at += 1,
                Token::Text(text) => {
                    parts.push(text.clone());
                    at += 1;
                }
                Token::Name(_) => at = is_here(at).or_else(|| self.working_directory(at))?,
                _ => return None,
            }
        }
        Some((relative(&parts.join("/")), at + 1))
    }

    /// `process.cwd()`.
    fn working_directory(&self, at: usize) -> Option<usize> {
        let words = self.tokens.get(at..at + 5)?;
        (words
            == [
                Token::Name("process".to_owned()),
                Token::Mark('.'),
                Token::Name("cwd".to_owned()),
                Token::Mark('('),
                Token::Mark(')'),
            ])
        .then_some(at + 5)
    }
}

fn relative(path: &str) -> String {
    path.trim_start_matches("./")
        .trim_start_matches('/')
        .to_owned()
}

/// Whether a key, in the objects around it from the inside out, is at the end of `path`.
fn is_at<'a>(path: &[&str], key: &str, mut around: impl Iterator<Item = Option<&'a str>>) -> bool {
    let Some((last, parents)) = path.split_last() else {
        return false;
    };
    *last == key
        && parents
            .iter()
            .rev()
            .all(|parent| match around.next().flatten() {
                Some(key) => key == *parent || *parent == ANY,
                None => false,
            })
}

struct Lexer<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    language: Language,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str, language: Language) -> Self {
        Self {
            rest: text.chars().peekable(),
            language,
            tokens: Vec::new(),
        }
    }

    fn tokens(mut self) -> Vec<Token> {
        while let Some(letter) = self.rest.next() {
            match letter {
                '"' | '\'' => self.text(letter),
                '`' => self.template(),
                '#' if self.language == Language::Php => self.line(),
                '/' => match self.rest.peek().copied() {
                    Some('/') => self.line(),
                    Some('*') => self.comment(),
                    _ if self.language == Language::JavaScript && self.may_begin_a_value() => {
                        self.pattern();
                    }
                    _ => self.tokens.push(Token::Mark('/')),
                },
                '=' if self.rest.peek() == Some(&'>') => {
                    self.rest.next();
                    self.tokens.push(Token::Arrow);
                }
                letter if is_name(letter) => self.name(letter),
                letter if letter.is_whitespace() => {}
                letter => self.tokens.push(Token::Mark(letter)),
            }
        }
        self.tokens
    }

    fn line(&mut self) {
        for letter in self.rest.by_ref() {
            if letter == '\n' {
                break;
            }
        }
    }

    fn comment(&mut self) {
        self.rest.next();
        while let Some(letter) = self.rest.next() {
            if letter == '*' && self.rest.peek() == Some(&'/') {
                self.rest.next();
                break;
            }
        }
    }

    fn text(&mut self, quote: char) {
        let mut text = String::new();
        while let Some(letter) = self.rest.next() {
            match letter {
                '\\' => text.extend(self.rest.next().map(unescaped)),
                '\n' => break,
                letter if letter == quote => break,
                letter => text.push(letter),
            }
        }
        self.tokens.push(Token::Text(text));
    }

    /// A template; one that only begins with `${__dirname}` is a text.
    fn template(&mut self) {
        let mut text = String::new();
        let mut is_literal = true;
        while let Some(letter) = self.rest.next() {
            match letter {
                '`' => break,
                '\\' => text.extend(self.rest.next().map(unescaped)),
                '$' if self.rest.peek() == Some(&'{') => {
                    let part = self.computed();
                    if part.trim() == "__dirname" && text.is_empty() {
                        text.push('.');
                    } else {
                        is_literal = false;
                    }
                }
                letter => text.push(letter),
            }
        }
        self.tokens.push(if is_literal {
            Token::Text(text)
        } else {
            Token::Template
        });
    }

    fn computed(&mut self) -> String {
        let mut depth = 0_usize;
        let mut text = String::new();
        for letter in self.rest.by_ref() {
            match letter {
                '{' => depth += 1,
                '}' if depth <= 1 => break,
                '}' => depth -= 1,
                letter => text.push(letter),
            }
        }
        text
    }

    fn pattern(&mut self) {
        let mut in_class = false;
        while let Some(letter) = self.rest.next() {
            match letter {
                '\\' => {
                    self.rest.next();
                }
                '[' => in_class = true,
                ']' => in_class = false,
                '/' if !in_class => break,
                '\n' => break,
                _ => {}
            }
        }
        self.tokens.push(Token::Template);
    }

    fn name(&mut self, first: char) {
        let mut name = String::from(first);
        while let Some(letter) = self.rest.next_if(|letter| is_name(*letter)) {
            name.push(letter);
        }
        self.tokens.push(Token::Name(name));
    }

    /// Whether a value may follow what was read: then `/` begins a pattern.
    fn may_begin_a_value(&self) -> bool {
        match self.tokens.last() {
            None | Some(Token::Arrow) => true,
            Some(Token::Mark(mark)) => !matches!(mark, ')' | ']' | '}'),
            Some(Token::Name(word)) => word == "return",
            Some(_) => false,
        }
    }
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '$')
}

fn unescaped(letter: char) -> char {
    match letter {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        letter => letter,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::{Language, Script, Value};

    fn text(value: &str) -> Value {
        Value::Text(value.to_owned())
    }

    #[test]
    fn a_value_is_found_under_its_path() {
        let script = Script::new(
            "// directory: 'no'\nimport x from 'y';\nexport default {\n  client: \"pg\",\n  migrations: {\n    \
             directory: './db/migrations', // here\n    tableName: `history`,\n  },\n  seeds: { directory: 'seeds' },\n}",
        );
        assert_eq!(
            script.one(&["migrations", "directory"]),
            Some(text("./db/migrations"))
        );
        assert_eq!(
            script.one(&["migrations", "tableName"]),
            Some(text("history"))
        );
        assert_eq!(script.find(&["directory"]).len(), 2);
        assert_eq!(script.one(&["directory"]), None);
    }

    #[test]
    fn sections_that_agree_are_one_value() {
        let script = Script::new(
            "module.exports = { development: { migrations: { directory: 'm' } }, \
             production: { migrations: { directory: 'm' } } }",
        );
        assert_eq!(script.one(&["migrations", "directory"]), Some(text("m")));
    }

    #[test]
    fn paths_from_the_file_s_own_directory_are_literals() {
        for written in [
            "path.join(__dirname, 'db', 'm')",
            "path.resolve(__dirname, './db/m')",
            "resolve(process.cwd(), 'db/m')",
            "__dirname + '/db/m'",
            "`${__dirname}/db/m`",
            "path.join(import.meta.dirname, 'db/m')",
        ] {
            let script = Script::new(&format!("export default {{ out: {written}, x: 1 }}"));
            let found = script.one(&["out"]).and_then(|value| value.texts());
            assert_eq!(
                found
                    .as_deref()
                    .map(|texts| texts[0].trim_start_matches("./")),
                Some("db/m"),
                "{written}"
            );
        }
    }

    #[test]
    fn what_is_computed_is_said_to_be() {
        for written in [
            "process.env.DIR",
            "process.env.DIR ?? 'x'",
            "'a' + b",
            "f('x')",
            "`a${b}`",
            "a ? 'b' : 'c'",
        ] {
            let script = Script::new(&format!("export default {{ out: {written} }}"));
            assert_eq!(script.one(&["out"]), Some(Value::Computed), "{written}");
        }
    }

    #[test]
    fn lists_of_texts_are_read() {
        let script = Script::new("x = { directory: ['a', \"b\",], y: ['a', f()] }");
        assert_eq!(
            script.one(&["directory"]),
            Some(Value::Texts(vec!["a".to_owned(), "b".to_owned()]))
        );
        assert_eq!(script.one(&["y"]), Some(Value::Computed));
    }

    #[test]
    fn types_parameters_and_patterns_are_no_keys() {
        let script = Script::new(
            "function f(out: string) { const r = /[/'\"]out: 'x'/; return a ? out : 'y'; }",
        );
        assert!(script.find(&["out"]).is_empty());
    }

    #[test]
    fn php_arrays_are_read_with_arrows() {
        let script = Script::in_language(
            "<?php\n# 'migrations' => 'no'\nreturn [ 'migrations' => [ 'table' => 'history', 'x' => true ] ];",
            Language::Php,
        );
        assert_eq!(script.one(&["migrations", "table"]), Some(text("history")));
        assert_eq!(script.one(&["migrations"]), Some(Value::Object));
    }

    #[test]
    fn classes_and_their_properties_are_found() {
        let script = Script::new(
            "export class AddUsers1795170151000 implements MigrationInterface { name = 'AddUsers1795170151000'\n transaction = false\n async up() {} }",
        );
        assert_eq!(script.classes(), ["AddUsers1795170151000"]);
        assert_eq!(script.assigned("name"), Some(text("AddUsers1795170151000")));
        assert_eq!(script.assigned("transaction"), Some(Value::Truth(false)));
        let typed =
            Script::new("class A { readonly name: string =\n 'B1795170151000';\n up() {} }");
        assert_eq!(typed.assigned("name"), Some(text("B1795170151000")));
    }

    #[test]
    fn parameters_are_found_however_a_function_is_written() {
        for written in [
            "exports.up = function (knex) {}",
            "exports.up = async (knex) => {}",
            "exports.up = knex => {}",
            "export async function up(knex: Knex): Promise<void> {}",
            "module.exports = { up: async function up(knex) {} }",
            "module.exports = { async up(knex, other) {} }",
            "module.exports.up = (knex) => {}",
        ] {
            let script = Script::new(written);
            let found = script.parameters("up").unwrap_or_default();
            assert_eq!(found.first(), Some(&"knex"), "{written}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "([a-z]{1,3}|[{}\\[\\]():,;'\"`$/*\\\\=>\n #+.]|\\PC){0,60}") {
            for language in [Language::JavaScript, Language::Php] {
                let script = Script::in_language(&text, language);
                let _ = script.find(&["a", "b"]);
                let _ = script.assigned("a");
                let _ = script.parameters("a");
            }
        }

        #[test]
        fn a_quoted_text_is_read_as_it_is(value in "[a-zA-Z0-9 _./-]{0,30}", quote in "['\"`]") {
            let script = Script::new(&format!("x = {{ a: {{ key: {quote}{value}{quote} }} }}"));
            prop_assert_eq!(script.one(&["a", "key"]), Some(Value::Text(value)));
        }
    }
}
