//! One connection: sends one command at a time and reads its answer to the end.

use mysql_async::consts::StatusFlags;
use mysql_async::prelude::{Protocol, Queryable};
use mysql_async::{Conn, Error, Params, QueryResult, Row};
use shipgate_sql::{Dialect, SplitOptions, StatementKind, classify};

use super::infile::Infile;
use super::limits::OwnLimits;
use super::{error, value, warnings};
use crate::{ErrorKind, Executed, StatementError, Value};

/// A connection and what the server said about itself.
///
/// Every future of it must be run to its end: see [`super`].
pub(super) struct Link {
    conn: Conn,
    dialect: Dialect,
    /// Bytes that one command may have.
    longest: usize,
    split: SplitOptions,
    in_transaction: bool,
    infile: Infile,
    own_limits: Option<OwnLimits>,
}

impl Link {
    /// Asks a fresh connection who it talks to.
    pub(super) async fn new(
        mut conn: Conn,
        settings: &[String],
        infile: Infile,
    ) -> Result<Self, Error> {
        for statement in settings {
            conn.query_drop(statement).await?;
        }
        let about: Option<(String, u64, String)> = conn
            .query_first("SELECT VERSION(), @@max_allowed_packet, @@sql_mode")
            .await?;
        let (version, longest, sql_mode) = about.unwrap_or_default();
        let dialect = if version.to_ascii_lowercase().contains("mariadb") {
            Dialect::MariaDb
        } else {
            Dialect::MySql
        };
        Ok(Self {
            conn,
            dialect,
            longest: usize::try_from(longest).unwrap_or(usize::MAX),
            split: split_options(&sql_mode),
            in_transaction: false,
            infile,
            own_limits: None,
        })
    }

    pub(super) fn id(&self) -> u32 {
        self.conn.id()
    }

    pub(super) fn conn(&mut self) -> &mut Conn {
        &mut self.conn
    }

    /// Bytes that one command may have.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    pub(super) fn infile(&self) -> &Infile {
        &self.infile
    }

    pub(super) fn own_limits(&self) -> Option<&OwnLimits> {
        self.own_limits.as_ref()
    }

    pub(super) fn set_own_limits(&mut self, own: OwnLimits) {
        self.own_limits = Some(own);
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(super) fn split_options(&self) -> SplitOptions {
        self.split
    }

    pub(super) fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// Runs a text to its end; rows are read and dropped.
    pub(super) async fn execute(&mut self, text: &str) -> Result<Executed, StatementError> {
        self.refuse_too_long(text)?;
        self.infile.refused();
        let outcome = match self.conn.query_iter(text).await {
            Ok(mut result) => drain(&mut result).await,
            Err(error) => Err(error),
        };
        let (mut executed, warnings) = self.settle(outcome, text).await?;
        if let Some(file) = self.infile.refused() {
            return Err(refused_file(&file));
        }
        if warnings > 0 {
            executed.notices = self.warnings(warnings).await?;
        }
        if may_change_sql_mode(self.dialect, text) {
            self.refresh_sql_mode().await?;
        }
        Ok(executed)
    }

    /// Runs one statement and returns its rows.
    pub(super) async fn query(
        &mut self,
        text: &str,
        values: &[Value],
    ) -> Result<Vec<Vec<Value>>, StatementError> {
        self.refuse_too_long(text)?;
        let spelled = if values.is_empty() {
            Some(text.to_owned())
        } else {
            value::spelled(text, values).filter(|spelled| spelled.len() < self.longest)
        };
        let outcome = if let Some(spelled) = spelled {
            match self.conn.query_iter(spelled).await {
                Ok(mut result) => rows(&mut result).await,
                Err(error) => Err(error),
            }
        } else {
            let values = Params::Positional(values.iter().map(value::bound).collect());
            match self.conn.exec_iter(text, values).await {
                Ok(mut result) => rows(&mut result).await,
                Err(error) => Err(error),
            }
        };
        self.settle(outcome, text).await
    }

    /// Takes a `KILL QUERY` that came after the statement it was meant for.
    pub(super) async fn absorb_kill(&mut self) {
        let _ = self.conn.query_drop("DO 0").await;
        let _ = self.conn.query_drop("DO 0").await;
    }

    pub(super) async fn disconnect(self) {
        let _ = self.conn.disconnect().await;
    }

    /// Reads the server's status after an answer; an error carries none, so
    /// it is asked for.
    pub(super) async fn settle<T>(
        &mut self,
        outcome: Result<T, Error>,
        text: &str,
    ) -> Result<T, StatementError> {
        match outcome {
            Ok(done) => {
                self.read_status();
                Ok(done)
            }
            Err(failure) => {
                let failure = error::statement_error(failure, text);
                if failure.kind == ErrorKind::SessionLost || self.conn.ping().await.is_err() {
                    self.in_transaction = false;
                } else {
                    self.read_status();
                }
                Err(failure)
            }
        }
    }

    fn read_status(&mut self) {
        if let Some(ok) = self.conn.last_ok_packet() {
            self.in_transaction = ok
                .status_flags()
                .contains(StatusFlags::SERVER_STATUS_IN_TRANS);
        }
    }

    async fn warnings(&mut self, count: u16) -> Result<Vec<String>, StatementError> {
        const ASK: &str = "SHOW WARNINGS";
        let rows: Result<Vec<Row>, Error> = self.conn.query(ASK).await;
        let rows = rows.map_err(|failure| error::statement_error(failure, ASK))?;
        let mut notices = warnings::notices(rows);
        let more = usize::from(count).saturating_sub(notices.len());
        if more > 0 {
            notices.push(format!("{more} more that the server does not show"));
        }
        Ok(notices)
    }

    async fn refresh_sql_mode(&mut self) -> Result<(), StatementError> {
        const ASK: &str = "SELECT @@sql_mode";
        let mode: Result<Option<String>, Error> = self.conn.query_first(ASK).await;
        let mode = mode.map_err(|failure| error::statement_error(failure, ASK))?;
        self.split = split_options(&mode.unwrap_or_default());
        Ok(())
    }

    /// The server would close the connection.
    fn refuse_too_long(&self, text: &str) -> Result<(), StatementError> {
        if text.len() < self.longest {
            return Ok(());
        }
        Err(StatementError::new(
            ErrorKind::Refused,
            format!(
                "the statement has {} bytes, and the server takes {} (its max_allowed_packet)",
                text.len(),
                self.longest
            ),
        ))
    }
}

