//! The history table, as MariaDB has it.

use crate::fresh;
use shipgate_database::ConnectOptions;

#[tokio::test]
async fn the_table_is_as_atlas_creates_it() {
    let place = fresh(&[("1_a.sql", "CREATE TABLE t1 (id int);\n")]);
    place.apply().await.succeeded();
    assert_eq!(
        place.sql(
            "SELECT column_name, column_type, is_nullable, column_default, collation_name \
             FROM information_schema.columns WHERE table_schema = DATABASE() \
             AND table_name = 'atlas_schema_revisions' ORDER BY ordinal_position"
        ),
        "version|varchar(255)|NO|NULL|utf8mb4_bin\n\
         description|varchar(255)|NO|NULL|utf8mb4_bin\n\
         type|bigint(20) unsigned|NO|2|NULL\n\
         applied|bigint(20)|NO|0|NULL\n\
         total|bigint(20)|NO|0|NULL\n\
         executed_at|timestamp|YES|NULL|NULL\n\
         execution_time|bigint(20)|NO|NULL|NULL\n\
         error|longtext|YES|NULL|utf8mb4_bin\n\
         error_stmt|longtext|YES|NULL|utf8mb4_bin\n\
         hash|varchar(255)|NO|NULL|utf8mb4_bin\n\
         partial_hashes|longtext|YES|NULL|utf8mb4_bin\n\
         operator_version|varchar(255)|NO|NULL|utf8mb4_bin"
    );
    assert_eq!(
        place.sql(
            "SELECT engine, table_collation FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name = 'atlas_schema_revisions'"
        ),
        "InnoDB|utf8mb4_bin"
    );
}

#[tokio::test]
async fn only_databases_that_the_migrations_make_are_dropped_after_a_replay() {
    let place = fresh(&[("1_a.sql", "CREATE TABLE a (id int);\n")]);
    let name = place.sql("SELECT DATABASE()");
    place.write(&[(
        "2_b.sql",
        &format!("CREATE DATABASE `{name}_made`;\nCREATE TABLE `{name}_made`.t (id int);\n"),
    )]);
    let bystander = fresh(&[]);
    shipgate_migrate::replay(
        &place.directory(),
        &*place.database(),
        &ConnectOptions::default(),
    )
    .await
    .unwrap();
    let there = place.sql("SHOW DATABASES");
    assert!(!there.contains("_made"), "{there}");
    assert!(
        there.contains(&bystander.sql("SELECT DATABASE()")),
        "{there}"
    );
}
