//! What a journal survives.

use std::fs;
use std::io::Write;

use jiff::Timestamp;
use tempfile::TempDir;

use super::{EndState, Journal, JournalError, Outcome, Record, ReleaseKind};
use crate::flow::Flow;
use crate::state::{Attempt, Next};
use crate::steps;

fn opened() -> Record {
    Record::Opened {
        format: 1,
        release: 7,
        app: "notes".to_owned(),
        kind: ReleaseKind::Deploy,
        flow: Flow::new(["check", "promote"]).unwrap(),
        previous: Some(6),
    }
}

fn started() -> Record {
    Record::Started {
        step: steps::check::NAME,
    }
}

fn begun(directory: &TempDir) -> Journal {
    let path = directory.path().join("journal");
    let mut journal = Journal::create(&path, Timestamp::UNIX_EPOCH, opened()).unwrap();
    journal.append(Timestamp::UNIX_EPOCH, started()).unwrap();
    journal
}

#[test]
fn what_was_appended_is_read_back() {
    let directory = TempDir::new().unwrap();
    let journal = begun(&directory);
    let read = Journal::read(&directory.path().join("journal")).unwrap();
    assert_eq!(read, journal.entries());
    assert_eq!(
        journal.state().next(),
        Next::Run(steps::check::NAME, Attempt::Adopt)
    );
}

#[test]
fn a_torn_tail_is_cut_off_at_every_length() {
    let directory = TempDir::new().unwrap();
    begun(&directory);
    let path = directory.path().join("journal");
    let whole = fs::read(&path).unwrap();
    let first = whole.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    for length in first..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let mut journal = Journal::open(&path).unwrap();
        assert_eq!(journal.entries().len(), 1);
        journal.append(Timestamp::UNIX_EPOCH, started()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
}

#[test]
fn damage_before_the_last_line_is_never_guessed_away() {
    let directory = TempDir::new().unwrap();
    begun(&directory);
    let path = directory.path().join("journal");
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = Journal::open(&path).unwrap_err();
    assert!(
        matches!(error, JournalError::Damaged { line: 1, .. }),
        "{error}"
    );
}

#[test]
fn a_whole_line_of_a_newer_version_is_refused_by_name() {
    let directory = TempDir::new().unwrap();
    begun(&directory);
    let path = directory.path().join("journal");
    let json = r#"{"seq":3,"at":"1970-01-01T00:00:00Z","record":{"type":"teleported"}}"#;
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    writeln!(
        file,
        "{} {:08x} {json}",
        json.len(),
        crc32fast::hash(json.as_bytes())
    )
    .unwrap();
    let error = Journal::open(&path).unwrap_err().to_string();
    assert!(
        error.contains("line 3") && error.contains("teleported"),
        "{error}"
    );
}

#[test]
fn a_transition_that_no_release_makes_is_refused_and_not_written() {
    let directory = TempDir::new().unwrap();
    let mut journal = begun(&directory);
    let closed = Record::Closed {
        end: EndState::Released,
    };
    let error = journal.append(Timestamp::UNIX_EPOCH, closed).unwrap_err();
    assert!(
        matches!(error, JournalError::Illegal { line: 3, .. }),
        "{error}"
    );
    let finished = Record::Finished {
        step: steps::check::NAME,
        outcome: Outcome::default(),
    };
    journal.append(Timestamp::UNIX_EPOCH, finished).unwrap();
    assert_eq!(
        Journal::read(&directory.path().join("journal"))
            .unwrap()
            .len(),
        3
    );
}
