//! Prisma's migrations.

use std::time::Duration;

use shipgate_database::Value;
use shipgate_migrate::Effect;

use crate::support::{Kind, Place};

const SCHEMA: (&str, &str) = ("prisma/schema.prisma", "datasource db {}\n");

const USERS: (&str, &str) = (
    "prisma/migrations/20261101100000_create_users/migration.sql",
    "CREATE TABLE users (\n    id INTEGER PRIMARY KEY,\n    email TEXT NOT NULL\n);\n",
);

const POSTS: (&str, &str) = (
    "prisma/migrations/20261101110000_create_posts/migration.sql",
    "CREATE TABLE posts (id INTEGER PRIMARY KEY);\n",
);

const ROWS: &str = "SELECT migration_name, checksum, finished_at IS NOT NULL, logs IS NULL, \
    rolled_back_at IS NULL, applied_steps_count FROM _prisma_migrations ORDER BY migration_name";

fn place(kind: Kind, files: &[(&str, &str)]) -> Place {
    let provider = match kind {
        Kind::Sqlite => "sqlite",
        Kind::Postgres => "postgresql",
        Kind::Mariadb => "mysql",
    };
    let place = Place::new(kind, "prisma", &[SCHEMA]);
    let lock = format!("provider = \"{provider}\"\n");
    place.write(&[("prisma/migrations/migration_lock.toml", &lock)]);
    place.write(files);
    place
}

/// A truth as the database's client prints it.
fn truth(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => "t",
        Kind::Sqlite | Kind::Mariadb => "1",
    }
}

#[tokio::test]
async fn migrations_are_applied_and_recorded_as_prisma_does() {
    for kind in Kind::ALL {
        let place = place(kind, &[USERS, POSTS]);
        assert_eq!(
            place.apply().await.applied(),
            ["20261101100000_create_users", "20261101110000_create_posts"],
            "{kind:?}"
        );
        let found = place.sql(ROWS);
        let yes = truth(kind);
        assert_eq!(
            found.lines().next().unwrap(),
            format!(
                "20261101100000_create_users|a676b91d30165271aa4aedd6c53bcee0094433ff2bdebe3e9095ca8e7d5bdf0e|{yes}|{yes}|{yes}|1"
            ),
            "{kind:?}"
        );
        assert_eq!(place.tables(), "_prisma_migrations posts users", "{kind:?}");
        let ids = "SELECT count(DISTINCT id), max(length(id)) FROM _prisma_migrations";
        assert_eq!(place.sql(ids), "2|36", "{kind:?}");
        let order = "SELECT count(*) FROM _prisma_migrations WHERE finished_at >= started_at";
        assert_eq!(place.sql(order), "2", "{kind:?}");
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
        assert_eq!(place.verify().await, Ok(2), "{kind:?}");
    }
}

#[tokio::test]
async fn times_are_written_as_each_of_prisma_s_databases_has_them() {
    for (kind, question, shape) in [
        (
            Kind::Sqlite,
            "SELECT typeof(started_at), started_at > 1700000000000 FROM _prisma_migrations",
            "integer|1",
        ),
        (
            Kind::Postgres,
            "SELECT abs(extract(epoch FROM now() - finished_at)) < 600 FROM _prisma_migrations",
            "t",
        ),
        (
            Kind::Mariadb,
            "SELECT abs(timestampdiff(SECOND, finished_at, UTC_TIMESTAMP())) < 600 FROM _prisma_migrations",
            "1",
        ),
    ] {
        let place = place(kind, &[USERS]);
        place.apply().await.applied();
        assert_eq!(place.sql(question), shape, "{kind:?}");
    }
}

#[tokio::test]
async fn an_edited_migration_is_refused_which_prisma_s_deploy_does_not_notice() {
    let place = place(Kind::Sqlite, &[USERS]);
    place.apply().await.applied();
    place.write(&[(USERS.0, &USERS.1.replace('\n', "\r\n"))]);
    assert!(place.apply().await.applied().is_empty());
    place.write(&[(USERS.0, "CREATE TABLE others (id int);\n"), POSTS]);
    let edited = place.apply().await.failed();
    assert!(
        edited
            .error
            .contains("20261101100000_create_users/migration.sql was edited after it was applied"),
        "{edited:?}"
    );
    let allowed = place
        .apply_with(|options| options.plan.allow_changed = true)
        .await;
    assert_eq!(allowed.applied(), ["20261101110000_create_posts"]);
}

#[tokio::test]
async fn rows_of_squashed_migrations_are_told_and_not_in_the_way() {
    let place = place(Kind::Postgres, &[USERS]);
    place.apply().await.applied();
    place.remove("prisma/migrations/20261101100000_create_users");
    place.write(&[POSTS]);
    let outcome = place.apply().await;
    assert_eq!(outcome.said.len(), 1, "{outcome:?}");
    assert!(outcome.said[0].contains("was applied but is not in the directory"));
    assert_eq!(outcome.applied(), ["20261101110000_create_posts"]);
}

