//! No template makes the engine panic or recurse without bound.

use proptest::prelude::*;
use shipgate_template::{Function, Functions, MissingKey, Parameter, Templates, Value};

fn functions() -> Functions {
    let mut functions = Functions::default();
    functions.insert(
        "same",
        Function::new(&[Parameter::Any], |arguments| Ok(arguments[0].clone())),
    );
    functions
}

fn data() -> Value {
    Value::from_iter([
        ("a", Value::from("text \u{e9}")),
        (
            "b",
            Value::from(vec![Value::from(1_i64), Value::Nil, Value::from(2.5)]),
        ),
        ("c", Value::from_iter([("a", Value::from(true))])),
    ])
}

/// Parses and executes; the output, or the error's words.
fn run(text: &str) -> Result<String, String> {
    let mut templates = Templates::new(functions());
    templates
        .parse("t", text)
        .map_err(|error| error.to_string())?;
    templates
        .execute("t", &data())
        .map_err(|error| error.to_string())
}

/// Pieces of which real templates consist.
const PIECES: &[&str] = &[
    "{{",
    "}}",
    "{{- ",
    " -}}",
    " ",
    "\n",
    "text",
    "if ",
    "else ",
    "else",
    "end",
    "range ",
    "with ",
    "define ",
    "template ",
    "block ",
    "break",
    "continue",
    "$",
    "$x",
    "$y",
    " := ",
    " = ",
    ", ",
    ".",
    ".a",
    ".b",
    ".c",
    ".c.a",
    "|",
    "(",
    ")",
    "\"x\"",
    "\"%5.2f %v %q\"",
    "`r`",
    "'c'",
    "1",
    "-2",
    "3.5",
    "0x1p4",
    "nil",
    "true",
    "print ",
    "printf ",
    "index ",
    "slice ",
    "len ",
    "eq ",
    "lt ",
    "and ",
    "or ",
    "not ",
    "call ",
    "html ",
    "js ",
    "urlquery ",
    "same ",
    "/*",
    "*/",
    "\"%[2]*.[1]*d\"",
    "\"%99999d %.99999f\"",
    "\u{e9}",
    "\\",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let _ = run(&text);
        let _ = run(&format!("{{{{{text}}}}}"));
    }

    #[test]
    fn no_pieces_make_it_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24)) {
        let _ = run(&pieces.concat());
    }

    #[test]
    fn no_action_makes_it_panic(
        actions in prop::collection::vec(prop::collection::vec(prop::sample::select(PIECES), 1..5), 1..6),
    ) {
        let text: String = (actions.iter())
            .map(|pieces| format!("{{{{{}}}}}", pieces.concat()))
            .collect();
        let _ = run(&text);
    }

    #[test]
    fn no_format_makes_printf_panic(
        format in "[%a-zA-Z0-9#+\\-. *\\[\\]é]{0,12}",
        number in any::<i64>(),
        float in any::<f64>(),
        text in ".*",
    ) {
        let mut templates = Templates::new(functions());
        templates.parse("t", "{{ printf .f .n .t .x .l .m }}").unwrap();
        let data = Value::from_iter([
            ("f", Value::from(format)),
            ("n", Value::from(number)),
            ("t", Value::from(text)),
            ("x", Value::from(float)),
            ("l", Value::from(vec![Value::from(number), Value::Nil])),
        ]);
        templates.execute("t", &data).unwrap();
    }

    #[test]
    fn text_without_actions_is_printed_as_it_is(text in "[^{]*") {
        prop_assert_eq!(run(&text), Ok(text));
    }

    #[test]
    fn quoting_and_reading_back_gives_the_text(text in ".*") {
        let quoted = shipgate_template::Quoted(&text).to_string();
        prop_assert_eq!(run(&format!("{{{{{quoted}}}}}")), Ok(text));
    }
}

#[test]
fn parentheses_and_blocks_nest_to_a_bound() {
    let nested = |depth: usize| format!("{{{{{}1{}}}}}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(run(&nested(150)), Ok("1".to_owned()));
    assert_eq!(
        run(&nested(100_000)),
        Err("template: t:1: max expression depth exceeded".to_owned())
    );
    let nested = |depth: usize| format!("{}x{}", "{{if 1}}".repeat(depth), "{{end}}".repeat(depth));
    assert_eq!(run(&nested(150)), Ok("x".to_owned()));
    assert_eq!(
        run(&nested(100_000)),
        Err("template: t:1: max nesting depth exceeded".to_owned())
    );
}

#[test]
fn a_template_that_calls_itself_is_stopped() {
    let error =
        run(r#"{{define "x"}}{{if 1}}{{template "x" (same .)}}{{end}}{{end}}{{template "x"}}"#)
            .unwrap_err();
    assert!(error.contains("exceeded maximum template depth"), "{error}");
}

#[test]
fn a_missing_key_may_be_an_error() {
    let mut templates = Templates::new(functions()).missing_key(MissingKey::Error);
    templates.parse("t", "{{ .nope }}").unwrap();
    templates.parse("u", "{{ .nope.deeper }}").unwrap();
    let map = Value::from_iter([("a", Value::Nil)]);
    let words = |name, data| templates.execute(name, data).unwrap_err().to_string();
    assert_eq!(
        words("t", &map),
        "template: t:1:3: executing \"t\" at <.nope>: map has no entry for key \"nope\""
    );
    assert_eq!(
        words("u", &Value::Nil),
        "template: u:1:8: executing \"u\" at <.nope.deeper>: nil data; no entry for key \"nope\""
    );
}

#[test]
fn templates_of_a_set_call_each_other_and_the_later_one_counts() {
    let mut templates = Templates::new(functions());
    templates
        .parse("a.sql", "{{ template \"shared\" . }};")
        .unwrap();
    templates
        .parse("shared.tmpl", "{{ define \"shared\" }}one{{ end }}")
        .unwrap();
    assert_eq!(
        templates.execute("a.sql", &Value::Nil),
        Ok("one;".to_owned())
    );
    templates
        .parse("other.tmpl", "{{ define \"shared\" }}two{{ end }}")
        .unwrap();
    assert_eq!(
        templates.execute("a.sql", &Value::Nil),
        Ok("two;".to_owned())
    );
    let names: Vec<_> = templates.names().collect();
    assert_eq!(names, ["a.sql", "other.tmpl", "shared", "shared.tmpl"]);
    assert_eq!(
        templates
            .execute("b.sql", &Value::Nil)
            .unwrap_err()
            .to_string(),
        "template: no template \"b.sql\" associated with template \"b.sql\""
    );
}

#[test]
fn a_text_that_does_not_parse_leaves_the_set_as_it_was() {
    let mut templates = Templates::new(functions());
    templates.parse("t", "whole").unwrap();
    let error = templates
        .parse("t", "{{ define \"x\" }}{{ end }}\n{{ if }}")
        .unwrap_err();
    assert_eq!(error.to_string(), "template: t:2: missing value for if");
    assert_eq!((error.place.as_str(), error.line), ("t", 2));
    assert_eq!(templates.execute("t", &Value::Nil), Ok("whole".to_owned()));
}
