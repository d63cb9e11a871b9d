//! `variable` and `locals`.

use crate::world::{World, json};

async fn value(body: &str, vars: &[&str]) -> Result<String, String> {
    let blocks = format!("variable \"x\" {{\n{body}\n}}");
    json(&blocks, "var.x", vars, &World::default())
        .await
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn what_is_given_becomes_the_declared_type() {
    for (of, vars, expected) in [
        ("string", &["x=5"][..], r#""5""#),
        ("string", &["x="], r#""""#),
        ("string", &["x=a=b"], r#""a=b""#),
        ("string", &["\"x=a,b\""], r#""a,b""#),
        ("number", &["x=5"], "5"),
        ("int", &["x=5.5"], "5.5"),
        ("bool", &["x=true"], "true"),
        ("bool", &["x=1"], "true"),
        ("list(string)", &["x=a", "x=b"], r#"["a","b"]"#),
        ("list(string)", &["x=a,x=b"], r#"["a","b"]"#),
        ("list(string)", &["x=a"], r#"["a"]"#),
        ("list(number)", &["x=1", "x=2"], "[1,2]"),
        ("set(string)", &["x=b", "x=a", "x=b"], r#"["a","b"]"#),
        ("tuple([string, number])", &["x=1", "x=2"], r#"["1",2]"#),
    ] {
        let found = value(&format!("type = {of}"), vars).await;
        assert_eq!(found.as_deref(), Ok(expected), "{of} {vars:?}");
    }
}

#[tokio::test]
async fn defaults_become_the_declared_type() {
    for (body, expected) in [
        ("type = string\ndefault = 5", r#""5""#),
        ("type = number\ndefault = \"5\"", "5"),
        ("type = map(number)\ndefault = {a = \"5\"}", r#"{"a":5}"#),
        ("type = list(string)\ndefault = \"a\"", r#"["a"]"#),
        (
            "type = object({a = string, b = number})\ndefault = {a = 1, b = 2, c = 3}",
            r#"{"a":"1","b":2}"#,
        ),
        (
            "type = tuple([string, number])\ndefault = [1, 2]",
            r#"["1",2]"#,
        ),
        ("type = string\ndefault = null", "null"),
        (
            "type = string\ndefault = upper(\"a\")\ndescription = \"d\"",
            r#""A""#,
        ),
        ("type = \"string\"\ndefault = \"a\"", r#""a""#),
    ] {
        assert_eq!(value(body, &[]).await.as_deref(), Ok(expected), "{body}");
    }
}

#[tokio::test]
async fn what_is_given_wins_over_the_default() {
    let found = value("type = string\ndefault = local.nope", &["x=given"]).await;
    assert_eq!(found.as_deref(), Ok("\"given\""));
}

#[tokio::test]
async fn values_that_are_not_of_the_type_are_refused_without_being_shown() {
    for (of, vars, expected) in [
        (
            "string",
            &["x=5", "x=6"][..],
            "variable \"x\": string required",
        ),
        ("number", &["x=abc"], "variable \"x\": a number is required"),
        (
            "object({a = string})",
            &["x=1"],
            "variable \"x\": object required",
        ),
        (
            "tuple([string, number])",
            &["x=1"],
            "variable \"x\": 2 elements are required",
        ),
    ] {
        let found = value(&format!("type = {of}"), vars).await;
        assert_eq!(found, Err(expected.to_owned()), "{of} {vars:?}");
    }
    let found = value("type = object({a = string})\ndefault = {}", &[]).await;
    assert_eq!(
        found,
        Err("variable \"x\": attribute \"a\" is required".to_owned())
    );
}

#[tokio::test]
async fn a_variable_without_value_is_asked_for_even_if_it_is_not_used() {
    let blocks = "variable \"x\" {\n  type = string\n}";
    let error = json(blocks, "1", &[], &World::default()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "missing value for required variable \"x\""
    );
    assert_eq!(
        error.hints(),
        ["declared at atlas.hcl:1:1 without default; give it: `--var x=VALUE`"]
    );
}

#[tokio::test]
async fn a_variable_that_the_file_does_not_declare_is_refused() {
    let blocks = "variable \"tenant\" {\n  type = string\n  default = \"all\"\n}";
    let error = json(blocks, "1", &["tennant=acme"], &World::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "variable \"tennant\" is not declared in atlas.hcl"
    );
    assert_eq!(error.hints(), ["did you mean `--var tenant=...`?"]);
}

#[tokio::test]
async fn declarations_are_checked() {
    for (body, expected) in [
        ("", "atlas.hcl:1:1: the argument `type` is missing"),
        ("type = foo", "atlas.hcl:2:8: this is not a type"),
        ("type = list(foo)", "atlas.hcl:2:13: this is not a type"),
        (
            "type = string\nvalue = 1",
            "atlas.hcl:3:1: a variable has no argument `value`",
        ),
        (
            "type = string\nvalidation {\n}",
            "atlas.hcl:3:1: a variable has no block `validation`",
        ),
    ] {
        assert_eq!(value(body, &[]).await, Err(expected.to_owned()), "{body}");
    }
}

#[tokio::test]
async fn locals_are_defined_in_any_order() {
    let blocks = "locals {\n y = local.z\n z = 1\n}\nlocals {\n q = \"${local.y}x\"\n}";
    let found = json(blocks, "local.q", &[], &World::default()).await;
    assert_eq!(found.unwrap(), "\"1x\"");
}

#[tokio::test]
async fn locals_that_need_one_another_are_refused() {
    let blocks = "locals {\n y = local.z\n z = local.y\n}";
    let error = json(blocks, "local.y", &[], &World::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "atlas.hcl:3:6: cyclic reference to \"local.z\""
    );
    assert_eq!(error.hints(), ["local.y, local.z need one another"]);
}

#[tokio::test]
async fn locals_that_need_one_another_without_end_do_not_exhaust_the_stack() {
    use std::fmt::Write;

    let mut blocks = "locals {\n a0 = 1\n".to_owned();
    for number in 1..5000 {
        writeln!(blocks, " a{number} = local.a{}", number - 1).unwrap();
    }
    blocks.push_str("}\n");
    let world = World::default();
    let found = json(&blocks, "local.a99", &[], &world).await;
    assert_eq!(found.unwrap(), "1");
    let error = json(&blocks, "local.a4999", &[], &world).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "atlas.hcl:4902:10: more than 100 names need one another"
    );
}
