//! What it means that a server, or a pooler before it, refuses a connection.

use super::message::Report;

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It may be different in a moment.
    ForNow,
    /// There is no such database.
    NoDatabase,
    /// This user is not let in.
    Denied,
    /// Anything else, for good.
    Other,
}

/// What PgBouncer says while the server behind it cannot be used. Its codes
/// are those of a broken protocol, whatever it is about.
const POOLER_WAITS: [&str; 5] = [
    "server_login_retry",
    "pgbouncer cannot connect to server",
    "query_wait_timeout",
    "no more connections allowed",
    "pgbouncer database is disabled",
];

impl Refusal {
    pub(super) fn of(report: &Report) -> Self {
        let says = |part: &str| report.message.contains(part);
        match report.code.as_str() {
            // Starting, stopping, recovering; too many connections.
            "57P03" | "57P01" | "57P02" | "53300" => Self::ForNow,
            "3D000" => Self::NoDatabase,
            "42501" => Self::Denied,
            code if code.starts_with("28") => Self::Denied,
            code if !code.starts_with("08") => Self::Other,
            _ if POOLER_WAITS.iter().any(|part| says(part)) => Self::ForNow,
            _ if says("authentication failed") => Self::Denied,
            _ if says("no such database") => Self::NoDatabase,
            _ if says("database \"") && says("does not exist") => Self::NoDatabase,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_told_from_what_will_not() {
        for (code, message, refusal) in [
            (
                "57P03",
                "the database system is starting up",
                Refusal::ForNow,
            ),
            ("53300", "sorry, too many clients already", Refusal::ForNow),
            (
                "08P01",
                "server login has been failing, try again later (server_login_retry)",
                Refusal::ForNow,
            ),
            ("28P01", "password authentication failed", Refusal::Denied),
            ("08P01", "SASL authentication failed", Refusal::Denied),
            (
                "3D000",
                "database \"a\" does not exist",
                Refusal::NoDatabase,
            ),
            ("08P01", "no such database: a", Refusal::NoDatabase),
            ("08P01", "unsupported frontend protocol", Refusal::Other),
            ("42704", "unrecognized parameter", Refusal::Other),
        ] {
            let report = Report {
                code: code.to_owned(),
                message: message.to_owned(),
                ..Report::default()
            };
            assert_eq!(Refusal::of(&report), refusal, "{message}");
        }
    }
}
