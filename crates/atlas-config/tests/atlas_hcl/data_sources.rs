//! `data` blocks: asked only if needed, once, and what their answers are.

use shipgate_atlas_config::Value;

use crate::world::{World, json, single};

const SQL: &str = "data \"sql\" \"s\" {\n  url = \"sqlite://t.db\"\n  query = \"select name from t where n > ?\"\n  args = [3]\n}";

#[tokio::test]
async fn a_query_has_a_count_a_value_and_values() {
    let world = World {
        rows: vec![vec!["b".into()], vec!["a".into()]],
        ..World::default()
    };
    let found = json(SQL, "data.sql.s", &[], &world).await.unwrap();
    assert_eq!(found, r#"{"count":2,"value":"b","values":["b","a"]}"#);
    assert_eq!(
        world.asked(),
        ["sqlite://t.db select name from t where n > ? 1"]
    );
}

#[tokio::test]
async fn a_query_without_rows_has_no_value() {
    let found = json(SQL, "data.sql.s", &[], &World::default())
        .await
        .unwrap();
    assert_eq!(found, r#"{"count":0,"value":null,"values":[]}"#);
}

#[tokio::test]
async fn rows_that_are_no_values_are_refused() {
    for (row, expected) in [
        (
            vec!["a".into(), 1.into()],
            "data.sql.s: the query returns 2 columns; one is expected",
        ),
        (
            vec![Value::Null],
            "data.sql.s: row 1 is NULL; leave such rows out by the query",
        ),
    ] {
        let world = World {
            rows: vec![row],
            ..World::default()
        };
        let error = json(SQL, "data.sql.s", &[], &world).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.hints(), ["declared at atlas.hcl:1:1"]);
    }
}

#[tokio::test]
async fn a_program_gives_its_output_to_the_byte() {
    let world = World {
        output: Some("  x \n\n"),
        ..World::default()
    };
    let block = "data \"external\" \"p\" {\n  program = [\"sh\", \"-c\", \"true\"]\n  working_dir = \"m\"\n}";
    let found = json(block, "data.external.p", &[], &world).await.unwrap();
    assert_eq!(found, r#""  x \n\n""#);
    assert_eq!(world.asked(), ["sh -c true in Some(\"m\")"]);
}

#[tokio::test]
async fn a_program_that_fails_ends_the_evaluation_whatever_is_tried() {
    let block = "data \"external\" \"p\" {\n  program = [\"false\"]\n}";
    let error = json(
        block,
        "try(data.external.p, \"fallback\")",
        &[],
        &World::default(),
    )
    .await
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "data.external.p: running false: exit status 3"
    );
}

#[tokio::test]
async fn a_directory_of_templates_is_rendered_with_its_variables() {
    let world = World::default();
    let file = "data \"template_dir\" \"d\" {\n  path = \"m\"\n  vars = { a = 1, b = \"x\" }\n}\nenv \"t\" {\n  migration {\n    dir = data.template_dir.d.url\n  }\n}\n";
    let environment = single(file, &world).await.unwrap();
    assert_eq!(
        environment.migration.dir.as_deref(),
        Some("file:///rendered/d")
    );
    assert_eq!(world.asked(), ["m with [\"a\", \"b\"]"]);
}

#[tokio::test]
async fn runtime_variables_that_need_no_cloud_are_read() {
    let world = World {
        files: [("token.txt", "abc")].into(),
        ..World::default()
    };
    let block = |url: &str| format!("data \"runtimevar\" \"v\" {{\n  url = \"{url}\"\n}}");
    for (url, expected) in [
        ("constant://?val=hello&decoder=string", "\"hello\""),
        ("file://token.txt?decoder=string", "\"abc\""),
    ] {
        let found = json(&block(url), "data.runtimevar.v", &[], &world).await;
        assert_eq!(found.unwrap(), expected);
    }
    let aws = block("awssecretsmanager://name?region=us-east-1");
    let error = json(&aws, "data.runtimevar.v", &[], &world)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "atlas.hcl:2:9: data.runtimevar of awssecretsmanager:// is not supported"
    );
}

#[tokio::test]
async fn a_source_may_need_another() {
    let world = World {
        output: Some("sqlite://found.db"),
        rows: vec![vec!["x".into()]],
        ..World::default()
    };
    let blocks = "data \"external\" \"url\" {\n  program = [\"find\"]\n}\nlocals {\n  url = data.external.url\n}\ndata \"sql\" \"s\" {\n  url = local.url\n  query = \"select 1\"\n}";
    let found = json(blocks, "[data.sql.s.value, data.sql.s.count]", &[], &world).await;
    assert_eq!(found.unwrap(), r#"["x",1]"#);
    assert_eq!(
        world.asked(),
        ["find in None", "sqlite://found.db select 1 0"]
    );
}

#[tokio::test]
async fn a_source_that_is_not_needed_is_not_asked() {
    let world = World::default();
    let file = format!(
        "{SQL}\ndata \"external\" \"p\" {{\n  program = [\"false\"]\n}}\nenv \"other\" {{\n  url = data.external.p\n}}\nenv \"t\" {{\n  url = \"sqlite://a.db\"\n  src = data.external.p\n  dev = data.sql.s.value\n}}\n"
    );
    let environment = single(&file, &world).await.unwrap();
    assert_eq!(environment.url.as_deref(), Some("sqlite://a.db"));
    assert_eq!(world.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn sources_that_are_not_supported_are_named() {
    for (kind, hint) in [
        (
            "external_schema",
            "supported are sql, external, template_dir and runtimevar",
        ),
        (
            "remote_dir",
            "put the migrations beside the program and name their directory",
        ),
        (
            "aws_rds_token",
            "fetch the token by `data \"external\"`, or put it into a variable of the environment and use getenv",
        ),
    ] {
        let block = format!("data \"{kind}\" \"x\" {{\n  name = \"a\"\n}}");
        let error = json(
            &block,
            &format!("try(data.{kind}.x.url, 1)"),
            &[],
            &World::default(),
        )
        .await
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("atlas.hcl:1:1: data.{kind} is not supported")
        );
        assert_eq!(error.hints(), [hint]);
    }
}

#[tokio::test]
async fn arguments_are_checked() {
    for (block, message) in [
        (
            "data \"sql\" \"s\" {\n  query = \"select 1\"\n}",
            "atlas.hcl:1:1: data.sql.s needs the argument `url`",
        ),
        (
            "data \"sql\" \"s\" {\n  url = \"a\"\n  query = \"select 1\"\n  arg = [1]\n}",
            "atlas.hcl:4:3: data.sql.s has no argument `arg`",
        ),
        (
            "data \"sql\" \"s\" {\n  url = \"a\"\n  query = [1]\n}",
            "atlas.hcl:3:11: data.sql.s: `query`: string required",
        ),
    ] {
        let error = json(block, "data.sql.s", &[], &World::default())
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let empty = "data \"external\" \"p\" {\n  program = []\n}";
    let error = json(empty, "data.external.p", &[], &World::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "atlas.hcl:2:13: data.external.p: `program` is a list of strings: a program and its arguments"
    );
}
