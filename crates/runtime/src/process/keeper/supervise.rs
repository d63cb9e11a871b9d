//! A machine's life, from its first start to its recorded end.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use shipgate_release::machine::{ExitCause, MachineSpec};

use super::MemoryControl;
use super::cgroup::{self, Cgroup};
use super::command::{self, Run};
use super::family;
use super::memory::Memory;
use super::owner::Owner;
use super::refusal::{refuse, system, unusable};
use super::restarts::Restarts;
use super::signals::Signals;
use crate::log::Writer;
use crate::process::directory::Directory;
use crate::process::error::MachineError;
use crate::process::identity::{ProcessId, boot_id};
use crate::process::problem::Problem;
use crate::process::record::{EventKind, Exit, Phase, Record};

/// How often a record that could not be written (a full disk) is tried again.
const WRITE_AGAIN: Duration = Duration::from_secs(1);

/// A machine that runs this long is put into a control group even without a
/// limit: should its keeper be killed, that is how all of it is found. Not
/// earlier, because the kernel takes some 10 ms for it.
const GROUP_AFTER: Duration = Duration::from_secs(1);

/// Runs one machine's command, again and again if need be.
#[derive(Debug)]
pub(crate) struct Supervisor {
    directory: Directory,
    spec: MachineSpec,
    record: Record,
    /// Whether the record is newer than the one on disk.
    unwritten: bool,
    restarts: Restarts,
    memory: Memory,
    /// The name of the machine's control group.
    group_name: String,
    /// The machine's control group, where none keeps its memory limit.
    group: Option<Cgroup>,
    signals: Signals,
    log: Writer,
    /// Held as long as this process lives.
    _lock: File,
}

/// A stop on its way.
#[derive(Clone, Copy, Debug)]
struct Ending {
    cause: ExitCause,
    /// When what is left is killed; `None`: never.
    kill_at: Option<Instant>,
}

impl Supervisor {
    /// Takes over the machine in `directory`; `None` if someone else keeps
    /// it, or ever did.
    pub(crate) fn take(
        path: &Path,
        control: MemoryControl,
        owner: Option<Owner>,
    ) -> Result<Option<Self>, Problem> {
        let directory = Directory::new(path.to_owned());
        let unusable = |error: MachineError| unusable(directory.path(), &error);
        let Some(lock) = directory.lock().map_err(unusable)? else {
            return Ok(None);
        };
        if directory.record().map_err(unusable)?.is_some() {
            return Ok(None);
        }
        let spec = directory
            .spec()
            .map_err(unusable)?
            .ok_or_else(|| system(path, &io::ErrorKind::NotFound.into()))?;
        let keeper = ProcessId::own().map_err(|error| system(path, &error))?;
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
            .map_err(|error| system(path, &error.into()))?;
        let signals = Signals::install(&directory, owner).map_err(|error| system(path, &error))?;
        let log_path = directory.log_path();
        let log = Writer::open(&log_path)
            .map_err(|error| Problem::Unwritable {
                path: log_path,
                error: error.to_string(),
            })?
            .masking(spec.secrets.clone());
        command::check(&spec).or_else(|problem| refuse(&directory, keeper, problem))?;
        let group_name = cgroup::name(&spec.id, keeper);
        let memory = Memory::new(&group_name, spec.memory_limit, control);
        let record = Record {
            keeper,
            boot: boot_id(),
            cgroup: memory.cgroup().map(Path::to_owned),
            restarts: 0,
            phase: Phase::Starting {
                since: Timestamp::now(),
            },
        };
        Ok(Some(Self {
            restarts: Restarts::new(spec.restart),
            directory,
            spec,
            record,
            unwritten: false,
            memory,
            group_name,
            group: None,
            signals,
            log,
            _lock: lock,
        }))
    }

    /// Starts the command for the first time.
    pub(crate) fn begin(&mut self) -> Result<Run, Problem> {
        // Written before the start: from here on the command may have run.
        let written = self.directory.write_record(&self.record);
        let started = written
            .map_err(|error| unusable(self.directory.path(), &error))
            .and_then(|()| command::start(&self.spec, &mut self.memory));
        match started {
            Ok(run) => {
                self.running(&run);
                Ok(run)
            }
            Err(problem) => {
                self.clear_away();
                refuse(&self.directory, self.record.keeper, problem.clone())?;
                Err(problem)
            }
        }
    }

