//! Which schema the history is in, when it is not the URL that says so.

use std::sync::Arc;

use shipgate_database::{ClientSettings, Database, DatabaseUrl, open};
use shipgate_testkit::postgres;

use crate::scenarios::place::{Place, Server};

struct Direct(shipgate_testkit::PostgresDatabase);

impl Server for Direct {
    fn url(&self) -> String {
        self.0.url()
    }

    fn sql(&self, statements: &str) -> String {
        self.0.psql(statements)
    }
}

fn database(url: &str, client: &ClientSettings) -> Arc<dyn Database> {
    let url = DatabaseUrl::parse(url, std::path::Path::new("/")).unwrap();
    open(&url, client).unwrap()
}

/// Applies, and tells the schemas of the histories that are there.
async fn histories(place: &Place, database: &dyn Database) -> String {
    let mut options = place.options();
    options.plan.allow_dirty = true;
    let outcome = place.run(database, &options, |_| {}).await;
    outcome.succeeded();
    place.sql(
        "SELECT string_agg(schemaname, ',') FROM pg_tables WHERE tablename = 'atlas_schema_revisions'",
    )
}

fn fresh() -> Place {
    let named = postgres().database();
    named.psql("CREATE SCHEMA app");
    Place::new(
        Box::new(Direct(named)),
        &[("1_a.sql", "CREATE TABLE a (x int);\n")],
    )
}

#[tokio::test]
async fn a_search_path_of_keywords_environment_or_service_file_places_the_history() {
    let place = fresh();
    let plain = ClientSettings::default();
    assert_eq!(
        histories(&place, &*database(&place.server.url(), &plain)).await,
        "atlas_schema_revisions"
    );

    let keywords = |place: &Place, more: &str| {
        let cluster = postgres();
        let name = place.sql("SELECT current_database()");
        let host = cluster.directory().display().to_string();
        format!(
            "host={host} port={} user=postgres dbname={name} {more}",
            cluster.port()
        )
    };
    let place = fresh();
    let url = keywords(&place, "options='-c search_path=app,public'");
    assert_eq!(histories(&place, &*database(&url, &plain)).await, "app");
    let place = fresh();
    let url = keywords(&place, "search_path=app");
    assert_eq!(histories(&place, &*database(&url, &plain)).await, "app");

    let place = fresh();
    let mut client = ClientSettings::default();
    let options = ("PGOPTIONS".to_owned(), "-c search_path=app".to_owned());
    client.variables.extend([options]);
    assert_eq!(
        histories(&place, &*database(&place.server.url(), &client)).await,
        "app"
    );

    let place = fresh();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("services");
    std::fs::write(&file, "[notes]\noptions=-c search_path=app\n").unwrap();
    let mut client = ClientSettings::default();
    client.variables.extend([
        ("PGSERVICEFILE".to_owned(), file.display().to_string()),
        ("PGSERVICE".to_owned(), "notes".to_owned()),
    ]);
    assert_eq!(
        histories(&place, &*database(&place.server.url(), &client)).await,
        "app"
    );
}
