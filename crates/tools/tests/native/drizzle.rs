//! Drizzle's migrations, before and from 1.0.

use crate::support::{Kind, Place};

const USERS: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY);\n--> statement-breakpoint\nCREATE TABLE notes (id int);";
const POSTS: &str = "CREATE TABLE posts (id INTEGER PRIMARY KEY);--> statement-breakpoint\nINSERT INTO posts VALUES (1)";
/// SHA-256 of the texts begins so, as `sha256sum` has it.
const USERS_SUM: &str = "c9adf4575e88f7c1";
const POSTS_SUM: &str = "74955ed3cbc2b4d6";

fn journal(entries: &[(&str, i64)]) -> String {
    let entries: Vec<String> = (0..)
        .zip(entries)
        .map(|(idx, (tag, when))| {
            format!(
                r#"{{"idx":{idx},"version":"7","when":{when},"tag":"{tag}","breakpoints":true}}"#
            )
        })
        .collect();
    format!(
        r#"{{"version":"7","dialect":"any","entries":[{}]}}"#,
        entries.join(",")
    )
}

const JOURNAL: &str = "drizzle/meta/_journal.json";

/// A directory of the form before 1.0.
fn old(kind: Kind, entries: &[(&str, i64)], texts: &[&str]) -> Place {
    let place = Place::new(kind, "drizzle", &[(JOURNAL, &journal(entries))]);
    for ((tag, _), text) in entries.iter().zip(texts) {
        place.write(&[(&format!("drizzle/{tag}.sql"), text)]);
    }
    place
}

/// A directory of the form of 1.0.
fn new(kind: Kind, folders: &[(&str, &str)]) -> Place {
    let place = Place::new(kind, "drizzle", &[]);
    add(&place, folders);
    place
}

fn add(place: &Place, folders: &[(&str, &str)]) {
    for (folder, text) in folders {
        place.write(&[
            (&format!("drizzle/{folder}/migration.sql"), text),
            (&format!("drizzle/{folder}/snapshot.json"), "{}"),
        ]);
    }
}

fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => "drizzle.__drizzle_migrations",
        Kind::Sqlite | Kind::Mariadb => "__drizzle_migrations",
    }
}

fn rows(place: &Place, kind: Kind, columns: &str) -> String {
    place.sql(&format!(
        "SELECT {columns} FROM {} ORDER BY created_at",
        table(kind)
    ))
}

#[tokio::test]
async fn before_1_0_the_journal_s_entries_are_applied_and_recorded_as_drizzle_does() {
    for kind in Kind::ALL {
        let place = old(
            kind,
            &[
                ("0000_users", 1_700_000_000_000),
                ("0001_posts", 1_700_000_001_000),
            ],
            &[USERS, POSTS],
        );
        assert_eq!(
            place.apply().await.applied(),
            ["0000_users", "0001_posts"],
            "{kind:?}"
        );
        // SQLite's SERIAL counts nothing.
        let ids = match kind {
            Kind::Sqlite => ["", ""],
            Kind::Postgres | Kind::Mariadb => ["1", "2"],
        };
        assert_eq!(
            rows(&place, kind, "id, substr(hash, 1, 16), created_at"),
            format!(
                "{}|{}|1700000000000\n{}|{}|1700000001000",
                ids[0], USERS_SUM, ids[1], POSTS_SUM
            ),
            "{kind:?}"
        );
        assert_eq!(
            place.columns(table(kind)),
            match kind {
                Kind::Sqlite => "id SERIAL, hash TEXT not null, created_at numeric",
                Kind::Postgres => "id integer not null, hash text not null, created_at bigint",
                Kind::Mariadb =>
                    "id bigint(20) unsigned not null, hash text not null, created_at bigint(20)",
            }
        );
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
        assert_eq!(place.verify().await, Ok(2), "{kind:?}");
    }
}

