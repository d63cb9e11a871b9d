//! Finding the file, values given beside it, and files that are no text.

use std::fs;
use std::path::Path;
use std::time::Duration;

use shipgate_project::{
    FindError, LoadError, Origin, Override, Report, Source, StepWord, Strategy, load, parse,
};

fn with(key: &str, value: &str, flag: &str) -> Override {
    Override {
        key: key.to_owned(),
        value: value.to_owned(),
        origin: Origin::Flag(flag.to_owned()),
    }
}

#[test]
fn shipgate_toml_wins_over_fly_toml_and_that_is_said() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("fly.toml"), "app = \"flys\"\n").unwrap();
    let loaded = load(directory.path(), &[]).unwrap();
    assert_eq!(loaded.project.app.value, "flys");
    assert!(loaded.warnings.is_empty());

    fs::write(directory.path().join("shipgate.toml"), "app = \"ours\"\n").unwrap();
    let loaded = load(directory.path(), &[]).unwrap();
    assert_eq!(loaded.project.app.value, "ours");
    assert_eq!(
        loaded.warnings[0].message,
        "both shipgate.toml and fly.toml are here; shipgate.toml is used"
    );
}

#[test]
fn a_file_of_any_name_can_be_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("staging.toml");
    fs::write(&file, "app = \"staging\"\n").unwrap();
    let project = load(&file, &[]).unwrap().project;
    assert_eq!(project.app.value, "staging");
    assert_eq!(project.directory, directory.path());
    assert_eq!(project.file, file);
}

#[test]
fn a_relative_path_gives_an_absolute_project_and_keeps_its_name_in_messages() {
    // Tests run in the directory of their crate.
    let loaded = load(Path::new("tests/ok/warnings.toml"), &[]).unwrap();
    assert!(loaded.project.file.is_absolute());
    assert!(loaded.project.directory.ends_with("tests/ok"));
    assert_eq!(loaded.warnings[0].file, Path::new("tests/ok/warnings.toml"));
}

#[test]
fn no_file_is_an_error_that_names_both_and_says_what_to_write() {
    let directory = tempfile::tempdir().unwrap();
    let error = load(directory.path(), &[]).err().unwrap();
    assert!(matches!(error, LoadError::Find(FindError::None(_))));
    assert!(
        error
            .to_string()
            .starts_with("no shipgate.toml and no fly.toml in ")
    );
    let hint = error.hint().unwrap();
    let text: String = hint.lines().skip(1).collect::<Vec<_>>().join("\n");
    parse(Source::new("shipgate.toml", text), &[]).unwrap_or_else(|invalid| panic!("{invalid}"));
}

#[test]
fn a_path_that_does_not_exist_is_an_error_that_names_it() {
    let error = load(Path::new("/nonexistent/app"), &[]).err().unwrap();
    assert_eq!(error.to_string(), "/nonexistent/app does not exist");
}

#[test]
fn a_file_that_is_not_utf8_is_refused_with_the_byte() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("fly.toml");
    fs::write(&file, b"app = \"caf\xe9\"\n").unwrap();
    let error = load(&file, &[]).err().unwrap();
    assert!(
        error.to_string().ends_with("is not UTF-8 (byte 10)"),
        "{error}"
    );
}

#[test]
fn an_app_without_a_name_is_called_like_its_directory() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("My Notes!");
    fs::create_dir(&home).unwrap();
    fs::write(home.join("fly.toml"), "").unwrap();
    let app = load(&home, &[]).unwrap().project.app;
    assert_eq!(
        (app.value.as_str(), app.origin),
        ("my-notes", Origin::Default)
    );
}

