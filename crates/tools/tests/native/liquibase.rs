//! Liquibase's changesets in formatted SQL.

use shipgate_migrate::Effect;

use crate::support::{Kind, Place};

const ROOT: (&str, &str) = (
    "db/root.yaml",
    "databaseChangeLog:\n  - includeAll:\n      path: steps\n      relativeToChangelogFile: true\n",
);

/// With the checksums that Liquibase 4.28 itself wrote for these changesets.
const STEPS: (&str, &str) = (
    "db/steps/1.sql",
    "--liquibase formatted sql\n\n\
     --property name:tbl value:plain_x\n\n\
     --changeset shop:plain labels:\"x, y\" context:\"a or b\"\n\
     --comment: this makes it\n\
     CREATE TABLE ${tbl} (\n    id   integer NOT NULL\n);\n\
     --rollback DROP TABLE plain;\n\n\
     --changeset shop:skipped dbms:h2\n\
     CREATE TABLE not_here (id integer);\n\n\
     --changeset shop:changes runOnChange:true\n\
     INSERT INTO plain_x VALUES (1);\n\n\
     --changeset shop:always runAlways:true context:test\n\
     INSERT INTO plain_x VALUES (2);\n",
);

const PLAIN: &str = "db/steps/1.sql::plain::shop";
const CHANGES: &str = "db/steps/1.sql::changes::shop";
const ALWAYS: &str = "db/steps/1.sql::always::shop";

fn place(kind: Kind, files: &[(&str, &str)]) -> Place {
    let place = Place::new(kind, "liquibase", files);
    place.write(&[("liquibase.properties", "changelogFile=db/root.yaml\n")]);
    place
}

/// A changelog of these changesets.
fn changesets(kind: Kind, body: &str) -> Place {
    let text = format!("--liquibase formatted sql\n{body}");
    let place = Place::new(kind, "liquibase", &[("changelog.sql", &text)]);
    place.write(&[("liquibase.properties", "changelogFile=changelog.sql\n")]);
    place
}

/// Liquibase's table as this database spells it.
fn history(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => "databasechangelog",
        Kind::Sqlite | Kind::Mariadb => "DATABASECHANGELOG",
    }
}

fn lock(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => "databasechangeloglock",
        Kind::Sqlite | Kind::Mariadb => "DATABASECHANGELOGLOCK",
    }
}

/// Everything that every database and run writes alike.
fn rows(place: &Place, kind: Kind) -> String {
    place.sql(&format!(
        "SELECT orderexecuted, id, author, filename, exectype, md5sum, description, coalesce(comments, '-'), \
         coalesce(tag, '-'), coalesce(contexts, '-'), coalesce(labels, '-') FROM {} ORDER BY orderexecuted",
        history(kind)
    ))
}

