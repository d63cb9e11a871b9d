//! What a database holds, compared with what another does.

use shipgate_database::{Catalog, Session};
use shipgate_testkit::postgres;

use crate::support::{connect, one, text};

/// Something of every kind.
const SCHEMA: &str = r#"
CREATE SCHEMA app;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE TYPE app.mood AS ENUM ('sad', 'ok');
CREATE TYPE app.pair AS (a int, b text);
CREATE DOMAIN app.positive AS int DEFAULT 1 CHECK (VALUE > 0);
CREATE SEQUENCE app.numbers INCREMENT 5;
CREATE TABLE app."Users" (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  mood app.mood NOT NULL DEFAULT 'ok',
  email varchar(200) COLLATE "C" UNIQUE,
  twice int GENERATED ALWAYS AS (1 + 1) STORED,
  level app.positive,
  CONSTRAINT sane CHECK (email <> '')
);
CREATE TABLE notes (id serial PRIMARY KEY, user_id bigint REFERENCES app."Users", body text);
CREATE INDEX notes_body ON notes (lower(body)) WHERE body IS NOT NULL;
CREATE TABLE days (day date) PARTITION BY RANGE (day);
CREATE TABLE days_2026 PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE VIEW latest AS SELECT * FROM notes ORDER BY id DESC;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM notes;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE sums(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE TRIGGER touched BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (user_id = 1);
CREATE RULE quiet AS ON DELETE TO notes DO INSTEAD NOTHING;
CREATE STATISTICS related ON id, user_id FROM notes;
CREATE PUBLICATION feed FOR TABLE notes;
COMMENT ON COLUMN notes.body IS 'what was noted';
COMMENT ON TABLE notes IS 'all';
CREATE TABLE atlas_schema_revisions (version varchar PRIMARY KEY);
"#;

const HISTORY: &[&str] = &["atlas_schema_revisions"];

async fn catalog(session: &mut dyn Session) -> Catalog {
    session.catalog(HISTORY).await.expect("a catalog")
}

#[tokio::test]
async fn databases_made_the_same_way_have_equal_catalogs() {
    let (one, other) = (postgres().database(), postgres().database());
    let mut one = connect(&one.url()).await;
    let mut other = connect(&format!("{}&search_path=app,public", other.url())).await;
    one.execute(SCHEMA).await.unwrap();
    other.execute("SET search_path = public").await.unwrap();
    other.execute(SCHEMA).await.unwrap();
    other
        .execute("SET search_path = app, public")
        .await
        .unwrap();
    let (one, other) = (catalog(&mut *one).await, catalog(&mut *other).await);
    assert_eq!(one.diff(&other), []);
    let mut kinds: Vec<&str> = one.objects().map(|object| object.kind.as_str()).collect();
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            "aggregate",
            "comment",
            "constraint",
            "domain",
            "extension",
            "function",
            "index",
            "materialized view",
            "policy",
            "procedure",
            "publication",
            "rule",
            "schema",
            "sequence",
            "statistics",
            "table",
            "trigger",
            "type",
            "view"
        ]
    );
}

#[tokio::test]
async fn members_of_extensions_and_ignored_tables_are_left_out() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    session.execute(SCHEMA).await.unwrap();
    let catalog = catalog(&mut *session).await;
    assert!(!catalog.objects().any(|object| {
        object.name.contains("trgm") && !object.label().contains("extension pg_trgm")
            || object.table.contains("revisions")
    }));
}

#[tokio::test]
async fn every_change_is_a_difference_of_its_object() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    session.execute(SCHEMA).await.unwrap();
    let before = catalog(&mut *session).await;
    for (change, label) in [
        ("ALTER TYPE app.mood ADD VALUE 'good'", "type app.mood"),
        (
            "ALTER TABLE notes ALTER body SET NOT NULL",
            "table public.notes",
        ),
        (
            "ALTER TABLE notes ALTER body SET DEFAULT ''",
            "table public.notes",
        ),
        (
            "ALTER TABLE notes FORCE ROW LEVEL SECURITY",
            "table public.notes",
        ),
        (
            "ALTER TABLE notes SET (fillfactor = 50)",
            "table public.notes",
        ),
        ("DROP INDEX notes_body", "index public.notes_body"),
        (
            "ALTER TABLE app.\"Users\" DROP CONSTRAINT sane",
            "constraint app.\"Users\".sane",
        ),
        (
            "ALTER TABLE notes DISABLE TRIGGER touched",
            "trigger public.notes.touched",
        ),
        (
            "ALTER SEQUENCE app.numbers INCREMENT 6",
            "sequence app.numbers",
        ),
        (
            "ALTER DOMAIN app.positive SET DEFAULT 2",
            "domain app.positive",
        ),
        (
            "COMMENT ON TABLE notes IS 'none'",
            "comment table public.notes",
        ),
        (
            "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
            "function public.touch()",
        ),
        (
            "CREATE OR REPLACE VIEW latest AS SELECT * FROM notes",
            "view public.latest",
        ),
        (
            "ALTER POLICY own ON notes USING (user_id = 2)",
            "policy public.notes.own",
        ),
        (
            "ALTER EXTENSION pg_trgm SET SCHEMA app",
            "extension pg_trgm",
        ),
    ] {
        session.begin().await.unwrap();
        session.execute(change).await.unwrap();
        let differences = before.diff(&catalog(&mut *session).await);
        session.rollback().await.unwrap();
        let [difference] = differences.as_slice() else {
            panic!("{change}: {differences:?}");
        };
        assert!(difference.to_string().starts_with(label), "{difference}");
    }
}

#[tokio::test]
async fn an_invalid_index_is_a_difference() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    session
        .execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)")
        .await
        .unwrap();
    session
        .execute("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)")
        .await
        .unwrap_err();
    let catalog = catalog(&mut *session).await;
    let index = catalog
        .objects()
        .find(|object| object.kind == "index")
        .unwrap();
    assert_eq!(
        index.definition,
        "CREATE UNIQUE INDEX i ON public.t USING btree (a) INVALID"
    );
}

#[tokio::test]
async fn reading_changes_nothing_of_the_session() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    session
        .execute("SET search_path = app, public")
        .await
        .unwrap();
    session.begin().await.unwrap();
    catalog(&mut *session).await;
    assert_eq!(
        one(&mut *session, "SHOW search_path").await,
        text("app, public")
    );
    session.commit().await.unwrap();
    catalog(&mut *session).await;
    assert_eq!(
        one(&mut *session, "SHOW search_path").await,
        text("app, public")
    );
    assert!(!session.in_transaction());
}

#[tokio::test]
async fn a_catalog_is_read_while_another_session_drops_tables() {
    let database = postgres().database();
    let mut reader = connect(&database.url()).await;
    let mut other = connect(&database.url()).await;
    let churn = "DO $$ BEGIN FOR i IN 1..200 LOOP \
                 CREATE TABLE passing (id int PRIMARY KEY); COMMIT; \
                 DROP TABLE passing; COMMIT; END LOOP; END $$";
    let churning = tokio::spawn(async move { other.execute(churn).await.map(|_| ()) });
    while !churning.is_finished() {
        reader.catalog(&[]).await.expect("a catalog");
    }
    churning.await.unwrap().unwrap();
    assert_eq!(reader.catalog(&[]).await.unwrap(), Catalog::new([]));
}
