//! A valid script does to a database statement by statement what it does as
//! one file given to the database's own client: scripts with nearly every kind
//! of statement, what the database's own tools dump of them in several styles,
//! and scripts that come with the databases.

mod mariadb;
mod postgres;
mod sqlite;

/// Fails at the first line that differs.
#[track_caller]
fn same(ours: &str, theirs: &str) {
    for (number, (ours, theirs)) in ours.lines().zip(theirs.lines()).enumerate() {
        assert_eq!(ours, theirs, "line {}", number + 1);
    }
    assert_eq!(ours.len(), theirs.len());
    assert!(!ours.is_empty());
}