/// Reads every result set, so that the error of a later one is not lost.
async fn drain<P: Protocol>(result: &mut QueryResult<'_, '_, P>) -> Result<(Executed, u16), Error> {
    let mut executed = Executed::default();
    let mut warnings = 0;
    while let Some(columns) = result.columns() {
        if columns.is_empty() {
            executed.rows += result.affected_rows();
            warnings = result.warnings();
            while result.next().await?.is_some() {}
        } else {
            while result.next().await?.is_some() {}
            // They are counted behind the rows; of the last set only can that be read.
            let is_last = result.columns().is_none();
            warnings = if is_last { result.warnings() } else { 0 };
        }
    }
    // An error of a later statement is told by this only.
    while result.next().await?.is_some() {}
    Ok((executed, warnings))
}

async fn rows<P: Protocol>(result: &mut QueryResult<'_, '_, P>) -> Result<Vec<Vec<Value>>, Error> {
    let mut found = Vec::new();
    let mut is_first = true;
    while result.columns().is_some() {
        while let Some(row) = result.next().await? {
            if is_first {
                found.push(value::row(row));
            }
        }
        is_first = false;
    }
    while result.next().await?.is_some() {}
    Ok(found)
}

fn refused_file(file: &str) -> StatementError {
    StatementError {
        hint: Some(
            "put its rows into INSERT statements, or load it with the database's own client"
                .to_owned(),
        ),
        ..StatementError::new(
            ErrorKind::Refused,
            format!(
                "LOAD DATA LOCAL INFILE asks for the file `{file}`; no file of this machine is given to a server"
            ),
        )
    }
}

fn split_options(sql_mode: &str) -> SplitOptions {
    let has = |mode: &str| {
        sql_mode
            .split(',')
            .any(|set| set.eq_ignore_ascii_case(mode))
    };
    SplitOptions::default()
        .no_backslash_escapes(has("NO_BACKSLASH_ESCAPES"))
        .ansi_quotes(has("ANSI_QUOTES"))
}

fn may_change_sql_mode(dialect: Dialect, text: &str) -> bool {
    matches!(
        classify(dialect, text),
        StatementKind::Set | StatementKind::Call
    ) && text.to_ascii_lowercase().contains("sql_mode")
}
