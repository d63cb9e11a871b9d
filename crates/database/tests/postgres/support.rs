//! What every test needs.

use std::io;
use std::path::Path;

use async_trait::async_trait;
use shipgate_database::postgres::PostgresDatabase;
use shipgate_database::{
    ClientSettings, ConnectOptions, CopyRows, Database, DatabaseUrl, OpenError, Session, Value,
};

/// The database behind a URL, with nothing around it.
pub(crate) fn database(url: &str) -> PostgresDatabase {
    let url = DatabaseUrl::parse(url, Path::new("/")).expect("a URL");
    PostgresDatabase::new(url, &ClientSettings::default()).expect("settings")
}

pub(crate) async fn connect(url: &str) -> Box<dyn Session> {
    try_connect(url).await.expect("opens")
}

pub(crate) async fn try_connect(url: &str) -> Result<Box<dyn Session>, OpenError> {
    database(url).connect(&ConnectOptions::default()).await
}

/// The only value of a query.
pub(crate) async fn one(session: &mut dyn Session, query: &str) -> Value {
    let rows = session.query(query, &[]).await.expect(query);
    match <[Vec<Value>; 1]>::try_from(rows) {
        Ok([row]) => match <[Value; 1]>::try_from(row) {
            Ok([value]) => value,
            Err(row) => panic!("not one value: {row:?}"),
        },
        Err(rows) => panic!("not one row: {rows:?}"),
    }
}

pub(crate) fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// Rows from a list, then perhaps an error.
pub(crate) struct Rows(pub(crate) Vec<io::Result<Vec<u8>>>);

impl Rows {
    pub(crate) fn of(chunks: &[&str]) -> Self {
        Self(
            chunks
                .iter()
                .map(|chunk| Ok(chunk.as_bytes().to_vec()))
                .collect(),
        )
    }
}

#[async_trait]
impl CopyRows for Rows {
    async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        self.0.remove(0).map(Some)
    }
}
