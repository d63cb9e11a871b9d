//! Whatever is written: an answer or an error, and never a panic.

use proptest::prelude::*;
use shipgate_atlas_config::{Inputs, Project, Wanted};

use crate::world::World;

/// Pieces of files, well and badly put together.
fn file() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "env \"t\" {\n",
        "}\n",
        "url = ",
        "for_each = ",
        "migration {\n",
        "dir = ",
        "locals {\n",
        "a = ",
        "\"${",
        "}\"",
        "\"%{ if ",
        "%{ endif }\"",
        "[for x in ",
        " : x",
        "]",
        "[",
        "{",
        "}",
        "(",
        ")",
        "local.a",
        "var.a",
        "each.value",
        "[*]",
        ".b",
        " ? ",
        " : ",
        "1",
        "-",
        "\"é\"",
        "format(",
        "substr(",
        "range(",
        "\"%5d\"",
        ", ",
        "<<E\n",
        "\nE\n",
        "\n",
        " == ",
        "...",
        "9223372036854775807",
        " * ",
        "try(",
        "toset(",
        "formatdate(",
        "timeadd(",
        "null",
        "variable \"a\" {\n",
        "type = list(string)\n",
        "default = ",
    ]);
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn every_file_is_evaluated_or_refused_with_a_place_in_it(text in file()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let outcome = runtime.block_on(async {
            Project::parse("atlas.hcl", &text)?
                .select("t", Wanted::Database, &Inputs::default(), &World::default())
                .await
        });
        if let Err(error) = outcome {
            let message = error.to_string();
            if let Some(line) = message.strip_prefix("atlas.hcl:") {
                let line: usize = line.split(':').next().unwrap().parse().unwrap();
                prop_assert!((1..=text.lines().count() + 1).contains(&line), "{message}");
            }
        }
    }

    #[test]
    fn every_expression_is_evaluated_or_refused(
        name in prop::sample::select(vec![
            "substr", "format", "formatdate", "timeadd", "split", "regexreplace", "trim", "element",
            "slice", "chunklist", "range", "urlsetpath", "urluserinfo", "csvdecode", "yamldecode",
            "jsondecode", "indent", "parseint", "title",
        ]),
        arguments in prop::collection::vec(
            prop_oneof![
                any::<i64>().prop_map(|number| number.to_string()),
                "[ -~é]{0,12}".prop_map(|text| serde_json::to_string(&text).unwrap().replace("${", "$").replace("%{", "%")),
                Just("[1, \"a\"]".to_owned()),
            ],
            0..4,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let text = format!("env \"t\" {{\n  url = jsonencode({name}({}))\n}}\n", arguments.join(", "));
        let _ = runtime.block_on(async {
            Project::parse("atlas.hcl", &text)?
                .select("t", Wanted::Database, &Inputs::default(), &World::default())
                .await
        });
    }
}
