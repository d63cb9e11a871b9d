//! Database URLs.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use shipgate_database::{DatabaseUrl, Mode, UrlError};
use shipgate_sql::Dialect;

fn parse(text: &str) -> Result<DatabaseUrl, UrlError> {
    DatabaseUrl::parse(text, Path::new("/srv/notes"))
}

fn file(text: &str) -> PathBuf {
    let url = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    url.file()
        .unwrap_or_else(|| panic!("{text}: no file"))
        .to_owned()
}

#[test]
fn sqlite_files_are_understood_as_their_users_write_them() {
    for (text, expected) in [
        // Atlas
        ("sqlite://data/notes.db", "/srv/notes/data/notes.db"),
        ("sqlite://file.db?_fk=1", "/srv/notes/file.db"),
        ("sqlite:///abs/p.db", "/abs/p.db"),
        ("sqlite3://p.db", "/srv/notes/p.db"),
        ("sqlite://file:/abs/p.db?cache=shared&_fk=1", "/abs/p.db"),
        ("sqlite://file:rel.db", "/srv/notes/rel.db"),
        ("sqlite://file:///abs/p.db", "/abs/p.db"),
        // SQLx, Rails, Django
        ("sqlite:data.db", "/srv/notes/data.db"),
        ("sqlite:/abs/data.db", "/abs/data.db"),
        (
            "sqlite3:db/development.sqlite3",
            "/srv/notes/db/development.sqlite3",
        ),
        ("sqlite://./a/../b.db", "/srv/notes/a/../b.db"),
        // Prisma, Drizzle
        ("file:./dev.db", "/srv/notes/dev.db"),
        ("file:dev.db?connection_limit=1", "/srv/notes/dev.db"),
        ("file:///abs/dev.db", "/abs/dev.db"),
        ("file://localhost/abs/dev.db", "/abs/dev.db"),
        // Escapes
        ("sqlite://a%20b%3F%23%25.db", "/srv/notes/a b?#%.db"),
        ("  sqlite://trimmed.db\n", "/srv/notes/trimmed.db"),
    ] {
        assert_eq!(file(text), Path::new(expected), "{text}");
    }
}

#[test]
fn a_database_in_memory_has_no_file() {
    for text in [
        "sqlite::memory:",
        "sqlite://:memory:",
        "sqlite://dev?mode=memory",
    ] {
        assert_eq!(parse(text).unwrap().file(), None, "{text}");
    }
}

#[test]
fn parameters_that_concern_us_are_read() {
    let url = parse("sqlite://a.db?_fk=1&mode=ro&_journal_mode=WAL").unwrap();
    assert_eq!(url.foreign_keys(), Some(true));
    assert_eq!(url.mode(), Some(Mode::ReadOnly));
    let url = parse("sqlite://a.db?_foreign_keys=off").unwrap();
    assert_eq!(url.foreign_keys(), Some(false));
    assert_eq!(parse("sqlite://a.db").unwrap().foreign_keys(), None);
}

#[test]
fn servers_are_known_by_their_schemes() {
    for (text, dialect) in [
        ("postgres://h/db", Dialect::Postgres),
        ("postgresql://h/db", Dialect::Postgres),
        ("mysql://h/db", Dialect::MySql),
        ("mysql+unix:///tmp/s.sock?database=db", Dialect::MySql),
        ("maria://h/db", Dialect::MariaDb),
        ("mariadb://h/db", Dialect::MariaDb),
    ] {
        assert_eq!(parse(text).unwrap().dialect(), dialect, "{text}");
        assert_eq!(parse(text).unwrap().expose(), text);
    }
}

#[test]
fn passwords_are_not_shown() {
    for (text, shown) in [
        (
            "postgres://app:hunter2@h:5432/db",
            "postgres://app:***@h:5432/db",
        ),
        ("postgres://app@h:5432/db", "postgres://app@h:5432/db"),
        ("mysql://u:p@ss@h/db", "mysql://u:***@h/db"),
        ("postgres:u:p@h/db", "postgres:u:***@h/db"),
        (
            "postgres://h/db?user=u&password=p&sslmode=require",
            "postgres://h/db?user=u&password=***&sslmode=require",
        ),
        (
            "sqlite://a.db?_auth_pass=p&_fk=1",
            "sqlite://a.db?_auth_pass=***&_fk=1",
        ),
        ("sqlite://a@b:c.db", "sqlite://a@b:c.db"),
    ] {
        let url = parse(text).unwrap();
        assert_eq!(url.to_string(), shown);
        assert_eq!(format!("{url:?}"), format!("DatabaseUrl({shown})"));
        assert_eq!(url.expose(), text);
    }
}

