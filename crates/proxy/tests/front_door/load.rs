//! No request fails because machines come and go: clients of every kind at work while machines are replaced, hundreds
//! of times in a row.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use shipgate_proxy::{Machine, ServiceSettings, Settings};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::support::{House, LONG, Peer, SERVICE, get, within};

/// A machine that echoes, as a process would be: once stopped, it listens no more and all its connections are gone.
struct Process {
    machine: Machine,
    stop: watch::Sender<bool>,
}

impl Process {
    async fn start(id: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(async move {
            let mut until = stopped.clone();
            let accept = async {
                while let Ok((stream, _)) = listener.accept().await {
                    let mut until = stopped.clone();
                    tokio::spawn(async move {
                        tokio::select! {
                            () = serve(Peer::new(stream)) => {}
                            _ = until.wait_for(|stop| *stop) => {}
                        }
                    });
                }
            };
            tokio::select! {
                () = accept => {}
                _ = until.wait_for(|stop| *stop) => {}
            }
        });
        Self {
            machine: Machine::new(format!("machine-{id}"), addr),
            stop,
        }
    }

    fn stop(self) {
        self.stop.send(true).unwrap();
    }
}

async fn serve(mut peer: Peer) {
    while let Some(request) = peer.request().await {
        if request.field("upgrade").is_some() {
            peer.send(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n",
            )
            .await;
            loop {
                let bytes = peer.bytes(4).await;
                peer.send_bytes(&bytes).await;
                if bytes == b"quit" {
                    return;
                }
            }
        }
        let body = if request.field("transfer-encoding").is_some() {
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned()
        } else {
            format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                request.body.len()
            )
        };
        let mut response = body.into_bytes();
        response.extend_from_slice(&request.body);
        peer.send_bytes(&response).await;
    }
}

/// What all clients share.
struct Load {
    addr: SocketAddr,
    over: AtomicBool,
    requests: AtomicU64,
}

impl Load {
    fn goes_on(&self) -> bool {
        self.requests.fetch_add(1, Ordering::Relaxed);
        !self.over.load(Ordering::Relaxed)
    }

    /// One connection for all requests.
    async fn keep_alive(self: Arc<Self>) {
        let mut client = Peer::connect(self.addr).await;
        while self.goes_on() {
            client.send(&get("/")).await;
            assert_eq!(client.response().await.status(), 200);
        }
    }

    /// A connection per request.
    async fn fresh(self: Arc<Self>) {
        while self.goes_on() {
            let mut client = Peer::connect(self.addr).await;
            client
                .send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                .await;
            assert_eq!(client.response().await.status(), 200);
            assert!(client.is_closed().await);
        }
    }

    /// Bodies that take a while, with a known length and in chunks.
    async fn uploads(self: Arc<Self>) {
        let piece = "0123456789abcdef".repeat(1024);
        let mut client = Peer::connect(self.addr).await;
        while self.goes_on() {
            let length = piece.len() * 4;
            client
                .send(&format!(
                    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n"
                ))
                .await;
            for _ in 0..4 {
                client.send(&piece).await;
                tokio::task::yield_now().await;
            }
            let response = client.response().await;
            assert_eq!((response.status(), response.body.len()), (200, length));

            client
                .send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
                .await;
            for _ in 0..4 {
                client
                    .send(&format!("{:x}\r\n{piece}\r\n", piece.len()))
                    .await;
            }
            client.send("0\r\n\r\n").await;
            let response = client.response().await;
            assert_eq!(response.status(), 200);
            assert!(response.body.ends_with(b"\r\n0\r\n\r\n"));
        }
    }

    /// Small requests that must not be sent twice.
    async fn orders(self: Arc<Self>) {
        let mut client = Peer::connect(self.addr).await;
        while self.goes_on() {
            client
                .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
                .await;
            let response = client.response().await;
            assert_eq!((response.status(), response.text()), (200, "abc"));
        }
    }

    /// Several requests at a time.
    async fn pipelines(self: Arc<Self>) {
        let mut client = Peer::connect(self.addr).await;
        let requests = get("/").repeat(5);
        while self.goes_on() {
            client.send(&requests).await;
            for _ in 0..5 {
                assert_eq!(client.response().await.status(), 200);
            }
        }
    }

