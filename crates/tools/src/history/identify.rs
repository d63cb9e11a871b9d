//! Whose table it is, told from its columns: several tools use one name.

/// A table's telling columns, the most telling first.
const OWNERS: [(&str, &[&str]); 23] = [
    ("Knex", &["name", "batch", "migration_time"]),
    ("Laravel", &["migration", "batch"]),
    ("TypeORM", &["timestamp", "name"]),
    ("golang-migrate", &["version", "dirty"]),
    ("Ecto", &["version", "inserted_at"]),
    ("Drizzle", &["hash", "created_at"]),
    ("Alembic", &["version_num"]),
    ("Django", &["app", "name", "applied"]),
    ("Prisma Migrate", &["migration_name", "finished_at"]),
    ("SQLx", &["version", "checksum", "success", "installed_on"]),
    ("Refinery", &["version", "applied_on", "checksum"]),
    ("Diesel", &["version", "run_on"]),
    ("goose", &["version_id", "is_applied"]),
    ("Flyway", &["installed_rank", "script"]),
    ("Liquibase", &["id", "author", "filename"]),
    ("Liquibase (its lock)", &["locked", "lockgranted"]),
    ("Knex (its lock)", &["is_locked"]),
    ("SeaORM", &["version", "applied_at"]),
    ("EF Core", &["migrationid", "productversion"]),
    ("Atlas", &["version", "executed_at", "operator_version"]),
    ("MikroORM", &["name", "executed_at"]),
    ("db-migrate or node-pg-migrate", &["name", "run_on"]),
    ("Rails or dbmate", &["version"]),
];

/// The tool that makes tables with these columns, in whatever case.
pub fn owner(columns: &[String]) -> Option<&'static str> {
    let columns: Vec<String> = columns.iter().map(|column| column.to_lowercase()).collect();
    let has = |column: &&str| columns.iter().any(|found| found == column);
    OWNERS
        .iter()
        .find(|(_, telling)| telling.iter().all(has))
        .map(|(owner, _)| *owner)
}

#[cfg(test)]
mod tests {
    use super::owner;

    #[test]
    fn equal_names_are_told_apart_by_columns() {
        for (columns, expected) in [
            ("version", "Rails or dbmate"),
            ("version dirty", "golang-migrate"),
            ("version inserted_at", "Ecto"),
            ("id migration batch", "Laravel"),
            ("id name run_on", "db-migrate or node-pg-migrate"),
            ("id timestamp name", "TypeORM"),
            ("id name batch migration_time", "Knex"),
            ("MigrationId ProductVersion", "EF Core"),
        ] {
            let columns: Vec<String> = columns.split(' ').map(str::to_owned).collect();
            assert_eq!(owner(&columns), Some(expected));
        }
        assert_eq!(owner(&["x".to_owned()]), None);
    }
}
