//! What is refused or warned of, with its place; and that nothing secret is shown.

use std::fmt::Write;

use shipgate_atlas_config::ConfigError;

use crate::world::{World, select};

async fn error(file: &str) -> String {
    shown(&select(file, &[], &World::default()).await.unwrap_err())
}

fn shown(error: &ConfigError) -> String {
    let mut text = error.to_string();
    for hint in error.hints() {
        write!(text, "\nhint: {hint}").unwrap();
    }
    text
}

async fn warnings(file: &str) -> Vec<String> {
    let selected = select(file, &[], &World::default()).await.unwrap();
    selected.warnings.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn syntax_errors_have_their_place() {
    insta::assert_snapshot!(error("env \"t\" {\n  url = \n}\n").await, @r#"atlas.hcl:2:9: invalid expression; expected `"`, `[`, `{`, `-`, `!`, `(`, `_`, `<`, letter or digit"#);
    insta::assert_snapshot!(error("env \"t\" {\n  url = \"a\"\n  url = \"b\"\n}\n").await, @r#"atlas.hcl:3:3: invalid attribute; expected unique attribute key; found redefined attribute"#);
    insta::assert_snapshot!(error("env \"t\" {\n").await, @r#"atlas.hcl:1:11: invalid block body; expected `}`, newline or identifier"#);
}

#[tokio::test]
async fn an_unknown_env_is_told_with_those_there_are() {
    insta::assert_snapshot!(error("env \"prod\" {\n}\nenv \"dev\" {\n}\n").await, @r#"
    env "t" not defined in config file
    hint: atlas.hcl defines dev, prod
    "#);
    insta::assert_snapshot!(error("env \"tt\" {\n}\n").await, @r#"
    env "t" not defined in config file
    hint: did you mean `--env tt`?
    "#);
    insta::assert_snapshot!(error("").await, @r#"
    env "t" not defined in config file
    hint: atlas.hcl has no env block; add `env "t" { ... }`
    "#);
}

#[tokio::test]
async fn names_that_mean_nothing_are_told_with_their_neighbours() {
    for (expression, expected) in [
        (
            "vra.x",
            "atlas.hcl:2:9: there is nothing named `vra`\nhint: did you mean `var`?",
        ),
        ("var.x", "atlas.hcl:2:9: var.x is not defined"),
        ("local.x", "atlas.hcl:2:9: local.x is not defined"),
        ("data.sql.x", "atlas.hcl:2:9: data.sql.x is not defined"),
        (
            "each.value",
            "atlas.hcl:2:9: there is nothing named `each`\nhint: `each` is there in an env block with for_each",
        ),
        (
            "env.t.dev",
            "atlas.hcl:2:9: there is nothing named `env`\nhint: references to other env blocks are not supported; put what they share into locals",
        ),
        (
            "atlas.cloud.client_id",
            "atlas.hcl:2:9: atlas.cloud is not supported\nhint: Atlas Cloud is not used; write the value, or give it as a variable",
        ),
        (
            "production",
            "atlas.hcl:2:9: there is nothing named `production`\nhint: if it is a text, quote it: \"production\"",
        ),
    ] {
        assert_eq!(
            error(&format!("env \"t\" {{\n  url = {expression}\n}}\n")).await,
            expected
        );
    }
}

#[tokio::test]
async fn attributes_of_the_wrong_kind_are_named() {
    for (attribute, expected) in [
        (
            "lock_timeout = 10",
            "atlas.hcl:3:20: `lock_timeout` is a string, not number",
        ),
        (
            "dir = [\"a\"]",
            "atlas.hcl:3:11: `dir` is a string, not list",
        ),
        (
            "exec_order = FOO",
            "atlas.hcl:3:18: there is no exec_order named \"FOO\"\nhint: it is one of linear, linear-skip, non-linear",
        ),
        (
            "exec_order = \"foo\"",
            "atlas.hcl:3:18: there is no exec_order of this name\nhint: it is one of linear, linear-skip, non-linear",
        ),
        (
            "tx_mode = \"some\"",
            "atlas.hcl:3:15: there is no tx_mode of this name\nhint: it is one of file, all, none",
        ),
    ] {
        let file = format!("env \"t\" {{\n  migration {{\n    {attribute}\n  }}\n}}\n");
        assert_eq!(error(&file).await, expected);
    }
}

#[tokio::test]
async fn what_would_change_a_migration_and_is_not_done_is_refused() {
    insta::assert_snapshot!(error("hook \"sql\" \"timeouts\" {\n}\nenv \"t\" {\n}\n").await, @r#"
    atlas.hcl:1:1: the block `hook "sql" "timeouts"` is not supported
    hint: its statements would not run; set timeouts by flags or directives, and put other statements into migrations
    "#);
    insta::assert_snapshot!(error("env \"t\" {\n  hook \"sql\" {\n  }\n}\n").await, @r#"
    atlas.hcl:2:3: the block `hook "sql"` is not supported
    hint: its statements would not run; set timeouts by flags or directives, and put other statements into migrations
    "#);
    insta::assert_snapshot!(error("env \"t\" {\n  migration {\n    lock_timout = \"1s\"\n  }\n}\n").await, @r#"
    atlas.hcl:3:5: `migration.lock_timout` is not supported
    hint: did you mean `lock_timeout`?
    "#);
    insta::assert_snapshot!(error("env \"t\" {\n  migration {\n    skip {\n    }\n  }\n}\n").await, @r#"
    atlas.hcl:3:5: `migration.skip` is not supported
    hint: take the block out if it is not about applying migrations
    "#);
}

#[tokio::test]
async fn what_has_no_effect_here_is_warned_of() {
    let file = "atlas {\n  cloud {\n    token = \"x\"\n  }\n}\nenv \"t\" {\n  migration {\n    exclude = [\"x\"]\n  }\n  migrations {\n  }\n}\n";
    assert_eq!(
        warnings(file).await,
        [
            "atlas.hcl:1:1: the block `atlas` is about Atlas Cloud, which is not used: no report is sent there",
            "atlas.hcl:8:5: `migration.exclude` has no effect: whether a database is clean is asked of all its tables",
            "atlas.hcl:10:3: the block `migrations` of an env has no effect; did you mean `migration`?",
        ]
    );
    assert_eq!(
        warnings("env \"t\" {\n  migration {\n  }\n  migration {\n  }\n}\n").await,
        ["atlas.hcl:4:3: a second `migration` block has no effect: the first counts"]
    );
    assert_eq!(
        warnings("local {\n  a = 1\n}\nenv \"t\" {\n}\n").await,
        ["atlas.hcl:1:1: the block `local` has no effect; did you mean `locals`?"]
    );
}

#[tokio::test]
async fn files_made_for_other_commands_are_accepted() {
    let file = r#"
lint {
  destructive {
    error = true
  }
}
diff {
  skip {
    drop_table = true
  }
}
data "external_schema" "gorm" {
  program = ["go", "run", "./loader"]
}
docs "x" {
  url = "y"
}
env "t" {
  src = data.external_schema.gorm.url
  url = "sqlite://a.db"
  dev = "docker://postgres/15/dev"
  schemas = ["public"]
  exclude = ["atlas_schema_revisions"]
  schema {
    src = "x"
  }
  test {
    migrate {
      src = ["x"]
    }
  }
  diff {
    concurrent_index {
      create = true
    }
  }
}
"#;
    assert_eq!(warnings(file).await, Vec::<String>::new());
}

#[tokio::test]
async fn no_error_shows_a_value() {
    let world = World {
        variables: [("PASSWORD", "hunter2")].into(),
        ..World::default()
    };
    for expression in [
        "tonumber(getenv(\"PASSWORD\"))",
        "getenv(\"PASSWORD\") + 1",
        "getenv(\"PASSWORD\") ? 1 : 2",
        "\"${[getenv(\"PASSWORD\")]}x\"",
        "{a = 1}[getenv(\"PASSWORD\")]",
        "format(\"%d\", getenv(\"PASSWORD\"))",
        "urlsetpath(getenv(\"PASSWORD\"), \"x\")",
        "jsondecode(getenv(\"PASSWORD\"))",
        "regex(\"x\", getenv(\"PASSWORD\"))",
        "timeadd(getenv(\"PASSWORD\"), \"1h\")",
        "formatdate(getenv(\"PASSWORD\"), \"2020-01-02T03:04:05Z\")",
        "parseint(getenv(\"PASSWORD\"), 10)",
        "[getenv(\"PASSWORD\")]",
        "file(getenv(\"PASSWORD\"))",
        "regex(getenv(\"PASSWORD\"), \"x\")",
        "{a = 1}[\"b\"] + getenv(\"PASSWORD\")",
    ] {
        let file = format!("env \"t\" {{\n  url = {expression}\n}}\n");
        let error = select(&file, &[], &world).await.unwrap_err();
        let everything = format!("{error} {:?} {error:?}", error.hints());
        assert!(!everything.contains("hunter2"), "{everything}");
    }
}

#[tokio::test]
async fn what_others_say_is_shown_without_what_was_given() {
    let file = "variable \"token\" {\n  type = string\n}\ndata \"external\" \"p\" {\n  program = [\"login-${var.token}\"]\n}\nenv \"t\" {\n  url = data.external.p\n}\n";
    let error = select(file, &["token=hunter2"], &World::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "data.external.p: running login-...: exit status 3"
    );
}

#[tokio::test]
async fn no_debug_output_shows_a_value() {
    let file = "env \"t\" {\n  for_each = {a = \"hunter2\"}\n  url = \"postgres://u:${each.value}@h/d\"\n}\n";
    let selected = select(file, &[], &World::default()).await.unwrap();
    assert!(!format!("{selected:?}").contains("hunter2"));
}