    /// Stays with the machine until it has ended for good.
    pub(crate) fn keep(mut self, first: Run) {
        let mut run = Some(first);
        loop {
            let exit = match run.take() {
                Some(run) => self.attend(run),
                None => self.exit(ExitCause::Lost, Duration::ZERO),
            };
            self.event(EventKind::Exited { exit });
            let Some(delay) = self.restarts.after(exit.cause, exit.ran) else {
                return self.finish(exit);
            };
            match self.again(exit, delay) {
                Ok(next) => run = Some(next),
                Err(end) => return self.finish(end),
            }
        }
    }

    /// Starts the command again after `delay`, and as often as it cannot be
    /// started.
    ///
    /// # Errors
    /// The machine's end, when it is not to be started any more.
    fn again(&mut self, last: Exit, delay: Duration) -> Result<Run, Exit> {
        let mut exit = last;
        let mut delay = delay;
        loop {
            self.wait_to_restart(exit, delay)?;
            self.record.restarts += 1;
            self.set_phase(Phase::Starting {
                since: Timestamp::now(),
            });
            match command::start(&self.spec, &mut self.memory) {
                Ok(run) => {
                    self.running(&run);
                    return Ok(run);
                }
                Err(problem) => {
                    self.log.note(&format!("not started again: {problem}"));
                    let code = problem.shell_code();
                    self.event(EventKind::NotStarted { problem });
                    exit = self.exit(ExitCause::Code(code), Duration::ZERO);
                }
            }
            delay = self.restarts.after(exit.cause, exit.ran).ok_or(exit)?;
        }
    }

