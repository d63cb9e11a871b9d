//! Reading a log: from a place on, or its last lines.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::follow::Follow;
use super::line::LogLine;
use crate::process::{Changes, MachineError};

/// How much is read at a time when looking for the last lines.
const BLOCK: u64 = 64 * 1024;

/// A place in a log between two lines, in bytes from its beginning.
///
/// It may be stored and used again: a log only ever grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(pub u64);

/// The log of one machine; it need not exist yet.
#[derive(Clone, Debug)]
pub struct Log {
    path: PathBuf,
}

impl Log {
    /// The log in the file `path`.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All lines.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read_all(&self) -> Result<Vec<LogLine>, MachineError> {
        self.read(Position::default(), usize::MAX)
            .map(|(lines, _)| lines)
    }

    /// At most `limit` whole lines from `from` on, and the place after them.
    ///
    /// Damaged lines are left out; a last line still being written is left
    /// for the next read.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(
        &self,
        from: Position,
        limit: usize,
    ) -> Result<(Vec<LogLine>, Position), MachineError> {
        let failed = |error| MachineError::file("read", &self.path, error);
        let Some(mut file) = self.open()? else {
            return Ok((Vec::new(), from));
        };
        file.seek(SeekFrom::Start(from.0)).map_err(failed)?;
        let mut reader = BufReader::with_capacity(64 * 1024, file);
        let mut lines = Vec::new();
        let mut position = from;
        let mut line = Vec::new();
        while lines.len() < limit {
            line.clear();
            let read = reader.read_until(b'\n', &mut line).map_err(failed)?;
            let Some(whole) = line.strip_suffix(b"\n") else {
                break;
            };
            lines.extend(LogLine::parse(whole));
            position.0 += read as u64;
        }
        Ok((lines, position))
    }

    /// The last `count` lines, in order, and the place after them.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn tail(&self, count: usize) -> Result<(Vec<LogLine>, Position), MachineError> {
        let failed = |error| MachineError::file("read", &self.path, error);
        let Some(file) = self.open()? else {
            return Ok((Vec::new(), Position::default()));
        };
        let start = start_of_last(&file, count).map_err(failed)?;
        let (lines, end) = self.read(Position(start), usize::MAX)?;
        // More may have been written meanwhile.
        let mut last: VecDeque<LogLine> = lines.into();
        while last.len() > count {
            last.pop_front();
        }
        Ok((last.into(), end))
    }

    /// Lines from `from` on, as they come, until the machine whose `changes`
    /// these are has ended; of one that was not started yet, none.
    pub fn follow(&self, from: Position, changes: Changes) -> Follow {
        Follow::new(self.clone(), from, changes)
    }

    fn open(&self) -> Result<Option<File>, MachineError> {
        match File::open(&self.path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(MachineError::file("read", &self.path, error)),
        }
    }
}

/// Where the last `count` lines of `file` begin.
fn start_of_last(file: &File, count: usize) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut block = vec![0; usize::try_from(BLOCK).unwrap_or(usize::MAX)];
    // The end of the line before the first one wanted is one more.
    let mut wanted = count.saturating_add(1);
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        let part = &mut block[..usize::try_from(end - start).unwrap_or_default()];
        file.read_exact_at(part, start)?;
        for (at, byte) in part.iter().enumerate().rev() {
            if *byte == b'\n' {
                wanted -= 1;
                if wanted == 0 {
                    return Ok(start + at as u64 + 1);
                }
            }
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Stream, Writer};

    fn log_of(lines: &[String]) -> (tempfile::TempDir, Log) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        let mut writer = Writer::open(&path).expect("opened");
        for line in lines {
            writer.push(Stream::Out, line.as_bytes(), false);
        }
        writer.flush();
        (directory, Log::at(path))
    }

    fn texts(lines: &[LogLine]) -> Vec<String> {
        lines.iter().map(|line| line.text().into_owned()).collect()
    }

    #[test]
    fn a_log_that_does_not_exist_yet_is_empty() {
        let log = Log::at(PathBuf::from("/nonexistent/log"));
        assert_eq!(log.read_all().expect("empty"), []);
        assert_eq!(log.tail(5).expect("empty"), (Vec::new(), Position(0)));
    }

    #[test]
    fn the_tail_is_the_last_lines_in_order_across_blocks() {
        let lines: Vec<String> = (0..300)
            .map(|number| format!("{number} {}", "x".repeat(1000)))
            .collect();
        let (_directory, log) = log_of(&lines);
        let (tail, _) = log.tail(150).expect("readable");
        assert_eq!(texts(&tail), lines[150..]);
        let (none, _) = log.tail(0).expect("readable");
        assert_eq!(none, []);
        let (all, _) = log.tail(1000).expect("readable");
        assert_eq!(texts(&all), lines);
    }

    #[test]
    fn reading_goes_on_where_the_last_read_ended() {
        let lines: Vec<String> = (0..5).map(|number| number.to_string()).collect();
        let (_directory, log) = log_of(&lines);
        let (first, position) = log.read(Position::default(), 2).expect("readable");
        let (rest, end) = log.read(position, usize::MAX).expect("readable");
        assert_eq!(texts(&first), ["0", "1"]);
        assert_eq!(texts(&rest), ["2", "3", "4"]);
        assert_eq!(
            log.read(end, usize::MAX).expect("readable"),
            (Vec::new(), end)
        );
    }
}
