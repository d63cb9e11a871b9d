//! The report of `apply` as a template's data.

use shipgate_template::Value;

use super::env::{failure, file, files, of_text, with_env, with_file};
use super::record::{Empty, Record};
use super::time::time;
use crate::report::{AppliedFile, ApplyReport, CheckEntry, FileEntry, Palette};

impl ApplyReport<'_> {
    /// The report as a template's data: its fields as its JSON names them,
    /// `.Header` and `.Summary INDENT`, which the palette colours.
    #[must_use]
    pub fn value(&self, palette: Palette) -> Value {
        let applied = Value::list_of("*cmdlog.AppliedFile", self.applied.iter().map(applied));
        let summary = self.summary(palette);
        with_env(Record::new("*cmdlog.MigrateApply"), &self.env)
            .with("Pending", files(&self.pending), Empty::LeftOut)
            .with("Applied", applied, Empty::LeftOut)
            .with(
                "Current",
                Value::from(self.current.as_str()),
                Empty::LeftOut,
            )
            .with("Target", Value::from(self.target.as_str()), Empty::LeftOut)
            .with("Start", time(self.start), Empty::Kept)
            .with("End", time(self.end), Empty::Kept)
            .with("Error", Value::from(self.error.as_str()), Empty::LeftOut)
            .with_member(
                "Message",
                Value::from(self.message().unwrap_or_default()),
                Empty::LeftOut,
            )
            .with_getter("Header", Value::from(self.header(palette)))
            .with_method(
                "Summary",
                of_text(move |indent| summary.join(&format!("\n{indent}"))),
            )
            .into_value()
    }
}

fn applied(applied: &AppliedFile<'_>) -> Value {
    let entry = FileEntry {
        name: applied.name,
        version: applied.version,
        description: applied.description,
    };
    let statements = applied
        .statements
        .iter()
        .map(|text| Value::from(text.as_str()));
    let checks = Value::list_of("*cmdlog.FileChecks", applied.checks.iter().map(check));
    with_file(Record::new("*cmdlog.AppliedFile"), &entry)
        .with_field("File", file(&entry))
        .with("Start", time(applied.start), Empty::Kept)
        .with("End", time(applied.end), Empty::Kept)
        .with("Skipped", Value::from(applied.skipped), Empty::LeftOut)
        .with(
            "Applied",
            Value::list_of("string", statements),
            Empty::LeftOut,
        )
        .with("Checks", checks, Empty::LeftOut)
        .with("Error", failure(applied.error.as_ref()), Empty::LeftOut)
        .into_value()
}

