//! What a migration that fails halfway leaves behind.

use serde::Serialize;
use shipgate_sql::Dialect;

/// What a tool leaves of a run in which a migration fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aftermath {
    /// Nothing of the migration that failed; those before it stay.
    Nothing,
    /// Nothing at all: the run is one transaction.
    NothingOfRun,
    /// A part of the migration that failed, and the history does not say so.
    Unmarked,
    /// A row that says so; the database may have a part of the migration.
    Marked,
}

impl Aftermath {
    /// That of a tool with a transaction for each migration.
    pub(crate) fn of_transactions(dialect: Dialect) -> Self {
        Self::Nothing.unless_mysql(dialect)
    }

    /// That of a tool with a transaction for the run.
    pub(crate) fn of_one_transaction(dialect: Dialect) -> Self {
        Self::NothingOfRun.unless_mysql(dialect)
    }

    /// On PostgreSQL this, without transactions elsewhere.
    pub(crate) fn on_postgres_only(self, dialect: Dialect) -> Self {
        match dialect {
            Dialect::Postgres => self,
            _ => Self::Unmarked,
        }
    }

    fn unless_mysql(self, dialect: Dialect) -> Self {
        match dialect {
            // Each statement that changes the schema commits what was before it.
            Dialect::MySql | Dialect::MariaDb => Self::Unmarked,
            Dialect::Postgres | Dialect::Sqlite => self,
        }
    }

    /// What to do about it before the command is run again; nothing where
    /// there is nothing to be done, or the history's own hints say it.
    pub fn advice(self) -> Option<&'static str> {
        match self {
            Self::Nothing | Self::NothingOfRun | Self::Marked => None,
            Self::Unmarked => Some(
                "the migration that failed may be half applied, and its tool keeps no mark of it: \
                 compare the schema with the file and undo or complete it by hand before the next run",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Aftermath;
    use crate::{ALL, named};
    use shipgate_sql::Dialect;

    #[test]
    fn without_transactions_something_may_stay_unless_it_is_marked() {
        for tool in ALL {
            let left = tool.aftermath(Dialect::MySql);
            let is_honest = matches!(left, Aftermath::Unmarked | Aftermath::Marked);
            assert!(is_honest, "{}: {left:?}", tool.name());
        }
    }

    #[test]
    fn tools_differ_in_what_they_leave() {
        let of = |tool: &str, dialect| named(tool).unwrap().aftermath(dialect);
        assert_eq!(of("knex", Dialect::Sqlite), Aftermath::NothingOfRun);
        assert_eq!(of("alembic", Dialect::Postgres), Aftermath::NothingOfRun);
        assert_eq!(of("alembic", Dialect::Sqlite), Aftermath::Unmarked);
        assert_eq!(of("laravel", Dialect::Sqlite), Aftermath::Unmarked);
        assert_eq!(of("sequelize", Dialect::Postgres), Aftermath::Unmarked);
        assert_eq!(of("prisma", Dialect::Postgres), Aftermath::Marked);
        assert_eq!(of("rails", Dialect::Postgres), Aftermath::Nothing);
    }
}
