//! Whether a transaction is open, as the server says after each statement.

/// The state the server reports when it is ready for the next statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// No transaction is open.
    Idle,
    /// One is open.
    InTransaction,
    /// One is open and failed: it can only be rolled back.
    Failed,
}

impl Status {
    pub(super) fn parse(body: &[u8]) -> Self {
        match body.first() {
            Some(b'T') => Self::InTransaction,
            Some(b'E') => Self::Failed,
            _ => Self::Idle,
        }
    }
}
