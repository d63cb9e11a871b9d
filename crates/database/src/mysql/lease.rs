//! The lease: a row that says who holds the migration lock.

/// The table that holds it.
pub(super) const TABLE: &str = "shipgate_lease";