    /// Connections that become another protocol's and end by themselves.
    async fn upgrades(self: Arc<Self>) {
        while self.goes_on() {
            let mut client = Peer::connect(self.addr).await;
            client
                .send("GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
                .await;
            assert_eq!(client.response().await.status(), 101);
            for text in ["ping", "pong", "quit"] {
                client.send(text).await;
                assert_eq!(client.text(4).await, text);
            }
            assert!(client.is_closed().await);
        }
    }
}

/// Replaces machines while clients are at work, one by one or all at once.
async fn replaced(settings: Settings, rounds: usize, at_once: bool) {
    let house = House::with(settings, ServiceSettings::default());
    let mut processes = Vec::new();
    for id in 0..2 {
        let process = Process::start(id).await;
        house.door.admit(SERVICE, process.machine.clone()).unwrap();
        processes.push(process);
    }
    let load = Arc::new(Load {
        addr: house.addr,
        over: AtomicBool::new(false),
        requests: AtomicU64::new(0),
    });
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..3 {
        clients.spawn(load.clone().keep_alive());
        clients.spawn(load.clone().fresh());
        clients.spawn(load.clone().orders());
    }
    clients.spawn(load.clone().uploads());
    clients.spawn(load.clone().uploads());
    clients.spawn(load.clone().pipelines());
    clients.spawn(load.clone().upgrades());

    for round in 1..=rounds {
        let before = load.requests.load(Ordering::Relaxed);
        if at_once {
            let mut new = Vec::new();
            for id in 0..2 {
                new.push(Process::start(round * 10 + id).await);
            }
            let machines = new.iter().map(|process| process.machine.clone()).collect();
            let drained = within(house.door.switch(SERVICE, machines, LONG).unwrap()).await;
            assert_eq!(drained.cut, 0);
            for old in std::mem::replace(&mut processes, new) {
                old.stop();
            }
        } else {
            let new = Process::start(round * 10).await;
            house.door.admit(SERVICE, new.machine.clone()).unwrap();
            let old = std::mem::replace(&mut processes[round % 2], new);
            let drain = house.door.retire(SERVICE, &old.machine.id, LONG).unwrap();
            assert_eq!(within(drain).await.cut, 0);
            old.stop();
        }
        // Each set of machines gets something to do.
        crate::support::eventually(|| load.requests.load(Ordering::Relaxed) > before + 20).await;
        if let Some(ended) = clients.try_join_next() {
            ended.expect("a client failed");
        }
    }
    load.over.store(true, Ordering::Relaxed);
    while let Some(client) = within(clients.join_next()).await {
        client.expect("a client failed");
    }
    let counts = house.stats().counts;
    assert_eq!(
        (counts.failures, counts.connect_errors, counts.pages),
        (0, 0, 0)
    );
    assert_eq!(counts.responses[3..], [0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_machines_are_replaced_one_by_one() {
    replaced(Settings::default(), 300, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_all_machines_are_replaced_at_once() {
    replaced(Settings::default(), 200, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_on_a_single_worker_either() {
    let settings = Settings {
        workers: 1,
        ..Settings::default()
    };
    replaced(settings, 100, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_the_service_is_paused_again_and_again() {
    let house = House::new();
    let process = Process::start(0).await;
    house.door.admit(SERVICE, process.machine.clone()).unwrap();
    let load = Arc::new(Load {
        addr: house.addr,
        over: AtomicBool::new(false),
        requests: AtomicU64::new(0),
    });
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..4 {
        clients.spawn(load.clone().keep_alive());
        clients.spawn(load.clone().fresh());
        clients.spawn(load.clone().uploads());
    }
    for _ in 0..100 {
        house.door.pause(SERVICE, LONG).unwrap();
        let quiet = house
            .door
            .quiet(SERVICE, Duration::from_secs(10))
            .await
            .unwrap();
        assert_eq!(quiet, shipgate_proxy::Quiet::Reached { upgraded: 0 });
        assert_eq!(house.stats().in_flight, 0);
        house.door.resume(SERVICE).unwrap();
        let before = load.requests.load(Ordering::Relaxed);
        crate::support::eventually(|| load.requests.load(Ordering::Relaxed) > before + 10).await;
    }
    load.over.store(true, Ordering::Relaxed);
    while let Some(client) = within(clients.join_next()).await {
        client.expect("a client failed");
    }
    assert_eq!(house.stats().counts.pages, 0);
}
