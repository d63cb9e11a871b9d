//! Templates print what Go prints for them, and fail with its words.
//!
//! `golden/generate.go` makes the pairs with the real `text/template`.

use std::any::Any;

use serde::Deserialize;
use shipgate_template::{Function, Functions, List, Object, Parameter, Templates, Value};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pair {
    template: String,
    #[serde(default)]
    output: String,
    #[serde(default)]
    error: Option<String>,
}

/// `File` of generate.go.
#[derive(Debug)]
struct File {
    name: String,
    fields: Vec<(&'static str, Value)>,
}

/// `Failure` of generate.go.
#[derive(Debug)]
struct Failure([(&'static str, Value); 2]);

impl Object for File {
    fn type_name(&self) -> &'static str {
        "*main.File"
    }

    fn fields(&self) -> &[(&'static str, Value)] {
        &self.fields
    }

    fn method(&self, name: &str) -> Option<Function> {
        let file = self.name.clone();
        match name {
            "Header" => Some(Function::new(&[], move |_| {
                Ok(Value::from(format!("header of {file}")))
            })),
            "Summary" => Some(Function::new(&[Parameter::String], move |arguments| {
                Ok(Value::from(format!("{}{file}", arguments[0])))
            })),
            "Count" => Some(
                Function::new(&[Parameter::Int], |arguments| {
                    let from = arguments[0].as_int().unwrap_or_default();
                    let words = i64::try_from(arguments.len() - 1).unwrap_or(i64::MAX);
                    Ok(Value::from(from + words))
                })
                .variadic(Parameter::String),
            ),
            _ => None,
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Object for Failure {
    fn type_name(&self) -> &'static str {
        "*main.Failure"
    }

    fn fields(&self) -> &[(&'static str, Value)] {
        &self.0
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn file(name: &str, applied: &[&str], skipped: i64, error: Value) -> Value {
    let applied = applied.iter().map(|text| Value::from(*text));
    Value::Object(std::sync::Arc::new(File {
        name: name.to_owned(),
        fields: vec![
            ("Name", Value::from(name)),
            ("Applied", Value::list_of("string", applied)),
            ("Skipped", Value::from(skipped)),
            ("Error", error),
        ],
    }))
}

fn texts(texts: &[&str]) -> Value {
    Value::from(
        texts
            .iter()
            .map(|text| Value::from(*text))
            .collect::<Vec<_>>(),
    )
}

fn sum() -> Function {
    Function::new(&[Parameter::Int, Parameter::Int], |arguments| {
        let numbers = arguments.iter().filter_map(Value::as_int);
        Ok(Value::from(numbers.sum::<i64>()))
    })
}

/// `data` of generate.go.
fn data() -> Value {
    let failure = Value::Object(std::sync::Arc::new(Failure([
        ("Stmt", Value::from("BAD;")),
        ("Text", Value::from("syntax")),
    ])));
    Value::from_iter([
        ("name", Value::from("world")),
        ("empty", Value::from("")),
        ("unicode", Value::from("h\u{e9}llo \u{4e16}")),
        ("quoted", Value::from("a\"b\\c\n<&>'")),
        ("int", Value::from(42_i64)),
        ("zero", Value::from(0_i64)),
        ("negative", Value::from(-7_i64)),
        ("float", Value::from(1.5)),
        ("million", Value::from(1e6)),
        ("small", Value::from(0.000_012_34)),
        ("yes", Value::from(true)),
        ("no", Value::from(false)),
        ("nil", Value::Nil),
        ("list", texts(&["a", "b", "c"])),
        (
            "numbers",
            Value::from(vec![
                Value::from(1_i64),
                Value::from(2_i64),
                Value::from(3_i64),
            ]),
        ),
        ("none", Value::from(Vec::new())),
        (
            "mixed",
            Value::from(vec![
                Value::from(1_i64),
                Value::from("x"),
                Value::from(2_i64),
                Value::from(3_i64),
                Value::Nil,
                Value::from(true),
                Value::from(2.5),
            ]),
        ),
        (
            "map",
            Value::from_iter([
                ("b", Value::from(2_i64)),
                ("a", Value::from(1_i64)),
                ("c", Value::from_iter([("deep", Value::from("value"))])),
            ]),
        ),
        (
            "file",
            file(
                "1.sql",
                &["SELECT 1;", "SELECT 2;"],
                1,
                Value::NilPointer("*main.Failure"),
            ),
        ),
        ("bad", file("2.sql", &[], 0, failure)),
        ("add", Value::Function(sum())),
    ])
}

/// `functions` of generate.go.
fn functions() -> Functions {
    let mut functions = Functions::default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    functions.insert(
        "upper",
        Function::new(&[Parameter::String], move |arguments| {
            Ok(Value::from(text(&arguments[0]).to_uppercase()))
        }),
    );
    functions.insert("add", sum());
    functions.insert(
        "half",
        Function::new(&[Parameter::Float], |arguments| match arguments[0] {
            Value::Float(number) => Ok(Value::from(number / 2.0)),
            _ => Err("no float".to_owned()),
        }),
    );
    functions.insert(
        "negate",
        Function::new(&[Parameter::Bool], |arguments| {
            Ok(Value::from(!arguments[0].is_true()))
        }),
    );
    functions.insert(
        "join",
        Function::new(&[Parameter::String], move |arguments| {
            let words: Vec<_> = arguments[1..].iter().map(text).collect();
            Ok(Value::from(words.join(&text(&arguments[0]))))
        })
        .variadic(Parameter::String),
    );
    functions.insert("fail", Function::new(&[], |_| Err("it failed".to_owned())));
    functions.insert(
        "same",
        Function::new(&[Parameter::Any], |arguments| Ok(arguments[0].clone())),
    );
    functions.insert(
        "name",
        Function::new(
            &[Parameter::Object("*main.File")],
            |arguments| match arguments[0].downcast::<File>() {
                Some(file) => Ok(Value::from(file.name.as_str())),
                None => {
                    Err("runtime error: invalid memory address or nil pointer dereference".into())
                }
            },
        ),
    );
    functions
}

fn run(template: &str) -> Result<String, String> {
    let mut templates = Templates::new(functions());
    templates
        .parse("t", template)
        .map_err(|error| error.to_string())?;
    templates
        .execute("t", &data())
        .map_err(|error| error.to_string())
}

#[test]
fn templates_print_what_go_prints() {
    let pairs: Vec<Pair> = serde_json::from_str(include_str!("golden/templates.json")).unwrap();
    assert!(pairs.len() > 400, "{}", pairs.len());
    let mut differing = Vec::new();
    for pair in &pairs {
        let wanted = match &pair.error {
            Some(error) => Err(error.clone()),
            None => Ok(pair.output.clone()),
        };
        let got = run(&pair.template);
        if got != wanted {
            differing.push(format!(
                "{:?}\n  Go:   {wanted:?}\n  here: {got:?}",
                pair.template
            ));
        }
    }
    assert!(
        differing.is_empty(),
        "{} of {} differ:\n{}",
        differing.len(),
        pairs.len(),
        differing.join("\n")
    );
}

#[test]
fn every_template_of_the_list_has_its_pair() {
    let pairs: Vec<Pair> = serde_json::from_str(include_str!("golden/templates.json")).unwrap();
    let listed = include_str!("golden/templates.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .count();
    assert_eq!(listed, pairs.len());
}

#[test]
fn a_list_knows_the_type_of_its_elements() {
    let list = Value::list_of("string", [Value::from("a")]);
    assert_eq!(list.type_name(), "[]string");
    assert!(matches!(
        list,
        Value::List(List {
            element: "string",
            ..
        })
    ));
}
