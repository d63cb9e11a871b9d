//! `env` blocks: which is meant, and what it sets.

use shipgate_atlas_config::{Inputs, Project, Wanted};

use crate::world::{World, select, single};

#[tokio::test]
async fn an_env_sets_what_the_flags_would() {
    let file = r#"
env "t" {
  url = "sqlite://a.db"
  src = "file://schema.hcl"
  team = "payments"
  migration {
    dir              = "file://db"
    format           = golang-migrate
    baseline         = "20240101"
    exec_order       = LINEAR_SKIP
    lock_timeout     = "1m"
    revisions_schema = "meta"
    tx_mode          = all
    repo {
      name = "app"
    }
  }
  format {
    migrate {
      apply  = "{{ json . }}"
      status = "{{ .Current }}"
      lint   = "{{ . }}"
    }
  }
  lint {
    latest = 1
  }
}
"#;
    let selected = select(file, &[], &World::default()).await.unwrap();
    assert_eq!(selected.warnings, []);
    let environment = selected.single().unwrap();
    insta::assert_debug_snapshot!(environment, @r#"
    Environment {
        name: "t",
        member: None,
        url: Some(
            "...",
        ),
        dev: None,
        migration: Migration {
            dir: Some(
                "file://db",
            ),
            format: Some(
                "golang-migrate",
            ),
            baseline: Some(
                "20240101",
            ),
            exec_order: Some(
                "linear-skip",
            ),
            lock_timeout: Some(
                "1m",
            ),
            revisions_schema: Some(
                "meta",
            ),
            tx_mode: Some(
                "all",
            ),
        },
        ..
    }
    "#);
    assert_eq!(environment.apply_format.as_deref(), Some("{{ json . }}"));
    assert_eq!(environment.status_format.as_deref(), Some("{{ .Current }}"));
}

#[tokio::test]
async fn words_may_be_texts_too() {
    let file = "env \"t\" {\n  migration {\n    exec_order = \"non-linear\"\n    tx_mode = \"NONE\"\n    format = \"goose\"\n  }\n}\n";
    let migration = single(file, &World::default()).await.unwrap().migration;
    assert_eq!(migration.exec_order.as_deref(), Some("non-linear"));
    assert_eq!(migration.tx_mode.as_deref(), Some("none"));
    assert_eq!(migration.format.as_deref(), Some("goose"));
}

#[tokio::test]
async fn the_older_name_of_format_is_log() {
    let file = "env \"t\" {\n  log {\n    migrate {\n      apply = \"x\"\n    }\n  }\n}\n";
    let environment = single(file, &World::default()).await.unwrap();
    assert_eq!(environment.apply_format.as_deref(), Some("x"));
}

#[tokio::test]
async fn an_empty_text_counts_as_not_set_and_the_unset_variable_is_named() {
    let file = "env \"t\" {\n  url = getenv(\"NOPE\")\n  migration {\n    dir = \"\"\n  }\n}\n";
    let environment = single(file, &World::default()).await.unwrap();
    assert_eq!(environment.url, None);
    assert_eq!(environment.migration.dir, None);
    assert_eq!(
        environment.empty_url.as_deref(),
        Some("the url at atlas.hcl:2:3 is empty: the variable NOPE of getenv is not set")
    );
}

#[tokio::test]
async fn a_block_without_label_is_used_if_its_name_is_the_one() {
    let file = "env {\n  name = atlas.env\n  url = \"sqlite://${atlas.env}.db\"\n}\n";
    let environment = single(file, &World::default()).await.unwrap();
    assert_eq!(environment.url.as_deref(), Some("sqlite://t.db"));
    let other = file.replace("atlas.env\n", "\"other\"\n");
    let error = single(&other, &World::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "env \"t\" not defined in config file");
}

#[tokio::test]
async fn a_labelled_block_comes_before_one_without_label() {
    let file = "env {\n  name = atlas.env\n  url = \"a://\"\n}\nenv \"t\" {\n  url = \"b://\"\n}\n";
    let environment = single(file, &World::default()).await.unwrap();
    assert_eq!(environment.url.as_deref(), Some("b://"));
}

#[tokio::test]
async fn blocks_of_one_name_are_a_set() {
    let file = "env \"t\" {\n  url = \"a://\"\n}\nenv \"t\" {\n  url = \"b://\"\n}\n";
    let selected = select(file, &[], &World::default()).await.unwrap();
    let urls: Vec<_> = selected
        .environments
        .iter()
        .map(|env| env.url.as_deref())
        .collect();
    assert_eq!(urls, [Some("a://"), Some("b://")]);
    assert_eq!(
        selected.single().unwrap_err().to_string(),
        "multiple envs found for \"t\""
    );
}

#[tokio::test]
async fn each_member_of_for_each_is_an_environment() {
    for (collection, expected) in [
        (r#"toset(["b", "a"])"#, vec![("a", "a-a"), ("b", "b-b")]),
        (r#"{b = "x", a = "y"}"#, vec![("a", "a-y"), ("b", "b-x")]),
        (r#"["b", "a"]"#, vec![("b", "b-b"), ("a", "a-a")]),
        ("toset([1, 2])", vec![("1", "1-1"), ("2", "2-2")]),
    ] {
        let file = format!(
            "env \"t\" {{\n  for_each = {collection}\n  url = \"${{each.key}}-${{each.value}}\"\n}}\n"
        );
        let selected = select(&file, &[], &World::default()).await.unwrap();
        let found: Vec<_> = selected
            .environments
            .iter()
            .map(|env| (env.member.as_deref().unwrap(), env.url.as_deref().unwrap()))
            .collect();
        assert_eq!(found, expected, "{collection}");
    }
}

#[tokio::test]
async fn members_may_be_objects() {
    let file =
        "env \"t\" {\n  for_each = toset([{n = 1}, {n = 2}])\n  url = \"${each.value.n}.db\"\n}\n";
    let selected = select(file, &[], &World::default()).await.unwrap();
    let urls: Vec<_> = selected
        .environments
        .iter()
        .map(|env| env.url.clone().unwrap())
        .collect();
    assert_eq!(urls, ["1.db", "2.db"]);
    assert_eq!(selected.environments[0].member, None);
}

#[tokio::test]
async fn no_member_at_all_is_an_error() {
    let file = "env \"t\" {\n  for_each = toset([])\n}\n";
    let error = select(file, &[], &World::default()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "atlas.hcl:2:3: env \"t\" has no members: its for_each is empty"
    );
}

#[tokio::test]
async fn only_what_a_command_needs_is_evaluated() {
    let file = "env \"t\" {\n  url = local.url\n  dev = local.dev\n  migration {\n    dir = \"file://m\"\n  }\n}\n";
    let project = Project::parse("atlas.hcl", file).unwrap();
    let (inputs, world) = (Inputs::default(), World::default());
    let directory = project
        .select("t", Wanted::Directory, &inputs, &world)
        .await;
    assert_eq!(
        directory
            .unwrap()
            .single()
            .unwrap()
            .migration
            .dir
            .as_deref(),
        Some("file://m")
    );
    for (wanted, message) in [
        (Wanted::Database, "atlas.hcl:2:9: local.url is not defined"),
        (
            Wanted::Development,
            "atlas.hcl:3:9: local.dev is not defined",
        ),
    ] {
        let error = project
            .select("t", wanted, &inputs, &world)
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
