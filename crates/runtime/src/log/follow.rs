//! A log as it grows.

use std::collections::VecDeque;

use super::file::{Log, Position};
use super::line::LogLine;
use crate::process::{Changes, MachineError};

/// How many lines are read at a time.
const BATCH: usize = 256;

/// The lines of a machine as they come; from [`Log::follow`].
#[derive(Debug)]
pub struct Follow {
    log: Log,
    position: Position,
    ready: VecDeque<LogLine>,
    changes: Changes,
    ended: bool,
}

impl Follow {
    pub(crate) fn new(log: Log, from: Position, changes: Changes) -> Self {
        Self {
            log,
            position: from,
            ready: VecDeque::new(),
            changes,
            ended: false,
        }
    }

    /// The next line; `None` when the machine has ended and all its lines
    /// were given out. Dropping the returned future loses nothing.
    ///
    /// # Errors
    /// The machine's files cannot be read.
    pub async fn next(&mut self) -> Result<Option<LogLine>, MachineError> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Ok(Some(line));
            }
            // Asked before the file is read: what an ended machine wrote is
            // all there.
            self.ended = self.ended || !self.changes.look()?.is_live();
            let (lines, position) = self.log.read(self.position, BATCH)?;
            self.position = position;
            if lines.is_empty() {
                if self.ended {
                    return Ok(None);
                }
                self.changes.stirred().await?;
            }
            self.ready = lines.into();
        }
    }
}