    fn wait_to_restart(&mut self, exit: Exit, delay: Duration) -> Result<(), Exit> {
        let next_at = Timestamp::now()
            .checked_add(jiff::SignedDuration::try_from(delay).unwrap_or_default())
            .unwrap_or(Timestamp::MAX);
        self.log.note(&format!(
            "{}; started again in {} ms (restart {})",
            exit.cause,
            delay.as_millis(),
            self.record.restarts + 1
        ));
        self.log.flush();
        self.event(EventKind::RestartPlanned { next_at });
        self.set_phase(Phase::Restarting { exit, next_at });
        let until = Instant::now() + delay;
        while !self.signals.stop_requested() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            family::pause(&mut self.signals, left);
        }
        Err(self.exit(ExitCause::Stopped, Duration::ZERO))
    }

    /// Stays with one run of the command until nothing of it is left.
    fn attend(&mut self, mut run: Run) -> Exit {
        let deadline = self
            .spec
            .timeout
            .and_then(|timeout| run.began.checked_add(timeout));
        let mut group_at = Some(run.began + GROUP_AFTER);
        let mut ending: Option<Ending> = None;
        loop {
            let anything_left = run.family.reap();
            let ended = run.family.end().is_some();
            if !anything_left || (ended && ending.is_none()) {
                break;
            }
            if ending.is_none() {
                ending = self.reason_to_end(&run, deadline);
            }
            if let Some(Ending {
                kill_at: Some(at), ..
            }) = ending
                && at <= Instant::now()
            {
                break;
            }
            if group_at.is_some_and(|at| at <= Instant::now()) {
                group_at = None;
                self.group(&run);
            }
            self.write_again();
            let next = [
                group_at,
                deadline.filter(|_| ending.is_none()),
                ending.and_then(|ending| ending.kill_at),
                self.memory.next_look(),
                run.outputs[0].show_at(),
                run.outputs[1].show_at(),
                self.unwritten.then(|| Instant::now() + WRITE_AGAIN),
            ];
            self.listen(&mut run, next.into_iter().flatten().min());
        }
        self.conclude(run, ending)
    }

    /// Why the command has to end now, if it has to; it is told so.
    fn reason_to_end(&mut self, run: &Run, deadline: Option<Instant>) -> Option<Ending> {
        let now = Instant::now();
        let (cause, why) = if self.signals.stop_requested() {
            (ExitCause::Stopped, self.signals.why_stop().to_owned())
        } else if deadline.is_some_and(|deadline| deadline <= now) {
            let timeout = self.spec.timeout.unwrap_or_default();
            let why = format!("timeout: it ran longer than {} s", timeout.as_secs_f64());
            (ExitCause::Timeout, why)
        } else if self.memory.is_exceeded(&run.family) {
            let proof = self.memory.proof(&run.family.members());
            (ExitCause::OutOfMemory, format!("out of memory: {proof}"))
        } else {
            return None;
        };
        self.log.note(&why);
        self.log.flush();
        self.event(EventKind::Stopping { cause });
        if cause == ExitCause::OutOfMemory {
            return Some(Ending {
                cause,
                kill_at: Some(now),
            });
        }
        let signal = Signal::from_named_raw(self.spec.kill_signal).unwrap_or(Signal::TERM);
        run.family.signal(signal);
        Some(Ending {
            cause,
            kill_at: now.checked_add(self.spec.kill_timeout),
        })
    }

    /// Puts the machine into a control group, if that can be.
    fn group(&mut self, run: &Run) {
        if self.memory.cgroup().is_some() {
            return;
        }
        if self.group.is_none() {
            self.group = Cgroup::unlimited(&self.group_name);
            self.record.cgroup = self.group.as_ref().map(|group| group.path().to_owned());
            self.unwritten = self.group.is_some();
        }
        if let Some(group) = &self.group {
            group.adopt(run.family.members().iter().map(|member| member.pid));
            // Those whose parent was not yet in when it started them.
            group.adopt(run.family.members().iter().map(|member| member.pid));
        }
    }

    /// Waits for output, a signal, or `until`, and takes what came.
    fn listen(&mut self, run: &mut Run, until: Option<Instant>) {
        let timeout = until
            .map(|until| until.saturating_duration_since(Instant::now()))
            .and_then(|left| Timespec::try_from(left).ok());
        let mut descriptors: Vec<_> = self.signals.descriptors().collect();
        for output in &run.outputs {
            if let Some(descriptor) = output.descriptor() {
                descriptors.push(PollFd::from_borrowed_fd(descriptor, PollFlags::IN));
            }
        }
        // Interrupted by a signal is as good as woken by it.
        let _ = poll(&mut descriptors, timeout.as_ref());
        drop(descriptors);
        self.signals.acknowledge();
        for output in &mut run.outputs {
            output.pump(&mut self.log);
        }
    }

    /// Clears away what is left of a run, and says how it ended.
    fn conclude(&mut self, mut run: Run, ending: Option<Ending>) -> Exit {
        if run.family.reap() {
            let left = run.family.members().len();
            let processes = if left == 1 { "process" } else { "processes" };
            self.log
                .note(&format!("what is left is killed: {left} {processes}"));
        }
        if let Err(stuck) = run
            .family
            .kill(&mut self.signals, self.record.cgroup.as_deref())
        {
            self.log.note(&format!(
                "processes {stuck:?} do not die and are left alone"
            ));
        }
        for output in run.outputs {
            output.finish(&mut self.log);
        }
        let own_end = run.family.end().unwrap_or(ExitCause::Lost);
        let cause = match ending {
            Some(ending) => ending.cause,
            None if self.memory.was_killed() => {
                let proof = self.memory.proof(&[]);
                self.log.note(&format!("out of memory: {proof}"));
                ExitCause::OutOfMemory
            }
            None => own_end,
        };
        self.log.sync();
        self.exit(cause, run.began.elapsed())
    }

    fn finish(mut self, exit: Exit) {
        self.clear_away();
        self.log.sync();
        self.set_phase(Phase::Exited(exit));
        // An end that cannot be recorded would be taken for a lost one, so
        // the keeper stays until it can be, as long as anyone could read it.
        while self.unwritten && self.directory.is_machine() {
            family::pause(&mut self.signals, WRITE_AGAIN);
            self.write_again();
        }
    }

    fn clear_away(&mut self) {
        if let Some(path) = self.record.cgroup.take() {
            cgroup::remove(&path);
        }
    }

    fn exit(&self, cause: ExitCause, ran: Duration) -> Exit {
        Exit {
            cause,
            at: Timestamp::now(),
            ran,
            restarts: self.record.restarts,
        }
    }

    fn running(&mut self, run: &Run) {
        self.event(EventKind::Started {
            pid: run.command.pid,
        });
        self.set_phase(Phase::Running {
            command: run.command,
            since: Timestamp::now(),
        });
    }

    fn set_phase(&mut self, phase: Phase) {
        self.record.phase = phase;
        self.unwritten = true;
        self.write_again();
    }

    fn write_again(&mut self) {
        if self.unwritten && self.directory.is_machine() {
            self.unwritten = self.directory.write_record(&self.record).is_err();
        }
    }

    fn event(&self, kind: EventKind) {
        if self.directory.is_machine() {
            // The history is for people; the record decides.
            let _ = self.directory.append_event(kind);
        }
    }
}
