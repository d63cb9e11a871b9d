//! `--format`: reports by templates.

use crate::support::{Place, said};

const TWO: [(&str, &str); 2] = [
    ("1_a.sql", "CREATE TABLE a (x);\n"),
    ("2_b.sql", "CREATE TABLE b (x);\n"),
];

#[test]
fn a_template_tells_what_apply_did() {
    let place = Place::with(&TWO);
    let template = "{{ range .Applied }}{{ .Name }} {{ range .Applied }}[{{ . }}]{{ end }} {{ end }}{{ .Target }}\n";
    assert_eq!(
        place.run(&["apply", "--format", template]),
        said(
            "1_a.sql [CREATE TABLE a (x);] 2_b.sql [CREATE TABLE b (x);] 2\n",
            "",
            0
        )
    );
    assert_eq!(
        place.run(&["apply", "--log", "{{ .Header }} {{ len .Pending }}"]),
        said("No migration files to execute 0", "", 0)
    );
}

#[test]
fn a_failure_is_told_by_the_template_alone() {
    let place = Place::with(&[TWO[0], ("2_b.sql", "BAD;\n")]);
    let template = "{{ .Error }}|{{ range .Applied }}{{ with .Error }}{{ .Stmt }} {{ .Text }}{{ end }}{{ end }}";
    assert_eq!(
        place.run(&["apply", "--format", template]),
        said(
            "sql/migrate: executing statement \"BAD;\" from version \"2\": near \"BAD\": syntax error|BAD; near \"BAD\": syntax error",
            "",
            1
        )
    );
}

#[test]
fn a_template_that_does_not_parse_is_refused_before_anything_is_done() {
    let place = Place::with(&TWO);
    for (template, error) in [
        (
            "{{ foo . }}",
            "template: format:1: function \"foo\" not defined",
        ),
        ("{{ .Applied", "template: format:1: unclosed action"),
        (
            "{{ range .Applied }}\n{{ .Name }}",
            "template: format:2: unexpected EOF",
        ),
    ] {
        for verb in ["apply", "status"] {
            assert_eq!(
                place.run(&[verb, "--format", template]),
                said("", &format!("Error: parse format: {error}\n"), 1)
            );
        }
    }
    assert!(!place.path("app.db").exists());
}

#[test]
fn a_template_that_fails_says_where() {
    let place = Place::with(&TWO[..1]);
    assert_eq!(
        place.run(&["apply", "--format", "{{ .Nope }}"]),
        said(
            "",
            "Error: execute log template: template: format:1:3: executing \"format\" at <.Nope>: can't evaluate field Nope in type *cmdlog.MigrateApply\n",
            1
        )
    );
    assert_eq!(
        place.tables(),
        ["a"],
        "the migrations are done all the same"
    );
}

#[test]
fn status_is_told_by_templates_too() {
    let place = Place::with(&TWO);
    place.run(&["apply", "1"]);
    let template = "{{ .Status }} {{ .Current }} {{ .Next }} {{ len .Pending }} {{ range .Applied }}{{ .Type }}{{ end }} {{ .Left }}";
    assert_eq!(
        place.run(&["status", "--format", template]),
        said("PENDING 1 2 1 applied 0", "", 0)
    );
    let text = place.run(&["status"]);
    assert_eq!(place.run(&["status", "--format", "{{ default . }}"]), text);
    let json = place.run(&["status", "--format", "{{ json . }}"]);
    assert_eq!(
        place.run(&["status", "--format", "{{ . | json }}"]),
        json,
        "with and without the template engine"
    );
    assert!(
        json.stdout.starts_with("{\"Env\":{\"Driver\":\"sqlite\""),
        "{json:?}"
    );
}

#[test]
fn colours_of_a_template_are_left_out_where_nobody_sees_them() {
    let place = Place::with(&TWO);
    assert_eq!(
        place.run(&[
            "status",
            "--format",
            "{{ cyan .Status }} {{ red \"%d\" 7 }}"
        ]),
        said("PENDING 7", "", 0)
    );
    assert_eq!(
        place.program(
            &[
                "--color",
                "always",
                "migrate",
                "status",
                "--format",
                "{{ cyan .Status }}"
            ],
            Some("sqlite://app.db")
        ),
        said("\u{1b}[36mPENDING\u{1b}[0m", "", 0)
    );
}
