//! Files that are not held in memory, and statements sent together.

use std::fs;

use shipgate_migrate::TxMode;
use shipgate_migrate::apply::{ApplyError, ApplyEvent, apply};
use shipgate_migrate::directory::Directory;
use shipgate_sql::Position;

use crate::support::Project;

/// An INSERT per line behind the line of a CREATE TABLE, of more bytes than a
/// file may have that is held.
fn large(lines: usize) -> String {
    let mut script = "CREATE TABLE t (x INTEGER PRIMARY KEY, y text);\n".to_owned();
    let filling = "x".repeat(2_000);
    for number in 2..=lines {
        script.push_str(&format!("INSERT INTO t VALUES ({number}, '{filling}');\n"));
    }
    assert!(script.len() > 2 << 20);
    script
}

const LINES: usize = 1_500;

#[tokio::test]
async fn a_file_that_is_not_held_is_applied_like_any_other() {
    for tx_mode in [TxMode::File, TxMode::All] {
        let project = Project::new(&[("1_a.sql", &large(LINES))]);
        let outcome = project
            .apply_with(|options| options.tx_mode = tx_mode)
            .await
            .succeeded();
        assert_eq!(outcome.statements.len(), LINES);
        assert_eq!(
            outcome.statements.concat(),
            large(LINES).replace('\n', ""),
            "in order"
        );
        assert_eq!(
            project.query("SELECT count(*), max(x) FROM t").await,
            [format!("{}|{LINES}", LINES - 1)]
        );
        assert_eq!(
            project.history().await,
            [format!("1|2|{LINES}|{LINES}||null")]
        );
        let nothing = project.apply().await.succeeded();
        assert_eq!(nothing.text, "No migration files to execute\n");
    }
}

#[tokio::test]
async fn an_error_between_statements_sent_together_is_told_at_its_place() {
    let wrong = "INSERT INTO t\n  VALUES (2, nope);";
    for at in [3, 40, 700, LINES - 1] {
        let mut lines: Vec<String> = large(LINES).lines().map(str::to_owned).collect();
        wrong.clone_into(&mut lines[at]);
        let project = Project::new(&[("1_a.sql", &lines.join("\n"))]);
        let outcome = project.apply().await;
        let Some(ApplyError::Statement(failed)) = &outcome.error else {
            panic!("{}", outcome.error_text());
        };
        assert_eq!(failed.statement, wrong);
        assert_eq!(
            failed.position,
            Position {
                line: at + 2,
                column: 14
            }
        );
        assert_eq!(
            outcome.statements.len(),
            at + 1,
            "the failed one is the last"
        );
        assert_eq!(outcome.statements.last().unwrap(), wrong);
        assert!(
            outcome
                .text
                .ends_with(&format!("  -- {at} sql statements ok, 1 with errors\n"))
        );
        assert!(project.tables().await.is_empty());
    }
}

#[tokio::test]
async fn a_file_written_to_after_it_was_read_for_its_checksum_is_refused() {
    let project = Project::new(&[("1_a.sql", &large(LINES))]);
    let directory = project.directory();
    let path = project.migrations().join("1_a.sql");
    let other = large(LINES).replacen("(2,", "(1,", 1);
    fs::write(&path, other).unwrap();
    let outcome = project
        .run_in(&directory, &*project.database(), &project.options())
        .await;
    assert_eq!(
        outcome.error_text(),
        "migration file 1_a.sql changed while it was being read; run again when nothing writes to it"
    );
    assert!(outcome.statements.is_empty());
}

