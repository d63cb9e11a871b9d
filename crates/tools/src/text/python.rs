//! Python: what is assigned, written as a literal.
//!
//! Logical lines are told apart by indentation and brackets; an assignment's
//! value is read if it is a literal: texts (also joined by standing side by
//! side), numbers, `None`, `True`, `False`, tuples, lists, sets and dictionaries,
//! sums of texts and of lists, and names that are given such a value once.

mod assignment;
mod lexer;
mod reader;

use std::collections::HashMap;
use std::sync::OnceLock;

use self::assignment::assigned;
use self::lexer::{Kind, Statement, Token};
use self::reader::Reader;

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
    /// A dictionary.
    Pairs(Vec<(Literal, Literal)>),
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

/// An assignment: `name = value` or `name: annotation = value`; `a, b = 1, 2` are two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// What is assigned to.
    pub name: String,
    /// The value.
    pub value: Literal,
    /// The line of the name, from 1.
    pub line: usize,
}

/// A module, read once.
#[derive(Clone, Debug)]
pub struct Module {
    statements: Vec<Statement>,
    constants: OnceLock<Constants>,
}

impl Module {
    /// Reads a text.
    pub fn new(text: &str) -> Self {
        Self {
            statements: lexer::statements(text),
            constants: OnceLock::new(),
        }
    }

    /// The assignments that are not inside of anything.
    pub fn assignments(&self) -> Vec<Assignment> {
        let outer = self.statements.iter();
        self.resolved(outer.filter(|statement| statement.indent == 0))
    }

    /// The assignments of these statements, with names of constants as their values.
    fn resolved<'s>(&self, statements: impl Iterator<Item = &'s Statement>) -> Vec<Assignment> {
        let constants = self.constants();
        statements
            .flat_map(|statement| assigned(statement, constants))
            .collect()
    }

    /// What is assigned to a name once, and not under a condition.
    fn constants(&self) -> &Constants {
        self.constants.get_or_init(|| {
            let plain = self.constants_by(&Constants::new());
            self.constants_by(&plain)
        })
    }

    /// The same, where these are known.
    fn constants_by(&self, known: &Constants) -> Constants {
        let mut values: HashMap<String, Option<Literal>> = HashMap::new();
        for statement in &self.statements {
            for Assignment { name, value, .. } in assigned(statement, known) {
                let is_constant = statement.indent == 0
                    && !values.contains_key(&name)
                    && !matches!(value, Literal::Computed(_));
                values.insert(name, is_constant.then_some(value));
            }
        }
        values
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
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
        let own = body.into_iter();
        Some(self.resolved(own.filter(|statement| statement.indent == indent)))
    }

    /// Values of the keyword argument `name=` in any call.
    pub fn keywords(&self, name: &str) -> Vec<Literal> {
        let constants = self.constants();
        let mut found = Vec::new();
        for statement in &self.statements {
            for (at, pair) in statement.tokens.windows(2).enumerate() {
                let is_keyword = at > 0
                    && matches!(statement.tokens[at - 1].kind, Kind::Mark('(' | ','))
                    && matches!(&pair[0].kind, Kind::Name(word) if word == name)
                    && pair[1].kind == Kind::Mark('=');
                if is_keyword {
                    found.push(Reader::new(&statement.tokens, at + 2, constants).element());
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

/// Names and the literals they stand for.
type Constants = HashMap<String, Literal>;

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
    fn dictionaries_and_sums_are_read() {
        assert_eq!(
            value("{'a': 'b', **c, 'd': ['e'],}"),
            Literal::Pairs(vec![
                (text("a"), text("b")),
                (text("d"), Literal::Sequence(vec![text("e")])),
            ])
        );
        assert_eq!(value("'a' + 'b'"), text("ab"));
        assert_eq!(
            value("['a'] + [\n 'b'] + ['c']"),
            Literal::Sequence(vec![text("a"), text("b"), text("c")])
        );
    }

    #[test]
    fn a_name_stands_for_what_it_is_given_once() {
        let module = Module::new(
            "APP = 'blog'\nFIRST = [(APP, '0001')]\nx = FIRST\ntwice = 'a'\nif z:\n    twice = 'b'\ny = twice\nloop = loop\n",
        );
        let value = |name: &str| module.assigned(name).unwrap().value;
        let pair = Literal::Sequence(vec![text("blog"), text("0001")]);
        assert_eq!(value("x"), Literal::Sequence(vec![pair]));
        assert_eq!(value("y"), Literal::Computed("twice".to_owned()));
        assert_eq!(value("loop"), Literal::Computed("loop".to_owned()));
    }

    #[test]
    fn one_statement_may_assign_to_several_names() {
        for written in [
            "a, b = 'x', 'y'",
            "(a, b) = ('x', 'y')",
            "[a, b] = ['x', 'y']",
        ] {
            let module = Module::new(written);
            assert_eq!(module.assigned("a").unwrap().value, text("x"), "{written}");
            assert_eq!(module.assigned("b").unwrap().value, text("y"), "{written}");
        }
        let module = Module::new("a = b = 'x'\nc, d = pair()\n");
        assert_eq!(module.assigned("a").unwrap().value, text("x"));
        assert_eq!(module.assigned("b").unwrap().value, text("x"));
        let computed = module.assigned("c").unwrap().value;
        assert!(matches!(computed, Literal::Computed(_)));
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