#[test]
fn what_is_wrong_is_said_with_a_right_example() {
    for (text, message) in [
        (
            "",
            "database URL is empty; write for example `sqlite://data/notes.db`",
        ),
        (
            "notes.db",
            "database URL has no scheme; a SQLite file is `sqlite://data/notes.db`",
        ),
        (
            "user:hunter2@host/db",
            "database URL has no scheme; a SQLite file is `sqlite://data/notes.db`",
        ),
        (
            "oracle://u:hunter2@h/db",
            "unknown database scheme `oracle`; known are sqlite, postgres, mysql and mariadb, \
             for example `sqlite://data/notes.db`",
        ),
        (
            "sqlite://",
            "database URL names no file; write for example `sqlite://data/notes.db`",
        ),
        (
            "sqlite://data/",
            "database URL names a directory, `data/`; name the file in it, for example `data/app.db`",
        ),
        (
            "file://server/a.db",
            "database URL names the host `server`; a SQLite file is local: `file:///path/to/app.db`",
        ),
        (
            "sqlite://100%.db",
            "`%` in the database URL is not followed by two hexadecimal digits; \
             a percent sign itself is `%25`",
        ),
        (
            "sqlite://a#b.db",
            "`#` in the database URL; in a file name write it as `%23`",
        ),
        (
            "sqlite://a.db?_fk=maybe",
            "`_fk=maybe` in the database URL; `_fk` is 1 or 0",
        ),
        (
            "sqlite://a.db?mode=rx",
            "`mode=rx` in the database URL; `mode` is one of `ro`, `rw`, `rwc`, `memory`",
        ),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), message, "{text}");
    }
}

#[test]
fn another_file_keeps_scheme_and_parameters() {
    for (text, expected) in [
        (
            "sqlite://data/notes.db?_fk=1",
            "sqlite:///tmp/copy%20of.db?_fk=1",
        ),
        ("sqlite:data.db", "sqlite:/tmp/copy%20of.db"),
        (
            "file:./dev.db?connection_limit=1",
            "file:/tmp/copy%20of.db?connection_limit=1",
        ),
        (
            "sqlite://file:/a.db?_fk=1",
            "sqlite://file:/tmp/copy%20of.db?_fk=1",
        ),
        ("file:///a.db", "file:///tmp/copy%20of.db"),
    ] {
        let other = parse(text)
            .unwrap()
            .with_file(Path::new("/tmp/copy of.db"))
            .unwrap();
        assert_eq!(other.expose(), expected);
        assert_eq!(other.file(), Some(Path::new("/tmp/copy of.db")));
    }
}

#[test]
fn an_absolute_url_means_the_same_file_from_everywhere() {
    let url = parse("sqlite://data/notes.db?_fk=1").unwrap().absolute();
    assert_eq!(url.expose(), "sqlite:///srv/notes/data/notes.db?_fk=1");
    let again = DatabaseUrl::parse(url.expose(), Path::new("/elsewhere")).unwrap();
    assert_eq!(again.file(), Some(Path::new("/srv/notes/data/notes.db")));
    let server = parse("postgres://h/db").unwrap();
    assert_eq!(server.absolute(), server);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}", tail in any::<Vec<u8>>()) {
        let _ = parse(&text);
        let _ = parse(&format!("sqlite://{text}"));
        let _ = parse(&format!("postgres://{}", String::from_utf8_lossy(&tail)));
    }

    #[test]
    fn a_password_is_shown_nowhere(
        password in "[a-zA-Z0-9:/?#@!$&'()*+,;=%._~-]{0,12}QQ[a-zA-Z0-9:/?#@!$&'()*+,;=%._~-]{0,12}",
        scheme in "(postgres|mysql|mariadb|oracle|sqlite)",
    ) {
        match parse(&format!("{scheme}://user:{password}@host:5432/db?x=1")) {
            Ok(url) if scheme != "sqlite" => {
                prop_assert!(!url.to_string().contains("QQ"), "{url}");
                let debug = format!("{url:?}");
                prop_assert!(!debug.contains("QQ"));
            }
            Ok(_) => {}
            Err(error) if scheme != "sqlite" => {
                prop_assert!(!error.to_string().contains("QQ"), "{error}");
            }
            Err(_) => {}
        }
    }

    #[test]
    fn any_file_name_survives_the_way_through_a_url(bytes in prop::collection::vec(1_u8.., 1..40)) {
        use std::os::unix::ffi::OsStringExt;
        let mut path = b"/d/".to_vec();
        path.extend(bytes.iter().map(|byte| if *byte == b'/' { b'_' } else { *byte }));
        let path = PathBuf::from(std::ffi::OsString::from_vec(path));
        prop_assume!(path.components().collect::<PathBuf>().as_os_str() == path.as_os_str());
        prop_assume!(!path.ends_with("..") && !path.ends_with("."));
        let url = DatabaseUrl::sqlite(&path);
        let again = DatabaseUrl::parse(url.expose(), Path::new("/")).unwrap();
        prop_assert_eq!(again.file(), Some(path.as_path()));
    }
}

#[test]
fn what_demands_a_safety_there_is_none_of_is_refused() {
    for parameter in [
        "require_auth=scram-sha-256",
        "requirepeer=postgres",
        "gssencmode=require",
        "requiressl=1",
        "ssl_min_protocol_version=TLSv1.3",
    ] {
        let text = format!("postgres://app@db/notes?{parameter}");
        let error = DatabaseUrl::parse(&text, Path::new("/")).unwrap_err();
        let name = parameter.split('=').next().unwrap();
        assert!(
            error
                .to_string()
                .contains(&format!("`{name}` is not supported")),
            "{error}"
        );
    }
    for parameter in ["gssencmode=prefer", "ssl_min_protocol_version=TLSv1.2"] {
        let text = format!("postgres://app@db/notes?{parameter}");
        assert!(DatabaseUrl::parse(&text, Path::new("/")).is_ok(), "{text}");
    }
}
