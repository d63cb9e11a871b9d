//! From the command's pipes to the log, line by line.

use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use crate::log::{Stream, Writer};

/// Longer lines are kept in pieces of this many bytes.
const PIECE: usize = 32 * 1024;

/// How much is read at a time.
const CHUNK: usize = 32 * 1024;

/// How often in a row a pipe is read before the keeper looks at anything
/// else; and, when a machine has ended, how much is still fetched.
const TURNS: usize = 32;

/// A line not ended for this long (a prompt, a progress bar) is shown as far
/// as it goes.
const SHOW_AFTER: Duration = Duration::from_secs(1);

/// One stream of the command.
#[derive(Debug)]
pub(crate) struct Output {
    pipe: Option<PipeReader>,
    stream: Stream,
    /// The beginning of a line whose end has not come.
    rest: Vec<u8>,
    since: Option<Instant>,
}

impl Output {
    pub(crate) fn new(pipe: PipeReader, stream: Stream) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&pipe, true)?;
        Ok(Self {
            pipe: Some(pipe),
            stream,
            rest: Vec::new(),
            since: None,
        })
    }

    /// What to poll; `None` once the stream has ended.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// When the beginning of a line is to be shown without its end.
    pub(crate) fn show_at(&self) -> Option<Instant> {
        self.since.map(|since| since + SHOW_AFTER)
    }

    /// Puts what has arrived into the log; never waits.
    pub(crate) fn pump(&mut self, log: &mut Writer) {
        let mut chunk = [0; CHUNK];
        for _ in 0..TURNS {
            let Some(pipe) = &mut self.pipe else {
                break;
            };
            match pipe.read(&mut chunk) {
                Ok(0) => self.pipe = None,
                Ok(read) => {
                    self.take(chunk.get(..read).unwrap_or_default(), log);
                    log.flush();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => self.pipe = None,
            }
        }
        if self.show_at().is_some_and(|at| at <= Instant::now()) {
            self.show(log);
        }
    }

    /// Takes what is left, whoever may still hold the other end.
    pub(crate) fn finish(mut self, log: &mut Writer) {
        self.pump(log);
        self.show(log);
    }

    fn take(&mut self, mut bytes: &[u8], log: &mut Writer) {
        while let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(at);
            self.add(line, log);
            log.push(self.stream, &self.rest, false);
            self.clear();
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.add(bytes, log);
        if !self.rest.is_empty() && self.since.is_none() {
            self.since = Some(Instant::now());
        }
    }

    /// Adds bytes to the line that is being collected, in whole pieces.
    fn add(&mut self, mut bytes: &[u8], log: &mut Writer) {
        while self.rest.len() + bytes.len() > PIECE {
            let (piece, rest) = bytes.split_at(PIECE - self.rest.len());
            self.rest.extend_from_slice(piece);
            log.push(self.stream, &self.rest, true);
            self.clear();
            bytes = rest;
        }
        self.rest.extend_from_slice(bytes);
    }

    fn show(&mut self, log: &mut Writer) {
        if !self.rest.is_empty() {
            log.push(self.stream, &self.rest, true);
            self.clear();
            log.flush();
        }
    }

    fn clear(&mut self) {
        self.rest.clear();
        self.since = None;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::collection::vec;
    use proptest::prelude::{Just, ProptestConfig, any, prop_oneof};
    use proptest::{prop_assert_eq, proptest};

    use super::*;
    use crate::log::{Log, LogLine};

    /// What the log holds after `write` wrote to a machine's output.
    fn logged(bytes: &[u8]) -> Vec<LogLine> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        let mut log = Writer::open(&path).expect("opened");
        let (reader, mut writer) = io::pipe().expect("a pipe");
        let mut output = Output::new(reader, Stream::Out).expect("a stream");
        for chunk in bytes.chunks(4096) {
            writer.write_all(chunk).expect("written");
            output.pump(&mut log);
        }
        drop(writer);
        output.finish(&mut log);
        Log::at(path).read_all().expect("readable")
    }

    fn joined(lines: &[LogLine]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in lines {
            bytes.extend_from_slice(&line.bytes);
            if !line.partial {
                bytes.push(b'\n');
            }
        }
        bytes
    }

    #[test]
    fn a_line_of_a_megabyte_is_kept_in_flagged_pieces() {
        let mut bytes = vec![b'x'; 1 << 20];
        bytes.extend_from_slice(b"\nnext\n");
        let lines = logged(&bytes);
        assert_eq!(joined(&lines), bytes);
        assert!(lines.iter().all(|line| line.bytes.len() <= PIECE));
        let flags: Vec<bool> = lines.iter().map(|line| line.partial).collect();
        assert!(flags[..31].iter().all(|partial| *partial));
        assert_eq!(flags[31..], [false, false]);
    }

    #[test]
    fn a_last_line_without_an_end_is_kept() {
        let lines = logged(b"one\ntwo");
        assert_eq!(lines.len(), 2);
        assert_eq!(
            (lines[1].bytes.as_slice(), lines[1].partial),
            (&b"two"[..], true)
        );
    }

    #[test]
    fn an_empty_line_is_a_line() {
        assert_eq!(joined(&logged(b"\n\na\n")), b"\n\na\n");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn every_byte_is_kept(bytes in vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..9_000)) {
            prop_assert_eq!(joined(&logged(&bytes)), bytes);
        }
    }
}