#[tokio::test]
async fn a_migration_behind_the_last_applied_one_is_applied() {
    let place = place(Kind::Postgres, &[POSTS]);
    place.apply().await.applied();
    place.write(&[USERS]);
    assert_eq!(
        place.apply().await.applied(),
        ["20261101100000_create_users"]
    );
}

#[tokio::test]
async fn a_failed_row_of_prisma_s_own_is_named_with_the_ways_out() {
    for kind in Kind::ALL {
        let place = place(kind, &[USERS]);
        place.apply().await.applied();
        place.write(&[POSTS]);
        place.sql(
            "INSERT INTO _prisma_migrations (id, checksum, migration_name, logs) \
             VALUES ('x', 'y', '20261101110000_create_posts', 'syntax error at end of input')",
        );
        let failed = place.apply().await.failed();
        assert_eq!(
            failed.error,
            "Prisma Migrate began version \"20261101110000_create_posts\" and did not end it well: \
             syntax error at end of input",
            "{kind:?}"
        );
        assert!(
            failed.hints[0]
                .contains("npx prisma migrate resolve --rolled-back 20261101110000_create_posts"),
            "{failed:?}"
        );
        let yes = truth(kind);
        let said = place
            .settle("20261101110000_create_posts", Effect::NotApplied)
            .await;
        assert!(said.is_ok(), "{kind:?}: {said:?}");
        let marked = "SELECT rolled_back_at IS NOT NULL FROM _prisma_migrations WHERE id = 'x'";
        assert_eq!(place.sql(marked), yes, "{kind:?}");
        assert_eq!(
            place.apply().await.applied(),
            ["20261101110000_create_posts"]
        );
    }
}

#[tokio::test]
async fn a_failed_row_can_be_declared_applied() {
    let place = place(Kind::Postgres, &[USERS]);
    place.apply().await.applied();
    place.write(&[POSTS]);
    place.sql(
        "INSERT INTO _prisma_migrations (id, checksum, migration_name) \
         VALUES ('x', 'y', '20261101110000_create_posts')",
    );
    let version = "20261101110000_create_posts";
    place.settle(version, Effect::Applied).await.unwrap();
    let rows = format!(
        "SELECT finished_at IS NULL, rolled_back_at IS NULL, applied_steps_count, coalesce(logs, '-') \
         FROM _prisma_migrations WHERE migration_name = '{version}' ORDER BY started_at DESC, id"
    );
    let found = place.sql(&rows);
    assert!(found.contains("f|t|0|"), "{found}");
    assert!(found.contains("t|f|0|-"), "{found}");
    assert!(place.apply().await.applied().is_empty());
}

#[tokio::test]
async fn a_file_in_a_transaction_leaves_no_row_when_it_fails() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let broken = "CREATE TABLE a (id int);\nSELECT * FROM nowhere;\n";
        let place = place(kind, &[("prisma/migrations/1_a/migration.sql", broken)]);
        place.apply().await.failed();
        assert_eq!(place.sql("SELECT count(*) FROM _prisma_migrations"), "0");
        assert_eq!(place.tables(), "_prisma_migrations");
    }
}

#[tokio::test]
async fn a_half_applied_file_has_prisma_s_failed_row_and_is_gone_on_with() {
    let broken = "CREATE TABLE a (id int);\nINSERT INTO b VALUES (2);\n";
    let place = place(
        Kind::Mariadb,
        &[("prisma/migrations/1_a/migration.sql", broken)],
    );
    place.apply().await.failed();
    let row = "SELECT finished_at IS NULL, logs LIKE '%b''%', applied_steps_count FROM _prisma_migrations";
    assert_eq!(place.sql(row), "1|1|0");
    place.sql("CREATE TABLE b (id int)");
    assert_eq!(place.apply().await.applied(), ["1_a"]);
    assert_eq!(place.sql(ROWS).lines().count(), 1);
    let row =
        "SELECT finished_at IS NULL, logs IS NULL, applied_steps_count FROM _prisma_migrations";
    assert_eq!(place.sql(row), "0|1|1");
    assert_eq!(place.tables(), "_prisma_migrations a b");
}

#[tokio::test]
async fn what_no_transaction_takes_is_executed_outside_of_one() {
    let script = "CREATE TABLE t (a int, b int);\nCREATE INDEX CONCURRENTLY one ON t (a);\n\
        BEGIN;\nINSERT INTO t VALUES (1, 2);\nCOMMIT;\n";
    let place = place(
        Kind::Postgres,
        &[("prisma/migrations/1_a/migration.sql", script)],
    );
    assert_eq!(place.apply().await.applied(), ["1_a"]);
    assert_eq!(place.sql("SELECT count(*) FROM t"), "1");
    assert_eq!(place.tables(), "_prisma_migrations t");
}

#[tokio::test]
async fn a_schema_with_tables_needs_a_baseline_first() {
    for kind in Kind::ALL {
        let place = place(kind, &[USERS, POSTS]);
        place.sql("CREATE TABLE users (id int)");
        let refused = place.apply().await.failed();
        assert!(
            refused.error.contains("found table \"users\""),
            "{refused:?}"
        );
        let baseline = Some("20261101100000_create_users".to_owned());
        let outcome = place
            .apply_with(|options| options.plan.baseline = baseline)
            .await;
        assert_eq!(
            outcome.applied(),
            ["20261101110000_create_posts"],
            "{kind:?}"
        );
        assert_eq!(place.verify().await, Ok(2), "{kind:?}");
    }
}

