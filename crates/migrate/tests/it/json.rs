//! The JSON of `apply`, to the byte.

use shipgate_migrate::plan::Limit;

use crate::support::Project;

const ENV: &str = concat!(
    r#""Driver":"sqlite","URL":{"Scheme":"sqlite","Opaque":"","User":null,"Host":"","Path":"/project/app.db","#,
    r#""Fragment":"","RawQuery":"","RawPath":"","RawFragment":"","ForceQuery":false,"OmitHost":false,"Schema":"main"},"#,
    r#""Dir":"file:///project/migrations""#
);
const TIME: &str = r#""Start":"2026-11-20T12:34:05.5Z","End":"2026-11-20T12:34:05.5Z""#;

#[tokio::test]
async fn a_run_that_fails_at_a_statement() {
    let project = Project::new(&[
        ("1_a.sql", "CREATE TABLE t1 (id int);\n"),
        ("3_c.sql", "CREATE TABLE t3 (id int);\nBAD;\nSELECT 1;\n"),
    ]);
    project
        .apply_with(|options| options.plan.limit = Limit::Version("1".to_owned()))
        .await
        .succeeded();
    assert_eq!(
        project.apply().await.json,
        format!(
            "{{{ENV},{}{TIME},{}{TIME},{}",
            concat!(
                r#""Pending":[{"Name":"3_c.sql","Version":"3","Description":"c"}],"#,
                r#""Applied":[{"Name":"3_c.sql","Version":"3","Description":"c","#
            ),
            concat!(
                r#""Applied":["CREATE TABLE t3 (id int);","BAD;"],"#,
                r#""Error":{"Stmt":"BAD;","Text":"near \"BAD\": syntax error"}}],"#,
                r#""Current":"1","Target":"3","#
            ),
            concat!(
                r#""Error":"sql/migrate: executing statement \"BAD;\" from version \"3\": "#,
                r#"near \"BAD\": syntax error"}"#
            ),
        )
    );
}

#[tokio::test]
async fn the_first_run_and_one_without_description() {
    let project = Project::new(&[("2.sql", "select 1 < 2;")]);
    assert_eq!(
        project.apply().await.succeeded().json,
        format!(
            "{{{ENV},{}{TIME},{}{TIME},{}",
            r#""Pending":[{"Name":"2.sql","Version":"2"}],"Applied":[{"Name":"2.sql","Version":"2","#,
            r#""Applied":["select 1 \u003c 2;"]}],"Target":"2","#,
            r#""Message":"Migrated to version 2 from  (1 migrations in total)"}"#
        )
    );
    assert_eq!(
        project.apply().await.succeeded().json,
        format!(r#"{{{ENV},"Current":"2",{TIME},"Message":"No migration files to execute"}}"#)
    );
}

#[tokio::test]
async fn skipped_statements_are_counted() {
    let project = Project::new(&[(
        "1_a.sql",
        "-- atlas:txmode none\n\nCREATE TABLE t (a);\nBAD;\n",
    )]);
    project.apply().await;
    let json = project.apply().await.json;
    assert!(
        json.contains(r#""Skipped":1,"Applied":["BAD;"],"Error":{"Stmt":"BAD;""#),
        "{json}"
    );
    assert!(json.contains(r#""Current":"1","Target":"1""#), "{json}");
}

#[tokio::test]
async fn an_error_before_the_first_file_has_an_end() {
    let project = Project::new(&[("1_a.sql", "-- atlas:txmode foo\n\nSELECT 1;")]);
    assert_eq!(
        project.apply().await.json,
        format!(
            "{{{ENV},{},{TIME},{}",
            r#""Pending":[{"Name":"1_a.sql","Version":"1","Description":"a"}],"Target":"1""#,
            r#""Error":"unknown txmode \"foo\" found in file directive \"1_a.sql\""}"#
        )
    );
}
