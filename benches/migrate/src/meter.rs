//! The cost of one process: what it took of the clock, of the processors and
//! of memory at its peak.
//!
//! The system keeps memory's peak for all children of a process together, so
//! each is run by a process of its own: this program again, as `meter`.

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

const ASKED: &str = "meter";

/// A program with its arguments, and what it reads.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) words: Vec<OsString>,
    pub(crate) input: PathBuf,
}

impl Task {
    /// A program that reads nothing.
    pub(crate) fn new(words: Vec<OsString>) -> Self {
        let input = PathBuf::from("/dev/null");
        Self { words, input }
    }
}

/// What a process took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// Milliseconds of the clock.
    pub(crate) wall: f64,
    /// Milliseconds of processors.
    pub(crate) cpu: f64,
    /// Kilobytes (2^10 bytes) of memory at the peak.
    pub(crate) memory: f64,
}

/// Runs a task to its end.
///
/// # Errors
/// What it said when it failed.
pub(crate) fn run(task: &Task) -> Result<Cost, String> {
    let output = metered(task).output().expect("the meter runs");
    read(&output)
}

/// Runs a task many times at once; the costs of each, and the milliseconds of
/// the clock until the last has ended.
///
/// # Errors
/// What the first said that failed.
pub(crate) fn run_at_once(tasks: &[Task]) -> Result<(Vec<Cost>, f64), String> {
    let started = Instant::now();
    let running: Vec<_> = tasks
        .iter()
        .map(|task| metered(task).spawn().expect("the meter runs"))
        .collect();
    let outputs: Vec<_> = running
        .into_iter()
        .map(|child| child.wait_with_output().expect("the meter ends"))
        .collect();
    let wall = started.elapsed().as_secs_f64() * 1e3;
    let costs: Result<_, _> = outputs.iter().map(read).collect();
    Ok((costs?, wall))
}

fn metered(task: &Task) -> Command {
    let mut meter = Command::new(std::env::current_exe().expect("this program"));
    meter
        .arg(ASKED)
        .args(&task.words)
        .stdin(Stdio::from(File::open(&task.input).expect("an input")))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    meter
}

fn read(output: &Output) -> Result<Cost, String> {
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    let figures = String::from_utf8_lossy(&output.stdout);
    let mut figures = figures.split_whitespace().map(str::parse);
    let mut next = || figures.next().and_then(Result::ok).expect("a figure");
    Ok(Cost {
        wall: next(),
        cpu: next(),
        memory: next(),
    })
}

/// Runs what stands behind `meter` and prints its cost.
pub(crate) fn asked(words: &[OsString]) -> Option<ExitCode> {
    let [first, program, arguments @ ..] = words else {
        return None;
    };
    if first != ASKED {
        return None;
    }
    let started = Instant::now();
    let ended = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .status();
    let wall = started.elapsed().as_secs_f64() * 1e3;
    if !ended.is_ok_and(|ended| ended.success()) {
        return Some(ExitCode::FAILURE);
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the system counts");
    let cpu = usage.user_time() + usage.system_time();
    let cpu = cpu.num_microseconds() as f64 / 1e3;
    println!("{wall} {cpu} {}", usage.max_rss());
    Some(ExitCode::SUCCESS)
}
