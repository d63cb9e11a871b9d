//! Appending to a log, and surviving a full disk.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use shipgate_release::Secrets;

use super::line::{self, Stream};

/// Appends lines in batches, each with one write.
///
/// A batch that cannot be written is dropped, counted, and told of as soon as
/// something can be written again: a full disk must not stop the machine.
#[derive(Debug)]
pub(crate) struct Writer {
    file: File,
    /// Where the last whole batch ends.
    length: u64,
    batch: String,
    lines: u64,
    lost: u64,
    reason: Option<String>,
    last: Timestamp,
    secrets: Secrets,
}

impl Writer {
    /// Opens `path` to append, and cuts off a torn last line.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = crate::process::files::append_private(path)?;
        let length = whole_lines(path)?;
        if length < file.metadata()?.len() {
            file.set_len(length)?;
        }
        Ok(Self {
            file,
            length,
            batch: String::new(),
            lines: 0,
            lost: 0,
            reason: None,
            last: Timestamp::UNIX_EPOCH,
            secrets: Secrets::default(),
        })
    }

    /// Masks these values in every line. A line is masked piece by piece: in
    /// one that is too long for one piece, a secret across the cut is seen.
    pub(crate) fn masking(self, secrets: Secrets) -> Self {
        Self { secrets, ..self }
    }

    /// Adds a line to the batch.
    pub(crate) fn push(&mut self, stream: Stream, bytes: &[u8], partial: bool) {
        // A clock set back must not reorder the log.
        self.last = self.last.max(Timestamp::now());
        let bytes = self.secrets.mask_bytes(bytes);
        line::format(self.last, stream, &bytes, partial, &mut self.batch);
        self.lines += 1;
    }

    /// Adds a word of the keeper's own.
    pub(crate) fn note(&mut self, text: &str) {
        self.push(Stream::Note, text.as_bytes(), false);
    }

    /// Writes the batch.
    pub(crate) fn flush(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        if self.lost > 0 {
            let mut told = String::new();
            let reason = self.reason.as_deref().unwrap_or("the log was not writable");
            let text = format!("{} lines of the log are lost: {reason}", self.lost);
            line::format(self.last, Stream::Note, text.as_bytes(), false, &mut told);
            self.batch.insert_str(0, &told);
        }
        match self.file.write_all(self.batch.as_bytes()) {
            Ok(()) => {
                self.length += self.batch.len() as u64;
                self.lost = 0;
                self.reason = None;
            }
            Err(error) => {
                self.lost += self.lines;
                self.reason = Some(error.to_string());
                let _ = self.file.set_len(self.length);
            }
        }
        self.lines = 0;
        self.batch.clear();
        self.batch.shrink_to(64 * 1024);
    }

    /// Makes everything written so far durable.
    pub(crate) fn sync(&mut self) {
        self.flush();
        // The end of the machine is recorded with or without its log.
        let _ = self.file.sync_data();
    }
}

/// The length of the file up to its last end of line.
fn whole_lines(path: &Path) -> io::Result<u64> {
    use std::os::unix::fs::FileExt;
    let file = File::open(path)?;
    let mut end = file.metadata()?.len();
    let mut block = [0; 4096];
    while end > 0 {
        let start = end.saturating_sub(block.len() as u64);
        let part = &mut block[..usize::try_from(end - start).unwrap_or_default()];
        file.read_exact_at(part, start)?;
        if let Some(at) = part.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::log::Log;

    #[test]
    fn a_torn_last_line_is_cut_off() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        fs::write(
            &path,
            "2026-11-20T12:34:56.000000Z out| whole\n2026-11-20T12:3",
        )
        .expect("written");
        let mut writer = Writer::open(&path).expect("opened");
        writer.push(Stream::Err, b"next", false);
        writer.flush();
        let lines = Log::at(path).read_all().expect("readable");
        let texts: Vec<_> = lines.iter().map(|line| line.text().into_owned()).collect();
        assert_eq!(texts, ["whole", "next"]);
    }

    #[test]
    fn a_log_may_only_be_read_by_its_owner() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        Writer::open(&path).expect("opened");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn lines_lost_to_a_full_disk_are_counted_and_told() {
        // Every write to this device fails with "no space left".
        let Ok(full) = fs::OpenOptions::new().append(true).open("/dev/full") else {
            return;
        };
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        let mut writer = Writer::open(&path).expect("opened");
        let good = std::mem::replace(&mut writer.file, full);
        writer.push(Stream::Out, b"one", false);
        writer.push(Stream::Out, b"two", false);
        writer.flush();
        writer.file = good;
        writer.push(Stream::Out, b"three", false);
        writer.flush();
        let lines = Log::at(path).read_all().expect("readable");
        let texts: Vec<_> = lines.iter().map(|line| line.text().into_owned()).collect();
        assert_eq!(
            texts,
            [
                "2 lines of the log are lost: No space left on device (os error 28)",
                "three"
            ]
        );
    }
}
