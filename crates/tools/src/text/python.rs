//! Python: what is assigned, written as a literal.
//!
//! Logical lines are told apart by indentation and brackets; an assignment's
//! value is read if it is a literal: texts (also joined by standing side by
//! side), numbers, `None`, `True`, `False`, tuples, lists and sets.

/// A value in a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `None`.
    None,
    /// `True` or `False`.
    Truth(bool),
    /// A text.
    Text(String),
    /// A number, as written.
    Number(String),
    /// A tuple, list or set.
    Sequence(Vec<Literal>),
    /// Anything else, as its words: `migrations.swappable_dependency(…)`.
    Computed(String),
}

impl Literal {
    /// The text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The texts of a text, of a sequence of texts, or of `None`. `None` if
    /// it is something else.
    pub fn texts(&self) -> Option<Vec<String>> {
        match self {
            Self::None => Some(Vec::new()),
            Self::Text(text) => Some(vec![text.clone()]),
            Self::Sequence(items) => items
                .iter()
                .map(|item| item.text().map(str::to_owned))
                .collect(),
            _ => None,
        }
    }
}

/// An assignment: `name = value` or `name: annotation = value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// What is assigned to.
    pub name: String,
    /// The value.
    pub value: Literal,
    /// The line of the name, from 1.
    pub line: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Name(String),
    Number(String),
    Text(String),
    /// A text with parts that are computed.
    Computed,
    Mark(char),
    /// `==`, `+=`, `->` and such: never an assignment.
    Operator(String),
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    line: usize,
}

/// One statement and how far it is indented.
#[derive(Clone, Debug)]
struct Statement {
    indent: usize,
    tokens: Vec<Token>,
}

/// A module, read once.
#[derive(Clone, Debug)]
pub struct Module {
    statements: Vec<Statement>,
}

impl Module {
    /// Reads a text.
    pub fn new(text: &str) -> Self {
        Self {
            statements: Lexer::new(text).statements(),
        }
    }

    /// The assignments that are not inside of anything.
    pub fn assignments(&self) -> Vec<Assignment> {
        self.statements
            .iter()
            .filter(|statement| statement.indent == 0)
            .filter_map(assignment)
            .collect()
    }

    /// The last module-level assignment to this name.
    pub fn assigned(&self, name: &str) -> Option<Assignment> {
        self.assignments()
            .into_iter()
            .rev()
            .find(|assignment| assignment.name == name)
    }

    /// The assignments directly in a class; `None` if there is no such class.
    pub fn class(&self, name: &str) -> Option<Vec<Assignment>> {
        let at = self.statements.iter().position(|statement| {
            matches!(
                statement.tokens.as_slice(),
                [Token { kind: Kind::Name(word), .. }, Token { kind: Kind::Name(found), .. }, ..]
                    if word == "class" && found == name
            )
        })?;
        let outer = self.statements[at].indent;
        let body: Vec<&Statement> = self.statements[at + 1..]
            .iter()
            .take_while(|statement| statement.indent > outer)
            .collect();
        let indent = body.first().map_or(0, |statement| statement.indent);
        Some(
            body.into_iter()
                .filter(|statement| statement.indent == indent)
                .filter_map(assignment)
                .collect(),
        )
    }

    /// Values of the keyword argument `name=` in any call.
    pub fn keywords(&self, name: &str) -> Vec<Literal> {
        let mut found = Vec::new();
        for statement in &self.statements {
            for (at, pair) in statement.tokens.windows(2).enumerate() {
                let is_keyword = at > 0
                    && matches!(statement.tokens[at - 1].kind, Kind::Mark('(' | ','))
                    && matches!(&pair[0].kind, Kind::Name(word) if word == name)
                    && pair[1].kind == Kind::Mark('=');
                if is_keyword {
                    found.push(Reader::new(&statement.tokens, at + 2).element());
                }
            }
        }
        found
    }