#[tokio::test]
async fn changesets_are_applied_and_recorded_as_liquibase_does() {
    for kind in Kind::ALL {
        let place = place(kind, &[ROOT, STEPS]);
        let applied = place.apply().await.applied();
        assert_eq!(applied, [PLAIN, CHANGES, ALWAYS], "{kind:?}");
        assert_eq!(
            rows(&place, kind),
            "1|plain|shop|db/steps/1.sql|EXECUTED|9:65095dd00669de7629ea6517de502a6f|sql|this makes it|-|(a or b)|x,y\n\
             2|changes|shop|db/steps/1.sql|EXECUTED|9:698d5295e5cae842ad9bf97e7cbdfc50|sql||-|-|-\n\
             3|always|shop|db/steps/1.sql|EXECUTED|9:262d2aeaf082bed3d5fdc0cb8ffa5a58|sql||-|test|-",
            "{kind:?}"
        );
        assert_eq!(
            place.columns(history(kind)),
            match kind {
                Kind::Sqlite =>
                    "ID VARCHAR(255) not null, AUTHOR VARCHAR(255) not null, FILENAME VARCHAR(255) not null, \
                     DATEEXECUTED TEXT not null, ORDEREXECUTED INTEGER not null, EXECTYPE VARCHAR(10) not null, \
                     MD5SUM VARCHAR(35), DESCRIPTION VARCHAR(255), COMMENTS VARCHAR(255), TAG VARCHAR(255), \
                     LIQUIBASE VARCHAR(20), CONTEXTS VARCHAR(255), LABELS VARCHAR(255), DEPLOYMENT_ID VARCHAR(10)",
                Kind::Postgres =>
                    "id character varying(255) not null, author character varying(255) not null, \
                     filename character varying(255) not null, dateexecuted timestamp without time zone not null, \
                     orderexecuted integer not null, exectype character varying(10) not null, \
                     md5sum character varying(35), description character varying(255), \
                     comments character varying(255), tag character varying(255), \
                     liquibase character varying(20), contexts character varying(255), \
                     labels character varying(255), deployment_id character varying(10)",
                Kind::Mariadb =>
                    "ID varchar(255) not null, AUTHOR varchar(255) not null, FILENAME varchar(255) not null, \
                     DATEEXECUTED datetime not null, ORDEREXECUTED int(11) not null, EXECTYPE varchar(10) not null, \
                     MD5SUM varchar(35), DESCRIPTION varchar(255), COMMENTS varchar(255), TAG varchar(255), \
                     LIQUIBASE varchar(20), CONTEXTS varchar(255), LABELS varchar(255), DEPLOYMENT_ID varchar(10)",
            }
        );
        assert_eq!(
            place.columns(lock(kind)),
            match kind {
                Kind::Sqlite =>
                    "ID INTEGER not null, LOCKED BOOLEAN not null, LOCKGRANTED TEXT, LOCKEDBY VARCHAR(255)",
                Kind::Postgres =>
                    "id integer not null, locked boolean not null, \
                     lockgranted timestamp without time zone, lockedby character varying(255)",
                Kind::Mariadb =>
                    "ID int(11) not null, LOCKED tinyint(1) not null, LOCKGRANTED datetime, LOCKEDBY varchar(255)",
            }
        );
        assert_eq!(
            place.sql(&format!(
                "SELECT count(DISTINCT deployment_id), count(DISTINCT liquibase), min(length(deployment_id)) FROM {}",
                history(kind)
            )),
            "1|1|10",
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn what_changed_or_runs_always_runs_again_and_keeps_its_row() {
    for kind in Kind::ALL {
        let place = place(kind, &[ROOT, STEPS]);
        place.apply().await.applied();
        assert_eq!(place.apply().await.applied(), [ALWAYS], "{kind:?}");
        let changed = STEPS.1.replace("VALUES (1)", "VALUES (4)");
        place.write(&[(STEPS.0, &changed)]);
        assert_eq!(place.apply().await.applied(), [CHANGES, ALWAYS], "{kind:?}");
        assert_eq!(
            place.sql(&format!(
                "SELECT orderexecuted, id, exectype FROM {} ORDER BY orderexecuted",
                history(kind)
            )),
            "1|plain|EXECUTED\n5|changes|RERAN\n6|always|RERAN",
            "{kind:?}"
        );
        assert_eq!(
            place.sql("SELECT id FROM plain_x ORDER BY id"),
            "1\n2\n2\n2\n4",
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn an_edited_changeset_is_refused_unless_its_old_checksum_is_valid() {
    let place = changesets(Kind::Sqlite, "--changeset a:1\nCREATE TABLE a (id int);\n");
    place.apply().await.applied();
    let old = place.sql("SELECT md5sum FROM databasechangelog");
    let edited = |mark: &str| {
        format!("--liquibase formatted sql\n--changeset a:1\n{mark}CREATE TABLE b (id int);\n")
    };
    place.write(&[("changelog.sql", &edited(""))]);
    let refused = place.apply().await.failed();
    assert!(refused.error.contains("changelog.sql::1::a"), "{refused:?}");
    for mark in [
        format!("--validCheckSum: {old}\n"),
        "--validCheckSum: any\n".to_owned(),
    ] {
        place.write(&[("changelog.sql", &edited(&mark))]);
        assert!(place.apply().await.applied().is_empty(), "{mark}");
    }
}

#[tokio::test]
async fn older_checksums_and_none_are_taken_as_they_are() {
    let place = changesets(
        Kind::Sqlite,
        "--changeset a:1\nSELECT 1;\n--changeset a:2 runOnChange:true\nSELECT 2;\n",
    );
    place.apply().await.applied();
    for sum in ["NULL", "'8:00000000000000000000000000000000'"] {
        place.sql(&format!("UPDATE databasechangelog SET md5sum = {sum}"));
        assert!(place.apply().await.applied().is_empty(), "{sum}");
    }
}

#[tokio::test]
async fn a_changeset_that_is_added_between_others_is_applied_and_deleted_ones_are_forgiven() {
    let place = changesets(
        Kind::Sqlite,
        "--changeset a:1\nSELECT 1;\n--changeset a:3\nSELECT 3;\n",
    );
    place.apply().await.applied();
    place.write(&[(
        "changelog.sql",
        "--liquibase formatted sql\n--changeset a:2\nSELECT 2;\n--changeset a:3\nSELECT 3;\n",
    )]);
    assert_eq!(place.apply().await.applied(), ["changelog.sql::2::a"]);
    assert!(place.apply().await.applied().is_empty());
}

#[tokio::test]
async fn a_failed_changeset_leaves_no_row_and_is_told_with_its_line_in_the_file() {
    for kind in Kind::ALL {
        let place = changesets(
            kind,
            "--changeset a:1\nCREATE TABLE a (id int);\n\n--changeset a:2\nINSERT INTO a VALUES (1);\n\nINSERT INTO nowhere\n  VALUES (2);\n",
        );
        let run = place.apply().await.failed();
        assert_eq!(run.applied, ["changelog.sql::1::a"], "{kind:?}");
        assert!(
            run.hints
                .iter()
                .any(|hint| hint.contains("changelog.sql:8:1")),
            "{kind:?} {run:?}"
        );
        assert_eq!(
            place.sql(&format!("SELECT count(*) FROM {}", history(kind))),
            "1",
            "{kind:?}"
        );
        assert_eq!(place.sql("SELECT count(*) FROM a"), "0", "{kind:?}");
        assert_eq!(
            place.sql(&format!(
                "SELECT count(*) FROM {} WHERE lockedby IS NULL",
                lock(kind)
            )),
            "1",
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn a_lock_that_liquibase_holds_is_waited_for() {
    for kind in Kind::ALL {
        let place = changesets(kind, "--changeset a:1\nCREATE TABLE a (id int);\n");
        place.apply().await.applied();
        place.write(&[(
            "changelog.sql",
            "--liquibase formatted sql\n--changeset a:1\nCREATE TABLE a (id int);\n--changeset a:2\nSELECT 2;\n",
        )]);
        let table = lock(kind);
        let truth = |kind, value| match (kind, value) {
            (Kind::Postgres, true) => "TRUE",
            (Kind::Postgres, false) => "FALSE",
            (_, true) => "1",
            (_, false) => "0",
        };
        place.sql(&format!(
            "UPDATE {table} SET LOCKED = {}, LOCKEDBY = 'host (10.0.0.1)', LOCKGRANTED = '2026-11-20 10:00:00'",
            truth(kind, true)
        ));
        let short = place
            .apply_with(|options| options.lock.timeout = std::time::Duration::from_millis(300))
            .await
            .failed();
        assert!(
            short.error.contains(
                "host (10.0.0.1) holds the migration lock of Liquibase since 2026-11-20T10:00:00Z"
            ),
            "{kind:?} {short:?}"
        );
        assert_eq!(
            place.sql(&format!("SELECT LOCKEDBY FROM {table}")),
            "host (10.0.0.1)",
            "{kind:?}"
        );
        place.sql(&format!(
            "UPDATE {table} SET LOCKED = {}, LOCKEDBY = NULL, LOCKGRANTED = NULL",
            truth(kind, false)
        ));
        assert_eq!(
            place.apply().await.applied(),
            ["changelog.sql::2::a"],
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn a_lock_that_a_killed_run_of_ours_left_is_taken_over() {
    for kind in Kind::ALL {
        let place = changesets(kind, "--changeset a:1\nSELECT 1;\n");
        place.apply().await.applied();
        let table = lock(kind);
        let locked = if kind == Kind::Postgres { "TRUE" } else { "1" };
        place.sql(&format!(
            "UPDATE {table} SET LOCKED = {locked}, LOCKEDBY = 'Shipgate'"
        ));
        place.write(&[(
            "changelog.sql",
            "--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n--changeset a:2\nSELECT 2;\n",
        )]);
        assert_eq!(
            place.apply().await.applied(),
            ["changelog.sql::2::a"],
            "{kind:?}"
        );
        assert_eq!(
            place.sql(&format!(
                "SELECT count(*) FROM {table} WHERE LOCKEDBY IS NULL"
            )),
            "1",
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn statements_are_told_apart_as_the_changeset_says() {
    let place = changesets(
        Kind::Postgres,
        "--changeset a:1 splitStatements:false\n\
         CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS $$ SELECT 1; $$;\n\
         --changeset a:2 endDelimiter:/\nCREATE TABLE a (id int)\n/\nCREATE TABLE b (id int)\n/\n\
         --changeset a:3\nCREATE TABLE c (id int)\nGO\nCREATE TABLE d (id int)\n/\n\
         --changeset a:4 runInTransaction:false\nCREATE INDEX CONCURRENTLY i ON a (id);\n\
         --changeset a:5\nCREATE TABLE e (id int);\n--ignoreLines:1\nCREATE TABLE e (id int);\n",
    );
    assert_eq!(place.apply().await.applied().len(), 5);
    assert_eq!(
        place.tables(),
        "a b c d databasechangelog databasechangeloglock e"
    );
}

#[tokio::test]
async fn what_only_liquibase_does_is_refused_by_name_where_it_would_be_done() {
    for (body, expected) in [
        (
            "--changeset a:1\n--preconditions onFail:MARK_RAN\nSELECT 1;\n",
            "changelog.sql::1::a:3 '--preconditions' is not supported",
        ),
        (
            "--changeset a:1 failOnError:false\nSELECT 1;\n",
            "changelog.sql::1::a:2 failOnError:false lets a changeset fail",
        ),
        (
            "--changeset a:1 runWith:psql\nSELECT 1;\n",
            "changelog.sql::1::a:2 runWith:psql names another program",
        ),
        (
            "--changeset a:1\nSELECT 1;\nSELECT ${x};\n",
            "changelog.sql::1::a:4 parameter ${x} has no value",
        ),
        (
            "--property name:x value:y dbms:h2\n--changeset a:1\n\nSELECT ${x};\n",
            "changelog.sql::1::a:5 parameter ${x} has no value",
        ),
    ] {
        let place = changesets(Kind::Sqlite, body);
        let run = place.apply().await.failed();
        assert!(run.error.contains(expected), "{run:?}");
        assert!(!place.tables().contains("databasechangelog "), "{body}");
    }
    let open = |files: &[(&str, &str)]| place(Kind::Sqlite, files).try_native().unwrap_err();
    let error = open(&[(
        "db/root.yaml",
        "databaseChangeLog:\n  - changeSet:\n      id: 1\n      author: ann\n",
    )]);
    assert!(
        error.starts_with("db/root.yaml: changeset ann:1 is not formatted SQL"),
        "{error}"
    );
    let error = open(&[ROOT, ("db/steps/1.sql", "SELECT 1;")]);
    assert!(
        error.starts_with("db/steps/1.sql: changeset includeAll:raw is not formatted SQL"),
        "{error}"
    );
    let error = open(&[
        (
            "db/root.yaml",
            "databaseChangeLog:\n  - include:\n      file: a.sql\n      context: test\n",
        ),
        ("a.sql", STEPS.1),
    ]);
    assert!(
        error.starts_with("db/root.yaml: context where a.sql is included"),
        "{error}"
    );
    let twice = place(
        Kind::Sqlite,
        &[
            ROOT,
            (
                "db/steps/1.sql",
                "--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n--changeset a:1\nSELECT 2;\n",
            ),
        ],
    );
    assert_eq!(
        twice.try_native().unwrap_err(),
        "db/steps/1.sql:4: changeset a:1 is in db/steps/1.sql:2 already; give one of them another id"
    );
    twice.write(&[(
        "liquibase.properties",
        "changelogFile=db/root.yaml\ncontexts: test\n",
    )]);
    let error = twice.try_native().unwrap_err();
    assert!(
        error.starts_with("liquibase.properties sets contexts"),
        "{error}"
    );
}

#[tokio::test]
async fn a_refused_changeset_that_is_applied_already_is_in_nobody_s_way() {
    let place = changesets(Kind::Sqlite, "--changeset a:1\nSELECT 1;\n");
    place.apply().await.applied();
    place.write(&[(
        "changelog.sql",
        "--liquibase formatted sql\n--changeset a:1 failOnError:false\n--preconditions onFail:HALT\nSELECT 1;\n\
         --changeset a:2\nSELECT 2;\n",
    )]);
    assert_eq!(place.apply().await.applied(), ["changelog.sql::2::a"]);
}

#[tokio::test]
async fn parameters_come_from_the_changelog_and_the_properties() {
    let place = changesets(
        Kind::Sqlite,
        "--changeset a:${n}\nCREATE TABLE ${a}_${B} (id int);\n",
    );
    place.write(&[(
        "liquibase.properties",
        "changelogFile=changelog.sql\nparameter.a=x\nparameter.b=y\nparameter.n=1\n",
    )]);
    assert_eq!(place.apply().await.applied(), ["changelog.sql::1::a"]);
    assert!(place.tables().contains("x_y"));
}

#[tokio::test]
async fn changesets_and_parameters_are_those_for_the_kind_of_database() {
    for (kind, name) in [(Kind::Postgres, "postgresql"), (Kind::Mariadb, "mariadb")] {
        let place = changesets(
            kind,
            "--property name:t value:of_postgresql dbms:postgresql\n\
             --property name:t value:of_others\n\
             --changeset a:postgresql dbms:postgresql\nCREATE TABLE ${t} (id int);\n\
             --changeset a:mariadb dbms:mariadb,mysql\nCREATE TABLE ${t} (id int);\n\
             --changeset a:none dbms:none\nnonsense;\n",
        );
        let applied = place.apply().await.applied();
        assert_eq!(applied, [format!("changelog.sql::{name}::a")]);
        let table = match kind {
            Kind::Postgres => "of_postgresql",
            _ => "of_others",
        };
        assert!(place.tables().contains(table), "{}", place.tables());
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn rows_and_columns_of_other_versions_are_understood() {
    for kind in Kind::ALL {
        let place = changesets(kind, "--changeset a:1\nSELECT 1;\n");
        place.apply().await.applied();
        let table = history(kind);
        place.sql(&format!(
            "UPDATE {table} SET FILENAME = 'classpath:changelog.sql'"
        ));
        place.sql(&format!("ALTER TABLE {table} DROP COLUMN DEPLOYMENT_ID"));
        place.sql(&format!("ALTER TABLE {table} DROP COLUMN LABELS"));
        place.sql(&format!("ALTER TABLE {table} ADD COLUMN newer integer"));
        place.write(&[(
            "changelog.sql",
            "--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n--changeset a:2 labels:x\nSELECT 2;\n",
        )]);
        assert_eq!(
            place.apply().await.applied(),
            ["changelog.sql::2::a"],
            "{kind:?}"
        );
        assert_eq!(
            place.sql(&format!(
                "SELECT id, labels, length(deployment_id) FROM {table} WHERE id = '2'"
            )),
            "2|x|10",
            "{kind:?}"
        );
        place.sql(&format!("UPDATE {table} SET EXECTYPE = 'NEWER'"));
        let unknown = place.apply().await.failed();
        assert!(
            unknown.error.contains("exectype of changeset"),
            "{unknown:?}"
        );
    }
}

#[tokio::test]
async fn the_table_s_name_and_schema_are_those_of_the_properties() {
    let place = changesets(Kind::Postgres, "--changeset a:1\nSELECT 1;\n");
    place.sql("CREATE SCHEMA log");
    place.write(&[(
        "liquibase.properties",
        "changelogFile=changelog.sql\nliquibaseSchemaName=log\ndatabaseChangeLogTableName=MyLog\n\
         databaseChangeLogLockTableName=MYLOCK\n",
    )]);
    assert_eq!(place.apply().await.applied(), ["changelog.sql::1::a"]);
    assert_eq!(place.sql("SELECT count(*) FROM log.\"MyLog\""), "1");
    assert_eq!(place.sql("SELECT count(*) FROM log.mylock"), "1");
    assert!(place.apply().await.applied().is_empty());
}

#[tokio::test]
async fn a_changeset_can_be_said_to_be_applied_or_not() {
    let place = changesets(
        Kind::Mariadb,
        "--changeset a:1\nCREATE TABLE a (id int);\nCREATE TABLE a (id int);\n",
    );
    place.apply().await.failed();
    place
        .settle("changelog.sql::1::a", Effect::Applied)
        .await
        .unwrap();
    assert!(place.apply().await.applied().is_empty());
    assert_eq!(
        place.sql("SELECT id, md5sum IS NULL FROM DATABASECHANGELOG"),
        "1|0"
    );
}

#[tokio::test]
async fn a_hundred_thousand_rows_are_read() {
    let place = changesets(Kind::Sqlite, "--changeset a:1\nSELECT 1;\n");
    place.apply().await.applied();
    place.sql(
        "INSERT INTO databasechangelog (id, author, filename, dateexecuted, orderexecuted, exectype) \
         WITH RECURSIVE n(i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < 100001) \
         SELECT 'old' || i, 'a', 'gone.sql', '2026-01-01 00:00:00', i, 'EXECUTED' FROM n",
    );
    place.write(&[(
        "changelog.sql",
        "--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n--changeset a:2\nSELECT 2;\n",
    )]);
    assert_eq!(place.apply().await.applied(), ["changelog.sql::2::a"]);
    assert_eq!(
        place.sql("SELECT orderexecuted FROM databasechangelog WHERE id = '2'"),
        "100002"
    );
}
