//! What a build expects of a history, without its files: enough of every
//! migration to compare it with a history as its file would be.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shipgate_sql::Dialect;

use crate::checksum::Checksum;
use crate::history::TableName;
use crate::migration::Migration;
use crate::tool::{Migrations, Place};

/// The migrations a tool's files hold, and where their history is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// The history table; none for a history that is no table.
    pub table: Option<TableName>,
    /// The migration directories, for people.
    pub directories: Vec<String>,
    /// What one tool alone has to say.
    #[serde(default, skip_serializing_if = "Detail::is_empty")]
    pub detail: Detail,
    /// The migrations in the order of execution.
    pub migrations: Vec<ExpectedMigration>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpectedMigration {
    /// What the history calls it.
    pub id: String,
    /// Its version, as people say it.
    pub version: String,
    /// Its name without the version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The file or directory that held it.
    pub file: String,
    /// The checksums the history may have; none: it is not compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checksums: Vec<String>,
    /// What one tool alone has to say.
    #[serde(default, skip_serializing_if = "Detail::is_empty")]
    pub detail: Detail,
}

/// Named values of one tool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Detail(Map<String, Value>);

/// An expectation that a tool cannot read.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct BadExpectation(pub(crate) String);

impl Detail {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes a value, unless it is its type's usual one.
    pub(crate) fn put<T: Serialize + Default + PartialEq>(&mut self, name: &str, value: &T) {
        if *value == T::default() {
            return;
        }
        if let Ok(value) = serde_json::to_value(value) {
            self.0.insert(name.to_owned(), value);
        }
    }

    /// Reads what [`put`](Self::put) wrote.
    pub(crate) fn get<T: DeserializeOwned + Default>(
        &self,
        name: &str,
    ) -> Result<T, BadExpectation> {
        match self.0.get(name) {
            None => Ok(T::default()),
            Some(value) => serde_json::from_value(value.clone())
                .map_err(|error| BadExpectation(format!("{name}: {error}"))),
        }
    }
}

impl Expected {
    /// What every tool has to say.
    pub(crate) fn of(migrations: &(impl Migrations + ?Sized)) -> Self {
        let listed = migrations.listed();
        let wanted = migrations.wanted(Dialect::Postgres).into_iter().next();
        Self {
            table: wanted.map(|wanted| wanted.name),
            directories: migrations.place().directories.clone(),
            detail: Detail::default(),
            migrations: listed.into_iter().map(ExpectedMigration::of).collect(),
        }
    }

    /// The same with a detail for each migration, in order.
    pub(crate) fn detailed<T>(
        mut self,
        items: impl IntoIterator<Item = T>,
        detail: impl Fn(&T, &mut Detail),
    ) -> Self {
        for (migration, item) in self.migrations.iter_mut().zip(items) {
            detail(&item, &mut migration.detail);
        }
        self
    }

    /// Where it is said to be.
    pub(crate) fn place(&self) -> Place {
        Place {
            directories: self.directories.clone(),
            history: self
                .table
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            parts: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The history table.
    pub(crate) fn table(&self) -> Result<TableName, BadExpectation> {
        self.table
            .clone()
            .ok_or_else(|| BadExpectation("it names no table".to_owned()))
    }

    /// The migrations as their files would be read.
    pub(crate) fn read(&self) -> Vec<Migration> {
        self.migrations
            .iter()
            .map(ExpectedMigration::migration)
            .collect()
    }
}

impl ExpectedMigration {
    fn of(migration: Migration) -> Self {
        Self {
            id: migration.id,
            version: migration.version,
            name: migration.name,
            file: migration.file,
            checksums: match migration.checksum {
                Checksum::Any(sums) => sums,
                Checksum::None | Checksum::Unknown(_) => Vec::new(),
            },
            detail: Detail::default(),
        }
    }

    /// The migration as its file would be read.
    pub(crate) fn migration(&self) -> Migration {
        Migration::new(&self.id, &self.version, &self.name, &self.file)
            .with_checksum(self.checksum())
    }

    pub(crate) fn checksum(&self) -> Checksum {
        if self.checksums.is_empty() {
            Checksum::None
        } else {
            Checksum::Any(self.checksums.clone())
        }
    }
}
