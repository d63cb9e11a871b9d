//! A process of its own, because it uses up all of its file descriptors.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected is"
)]

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use shipgate_proxy::{Event, FrontDoor, Machine, ServiceSettings, Settings};

/// A machine on a thread of its own that answers each connection once.
fn machine() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }
    });
    addr
}

#[test]
fn a_front_door_without_descriptors_recovers_when_there_are_some_again() {
    let door = FrontDoor::start(Settings::default()).unwrap();
    let mut events = door.events();
    door.configure("web", ServiceSettings::default());
    let addr = door.listen("web", "127.0.0.1:0".parse().unwrap()).unwrap();
    door.admit("web", Machine::new("a", machine())).unwrap();

    let limit = Rlimit {
        current: Some(128),
        ..getrlimit(Resource::Nofile)
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    let mut hoard: Vec<File> = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        hoard.push(file);
    }
    // One for the client; none is left to accept it with.
    hoard.pop();
    let mut client = TcpStream::connect(addr).unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        .unwrap();
    let event = events.blocking_recv().unwrap();
    assert!(matches!(event, Event::AcceptFailed { .. }), "{event:?}");

    hoard.clear();
    let mut response = String::new();
    client.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(door.stats().accept_errors > 0);
}
