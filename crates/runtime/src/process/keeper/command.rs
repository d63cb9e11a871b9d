//! Starting the command.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Pid;
use shipgate_release::machine::MachineSpec;

use super::family::Family;
use super::memory::Memory;
use super::output::Output;
use crate::log::Stream;
use crate::ports;
use crate::process::identity::ProcessId;
use crate::process::problem::Problem;
use crate::process::program;

/// How often a program that is still being written is tried again, and how
/// long after. A file just copied may be held open for writing by a child of
/// the copying process that is about to execute something else.
const BUSY_TRIES: u32 = 40;
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// A command that runs.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) command: ProcessId,
    pub(crate) family: Family,
    pub(crate) outputs: [Output; 2],
    pub(crate) began: Instant,
}

/// Everything that can be known to go wrong without starting anything.
pub(crate) fn check(spec: &MachineSpec) -> Result<(), Problem> {
    program::locate(spec)?;
    match spec.port {
        Some(port) if !ports::is_free(port) => Err(Problem::PortTaken {
            port,
            holder: ports::holder(port),
        }),
        _ => Ok(()),
    }
}

/// Starts the command of `spec` in a process group of its own, with its
/// environment and nothing else.
pub(crate) fn start(spec: &MachineSpec, memory: &mut Memory) -> Result<Run, Problem> {
    let program = program::locate(spec)?;
    spawn(spec, &program, memory).map_err(|error| program::explain(&program, &error))
}

fn spawn(spec: &MachineSpec, program: &Path, memory: &mut Memory) -> io::Result<Run> {
    let (out, out_end) = io::pipe()?;
    let (err, err_end) = io::pipe()?;
    let outputs = [
        Output::new(out, Stream::Out)?,
        Output::new(err, Stream::Err)?,
    ];
    let mut command = Command::new(program);
    if let Some((name, arguments)) = spec.command.split_first() {
        command.arg0(name).args(arguments);
    }
    command
        .env_clear()
        .envs(&spec.env)
        .current_dir(&spec.directory)
        .stdin(Stdio::null())
        .stdout(out_end)
        .stderr(err_end)
        .process_group(0);
    let child = memory.begin(|| {
        let mut tries = 0;
        loop {
            match command.spawn() {
                Err(error)
                    if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < BUSY_TRIES =>
                {
                    tries += 1;
                    thread::sleep(BUSY_PAUSE);
                }
                result => return result,
            }
        }
    })?;
    let pid = child.id().cast_signed();
    let gone = || io::Error::other("the process cannot be found in /proc");
    Ok(Run {
        // It is not reaped yet, so it is there even if it has ended.
        command: ProcessId::of(pid).ok_or_else(gone)?,
        family: Family::new(Pid::from_raw(pid).ok_or_else(gone)?),
        outputs,
        began: Instant::now(),
    })
}
