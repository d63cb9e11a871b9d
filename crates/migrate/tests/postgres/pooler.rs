//! The engine through a PgBouncer that gives a server's connection to others
//! after every transaction.

use shipgate_database::{ConnectOptions, Session, Value};
use shipgate_migrate::TxMode;
use shipgate_migrate::apply::{ApplyError, ApplyEvent};
use shipgate_testkit::{PoolMode, PostgresDatabase, pgbouncer, postgres};

use crate::scenarios::mortal::{Death, Mortal};
use crate::scenarios::place::{Place, Server};
use crate::{FILES, FILES_WITHOUT_TRANSACTION};

struct Pooled(PostgresDatabase);

impl Server for Pooled {
    fn url(&self) -> String {
        let pooled = pgbouncer(PoolMode::Transaction).url(&self.0);
        format!("{pooled}?search_path=public")
    }

    fn sql(&self, statements: &str) -> String {
        self.0.psql(statements)
    }
}

fn fresh(files: &[(&str, &str)]) -> Place {
    Place::new(Box::new(Pooled(postgres().database())), files)
}

const MODES: [TxMode; 3] = [TxMode::File, TxMode::All, TxMode::None];

/// A session of the app's behind the same pooler.
async fn app(place: &Place) -> Box<dyn Session> {
    let url = place.server.url().replace("?search_path=public", "");
    let database = place.database_at(&url);
    database.connect(&ConnectOptions::default()).await.unwrap()
}

async fn one(session: &mut dyn Session, query: &str) -> Value {
    session.query(query, &[]).await.unwrap().remove(0).remove(0)
}

/// What the app must find as it was.
const SETTINGS: &str = "SELECT concat_ws(' ', current_setting('search_path'), \
    current_setting('lock_timeout'), current_setting('statement_timeout'), \
    current_setting('check_function_bodies'), current_setting('row_security'))";

#[tokio::test]
async fn what_migrations_set_is_theirs_alone() {
    for tx_mode in MODES {
        let place = fresh(&[
            (
                "1_dump.sql",
                "-- shipgate:lock_timeout 7s\n-- shipgate:statement_timeout 70s\n\
                 SET statement_timeout = 0;\nSET check_function_bodies = false;\n\
                 SELECT pg_catalog.set_config('search_path', '', false);\n\
                 SET row_security = off;\nCREATE TABLE public.log (step int);\n",
            ),
            (
                "2_more.sql",
                "INSERT INTO public.log SELECT 1 WHERE current_setting('search_path') IN ('', '\"\"');\n\
                 RESET search_path;\nINSERT INTO log VALUES (2);\n",
            ),
        ]);
        let mut app = app(&place).await;
        let before = one(&mut *app, SETTINGS).await;
        place.apply_in(tx_mode).await.succeeded();
        assert_eq!(one(&mut *app, SETTINGS).await, before, "{tx_mode}");
        assert_eq!(
            place.sql("SELECT step FROM log ORDER BY 1"),
            "1\n2",
            "{tx_mode}"
        );
    }
}

#[tokio::test]
async fn after_a_death_anywhere_the_next_run_finishes() {
    for tx_mode in [TxMode::File, TxMode::None] {
        let files = match tx_mode {
            TxMode::None => FILES_WITHOUT_TRANSACTION,
            _ => FILES,
        };
        let undisturbed = fresh(files);
        undisturbed.apply_in(tx_mode).await.succeeded();
        let expected = undisturbed.sql("SELECT step FROM log ORDER BY 1");
        for at in (1..).step_by(7) {
            let place = fresh(files);
            let mut options = place.options();
            options.tx_mode = tx_mode;
            let mortal = Mortal::new(
                place.database(),
                Death {
                    at,
                    after: at % 2 == 0,
                },
            );
            place.run(&mortal, &options, |_| {}).await;
            let died = mortal.died();
            place.apply_in(tx_mode).await.succeeded();
            assert_eq!(
                place.sql("SELECT step FROM log ORDER BY 1"),
                expected,
                "{tx_mode} {at}"
            );
            if !died {
                break;
            }
        }
    }
}

#[tokio::test]
async fn of_two_at_once_one_executes() {
    for tx_mode in MODES {
        let place = fresh(FILES);
        let (one, other) = tokio::join!(place.apply_in(tx_mode), place.apply_in(tx_mode));
        let (one, other) = (one.succeeded(), other.succeeded());
        let executed = [one.statements.len(), other.statements.len()];
        assert!(executed == [6, 0] || executed == [0, 6], "{executed:?}");
        assert_eq!(place.sql("SELECT step FROM log ORDER BY 1"), "1\n2\n3\n4");
    }
}

#[tokio::test]
async fn a_definition_waits_for_a_moment_only_and_is_tried_again() {
    let place = fresh(&[("1_a.sql", "ALTER TABLE busy ADD COLUMN x int;\n")]);
    place.sql("CREATE TABLE busy (id int)");
    let mut holder = app(&place).await;
    holder.begin().await.unwrap();
    holder
        .query("SELECT count(*) FROM busy", &[])
        .await
        .unwrap();
    let mut holder = Some(holder);
    let (sender, mut failures) = tokio::sync::mpsc::unbounded_channel();
    let mut options = place.options();
    options.plan.allow_dirty = true;
    let database = place.database();
    let running = place.run(&*database, &options, move |event| {
        if let ApplyEvent::Retrying { .. } = event {
            let _ = sender.send(());
        }
    });
    tokio::pin!(running);
    let outcome = loop {
        tokio::select! {
            outcome = &mut running => break outcome,
            Some(()) = failures.recv() => drop(holder.take()),
        }
    }
    .succeeded();
    assert!(holder.is_none(), "{:?}", outcome.said);
    let mut app = app(&place).await;
    assert_eq!(
        one(&mut *app, "SHOW lock_timeout").await,
        Value::Text("0".to_owned())
    );
}

#[tokio::test]
async fn a_lost_connection_to_the_server_leaves_a_run_that_can_go_on() {
    for tx_mode in MODES {
        let place = fresh(&[(
            "1_a.sql",
            "CREATE TABLE log (step int);\nINSERT INTO log VALUES (1);\n\
             SELECT pg_terminate_backend(pg_backend_pid()) WHERE NOT EXISTS \
             (SELECT FROM pg_catalog.pg_class WHERE relname = 'again');\n\
             INSERT INTO log VALUES (2);\n",
        )]);
        let failed = place.apply_in(tx_mode).await.failed();
        let Some(ApplyError::Statement(statement)) = &failed.error else {
            panic!("{:?}", failed.error);
        };
        assert_eq!(statement.position.line, 3, "{}", statement.error);
        place.sql("CREATE SCHEMA aside; CREATE TABLE aside.again (x int)");
        let again = place
            .apply_with(|options| {
                options.tx_mode = tx_mode;
                options.plan.allow_dirty = true;
            })
            .await
            .succeeded();
        let left = if tx_mode == TxMode::None { 2 } else { 4 };
        assert_eq!(again.statements.len(), left, "{tx_mode}");
        assert_eq!(place.sql("SELECT step FROM log ORDER BY 1"), "1\n2");
    }
}
