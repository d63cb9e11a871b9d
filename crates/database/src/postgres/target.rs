//! `target_session_attrs`: whether a server is of the kind that was asked for.

use super::session::PostgresSession;
use super::settings::Target;
use crate::{Session, Value};

/// Whether a session is on a server that was asked for.
pub(super) enum Suits {
    Yes,
    IfNothingBetter,
    No(&'static str),
}

impl PostgresSession {
    pub(super) async fn suits(&mut self, target: Target) -> Suits {
        if target == Target::Any {
            return Suits::Yes;
        }
        let (Some(is_read_only), Some(is_standby)) = (
            self.is_on("SELECT current_setting('transaction_read_only') = 'on'")
                .await,
            self.is_on("SELECT pg_catalog.pg_is_in_recovery()").await,
        ) else {
            return Suits::No("it does not say whether it is read-only");
        };
        match target {
            Target::ReadWrite if is_read_only => Suits::No("it is read-only"),
            Target::ReadOnly if !is_read_only => Suits::No("it is not read-only"),
            Target::Primary if is_standby => Suits::No("it is a standby"),
            Target::Standby if !is_standby => Suits::No("it is no standby"),
            Target::PreferStandby if !is_standby => Suits::IfNothingBetter,
            _ => Suits::Yes,
        }
    }

    async fn is_on(&mut self, question: &str) -> Option<bool> {
        let rows = self.query(question, &[]).await.ok()?;
        match rows.first()?.first()? {
            Value::Integer(number) => Some(*number != 0),
            _ => None,
        }
    }
}
