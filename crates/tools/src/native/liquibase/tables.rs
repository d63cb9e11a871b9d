//! How Liquibase spells its tables in each database.

use shipgate_sql::Dialect;

use crate::history::TableName;

/// A table's name as the database has it: Liquibase writes its names in upper
/// case and, unless they are in mixed case, without quotes.
pub(super) fn spelt(table: &TableName, dialect: Dialect) -> String {
    let name = &table.name;
    let is_usual = ["databasechangelog", "databasechangeloglock"].contains(&name.as_str());
    let is_upper = !name.contains(|letter: char| letter.is_lowercase());
    let name = match dialect {
        Dialect::Postgres if is_upper => name.to_lowercase(),
        Dialect::Sqlite | Dialect::MySql | Dialect::MariaDb if is_usual => name.to_uppercase(),
        _ => name.clone(),
    };
    TableName::within(table.schema.clone(), name).quoted(dialect)
}

/// The type of a moment.
pub(super) const fn moment(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "TEXT",
        Dialect::Postgres => "TIMESTAMP WITHOUT TIME ZONE",
        Dialect::MySql | Dialect::MariaDb => "datetime",
    }
}

/// The moment at which a statement is executed.
pub(super) const fn now(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "CURRENT_TIMESTAMP",
        Dialect::Postgres | Dialect::MySql | Dialect::MariaDb => "NOW()",
    }
}

/// A truth as a value.
pub(super) const fn truth(dialect: Dialect, value: bool) -> &'static str {
    match (dialect, value) {
        (Dialect::Postgres, true) => "TRUE",
        (Dialect::Postgres, false) => "FALSE",
        (_, true) => "1",
        (_, false) => "0",
    }
}

#[cfg(test)]
mod tests {
    use super::{Dialect, TableName, spelt};

    #[test]
    fn names_are_in_the_letters_of_the_database() {
        for (name, dialect, expected) in [
            (
                "databasechangelog",
                Dialect::Postgres,
                "\"databasechangelog\"",
            ),
            (
                "DATABASECHANGELOG",
                Dialect::Postgres,
                "\"databasechangelog\"",
            ),
            ("MyLog", Dialect::Postgres, "\"MyLog\""),
            ("databasechangelog", Dialect::MariaDb, "`DATABASECHANGELOG`"),
            ("my_log", Dialect::MariaDb, "`my_log`"),
        ] {
            assert_eq!(spelt(&TableName::new(name), dialect), expected);
        }
    }
}