#[test]
fn a_flag_wins_over_the_file_and_is_named_as_the_origin() {
    let source = Source::new(
        "fly.toml",
        "app = \"a\"\n[deploy]\nstrategy = \"rolling\"\n",
    );
    let overrides = [
        with("deploy.strategy", "canary", "--strategy"),
        with("deploy.wait_timeout", "90", "--wait-timeout"),
        with(
            "deploy.release_command_timeout",
            "none",
            "--release-command-timeout",
        ),
        with("deploy.max_unavailable", "0.5", "--max-unavailable"),
        with("release.steps", "check, build,promote", "--steps"),
        with("release.pause_during_migrate", "true", "--pause"),
        with("runtime.machines.app", "2", "--machines"),
        with("env.GREETING", "hi", "--env"),
        with("env.COUNT", "1", "--env"),
    ];
    let loaded = parse(source, &overrides).unwrap_or_else(|invalid| panic!("{invalid}"));
    let project = &loaded.project;
    assert_eq!(project.deploy.strategy.value, Strategy::Canary);
    assert_eq!(
        project.deploy.strategy.origin,
        Origin::Flag("--strategy".to_owned())
    );
    assert_eq!(project.deploy.wait_timeout.value, Duration::from_secs(90));
    assert_eq!(project.deploy.release_command_limit(), None);
    assert_eq!(project.deploy.max_unavailable.value, 0.5);
    let steps: Vec<StepWord> = project
        .release
        .steps
        .iter()
        .map(|step| step.value)
        .collect();
    assert_eq!(steps, [StepWord::Check, StepWord::Build, StepWord::Promote]);
    assert!(project.release.pause_during_migrate.value);
    assert_eq!(project.group("app").unwrap().machines, 2);
    assert_eq!(project.env.get("GREETING"), Some("hi"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn a_wrong_flag_is_an_error_that_names_the_flag() {
    let source = Source::new("fly.toml", "");
    let overrides = [with("deploy.strategy", "blue", "--strategy")];
    let invalid = parse(source, &overrides).err().unwrap();
    assert_eq!(
        invalid.errors[0].headline(),
        "--strategy: deploy.strategy: unsupported deployment strategy 'blue'; Apps v2 supports the following strategies: canary, rolling, immediate, bluegreen"
    );
}

#[test]
fn the_database_url_is_that_of_the_environment_unless_the_file_says_otherwise() {
    let lookup = |name: &str| (name == "DATABASE_URL").then(|| "sqlite://x.db".to_owned());
    let project = parse(Source::new("fly.toml", ""), &[])
        .ok()
        .unwrap()
        .project;
    assert_eq!(project.database_url(lookup).unwrap(), "sqlite://x.db");
    let error = project.database_url(|_| None).unwrap_err();
    assert_eq!(error.name, "DATABASE_URL");

    let own = Source::new("fly.toml", "[database]\nurl = \"pg://$HOST/x\"\n");
    let project = parse(own, &[]).ok().unwrap().project;
    let error = project.database_url(lookup).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`HOST` is not set; line 2 of the project file refers to it"
    );
}

#[test]
fn a_report_can_be_had_of_good_and_bad_files() {
    let report = |text: &str| {
        let result = parse(Source::new("fly.toml", text), &[]);
        serde_json::to_value(Report::of("fly.toml", &result)).unwrap()
    };
    let good = report("swap_size_mb = 1\n");
    assert_eq!(good["valid"], true);
    assert_eq!(good["ignored"][0]["key"], "swap_size_mb");
    let bad = report("zzz = 1\n");
    assert_eq!(bad["valid"], false);
    assert_eq!(bad["errors"][0]["fault"], "unknown-key");
    assert_eq!(bad["errors"][0]["origin"]["file"]["line"], 1);
}

#[test]
fn the_example_app_has_nothing_to_complain_about() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/notes");
    let loaded = load(&example, &[]).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    assert!(loaded.ignored.is_empty(), "{:?}", loaded.ignored);
    assert!(loaded.obstacles().is_empty(), "{:?}", loaded.obstacles());
    assert_eq!(loaded.project.group("web").unwrap().machines, 2);
}