fn check(check: &CheckEntry<'_>) -> Value {
    let assertions = check.assertions.iter().map(|assertion| {
        let error = match &assertion.error {
            Some(error) => Value::from(error.as_str()),
            None => Value::NilPointer("*string"),
        };
        Record::new("*cmdlog.Check")
            .with("Stmt", Value::from(assertion.stmt), Empty::Kept)
            .with("Error", error, Empty::LeftOut)
            .into_value()
    });
    let assertions = Value::list_of("*cmdlog.Check", assertions);
    Record::new("*cmdlog.FileChecks")
        .with("Name", Value::from(check.name.as_str()), Empty::Kept)
        .with("Stmts", assertions, Empty::LeftOut)
        .with("Error", failure(check.error.as_ref()), Empty::LeftOut)
        .with("Start", time(check.start), Empty::Kept)
        .with("End", time(check.end), Empty::Kept)
        .into_value()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use shipgate_template::Templates;

    use crate::golang::{GoTime, to_json};
    use crate::report::{
        AppliedFile, ApplyReport, Assertion, CheckEntry, Env, FileEntry, Palette, StatementFailure,
        apply_functions,
    };

    fn time(text: &str) -> GoTime {
        text.parse::<Timestamp>().unwrap().into()
    }

    /// Two files, the second of which failed behind a check.
    fn report() -> ApplyReport<'static> {
        let url = "postgres://me:hunter2@db:5432/app?sslmode=disable";
        let url = shipgate_database::DatabaseUrl::parse(url, std::path::Path::new("/")).unwrap();
        let start: Timestamp = "2026-11-20T12:34:05Z".parse().unwrap();
        let mut report = ApplyReport::new(Env::new(&url, "file://migrations"), start);
        let entries = [("1_a.sql", "1", "a"), ("2_b.sql", "2", "b")];
        report.pending = entries
            .map(|(name, version, description)| FileEntry {
                name,
                version,
                description,
            })
            .to_vec();
        report.applied = entries
            .map(|(name, version, description)| AppliedFile {
                name,
                version,
                description,
                start: time("2026-11-20T12:34:05Z"),
                end: time("2026-11-20T12:34:06.5Z"),
                skipped: 0,
                statements: vec!["CREATE TABLE t (\n  \"x<y\" int\n);".into()],
                executed: 1,
                checks: Vec::new(),
                error: None,
            })
            .into();
        let failed = &mut report.applied[1];
        failed.skipped = 1;
        failed.checks = vec![CheckEntry {
            name: "checks.sql".to_owned(),
            assertions: vec![Assertion {
                stmt: "SELECT 1;",
                error: None,
            }],
            error: None,
            start: time("2026-11-20T12:34:05Z"),
            end: time("2026-11-20T12:34:05.002Z"),
        }];
        failed.error = Some(StatementFailure {
            stmt: "BAD;".to_owned(),
            text: "syntax".to_owned(),
        });
        report.current = "0".to_owned();
        report.target = "2".to_owned();
        report.failed("2026-11-20T12:34:07Z".parse().unwrap(), "it failed");
        report
    }

    fn print(template: &str, report: &ApplyReport<'_>) -> String {
        let mut templates = Templates::new(apply_functions(Palette::Plain));
        templates.parse("format", template).unwrap();
        templates
            .execute("format", &report.value(Palette::Plain))
            .unwrap()
    }

    #[test]
    fn the_json_of_the_data_is_that_of_the_report() {
        let report = report();
        assert_eq!(print("{{ json . }}", &report), to_json(&report).unwrap());
        let url = shipgate_database::DatabaseUrl::parse("sqlite://x.db", "/".as_ref()).unwrap();
        let nothing = ApplyReport::new(Env::new(&url, "file://m"), Timestamp::UNIX_EPOCH);
        assert_eq!(print("{{ json . }}", &nothing), to_json(&nothing).unwrap());
    }

    #[test]
    fn a_template_can_print_what_is_printed_without_one() {
        let template = r#"{{- println .Header -}}
            {{- range .Applied }}
                {{- range $c := .Checks }}
                    {{- printf "\n  %s checks before migrating version %s\n" (yellow "--") (cyan "%s" $.Target) }}
                    {{- range .Stmts }}{{ printf "    %s %s\n" (cyan "->") .Stmt }}{{ end }}
                    {{- printf "  %s ok (%s)\n" (yellow "--") (yellow (.End.Sub .Start).String) }}
                {{- end }}
                {{- println }}{{ println " " (yellow "--") "migrating version" (cyan .Version) }}
                {{- range .Applied }}{{ println "   " (cyan "->") (indent_ln . 7) }}{{ end }}
                {{- with .Error }}{{ println "   " (redBgWhiteFg .Text) }}
                {{- else }}{{ printf "  %s ok (%s)\n" (yellow "--") (.End.Sub .Start) }}{{ end }}
            {{- end }}
            {{- printf "\n  %s\n  %s\n" (cyan "-------------------------") (.Summary "  ") -}}"#;
        let report = report();
        assert_eq!(print(template, &report), report.to_string());
    }

    #[test]
    fn fields_methods_and_functions_are_those_templates_know() {
        let report = report();
        for (template, text) in [
            (
                "{{ .Driver }} {{ .Dir }} {{ .Env.Dir }} {{ .Target }} {{ .Current }}",
                "postgres file://migrations file://migrations 2 0",
            ),
            (
                "{{ .URL }} {{ .URL.Host }} {{ .URL.Port }} {{ .URL.Path }}",
                "postgres://me:***@db:5432/app?sslmode=disable db:5432 5432 /app",
            ),
            (
                "{{ range .Pending }}{{ .Name }} {{ .Version }} {{ .Desc }};{{ end }}",
                "1_a.sql 1 a;2_b.sql 2 b;",
            ),
            (
                "{{ range .Applied }}{{ .File.Name }} {{ .Skipped }} {{ len .Applied }};{{ end }}",
                "1_a.sql 0 1;2_b.sql 1 1;",
            ),
            (
                "{{ range .Applied }}{{ with .Error }}{{ .Stmt }} {{ .Text }}{{ else }}ok;{{ end }}{{ end }}",
                "ok;BAD; syntax",
            ),
            (
                "{{ .Error }} {{ .Start }} {{ .End.Unix }}",
                "it failed 2026-11-20 12:34:05 +0000 UTC 1795178047",
            ),
            (
                "{{ .End.Sub .Start }} {{ (.End.Sub .Start).Seconds }} {{ .Start.Format \"15:04\" }}",
                "2s 2 12:34",
            ),
            (
                "{{ (index .Applied 0).End.Sub .Start }} {{ ((index .Applied 0).End.Sub .Start).Milliseconds }}",
                "1.5s 1500",
            ),
            (
                "{{ upper .Driver }} {{ add (len .Applied) 40 }} {{ indent_ln \"a\\nb\" 2 }}",
                "POSTGRES 42 a\n  b",
            ),
            (
                "{{ json (index .Pending 0) \"  \" }}",
                "{\n  \"Name\": \"1_a.sql\",\n  \"Version\": \"1\",\n  \"Description\": \"a\"\n}",
            ),
            (
                "{{ red \"%d-%s\" 7 \"x\" }} {{ green \"100%\" }} {{ redBgWhiteFg 1 2 }}",
                "7-x 100% 1 2",
            ),
        ] {
            assert_eq!(print(template, &report), text, "{template}");
        }
    }

    #[test]
    fn merged_objects_have_the_later_ones_values() {
        let report = report();
        let merged = print(
            r#"{{ json_merge `{"b":1,"a":{"x":1}}` `{"a":2,"c":"<"}` }}"#,
            &report,
        );
        assert_eq!(merged, r#"{"a":2,"b":1,"c":"\u003c"}"#);
    }

    #[test]
    fn colours_are_those_of_the_palette() {
        let mut templates = Templates::new(apply_functions(Palette::Ansi));
        templates
            .parse("format", "{{ cyan \"a\" }}{{ .Header }}")
            .unwrap();
        let text = templates
            .execute("format", &report().value(Palette::Ansi))
            .unwrap();
        assert_eq!(
            text,
            "\x1b[36ma\x1b[0mMigrating to version \x1b[36m2\x1b[0m from \x1b[36m0\x1b[0m (2 migrations in total):"
        );
    }
}
