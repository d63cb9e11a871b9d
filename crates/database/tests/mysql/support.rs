//! What the tests share.

use std::path::Path;
use std::sync::Arc;

use shipgate_database::{
    ClientSettings, ConnectOptions, Database, DatabaseUrl, Session, Value, open,
};
use shipgate_testkit::{MariadbDatabase, mariadb};

/// The database behind a URL, with nothing around it.
pub(crate) fn database(url: &str) -> Arc<dyn Database> {
    let url = DatabaseUrl::parse(url, Path::new("/")).expect("a URL");
    open(&url, &ClientSettings::default()).expect("settings")
}

/// A database of the test's own and a session on it.
pub(crate) async fn session() -> (MariadbDatabase, Box<dyn Session>) {
    let own = mariadb().database();
    let session = connect(&own).await;
    (own, session)
}

/// A session on a database.
pub(crate) async fn connect(own: &MariadbDatabase) -> Box<dyn Session> {
    database(&own.url())
        .connect(&ConnectOptions::default())
        .await
        .expect("a session")
}

/// The one integer that a query gives.
pub(crate) async fn number(session: &mut dyn Session, query: &str) -> i64 {
    match session.query(query, &[]).await.expect(query).as_slice() {
        [row] => match row.as_slice() {
            [Value::Integer(number)] => *number,
            other => panic!("{query}: {other:?}"),
        },
        other => panic!("{query}: {other:?}"),
    }
}
