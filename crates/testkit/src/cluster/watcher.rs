//! A server that never outlives the process it was started for.
//!
//! Nothing in a process runs when SIGKILL ends it, and no static is ever
//! dropped. So a small shell, in a process group of its own, starts and ends
//! the server as it is told through a pipe; when the pipe is closed, by whatever
//! end of this process, it ends the server and removes its directory.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ports::free_port;
use crate::wait::until;

/// Arguments: the directory, the signal for the last end, the server's words.
const SCRIPT: &str = r#"
directory=$1 last=$2
shift 2
trap : PIPE
server=
end() {
    [ -n "$server" ] || return 0
    kill -s "$1" "$server" 2>/dev/null
    wait "$server"
    server=
}
while read -r word with; do
    case $word in
    start)
        "$@" </dev/null >>"$directory/log" 2>&1 &
        server=$!
        echo "$server"
        ;;
    end)
        end "$with"
        echo ended
        ;;
    esac
done
end "$last"
# The shared memory that a killed PostgreSQL leaves for its next start to find.
if [ -f "$directory/data/postmaster.pid" ]; then
    segment=$(sed -n '7s/.* //p' "$directory/data/postmaster.pid")
    [ -z "$segment" ] || ipcrm -m "$segment" 2>/dev/null
fi
# Who was working for a killed server may still be writing.
for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf "$directory" && break
    sleep 0.2
done
"#;

/// What becomes of a start.
pub(super) enum Started {
    /// It answers.
    Ready,
    /// It ended; its last words.
    Ended(String),
}

/// A server program with a directory of its own.
#[derive(Debug)]
pub(super) struct Server {
    directory: PathBuf,
    watcher: Mutex<Watcher>,
}

#[derive(Debug)]
struct Watcher {
    shell: Child,
    /// Closed to make it end. Like every pipe of the standard library's it is
    /// not inherited by other children.
    say: Option<ChildStdin>,
    hear: BufReader<ChildStdout>,
    server: Option<u32>,
}

impl Server {
    /// The server that `words` start, with everything it owns in `directory`;
    /// `last` is the signal that ends it for good.
    pub(super) fn new(directory: &Path, last: &str, words: &[String]) -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "watcher"])
            .arg(directory)
            .arg(last)
            .args(words)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("a shell can be started");
        let watcher = Watcher {
            say: shell.stdin.take(),
            hear: BufReader::new(shell.stdout.take().expect("its output is a pipe")),
            shell,
            server: None,
        };
        Self {
            directory: directory.to_owned(),
            watcher: Mutex::new(watcher),
        }
    }

    /// Starts it and waits until it is `ready`, which is asked with its process
    /// id and what it has written since.
    pub(super) fn start(&self, ready: impl Fn(u32, &str) -> bool) -> Started {
        let before = self.log().len();
        let mut watcher = self.watcher();
        assert_eq!(watcher.server, None, "the server runs already");
        let answer = watcher.ask("start");
        let pid = answer.parse().expect("a process id");
        let started = until("the start of a server", || {
            let log = self.log();
            let said = &log[before..];
            if ready(pid, said) {
                return Some(Started::Ready);
            }
            ended(pid).then(|| Started::Ended(said.to_owned()))
        });
        match started {
            Started::Ready => watcher.server = Some(pid),
            Started::Ended(_) => _ = watcher.ask("end KILL"),
        }
        started
    }

    /// Starts it for the first time by `start`, which is told a port to use,
    /// until it is one that nobody else takes meanwhile.
    pub(super) fn start_on_a_free_port(&self, mut start: impl FnMut(u16) -> Started) {
        loop {
            match start(free_port()) {
                Started::Ready => return,
                Started::Ended(said) if said.contains("Address already in use") => (),
                Started::Ended(said) => {
                    panic!(
                        "{} holds a server that does not start:\n{said}",
                        self.directory.display()
                    )
                }
            }
        }
    }

    /// Sends it a signal and waits for its end.
    pub(super) fn end(&self, signal: &str) {
        let mut watcher = self.watcher();
        assert!(watcher.server.take().is_some(), "the server does not run");
        watcher.ask(&format!("end {signal}"));
    }

    /// The process id of the running server.
    pub(super) fn pid(&self) -> u32 {
        self.watcher().server.expect("the server runs")
    }

    /// Everything it has written.
    pub(super) fn log(&self) -> String {
        let log = fs::read(self.directory.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    fn watcher(&self) -> MutexGuard<'_, Watcher> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher {
    fn ask(&mut self, words: &str) -> String {
        let say = self.say.as_mut().expect("open until the end");
        writeln!(say, "{words}").expect("the watcher listens");
        let mut answer = String::new();
        self.hear
            .read_line(&mut answer)
            .expect("the watcher answers");
        answer.trim_end().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut watcher = self.watcher();
        watcher.say = None;
        let _ = watcher.shell.wait();
    }
}

/// Whether a process has ended, be it that nobody has asked for its status.
fn ended(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| Some(stat.rsplit_once(") ")?.1.starts_with('Z')))
        .unwrap_or(true)
}
