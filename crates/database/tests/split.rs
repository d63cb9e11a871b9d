//! Running a script statement by statement does what SQLite does with the
//! whole of it.

use std::path::Path;

use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::Value;
use shipgate_database::{ConnectOptions, Create, Database, DatabaseUrl, sqlite::SqliteDatabase};
use shipgate_sql::{Dialect, SplitMode, statements};

/// All of a database that a script can leave behind.
type State = (Vec<Vec<Value>>, Vec<(String, Vec<Vec<Value>>)>, i64);

fn rows(connection: &Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut statement = connection.prepare(sql).expect("prepares");
    let width = statement.column_count();
    statement
        .query_map([], |row| (0..width).map(|at| row.get(at)).collect())
        .expect("runs")
        .collect::<Result<_, _>>()
        .expect("reads")
}

fn state(file: &Path) -> State {
    let connection = Connection::open(file).expect("opens");
    let schema = rows(
        &connection,
        "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid",
    );
    let tables = rows(
        &connection,
        "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
    );
    let contents = tables
        .into_iter()
        .map(|row| {
            let [Value::Text(name)] = row.as_slice() else {
                panic!("a table without a name: {row:?}");
            };
            let quoted = name.replace('"', "\"\"");
            let rows = rows(&connection, &format!("SELECT rowid, * FROM \"{quoted}\""));
            (name.clone(), rows)
        })
        .collect();
    let version = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .expect("a version");
    (schema, contents, version)
}

/// SQLite's own way: the whole text at once.
fn whole(script: &str) -> Result<State, String> {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("whole.db");
    let connection = Connection::open(&file).expect("opens");
    connection
        .execute_batch(script)
        .map_err(|error| error.to_string())?;
    drop(connection);
    Ok(state(&file))
}

/// Ours: one statement after the other through a session.
async fn in_parts(mode: SplitMode, script: &str) -> Result<State, String> {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("parts.db");
    let options = ConnectOptions {
        create: Create::IfMissing,
        ..ConnectOptions::default()
    };
    let mut session = SqliteDatabase::new(DatabaseUrl::sqlite(&file))
        .connect(&options)
        .await
        .expect("opens");
    for statement in statements(Dialect::Sqlite, mode, script) {
        let statement = statement.map_err(|error| error.to_string())?;
        session
            .execute(statement.text)
            .await
            .map_err(|error| error.to_string())?;
    }
    session.close().await;
    Ok(state(&file))
}

#[tokio::test]
async fn every_script_of_the_directory_does_the_same_in_parts() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let mut seen = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "sql") {
            continue;
        }
        let script = std::fs::read_to_string(&path).unwrap();
        let expected = whole(&script).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let found = in_parts(SplitMode::Own, &script).await;
        assert_eq!(found.as_ref(), Ok(&expected), "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 6, "{seen} scripts");
}

#[tokio::test]
async fn atlas_compatible_parts_do_the_same_on_plain_scripts() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    for name in ["notes_app.sql", "triggers.sql", "transactions.sql"] {
        let script = std::fs::read_to_string(directory.join(name)).unwrap();
        let found = in_parts(SplitMode::AtlasCompatible, &script).await;
        assert_eq!(found, whole(&script), "{name}");
    }
}

/// Valid statements with everything in them that could mislead a splitter.
fn statement() -> impl Strategy<Value = String> {
    let tricky = prop::sample::select(vec![
        "';'",
        "''';'",
        "'--'",
        "'/*'",
        "'\n;\n'",
        "X'3b'",
        "1 /* ; ' */",
        "2 -- ; '\n",
        "CASE WHEN 1 THEN 'END;' END",
        "-1.5e-3",
        "'é;'",
        "NULL",
        "'BEGIN'",
    ]);
    let value = prop_oneof![
        tricky.prop_map(str::to_owned),
        "[a-z ;'-]{0,8}".prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
    ];
    let body = (value.clone(), value.clone()).prop_map(|(one, other)| {
        format!(
            "INSERT INTO log SELECT {one}, CASE WHEN {other} IS NULL THEN {one} ELSE 'x' END;\n\
             /* END; */ UPDATE log SET a = {other} WHERE a = 'END;'; "
        )
    });
    prop_oneof![
        4 => (value.clone(), value.clone())
            .prop_map(|(one, other)| format!("INSERT INTO t VALUES ({one}, {other})")),
        1 => value.clone().prop_map(|value| format!("UPDATE t SET \"a;b\" = {value}")),
        1 => value.clone().prop_map(|value| format!("SELECT {value} FROM [t]")),
        2 => (0..50, body, prop::sample::select(vec!["", "TEMP ", "TEMPORARY "])).prop_map(
            |(number, body, temporary)| format!(
                "CREATE {temporary}TRIGGER IF NOT EXISTS r{number} AFTER INSERT ON t BEGIN {body}END"
            )
        ),
        1 => (0..9).prop_map(|number| format!("CREATE TABLE IF NOT EXISTS \"n;{number}\" (`b;` , [c;])")),
        1 => Just("BEGIN; INSERT INTO t VALUES (1, 2); END".to_owned()),
        1 => Just("WITH c(x) AS (VALUES (';')) INSERT INTO t SELECT x, x FROM c".to_owned()),
    ]
}

fn script() -> impl Strategy<Value = String> {
    let between = prop::sample::select(vec![
        ";",
        ";\n",
        " ; ",
        ";;",
        ";\r\n",
        ";\n-- it's; a comment\n",
        ";/* ;' */",
        ";\n\n\n",
        ";\u{feff}",
    ]);
    let head = "CREATE TABLE t (\"a;b\", [c;d]); CREATE TABLE log (a, b);\n";
    (
        prop::collection::vec((statement(), between), 0..12),
        any::<bool>(),
    )
        .prop_map(move |(parts, ends_open)| {
            let mut script: String = head.to_owned();
            for (statement, between) in parts {
                script.push_str(&statement);
                script.push_str(between);
            }
            if ends_open {
                script.push_str("SELECT 1 -- the end");
            }
            script
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_generated_script_does_the_same_in_parts(script in script()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let expected = whole(&script);
        prop_assert!(expected.is_ok(), "the generator makes valid scripts: {expected:?}\n{script}");
        let found = runtime.block_on(in_parts(SplitMode::Own, &script));
        prop_assert_eq!(found, expected, "{}", script);
    }
}
