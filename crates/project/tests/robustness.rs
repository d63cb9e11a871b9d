//! Whatever stands in the file, the reader answers.

use proptest::prelude::*;
use shipgate_project::{Explanation, Source, parse};

/// Reads a text and renders whatever is said about it.
fn read(text: &str) {
    match parse(Source::new("fly.toml", text), &[]) {
        Ok(loaded) => {
            let _ = Explanation::of(&loaded).to_string();
            for warning in &loaded.warnings {
                let _ = warning.to_string();
            }
            let _ = loaded.obstacles();
            let _ = loaded.project.groups();
        }
        Err(invalid) => {
            assert!(!invalid.errors.is_empty());
            let _ = invalid.to_string();
        }
    }
}

fn key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "app",
        "env",
        "processes",
        "http_service",
        "services",
        "checks",
        "vm",
        "compute",
        "mounts",
        "metrics",
        "restart",
        "files",
        "statics",
        "build",
        "deploy",
        "release",
        "runtime",
        "database",
        "experimental",
        "kill_timeout",
        "kill_signal",
        "concurrency",
        "interval",
        "steps",
        "machines",
        "include",
        "processes",
        "ports",
        "port",
        "headers",
        "name",
        "command",
        "type",
        "strategy",
        "release_command",
        "url",
        "memory",
        "internal_port",
        "cmd",
        "x",
    ])
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        Just("1.5".to_owned()),
        Just("nan".to_owned()),
        Just("2026-01-02T03:04:05Z".to_owned()),
        prop::sample::select(vec![
            "\"\"",
            "\"5m\"",
            "\"web\"",
            "\"20,25\"",
            "\"$X ${Y}\"",
            "\"a 'b\"",
            "\"a && b\"",
            "\"é\\u0000\"",
            "\"postgres://u:p@h/d\"",
            "'''\nlong\n'''",
            "\"9999999999999999h\"",
            "\"1e999gb\"",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::btree_map(key(), inner, 0..4).prop_map(|entries| {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| format!("{key} = {}", value.replace('\n', "")))
                    .collect();
                format!("{{ {} }}", entries.join(", "))
            }),
        ]
    })
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (key(), value()).prop_map(|(key, value)| format!("{key} = {value}")),
        1 => key().prop_map(|key| format!("[{key}]")),
        1 => key().prop_map(|key| format!("[[{key}]]")),
        1 => (key(), key()).prop_map(|(outer, inner)| format!("[{outer}.{inner}]")),
        1 => (key(), key()).prop_map(|(outer, inner)| format!("[[{outer}.{inner}]]")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn any_almost_toml_is_answered(text in r#"[a-c=\[\]{}"'.,#\\ \n\r\té0-9-]{0,80}"#) {
        read(&text);
    }

    #[test]
    fn any_known_keys_in_any_shape_are_answered(lines in prop::collection::vec(line(), 0..12)) {
        read(&lines.join("\n"));
    }

    #[test]
    fn any_one_value_under_any_key_is_answered(key in key(), value in value()) {
        read(&format!("{key} = {value}\n"));
    }
}
