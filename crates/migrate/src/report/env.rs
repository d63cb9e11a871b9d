//! Which database and which directory a report is about.

use serde::Serialize;
use shipgate_database::DatabaseUrl;
use shipgate_sql::Dialect;

use crate::golang::GoUrl;

/// Which database and which directory a report is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Env {
    /// The database's kind: `sqlite`.
    #[serde(rename = "Driver")]
    pub driver: &'static str,
    /// The database's URL without its secrets.
    #[serde(rename = "URL")]
    pub url: GoUrl,
    /// The directory's URL.
    #[serde(rename = "Dir")]
    pub dir: String,
}

impl Env {
    /// Takes the parts of a URL that may be shown.
    #[must_use]
    pub fn new(url: &DatabaseUrl, dir: &str) -> Self {
        let (driver, schema) = match url.dialect() {
            Dialect::Sqlite => ("sqlite", "main"),
            Dialect::Postgres => ("postgres", ""),
            Dialect::MySql => ("mysql", ""),
            Dialect::MariaDb => ("mariadb", ""),
        };
        Self {
            driver,
            url: GoUrl::parse(&url.to_string(), schema),
            dir: dir.to_owned(),
        }
    }
}