    /// Whether a name stands in it, outside of texts and comments.
    pub fn names(&self, name: &str) -> bool {
        self.statements
            .iter()
            .flat_map(|statement| &statement.tokens)
            .any(|token| matches!(&token.kind, Kind::Name(found) if found == name))
    }
}

fn assignment(statement: &Statement) -> Option<Assignment> {
    let tokens = &statement.tokens;
    let Kind::Name(name) = &tokens.first()?.kind else {
        return None;
    };
    let equals = match &tokens.get(1)?.kind {
        Kind::Mark('=') => 1,
        Kind::Mark(':') => {
            let mut depth = 0_i32;
            2 + tokens[2..].iter().position(|token| match token.kind {
                Kind::Mark('(' | '[' | '{') => {
                    depth += 1;
                    false
                }
                Kind::Mark(')' | ']' | '}') => {
                    depth -= 1;
                    false
                }
                Kind::Mark('=') => depth == 0,
                _ => false,
            })?
        }
        _ => return None,
    };
    Some(Assignment {
        name: name.clone(),
        value: Reader::new(tokens, equals + 1).whole(),
        line: tokens[0].line,
    })
}

/// Brackets within brackets beyond this are not followed.
const DEPTH: usize = 64;

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn new(tokens: &'a [Token], at: usize) -> Self {
        Self {
            tokens,
            at,
            depth: 0,
        }
    }
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    /// A value up to the end of the statement; with bare commas a tuple.
    fn whole(&mut self) -> Literal {
        let first = self.element();
        if self.peek().is_none() {
            return first;
        }
        let mut items = vec![first];
        while self.peek() == Some(&Kind::Mark(',')) {
            self.at += 1;
            if self.peek().is_some() {
                items.push(self.element());
            }
        }
        match self.peek() {
            None => Literal::Sequence(items),
            Some(_) => Literal::Computed(self.words(0)),
        }
    }

    /// A value up to a comma or closing bracket.
    fn element(&mut self) -> Literal {
        let start = self.at;
        let value = self.primary();
        match self.peek() {
            None | Some(Kind::Mark(',' | ')' | ']' | '}')) => value,
            Some(_) => {
                self.skip();
                Literal::Computed(self.words(start))
            }
        }
    }

    fn primary(&mut self) -> Literal {
        let Some(kind) = self.peek().cloned() else {
            return Literal::Computed(String::new());
        };
        self.at += 1;
        match kind {
            Kind::Name(name) => match name.as_str() {
                "None" => Literal::None,
                "True" => Literal::Truth(true),
                "False" => Literal::Truth(false),
                _ => Literal::Computed(name),
            },
            Kind::Number(number) => Literal::Number(number),
            Kind::Text(mut text) => {
                while let Some(Kind::Text(more)) = self.peek() {
                    text.push_str(more);
                    self.at += 1;
                }
                Literal::Text(text)
            }
            Kind::Mark(open @ ('(' | '[' | '{')) if self.depth < DEPTH => {
                self.depth += 1;
                let sequence = self.sequence(open);
                self.depth -= 1;
                sequence
            }
            Kind::Computed | Kind::Mark(_) | Kind::Operator(_) => {
                Literal::Computed(self.words(self.at - 1))
            }
        }
    }

    fn sequence(&mut self, open: char) -> Literal {
        let start = self.at - 1;
        let close = match open {
            '(' => ')',
            '[' => ']',
            _ => '}',
        };
        let mut items = Vec::new();
        let mut has_comma = false;
        loop {
            match self.peek() {
                Some(Kind::Mark(mark)) if *mark == close => {
                    self.at += 1;
                    break;
                }
                Some(Kind::Mark(',')) => {
                    has_comma = true;
                    self.at += 1;
                }
                // A bracket that does not fit, or the end: no literal.
                None | Some(Kind::Mark(')' | ']' | '}')) => {
                    return Literal::Computed(self.words(start));
                }
                Some(_) => items.push(self.element()),
            }
        }
        match items.pop() {
            Some(only) if open == '(' && items.is_empty() && !has_comma => only,
            last => {
                items.extend(last);
                Literal::Sequence(items)
            }
        }
    }

    /// Past what belongs to the value that began, up to its end.
    fn skip(&mut self) {
        let mut depth = 0_usize;
        while let Some(kind) = self.peek() {
            match kind {
                Kind::Mark('(' | '[' | '{') => depth += 1,
                Kind::Mark(')' | ']' | '}') if depth == 0 => break,
                Kind::Mark(')' | ']' | '}') => depth -= 1,
                Kind::Mark(',') if depth == 0 => break,
                _ => {}
            }
            self.at += 1;
        }
    }

    fn words(&self, start: usize) -> String {
        let end = self.at.min(self.tokens.len());
        self.tokens[start.min(end)..end]
            .iter()
            .map(|token| match &token.kind {
                Kind::Name(word) | Kind::Number(word) | Kind::Operator(word) => word.clone(),
                Kind::Text(text) => format!("'{text}'"),
                Kind::Computed => "f''".to_owned(),
                Kind::Mark(mark) => mark.to_string(),
            })
            .collect()
    }
}