#[tokio::test]
async fn a_file_written_to_while_it_is_executed_is_undone() {
    for tx_mode in [TxMode::File, TxMode::All] {
        let project = Project::new(&[("1_a.sql", &large(LINES))]);
        let directory = project.directory();
        let mut options = project.options();
        options.tx_mode = tx_mode;
        let path = project.migrations().join("1_a.sql");
        let mut executed = 0;
        let mut sink = |event: &ApplyEvent<'_>| {
            if let ApplyEvent::StatementDone { .. } = event {
                executed += 1;
                if executed == 1 {
                    let last = format!("({}, 'x", LINES - 1);
                    let other = format!("({}, 'y", LINES - 1);
                    let changed = large(LINES).replacen(&last, &other, 1);
                    fs::write(&path, changed).unwrap();
                }
            }
        };
        let failure = apply(&*project.database(), &directory, &options, &mut sink)
            .await
            .unwrap_err();
        let error = failure.error.to_string();
        assert!(
            error.contains("1_a.sql") && error.contains("changed while it was being read"),
            "{error}"
        );
        assert!(executed > 1, "{executed}");
        assert!(project.tables().await.is_empty());
        assert!(project.history().await.is_empty());
    }
}

#[tokio::test]
async fn a_file_that_is_not_held_is_resumed_where_it_stopped() {
    let wrong = large(LINES).replacen("(900,", "(nope,", 1);
    let project = Project::new(&[("1_a.sql", &wrong)]);
    let outcome = project
        .apply_with(|options| options.tx_mode = TxMode::None)
        .await;
    assert!(outcome.error.is_some());
    assert_eq!(outcome.statements.len(), 900);
    project.write(&[("1_a.sql", &large(LINES))]);
    let outcome = project
        .apply_with(|options| options.tx_mode = TxMode::None)
        .await
        .succeeded();
    assert_eq!(outcome.statements.len(), LINES - 899);
    assert_eq!(
        project.query("SELECT count(*) FROM t").await,
        [(LINES - 1).to_string()]
    );
}

#[tokio::test]
async fn lines_that_look_like_directives_are_told_of_a_file_that_is_not_held() {
    let script = format!("{}-- atlas:txmode none\n", large(LINES));
    let project = Project::new(&[("1_a.sql", &script)]);
    let outcome = project.apply().await.succeeded();
    assert_eq!(
        outcome.warnings,
        [format!(
            "1_a.sql: line {}: \"-- atlas:txmode none\" is ignored: it must stand in the comment \
             lines at the very start of the file",
            LINES + 1
        )]
    );
}

#[tokio::test]
async fn a_file_of_another_format_is_refused_before_anything_is_executed() {
    let script = format!("{}-- migrate:down\nDROP TABLE t;\n", large(LINES));
    let project = Project::new(&[("1_a.sql", &script)]);
    let error = project.apply().await.error_text();
    assert!(
        error.contains(&format!(
            "1_a.sql:{} '-- migrate:down' is a mark of dbmate",
            LINES + 1
        )),
        "{error}"
    );
    assert!(project.tables().await.is_empty());
}

#[tokio::test]
async fn what_is_wrong_at_the_end_of_a_large_file_is_found_before_its_beginning_is_executed() {
    for (end, error) in [
        ("SELECT 'a", format!("{}:8: unclosed quote", LINES + 1)),
        (
            "COMMIT;",
            format!("1_a.sql:{}:1 opens or ends a transaction", LINES + 1),
        ),
    ] {
        let project = Project::new(&[("1_a.sql", &format!("{}{end}", large(LINES)))]);
        let text = project.apply().await.error_text();
        assert!(text.contains(&error), "{text}");
        assert!(project.tables().await.is_empty());
    }
}

#[test]
fn a_file_that_would_have_to_be_held_whole_and_is_too_large_is_refused_unread() {
    for (format, name, head) in [
        ("goose", "00001_a.sql", "-- +goose Up\n"),
        ("dbmate", "1_a.sql", "-- migrate:up\n"),
        ("liquibase", "1_a.sql", "--liquibase formatted sql\n"),
        (
            "atlas",
            "1_a.sql",
            "-- atlas:txtar\n\n-- migration.sql --\n",
        ),
    ] {
        let project = Project::in_format(format, &[]);
        let path = project.migrations().join(name);
        fs::write(&path, head).unwrap();
        // Blanks that no disk has to hold.
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(200 << 20).unwrap();
        let error = Directory::open(project.location()).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("migration file {name} has 200 MiB; "))
                && error.contains("up to 128 MiB: divide it"),
            "{format}: {error}"
        );
    }
}