#[tokio::test]
async fn an_entry_that_drizzle_would_pass_over_is_told_and_applied() {
    for kind in Kind::ALL {
        let place = old(kind, &[("0000_posts", 2000)], &[POSTS]);
        place.apply().await.applied();
        let merged = journal(&[("0000_posts", 2000), ("0000_users", 1000)]);
        place.write(&[(JOURNAL, &merged), ("drizzle/0000_users.sql", USERS)]);
        let run = place.apply().await;
        assert!(
            run.said.iter().any(
                |text| text.starts_with("0000_users is not applied, and its time is not after")
            ),
            "{run:?}"
        );
        assert_eq!(run.applied(), ["0000_users"], "{kind:?}");
        assert_eq!(rows(&place, kind, "created_at"), "1000\n2000", "{kind:?}");
        let again = place.apply().await;
        assert!(again.said.is_empty(), "{again:?}");
        assert!(again.applied().is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn another_kind_of_database_is_refused() {
    let place = old(Kind::Sqlite, &[("0000_users", 1000)], &[USERS]);
    let config = "export default defineConfig({ dialect: 'postgresql', out: './drizzle' });";
    place.write(&[("drizzle.config.ts", config)]);
    let refused = place.native().history(&place.url()).unwrap_err();
    assert!(refused.to_string().contains("\"postgresql\""), "{refused}");
}

#[test]
fn a_listed_file_that_is_gone_is_refused_with_the_ways_out() {
    let place = old(Kind::Sqlite, &[("0000_users", 1000)], &[]);
    let error = place.try_native().unwrap_err();
    assert!(
        error.ends_with(
            "drizzle/0000_users.sql: the journal lists it, and it is gone; \
             bring it back, or drop the entry with `drizzle-kit drop`"
        ),
        "{error}"
    );
}

#[tokio::test]
async fn an_edited_file_and_a_missing_one_are_refused() {
    let place = old(
        Kind::Sqlite,
        &[("0000_users", 1000), ("0001_posts", 2000)],
        &[USERS, POSTS],
    );
    place.apply().await.applied();
    let entries = [("0000_users", 1000), ("0001_posts", 2000), ("0002_c", 3000)];
    place.write(&[
        (JOURNAL, &journal(&entries)),
        ("drizzle/0000_users.sql", "SELECT 1;"),
        ("drizzle/0002_c.sql", "CREATE TABLE c (x);"),
    ]);
    let edited = place.apply().await.failed();
    assert!(
        edited
            .error
            .contains("0000_users.sql was edited after it was applied"),
        "{edited:?}"
    );
    place.write(&[
        ("drizzle/0000_users.sql", USERS),
        (JOURNAL, &journal(&entries[1..])),
    ]);
    let missing = place.apply().await.failed();
    assert!(
        missing
            .error
            .contains("was applied but is not in the directory"),
        "{missing:?}"
    );
}

#[tokio::test]
async fn what_is_pending_is_applied_as_a_whole_or_not_at_all() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let place = old(
            kind,
            &[("0000_users", 1000), ("0001_broken", 2000)],
            &[USERS, "INSERT INTO nowhere VALUES (1);"],
        );
        place.apply().await.failed();
        assert_eq!(rows(&place, kind, "created_at"), "", "{kind:?}");
        assert!(!place.tables().contains("users"), "{kind:?}");
        place.write(&[("drizzle/0001_broken.sql", POSTS)]);
        assert_eq!(place.apply().await.applied().len(), 2, "{kind:?}");
    }
}

#[tokio::test]
async fn a_half_applied_file_is_gone_on_with_where_definitions_commit() {
    let half = "CREATE TABLE a (id int);--> statement-breakpoint\nINSERT INTO a VALUES (1);--> statement-breakpoint\nINSERT INTO b VALUES (2);";
    let place = old(
        Kind::Mariadb,
        &[("0000_users", 1000), ("0001_half", 2000)],
        &[USERS, half],
    );
    place.apply().await.failed();
    assert_eq!(rows(&place, Kind::Mariadb, "created_at"), "1000");
    place.sql("CREATE TABLE b (id int)");
    assert_eq!(place.apply().await.applied(), ["0001_half"]);
    assert_eq!(place.sql("SELECT count(*) FROM a"), "1");
    assert_eq!(rows(&place, Kind::Mariadb, "created_at"), "1000\n2000");
    assert_eq!(place.tables(), "__drizzle_migrations a b notes users");
}

#[tokio::test]
async fn from_1_0_folders_are_applied_and_recorded_by_name() {
    for kind in Kind::ALL {
        let place = new(
            kind,
            &[
                ("20261120103427_users", USERS),
                ("20261120103428_posts", POSTS),
            ],
        );
        assert_eq!(
            place.apply().await.applied(),
            ["20261120103427_users", "20261120103428_posts"],
            "{kind:?}"
        );
        assert_eq!(
            rows(&place, kind, "id, substr(hash, 1, 16), created_at, name"),
            format!(
                "1|{}|1795170867000|20261120103427_users\n2|{}|1795170868000|20261120103428_posts",
                USERS_SUM, POSTS_SUM
            ),
            "{kind:?}"
        );
        let untimed = format!(
            "SELECT count(*) FROM {} WHERE applied_at IS NULL",
            table(kind)
        );
        assert_eq!(place.sql(&untimed), "0", "{kind:?}");
        assert_eq!(
            place.columns(table(kind)),
            match kind {
                Kind::Sqlite =>
                    "id INTEGER, hash TEXT not null, created_at numeric, name TEXT, applied_at TEXT",
                Kind::Postgres =>
                    "id integer not null, hash text not null, created_at bigint, name text, \
                     applied_at timestamp with time zone",
                Kind::Mariadb =>
                    "id bigint(20) unsigned not null, hash text not null, created_at bigint(20), \
                     name text, applied_at timestamp",
            }
        );
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
        add(
            &place,
            &[("20261119000000_late", "CREATE TABLE late (x int);")],
        );
        assert_eq!(
            place.apply().await.applied(),
            ["20261119000000_late"],
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn the_table_of_an_older_version_is_given_names() {
    for kind in Kind::ALL {
        let place = old(
            kind,
            &[
                ("0000_users", 1_795_170_867_122),
                ("0001_posts", 1_795_170_868_500),
            ],
            &[USERS, POSTS],
        );
        place.apply().await.applied();
        // As `drizzle-kit up` converts a directory.
        place.remove("drizzle");
        add(
            &place,
            &[
                ("20261120103427_users", USERS),
                ("20261120103428_posts", POSTS),
                ("20261121000000_more", "CREATE TABLE more (x int);"),
            ],
        );
        assert_eq!(
            place.apply().await.applied(),
            ["20261121000000_more"],
            "{kind:?}"
        );
        assert_eq!(
            rows(&place, kind, "created_at, name"),
            "1795170867122|20261120103427_users\n1795170868500|20261120103428_posts\n\
             1795219200000|20261121000000_more",
            "{kind:?}"
        );
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
        assert_eq!(place.verify().await, Ok(3), "{kind:?}");
    }
}
