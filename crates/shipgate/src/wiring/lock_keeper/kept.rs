//! A lock, as the release has it whose keeper holds it.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::{Order, RELEASE, Refused, VERB, Word};
use crate::wiring::keeper::own_program;
use crate::wiring::notice::Notice;

/// A lock that another process holds for this one. Dropped, it is held as long
/// as the machine behind it runs.
pub(crate) struct KeptLock {
    child: Child,
    orders: ChildStdin,
    words: Lines<BufReader<ChildStdout>>,
}

impl KeptLock {
    /// Starts a keeper and waits until it has the lock.
    pub(crate) async fn take(order: &Order, notice: &Notice) -> Result<Self, Refused> {
        let mut lock = Self::start().map_err(|error| Refused {
            message: format!("the process that would keep the lock cannot be started: {error}"),
            is_held: false,
        })?;
        let order = serde_json::to_string(order).unwrap_or_default();
        // One that has ended already says nothing, which is seen below.
        let _ = lock.tell(&order).await;
        loop {
            match lock.hear().await {
                Some(Word::Held) => return Ok(lock),
                Some(Word::Waiting { words }) => notice.say(&words),
                Some(Word::Refused { message, is_held }) => {
                    return Err(Refused { message, is_held });
                }
                Some(Word::Lost { .. } | Word::Released) | None => {
                    return Err(Refused {
                        message: format!("{GONE} before it had it"),
                        is_held: false,
                    });
                }
            }
        }
    }

    fn start() -> std::io::Result<Self> {
        let program = own_program().map_err(|error| std::io::Error::other(error.message))?;
        let mut child = Command::new(program)
            .arg(VERB)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // What is typed to end a release must not end what outlives it.
            .process_group(0)
            .spawn()?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(orders), Some(words)) => Ok(Self {
                child,
                orders,
                words: BufReader::new(words).lines(),
            }),
            _ => Err(std::io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Returns when the lock is not held any more, with how that came.
    pub(crate) async fn lost(&mut self) -> String {
        match self.hear().await {
            Some(Word::Lost { message }) => message,
            _ => format!("the migration lock was lost: {GONE}"),
        }
    }

    /// Gives the lock back.
    pub(crate) async fn release(mut self) {
        if self.tell(RELEASE).await.is_ok() {
            while !matches!(self.hear().await, Some(Word::Released) | None) {}
        }
        let _ = self.child.wait().await;
    }

    async fn tell(&mut self, line: &str) -> std::io::Result<()> {
        self.orders
            .write_all(format!("{line}\n").as_bytes())
            .await?;
        self.orders.flush().await
    }

    async fn hear(&mut self) -> Option<Word> {
        let line = self.words.next_line().await.ok()??;
        serde_json::from_str(&line).ok()
    }
}

const GONE: &str = "the process that keeps it has ended";