struct Lexer {
    letters: Vec<char>,
    at: usize,
    line: usize,
}

impl Lexer {
    fn new(text: &str) -> Self {
        Self {
            letters: text.trim_start_matches('\u{feff}').chars().collect(),
            at: 0,
            line: 1,
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.letters.get(self.at + ahead).copied()
    }

    fn step(&mut self) -> Option<char> {
        let letter = self.peek(0)?;
        self.at += 1;
        if letter == '\n' {
            self.line += 1;
        }
        Some(letter)
    }

    fn statements(mut self) -> Vec<Statement> {
        let mut statements = Vec::new();
        let mut indent = self.indent();
        let mut tokens: Vec<Token> = Vec::new();
        let mut depth = 0_usize;
        let mut end = |tokens: &mut Vec<Token>, indent: usize| {
            if !tokens.is_empty() {
                statements.push(Statement {
                    indent,
                    tokens: std::mem::take(tokens),
                });
            }
        };
        while let Some(letter) = self.peek(0) {
            let line = self.line;
            let kind = match letter {
                '#' => {
                    while self.peek(0).is_some_and(|letter| letter != '\n') {
                        self.step();
                    }
                    continue;
                }
                '\\' => {
                    self.step();
                    if self.peek(0) == Some('\r') {
                        self.step();
                    }
                    self.step();
                    continue;
                }
                '\n' if depth == 0 => {
                    self.step();
                    end(&mut tokens, indent);
                    indent = self.indent();
                    continue;
                }
                ';' if depth == 0 => {
                    self.step();
                    end(&mut tokens, indent);
                    continue;
                }
                letter if letter.is_whitespace() => {
                    self.step();
                    continue;
                }
                '"' | '\'' => self.text(""),
                letter if letter.is_alphabetic() || letter == '_' => {
                    let word = self.word();
                    let is_prefix =
                        word.len() <= 2 && word.chars().all(|letter| "rRbBuUfFtT".contains(letter));
                    match self.peek(0) {
                        Some('"' | '\'') if is_prefix => self.text(&word),
                        _ => Kind::Name(word),
                    }
                }
                letter if letter.is_ascii_digit() => Kind::Number(self.word()),
                '(' | '[' | '{' => {
                    depth += 1;
                    self.step();
                    Kind::Mark(letter)
                }
                ')' | ']' | '}' => {
                    depth = depth.saturating_sub(1);
                    self.step();
                    Kind::Mark(letter)
                }
                letter => {
                    self.step();
                    match self.peek(0) {
                        Some('=') if "=!<>+-*/%&|^@:".contains(letter) => {
                            self.step();
                            Kind::Operator(format!("{letter}="))
                        }
                        Some('>') if letter == '-' => {
                            self.step();
                            Kind::Operator("->".to_owned())
                        }
                        _ => Kind::Mark(letter),
                    }
                }
            };
            tokens.push(Token { kind, line });
        }
        end(&mut tokens, indent);
        statements
    }

    /// How far the line that begins here is indented; a tab counts to the next 8.
    fn indent(&mut self) -> usize {
        let mut width = 0;
        while let Some(letter @ (' ' | '\t')) = self.peek(0) {
            width = if letter == ' ' {
                width + 1
            } else {
                (width / 8 + 1) * 8
            };
            self.at += 1;
        }
        width
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(letter) = self.peek(0)
            && (letter.is_alphanumeric() || letter == '_')
        {
            word.push(letter);
            self.at += 1;
        }
        word
    }

    fn text(&mut self, prefix: &str) -> Kind {
        let quote = self.step().unwrap_or('"');
        let is_raw = prefix.contains(['r', 'R']);
        let triple = self.peek(0) == Some(quote) && self.peek(1) == Some(quote);
        if triple {
            self.at += 2;
        }
        let mut text = String::new();
        loop {
            match self.peek(0) {
                None => break,
                Some('\n') if !triple => break,
                Some('\\') => {
                    self.step();
                    let Some(letter) = self.step() else { break };
                    match letter {
                        letter if is_raw => text.extend(['\\', letter]),
                        '\n' => {}
                        'n' => text.push('\n'),
                        't' => text.push('\t'),
                        letter @ ('\\' | '\'' | '"') => text.push(letter),
                        letter => text.extend(['\\', letter]),
                    }
                }
                Some(letter) if letter == quote && !triple => {
                    self.step();
                    break;
                }
                Some(letter)
                    if letter == quote
                        && self.peek(1) == Some(quote)
                        && self.peek(2) == Some(quote) =>
                {
                    self.at += 3;
                    break;
                }
                Some(letter) => {
                    self.step();
                    text.push(letter);
                }
            }
        }
        let is_computed = prefix.contains(['f', 'F', 't', 'T']) && text.contains('{');
        if is_computed || prefix.contains(['b', 'B']) {
            Kind::Computed
        } else {
            Kind::Text(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, prop, prop_assert_eq, proptest};

    use super::{Literal, Module};

    fn value(text: &str) -> Literal {
        Module::new(&format!("x = {text}\n"))
            .assigned("x")
            .unwrap()
            .value
    }

    fn text(value: &str) -> Literal {
        Literal::Text(value.to_owned())
    }

    #[test]
    fn literals_of_every_kind_are_read() {
        assert_eq!(value("None"), Literal::None);
        assert_eq!(value("'a'"), text("a"));
        assert_eq!(value("\"\"\"a\nb\"\"\""), text("a\nb"));
        assert_eq!(value("('a')"), text("a"));
        assert_eq!(value("('a',)"), Literal::Sequence(vec![text("a")]));
        assert_eq!(
            value("'a', 'b'"),
            Literal::Sequence(vec![text("a"), text("b")])
        );
        assert_eq!(
            value("[\n 'a', # one\n 'b'\n 'c',\n]"),
            Literal::Sequence(vec![text("a"), text("bc")])
        );
        assert_eq!(value("{'a'}"), Literal::Sequence(vec![text("a")]));
        assert_eq!(value("()"), Literal::Sequence(vec![]));
        assert_eq!(value("r'\\d'"), text("\\d"));
        assert_eq!(value("False"), Literal::Truth(false));
    }

    #[test]
    fn what_is_computed_is_said_to_be() {
        for written in [
            "f('x')",
            "'a' + b",
            "[x for x in y]",
            "f'{a}'",
            "a.b",
            "{'a': 1}",
            "'a' if b else 'c'",
        ] {
            let found = value(written);
            let is_computed = match &found {
                Literal::Sequence(items) => items
                    .iter()
                    .any(|item| matches!(item, Literal::Computed(_))),
                found => matches!(found, Literal::Computed(_)),
            };
            assert!(is_computed, "{written}: {found:?}");
        }
    }

    #[test]
    fn annotated_assignments_are_assignments() {
        let module = Module::new(
            "\"\"\"doc\n\nRevises: x\n\"\"\"\nfrom typing import Union\n\nrevision: str = 'a1'\n\
             down_revision: Union[str, Sequence[str], None] = ('b', 'c')\nif True:\n    revision = 'no'\n",
        );
        assert_eq!(module.assigned("revision").unwrap().value, text("a1"));
        assert_eq!(module.assigned("revision").unwrap().line, 7);
        assert_eq!(
            module
                .assigned("down_revision")
                .unwrap()
                .value
                .texts()
                .unwrap(),
            ["b", "c"]
        );
    }

    #[test]
    fn a_class_s_own_assignments_are_told_from_deeper_ones() {
        let module = Module::new(
            "class Other:\n    dependencies = 1\n\nclass Migration(migrations.Migration):\n\n    initial = True\n    dependencies = [\n        ('auth', '0001_initial'),\n\
                     migrations.swappable_dependency(settings.AUTH_USER_MODEL),\n    ]\n\n    def f(self):\n        dependencies = 2\n\nx = 1\n",
        );
        let class = module.class("Migration").unwrap();
        assert_eq!(class.len(), 2);
        let Literal::Sequence(items) = &class[1].value else {
            panic!()
        };
        assert_eq!(
            items[0],
            Literal::Sequence(vec![text("auth"), text("0001_initial")])
        );
        assert_eq!(
            items[1],
            Literal::Computed(
                "migrations.swappable_dependency(settings.AUTH_USER_MODEL)".to_owned()
            )
        );
    }

    #[test]
    fn keyword_arguments_are_found() {
        let module =
            Module::new("context.configure(\n    url=url, version_table=\"history\",\n)\n");
        assert_eq!(module.keywords("version_table"), [text("history")]);
    }

    fn written() -> impl Strategy<Value = (String, Literal)> {
        let leaf = prop::sample::select(vec!["None", "True", "7"])
            .prop_map(|word| {
                let literal = match word {
                    "None" => Literal::None,
                    "True" => Literal::Truth(true),
                    number => Literal::Number(number.to_owned()),
                };
                (word.to_owned(), literal)
            })
            .boxed();
        let quoted = ("[a-z0-9 #,()]{0,8}", "['\"]")
            .prop_map(|(text, quote)| (format!("{quote}{text}{quote}"), Literal::Text(text)));
        prop::strategy::Union::new([leaf, quoted.boxed()]).prop_recursive(3, 16, 4, |inner| {
            (
                prop::collection::vec(inner, 0..4),
                "[(\\[]",
                "( |\n  |  # x\n)",
            )
                .prop_map(|(items, open, blank)| {
                    let close = if open == "(" { ")" } else { "]" };
                    let texts: Vec<String> = items
                        .iter()
                        .map(|(text, _)| format!("{text},{blank}"))
                        .collect();
                    let literals = items.into_iter().map(|(_, literal)| literal).collect();
                    (
                        format!("{open}{blank}{}{close}", texts.concat()),
                        Literal::Sequence(literals),
                    )
                })
        })
    }

    proptest! {
        #[test]
        fn a_written_literal_is_read_back((text, literal) in written(), annotation in "(|: Union\\[str, None\\])") {
            let module = Module::new(&format!("# c\nx{annotation} = {text}  # end\ny = 1\n"));
            prop_assert_eq!(module.assigned("x").unwrap().value, literal);
        }

        #[test]
        fn no_text_makes_reading_panic(text in "([a-z]{1,3}|[(){}\\[\\]:=,;'\"\\\\\n #]|class |\\PC){0,60}") {
            let module = Module::new(&text);
            let _ = module.assignments();
            let _ = module.class("a");
            let _ = module.keywords("a");
        }
    }
}
