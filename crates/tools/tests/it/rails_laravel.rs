//! Rails and Laravel.

use shipgate_tools::StatusError;

use crate::support::{Fixture, lines};

const RAILS: &str = "CREATE TABLE \"schema_migrations\" (\"version\" varchar NOT NULL PRIMARY KEY);
CREATE TABLE \"ar_internal_metadata\" (\"key\" varchar NOT NULL PRIMARY KEY, \"value\" varchar, \"created_at\" datetime(6) NOT NULL, \"updated_at\" datetime(6) NOT NULL);";

fn rails() -> Fixture {
    Fixture::new(&[
        ("Gemfile", "gem \"rails\", \"~> 8.0\"\n"),
        ("bin/rails", "#!/usr/bin/env ruby\n"),
        (
            "config/database.yml",
            "production:\n  primary:\n    adapter: sqlite3\n  animals:\n    migrations_paths: db/animals_migrate\n",
        ),
        (
            "db/migrate/20261101100000_create_users.rb",
            "class CreateUsers < ActiveRecord::Migration[8.0]\nend\n",
        ),
        (
            "db/migrate/shop/20261101100100_create_posts.shop.rb",
            "class CreatePosts < ActiveRecord::Migration[8.0]\nend\n",
        ),
        ("db/migrate/readme.md", ""),
    ])
}

#[test]
fn rails_versions_are_numbers() {
    let project = rails();
    project
        .sql(RAILS)
        .sql("INSERT INTO schema_migrations VALUES ('020261101100000'), ('20261031000000'), ('x')");
    let status = project.status();
    assert_eq!(
        lines(&status),
        [
            "20261031000000: missing file",
            "20261101100000 create_users: applied",
            "20261101100100 create_posts: pending"
        ]
    );
    assert_eq!(status.foreign, ["x"]);
    assert_eq!(status.command, ["bin/rails", "db:migrate"]);
    assert!(status.notes[0].contains("db/animals_migrate"));
}

#[test]
fn rails_refuses_two_files_of_one_version() {
    let project = rails();
    project.file("db/migrate/20261101100000_other.rb", "");
    let tool = project.detected().unwrap().tool;
    let error = project.read(tool).unwrap_err().to_string();
    assert!(error.contains("have the same version"), "{error}");
}

#[test]
fn golang_migrate_s_table_is_not_taken_for_rails_s() {
    let project = rails();
    project.sql("CREATE TABLE schema_migrations (version uint64, dirty bool)");
    let Err(StatusError::History(error)) = project.status_of("rails") else {
        panic!("it was taken");
    };
    assert_eq!(
        error.to_string(),
        "table schema_migrations is not Rails's: it has a column dirty, as tables of golang-migrate do"
    );
}

#[test]
fn rails_table_may_have_another_name() {
    let project = rails();
    project
        .file("config/application.rb", "  # config.active_record.schema_migrations_table_name = 'no'\n  config.active_record.schema_migrations_table_name = \"app_migrations\"\n");
    assert_eq!(project.status().history, "app_migrations");
}

#[test]
fn rails_table_has_the_prefix_and_suffix_of_active_record() {
    let project = rails();
    project.file(
        "config/application.rb",
        "  config.active_record.table_name_prefix = \"shop_\"\n  config.action_view.table_name_prefix = 'no'\n",
    );
    project.file(
        "config/initializers/tables.rb",
        "ActiveRecord::Base.table_name_suffix = '_v2'\nActiveRecord::Base.schema_migrations_table_name = \"#{computed}\"\n",
    );
    assert_eq!(project.status().history, "shop_schema_migrations_v2");
}

#[test]
fn laravel_s_table_has_the_connection_s_prefix() {
    let with = |config: &str| {
        let project = Fixture::new(&[("database/migrations/2026_11_01_100000_users.php", "<?php")]);
        project.file("config/database.php", config);
        let status = project.status();
        (status.history, status.notes)
    };
    let (history, notes) = with(
        "<?php return ['default' => 'pgsql', 'connections' => ['pgsql' => ['prefix' => 'shop_'], 'sqlite' => ['prefix' => '']], 'migrations' => 'steps', 'redis' => ['options' => ['prefix' => env('X')]]];",
    );
    assert_eq!(history, "shop_steps");
    assert_eq!(notes, Vec::<String>::new());
    let (history, notes) = with(
        "<?php return ['default' => env('DB_CONNECTION', 'mysql'), 'connections' => ['pgsql' => ['prefix' => 'a_'], 'mysql' => ['prefix' => 'b_']]];",
    );
    assert_eq!(history, "migrations");
    assert_eq!(
        notes,
        ["config/database.php: the prefix is computed or differs by connection; none is taken"]
    );
}

#[test]
fn laravel_s_rows_carry_batches() {
    let project = Fixture::new(&[
        ("artisan", "#!/usr/bin/env php"),
        (
            "composer.json",
            "{\"require\": {\"laravel/framework\": \"^11\"}}",
        ),
        (
            "config/database.php",
            "<?php return ['migrations' => ['table' => 'steps', 'update_date_on_publish' => true]];",
        ),
        (
            "database/migrations/2026_11_01_100000_create_users.php",
            "<?php",
        ),
        (
            "database/migrations/2026_11_01_100100_create_posts.php",
            "<?php",
        ),
        ("database/migrations/.gitkeep", ""),
    ]);
    project
        .sql("CREATE TABLE \"steps\" (\"id\" integer not null primary key autoincrement, \"migration\" varchar not null, \"batch\" integer not null)")
        .sql("INSERT INTO steps (migration, batch) VALUES ('2026_11_01_100000_create_users', 3), ('2014_10_12_000000_of_a_package', 1)");
    let status = project.status();
    assert_eq!(
        lines(&status),
        [
            "2014_10_12_000000 of_a_package: missing file",
            "2026_11_01_100000 create_users: applied",
            "2026_11_01_100100 create_posts: pending"
        ]
    );
    assert_eq!(status.migrations[1].by.as_deref(), Some("batch 3"));
    assert!(
        status.migrations[0]
            .why
            .as_deref()
            .unwrap()
            .contains("vendor/")
    );
    assert_eq!(status.command, ["php", "artisan", "migrate", "--force"]);
}
