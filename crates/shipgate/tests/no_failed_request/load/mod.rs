//! Clients that use an app through its front door, all the time and each in
//! its own way, and a strict account of what they saw.

pub(crate) mod http;
mod upgraded;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use http::{After, Answer, Connection, Fault, Request, Wrong};

/// Faults that are kept in words; all are counted.
const FAULTS_TOLD: usize = 20;

/// One exchange: what is asked, and what the answer has to be.
pub(crate) struct Exchange {
    pub(crate) request: Request,
    pub(crate) expected: Expectation,
}

/// Judges an answer; says what is wrong with it.
pub(crate) type Expectation = Box<dyn Fn(&Answer) -> Result<(), String>>;

/// What one kind of client saw.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Exchanges begun.
    pub(crate) asked: u64,
    /// Exchanges answered as they have to be.
    pub(crate) answered: u64,
    /// Bytes sent and received in bodies.
    pub(crate) bytes: u64,
    /// Connections refused.
    pub(crate) refused: u64,
    /// Answers that ended early.
    pub(crate) truncated: u64,
    /// Answers that were missing or wrong.
    pub(crate) failed: u64,
    /// Upgraded connections that the app ended with a goodbye.
    pub(crate) told: u64,
    /// Upgraded connections that ended without one.
    pub(crate) cut: u64,
    /// The longest wait for an answer.
    pub(crate) slowest: Duration,
}

/// Clients at work.
pub(crate) struct Load {
    /// Clients of each kind.
    each: usize,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    port: u16,
    stop: AtomicBool,
    account: Mutex<Account>,
}

/// What all clients saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    /// By kind of client.
    pub(crate) tallies: BTreeMap<&'static str, Tally>,
    /// The first faults, in words.
    pub(crate) faults: Vec<String>,
}

/// One client.
pub(crate) struct Client {
    /// Its number among all.
    pub(crate) number: usize,
    kind: &'static str,
    shared: Arc<Shared>,
}

impl Load {
    /// Nobody yet; of each kind that is added there will be `each` clients.
    pub(crate) fn on(port: u16, each: usize) -> Self {
        Self {
            each,
            shared: Arc::new(Shared {
                port,
                stop: AtomicBool::new(false),
                account: Mutex::default(),
            }),
            threads: Vec::new(),
        }
    }

    /// Clients that ask on one connection for ever, `pause` milliseconds after each answer.
    pub(crate) fn keep_alive(
        self,
        kind: &'static str,
        pause: u64,
        exchanges: impl Fn(&Client, u64) -> Exchange + Send + Sync + 'static,
    ) -> Self {
        self.clients(kind, move |client| {
            let mut connection = None;
            client.repeat(pause, |number| {
                let exchange = exchanges(client, number);
                let result = match connection.take() {
                    Some(open) => Ok(open),
                    None => Connection::open(client.shared.port),
                };
                let result = result.and_then(|mut open| {
                    let bytes = client.make(&mut open, &exchange, After::KeepAlive)?;
                    connection = Some(open);
                    Ok(bytes)
                });
                client.note(result);
            });
        })
    }

    /// Clients that open a new connection each time.
    pub(crate) fn new_connections(
        self,
        kind: &'static str,
        pause: u64,
        exchanges: impl Fn(&Client, u64) -> Exchange + Send + Sync + 'static,
    ) -> Self {
        self.clients(kind, move |client| {
            client.repeat(pause, |number| {
                let exchange = exchanges(client, number);
                let result = Connection::open(client.shared.port)
                    .and_then(|mut open| client.make(&mut open, &exchange, After::Close));
                client.note(result);
            });
        })
    }

    /// Clients that watch a number by WebSocket, and watch on at another
    /// machine when they are told goodbye.
    pub(crate) fn web_socket(self, path: &'static str) -> Self {
        self.clients("web socket", move |client| upgraded::watch(client, path))
    }

    /// Clients whose bytes must come back on an upgraded connection.
    pub(crate) fn echo(self, path: &'static str) -> Self {
        self.clients("echo", move |client| upgraded::echo(client, path))
    }

    fn clients(
        mut self,
        kind: &'static str,
        work: impl Fn(&Client) + Send + Sync + 'static,
    ) -> Self {
        let work = Arc::new(work);
        for _ in 0..self.each {
            let client = Client {
                number: self.threads.len(),
                kind,
                shared: Arc::clone(&self.shared),
            };
            client.tally(|_| {});
            let work = Arc::clone(&work);
            self.threads.push(thread::spawn(move || work(&client)));
        }
        self
    }

