//! Numbers of things as people read them.

/// `1 migration`, `3 migrations`.
pub(crate) fn number_of_migrations(count: usize) -> String {
    match count {
        1 => "1 migration".to_owned(),
        more => format!("{more} migrations"),
    }
}
