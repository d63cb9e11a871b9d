//! `fly.json` is the same file in other clothes.

use proptest::prelude::*;
use shipgate_project::{Invalid, Loaded, Source, parse};

fn read(text: &str) -> Result<Loaded, Invalid> {
    parse(Source::new("fly.json", text), &[])
}

fn refused(text: &str) -> String {
    read(text).err().expect("it is refused").to_string()
}

#[test]
fn a_json_file_says_what_the_toml_file_says() {
    let json = read(
        r#"{
            "app": "notes",
            "env": { "A": "\u00e9 \ud83d\ude00 \"x\"\n\/", "B": 1, "C": true, "D": -1.5e1 },
            "processes": { "web": "serve" },
            "swap_size_mb": null,
            "http_service": { "internal_port": 3000, "checks": [{ "path": "/up", "interval": 5000 }] }
        }"#,
    )
    .unwrap_or_else(|invalid| panic!("{invalid}"));
    let toml = parse(
        Source::new(
            "fly.toml",
            "app = \"notes\"\n[env]\nA = \"é 😀 \\\"x\\\"\\n/\"\nB = 1\nC = true\nD = -15.0\n[processes]\nweb = \"serve\"\n[http_service]\ninternal_port = 3000\n[[http_service.checks]]\npath = \"/up\"\ninterval = 5000\n",
        ),
        &[],
    )
    .unwrap_or_else(|invalid| panic!("{invalid}"));
    let said = |loaded: &Loaded| -> Vec<String> {
        let settings = loaded.settings.iter();
        settings
            .map(|setting| format!("{} = {}", setting.key, setting.value))
            .collect()
    };
    assert_eq!(said(&json), said(&toml));
}

#[test]
fn errors_have_their_place() {
    insta::assert_snapshot!(refused("{\n  \"app\": \"a\",\n  \"http_service\": { \"interal_port\": 80, \"force_https\": \"yes\" }\n}"), @r#"
    fly.json:3:21: unknown key `interal_port` in [http_service]
      |
    3 |   "http_service": { "interal_port": 80, "force_https": "yes" }
      |                     ^^^^^^^^^^^^^^
    hint: did you mean `internal_port`?

    fly.json:3:56: `http_service.force_https` is a string and should be true or false
      |
    3 |   "http_service": { "interal_port": 80, "force_https": "yes" }
      |                                                        ^^^^^
    "#);
}

#[test]
fn broken_json_is_refused_where_it_breaks() {
    for (text, expected) in [
        ("", "fly.json:1:1: expected `{`"),
        ("[]", "fly.json:1:1: expected `{`"),
        ("{", "fly.json:1:2: expected `\"`"),
        (
            "{} x",
            "fly.json:1:4: something follows the end of the object",
        ),
        ("{\"a\" 1}", "fly.json:1:6: expected `:`"),
        ("{\"a\": }", "fly.json:1:7: expected a value"),
        ("{\"a\": 1 \"b\"", "fly.json:1:9: expected `,` or `}`"),
        ("{\"a\": [1 2]}", "fly.json:1:10: expected `,` or `]`"),
        ("{\"a\": 1,\n \"a\": 2}", "fly.json:2:2: duplicate key"),
        (
            "{\"a\": 1-2}",
            "fly.json:1:7: this is not a number that can be read",
        ),
        ("{\"a\": \"x", "fly.json:1:9: expected the closing `\"`"),
        ("{\"a\": \"\\x\"}", "fly.json:1:8: unknown escape"),
        (
            "{\"a\": \"\\u12\"}",
            "fly.json:1:8: expected four hexadecimal digits",
        ),
        (
            "{\"a\": \"\\ud800x\"}",
            "fly.json:1:8: half of a surrogate pair",
        ),
        (
            "{\"a\": \"\t\"}",
            "fly.json:1:8: a control character in a string is written \\uXXXX",
        ),
    ] {
        let said = refused(text);
        assert_eq!(said.lines().next(), Some(expected), "{text}");
    }
}

#[test]
fn endless_nesting_is_refused() {
    let deep = format!("{{\"a\": {}", "[".repeat(100_000));
    assert!(refused(&deep).contains("nested deeper than 100 levels"));
}

#[test]
fn yaml_is_refused_by_its_name() {
    let invalid = parse(Source::new("fly.yaml", "app: a\n"), &[]).err();
    let said = invalid.expect("it is refused").to_string();
    assert_eq!(
        said,
        "fly.yaml: YAML is not read\nhint: write it as TOML or JSON"
    );
}

proptest! {
    #[test]
    fn any_almost_json_is_answered(text in r#"[\{\}\[\]":,\\u0-9dé.e+ \n-]{0,60}"#) {
        if let Err(invalid) = read(&text) {
            let _ = invalid.to_string();
        }
    }

    #[test]
    fn any_string_survives(text in any::<String>()) {
        let json = serde_json::json!({ "env": { "X": text } }).to_string();
        match read(&json) {
            Ok(loaded) => prop_assert_eq!(loaded.project.env.get("X"), Some(text.as_str())),
            Err(invalid) => prop_assert!(text.contains('\0'), "{}", invalid),
        }
    }
}