    /// What was seen so far.
    pub(crate) fn so_far(&self) -> Account {
        self.shared.account().clone()
    }

    /// Returns once every kind of client has had `more` further good answers.
    pub(crate) fn wait_for(&self, more: u64) {
        let before = self.so_far();
        let limit = Instant::now() + Duration::from_secs(60);
        loop {
            let now = self.so_far();
            let served = now
                .tallies
                .iter()
                .all(|(kind, tally)| tally.answered >= before.tallies[kind].answered + more);
            if served {
                return;
            }
            assert!(Instant::now() < limit, "the clients hang:\n{now}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends all clients, each after its exchange.
    pub(crate) fn end(mut self) -> Account {
        self.halt();
        self.so_far()
    }

    fn halt(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                let fault = Fault::failed("a client panicked");
                self.shared.account().fault("client", &fault);
            }
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.halt();
    }
}

impl Shared {
    fn account(&self) -> std::sync::MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    fn stopping(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed)
    }

    fn repeat(&self, pause: u64, mut once: impl FnMut(u64)) {
        let mut number = 0;
        while !self.stopping() {
            once(number);
            number += 1;
            thread::sleep(Duration::from_millis(pause));
        }
    }

    /// Asks and judges the answer; gives the bytes that went both ways.
    fn make(
        &self,
        connection: &mut Connection,
        exchange: &Exchange,
        after: After,
    ) -> Result<u64, Fault> {
        let began = Instant::now();
        let Request { method, path, .. } = &exchange.request;
        self.tally(|tally| tally.asked += 1);
        let answer = connection.ask(&exchange.request, after)?;
        (exchange.expected)(&answer).map_err(|why| {
            Fault::failed(format!(
                "{method} {path}: {why}; it was {} {:.200}",
                answer.status,
                answer.text()
            ))
        })?;
        let waited = began.elapsed();
        self.tally(|tally| tally.slowest = tally.slowest.max(waited));
        Ok((exchange.request.body.len() + answer.body.len()) as u64)
    }

    fn note(&self, result: Result<u64, Fault>) {
        match result {
            Ok(bytes) => self.tally(|tally| {
                tally.answered += 1;
                tally.bytes += bytes;
            }),
            Err(fault) => self.shared.account().fault(self.kind, &fault),
        }
    }

    fn tally(&self, change: impl FnOnce(&mut Tally)) {
        change(self.shared.account().tallies.entry(self.kind).or_default());
    }
}

impl Account {
    fn fault(&mut self, kind: &'static str, fault: &Fault) {
        let tally = self.tallies.entry(kind).or_default();
        match fault.wrong {
            Wrong::Refused => tally.refused += 1,
            Wrong::Truncated => tally.truncated += 1,
            Wrong::Failed => tally.failed += 1,
        }
        if self.faults.len() < FAULTS_TOLD {
            self.faults.push(format!("{kind}: {fault}"));
        }
    }

    /// Upgraded connections that ended, in whatever way.
    pub(crate) fn closings(&self) -> u64 {
        self.tallies
            .values()
            .map(|tally| tally.told + tally.cut)
            .sum()
    }

    /// Fails the test unless every exchange went as it has to.
    #[track_caller]
    pub(crate) fn is_flawless(&self) {
        let flaws: u64 = self
            .tallies
            .values()
            .map(|tally| tally.refused + tally.truncated + tally.failed)
            .sum();
        assert!(flaws == 0 && self.faults.is_empty(), "{self}");
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| clients | asked | answered | failed | refused | truncated | told to close | closed untold | MB | slowest |\n|---|---|---|---|---|---|---|---|---|---|"
        )?;
        for (kind, tally) in &self.tallies {
            writeln!(
                f,
                "| {kind} | {} | {} | {} | {} | {} | {} | {} | {:.1} | {} ms |",
                tally.asked,
                tally.answered,
                tally.failed,
                tally.refused,
                tally.truncated,
                tally.told,
                tally.cut,
                tally.bytes as f64 / 1e6,
                tally.slowest.as_millis(),
            )?;
        }
        for fault in &self.faults {
            writeln!(f, "{fault}")?;
        }
        Ok(())
    }
}