#[tokio::test]
async fn the_directory_of_another_provider_is_refused() {
    let place = place(Kind::Sqlite, &[USERS]);
    place.write(&[(
        "prisma/migrations/migration_lock.toml",
        "provider = \"postgresql\"\n",
    )]);
    let error = place.native().history(&place.url()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "prisma/migrations/migration_lock.toml: the migrations were written for postgresql, and the \
         database is SQLite: prisma begins a new directory for another provider"
    );
}

#[tokio::test]
async fn a_folder_without_its_script_is_refused() {
    let place = place(Kind::Sqlite, &[USERS]);
    place.write(&[("prisma/migrations/2_b/notes.md", "")]);
    assert_eq!(
        place.try_native().unwrap_err(),
        "prisma/migrations/2_b has no migration.sql: put it back, or delete the folder"
    );
}

#[tokio::test]
async fn prisma_s_lock_is_respected() {
    for (kind, take) in [
        (Kind::Postgres, "SELECT pg_advisory_lock(72707369)"),
        (Kind::Mariadb, "SELECT GET_LOCK('prisma_migrate', 10)"),
    ] {
        let place = place(kind, &[USERS]);
        let database = place.database();
        let mut other = database.connect(&Default::default()).await.unwrap();
        let taken = other.query(take, &[]).await.unwrap();
        assert!(!taken.is_empty());
        let short = place
            .apply_with(|options| options.lock.timeout = Duration::from_millis(300))
            .await
            .failed();
        assert!(
            short
                .error
                .contains("holds the migration lock of Prisma Migrate"),
            "{short:?}"
        );
        other.close().await;
        assert_eq!(place.apply().await.applied().len(), 1, "{kind:?}");
        let mut next = database.connect(&Default::default()).await.unwrap();
        let free = match kind {
            Kind::Postgres => "SELECT pg_try_advisory_lock(72707369)",
            Kind::Sqlite | Kind::Mariadb => "SELECT GET_LOCK('prisma_migrate', 0)",
        };
        let free = next.query(free, &[]).await.unwrap();
        assert_eq!(free, [[Value::Integer(1)]], "{kind:?}");
    }
}

#[tokio::test]
async fn a_migration_that_prisma_executes_now_is_waited_for_and_not_taken_for_a_failure() {
    let place = place(Kind::Postgres, &[USERS]);
    place.apply().await.applied();
    place.write(&[POSTS]);
    let database = place.database();
    let mut other = database.connect(&Default::default()).await.unwrap();
    for statement in [
        "SELECT pg_advisory_lock(72707369)",
        "INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'y', '20261101110000_create_posts')",
    ] {
        other.query(statement, &[]).await.unwrap();
    }
    let waited = place
        .apply_with(|options| options.lock.timeout = Duration::from_millis(300))
        .await
        .failed();
    assert!(
        waited.error.contains("holds the migration lock of Prisma"),
        "{waited:?}"
    );
    place.sql("UPDATE _prisma_migrations SET finished_at = now() WHERE id = 'x'");
    other.close().await;
    let done = place
        .apply_with(|options| options.plan.allow_changed = true)
        .await;
    assert!(done.applied().is_empty());
}

#[tokio::test]
async fn prisma_s_parameter_names_the_schema_of_the_history() {
    let mut place = place(Kind::Postgres, &[USERS]);
    place.parameters = "&schema=shop&connection_limit=1&pgbouncer=true&pool_timeout=20";
    place.apply().await.applied();
    let schemas = "SELECT DISTINCT schemaname FROM pg_tables \
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
    assert_eq!(place.sql(schemas), "shop");
    assert!(place.apply().await.applied().is_empty());
}

#[tokio::test]
async fn statements_of_prisma_s_table_redefinitions_run_on_sqlite() {
    let redefine = "-- RedefineTables\nPRAGMA defer_foreign_keys=ON;\nPRAGMA foreign_keys=OFF;\n\
        CREATE TABLE \"new_users\" (\n    \"id\" INTEGER NOT NULL PRIMARY KEY,\n    \"email\" TEXT\n);\n\
        INSERT INTO \"new_users\" (\"id\", \"email\") SELECT \"id\", \"email\" FROM \"users\";\n\
        DROP TABLE \"users\";\nALTER TABLE \"new_users\" RENAME TO \"users\";\n\
        PRAGMA foreign_keys=ON;\nPRAGMA defer_foreign_keys=OFF;\n";
    let place = place(Kind::Sqlite, &[USERS]);
    place.apply().await.applied();
    place.sql("INSERT INTO users VALUES (1, 'a@b')");
    place.write(&[(
        "prisma/migrations/20261101120000_redefine/migration.sql",
        redefine,
    )]);
    place.apply().await.applied();
    assert_eq!(place.sql("SELECT id, email FROM users"), "1|a@b");
}
