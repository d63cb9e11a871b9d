//! The control handle: listeners, and machines that come and go.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use shipgate_proxy::{ControlError, Drained, Event, ListenError, Machine};
use tokio::sync::Semaphore;

use crate::support::{House, LONG, Peer, SERVICE, get, machine, named, ok, within};

/// A machine that answers with its name when it gets a permit.
async fn held(name: &'static str) -> (std::net::SocketAddr, Arc<Semaphore>) {
    let permits = Arc::new(Semaphore::new(0));
    let given = permits.clone();
    let addr = machine(move |mut peer: Peer| {
        let permits = given.clone();
        async move {
            while peer.request().await.is_some() {
                permits.acquire().await.unwrap().forget();
                peer.send(&ok(name)).await;
            }
        }
    })
    .await;
    (addr, permits)
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let house = House::new();
    let error = house.door.listen(SERVICE, house.addr).unwrap_err();
    assert!(matches!(error, ListenError::AddressInUse { addr } if addr == house.addr));
    assert_eq!(
        error.to_string(),
        format!("{} is already in use by another program", house.addr)
    );
}

#[tokio::test]
async fn an_address_of_another_machine_is_named() {
    let house = House::new();
    let elsewhere = "192.0.2.1:80".parse().unwrap();
    let error = house.door.listen(SERVICE, elsewhere).unwrap_err();
    assert!(matches!(error, ListenError::NotLocal { addr } if addr == elsewhere));
}

#[tokio::test]
async fn a_socket_that_listens_already_can_be_adopted() {
    let house = House::new();
    house.add("a", named("a").await);
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let early = std::net::TcpStream::connect(socket.local_addr().unwrap()).unwrap();
    let addr = house.door.adopt(SERVICE, socket).unwrap();
    early.set_nonblocking(true).unwrap();
    let mut early = Peer::new(tokio::net::TcpStream::from_std(early).unwrap());
    for client in [&mut early, &mut Peer::connect(addr).await] {
        client.send(&get("/")).await;
        assert_eq!(client.response().await.text(), "a");
    }
}

#[tokio::test]
async fn a_listener_can_be_closed_while_its_connections_live_on() {
    let house = House::new();
    house.add("a", named("a").await);
    let second = house
        .door
        .listen(SERVICE, "127.0.0.1:0".parse().unwrap())
        .unwrap();
    let mut client = house.client().await;
    client.send(&get("/")).await;
    client.response().await;

    assert_eq!(within(house.door.stop_listening(house.addr)).await, 1);
    let _free = TcpListener::bind(house.addr).unwrap();
    client.send(&get("/")).await;
    assert_eq!(client.response().await.text(), "a");
    let mut other = Peer::connect(second).await;
    other.send(&get("/")).await;
    assert_eq!(other.response().await.text(), "a");
    assert_eq!(house.door.stop_listening(house.addr).await, 0);
}

#[tokio::test]
async fn an_ipv6_listener_takes_ipv4_clients_and_names_them_so() {
    let house = House::serving(|mut peer: Peer| async move {
        let request = peer.request().await.unwrap();
        peer.send(&ok(&request.field("x-forwarded-for").unwrap()))
            .await;
    })
    .await;
    let Ok(addr) = house.door.listen(SERVICE, "[::]:0".parse().unwrap()) else {
        return; // No IPv6 here.
    };
    let mut client = Peer::connect(format!("127.0.0.1:{}", addr.port()).parse().unwrap()).await;
    client.send(&get("/")).await;
    assert_eq!(client.response().await.text(), "127.0.0.1");
}

#[tokio::test]
async fn commands_that_name_nothing_say_so() {
    let house = House::new();
    let error = house.door.pause("other", LONG).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the front door has no service named other"
    );
    let error = house.door.retire(SERVICE, "x", LONG).unwrap_err();
    assert_eq!(error.to_string(), "service web has no machine x");
    let (one, two) = (named("a").await, named("b").await);
    house.add("x", one);
    house.add("x", one);
    let error = house
        .door
        .admit(SERVICE, Machine::new("x", two))
        .unwrap_err();
    assert!(matches!(error, ControlError::MachineExists { addr, .. } if addr == one));
    assert_eq!(
        house.door.machines(SERVICE).unwrap(),
        [Machine::new("x", one)]
    );
}

#[tokio::test]
async fn a_retired_machine_gets_nothing_more_and_finishes_what_it_has() {
    let house = House::new();
    let (addr, permits) = held("old").await;
    house.add("old", addr);
    let mut busy = house.client().await;
    busy.send(&get("/")).await;
    house.until(|stats| stats.in_flight == 1).await;
    house.add("new", named("new").await);

    let drain = house.door.retire(SERVICE, "old", LONG).unwrap();
    for _ in 0..5 {
        assert_eq!(house.get("/").await.text(), "new");
    }
    let old = &house.stats().machines[0];
    assert!(old.draining);
    assert_eq!(old.in_flight, 1);

    permits.add_permits(1);
    assert_eq!(busy.response().await.text(), "old");
    assert_eq!(
        within(drain).await,
        Drained {
            finished: 1,
            cut: 0
        }
    );
    assert_eq!(house.stats().machines.len(), 1);
    busy.send(&get("/")).await;
    assert_eq!(
        busy.response().await.text(),
        "new",
        "the client's connection lives on"
    );
}

#[tokio::test]
async fn a_machine_with_nothing_in_flight_is_drained_at_once_and_left_alone() {
    let house = House::new();
    let (gone, mut closings) = tokio::sync::mpsc::unbounded_channel();
    let addr = machine(move |mut peer: Peer| {
        let gone = gone.clone();
        async move {
            while peer.request().await.is_some() {
                peer.send(&ok("old")).await;
            }
            gone.send(()).unwrap();
        }
    })
    .await;
    house.add("old", addr);
    house.get("/").await;
    house
        .until(|stats| stats.machines[0].idle_connections == 1)
        .await;
    let drained = house.door.retire(SERVICE, "old", LONG).unwrap().await;
    assert_eq!(drained, Drained::default());
    within(closings.recv()).await.unwrap();
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut() {
    let house = House::new();
    let mut events = house.door.events();
    let (addr, _permits) = held("stuck").await;
    house.add("stuck", addr);
    let mut waiting = house.client().await;
    waiting.send(&get("/")).await;
    let streaming_addr = machine(|mut peer: Peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
            .await;
        peer.rest().await;
    })
    .await;
    house.until(|stats| stats.in_flight == 1).await;
    house.add("streaming", streaming_addr);
    let mut streaming = house.client().await;
    streaming.send(&get("/")).await;
    streaming.head().await.unwrap();

    let moment = Duration::from_millis(20);
    let drained = house.door.retire(SERVICE, "stuck", moment).unwrap().await;
    assert_eq!(
        drained,
        Drained {
            finished: 0,
            cut: 1
        }
    );
    let response = waiting.response().await;
    assert_eq!(response.status(), 504);
    assert!(response.text().contains("retired"));
    assert!(matches!(
        events.recv().await.unwrap(),
        Event::Cut { count: 1, .. }
    ));

    let drained = house
        .door
        .retire(SERVICE, "streaming", moment)
        .unwrap()
        .await;
    assert_eq!(
        drained,
        Drained {
            finished: 0,
            cut: 1
        }
    );
    assert_eq!(streaming.rest().await, b"2\r\nab\r\n", "no last chunk");
    assert_eq!(house.stats().in_flight, 0);
}

#[tokio::test]
async fn a_drain_nobody_waits_for_keeps_its_deadline() {
    let house = House::new();
    let (addr, _permits) = held("stuck").await;
    house.add("stuck", addr);
    let mut client = house.client().await;
    client.send(&get("/")).await;
    house.until(|stats| stats.in_flight == 1).await;
    drop(
        house
            .door
            .retire(SERVICE, "stuck", Duration::from_millis(20))
            .unwrap(),
    );
    assert_eq!(client.response().await.status(), 504);
}

#[tokio::test]
async fn a_switch_replaces_all_machines_in_one_step() {
    let house = House::new();
    let (stays, goes) = (
        Machine::new("stays", named("stays").await),
        Machine::new("goes", named("goes").await),
    );
    house.door.admit(SERVICE, stays.clone()).unwrap();
    house.door.admit(SERVICE, goes).unwrap();
    for _ in 0..2 {
        house.get("/").await;
    }
    house.until(|stats| stats.in_flight == 0).await;
    let comes = Machine::new("comes", named("comes").await);
    let drain = house
        .door
        .switch(SERVICE, vec![stays.clone(), comes.clone()], LONG)
        .unwrap();
    assert_eq!(house.door.machines(SERVICE).unwrap(), [stays, comes]);
    assert_eq!(within(drain).await, Drained::default());
    let stats = house.stats();
    assert_eq!(
        stats.machines[0].counts.responses[2], 1,
        "it was not replaced"
    );
    assert_eq!(
        stats.counts.responses[2], 2,
        "the total keeps what the others did"
    );
}

#[tokio::test]
async fn some_machines_can_be_replaced_in_one_step_while_others_go_on() {
    let house = House::new();
    for id in ["a", "b", "c"] {
        house.add(id, named(id).await);
    }
    let joining = vec![
        Machine::new("d", named("d").await),
        Machine::new("a", named("a2").await),
    ];
    let leaving = ["b".into(), "unknown".into()];
    let drain = house
        .door
        .replace(SERVICE, &leaving, joining, LONG)
        .unwrap();
    assert_eq!(within(drain).await, Drained::default());
    let mut names = Vec::new();
    for _ in 0..3 {
        names.push(house.get("/").await.text().to_owned());
    }
    names.sort_unstable();
    assert_eq!(names, ["a2", "c", "d"]);
}

#[tokio::test]
async fn a_machine_that_moved_is_another_machine() {
    let house = House::new();
    let (addr, permits) = held("old").await;
    house.add("web-1", addr);
    let mut busy = house.client().await;
    busy.send(&get("/")).await;
    house.until(|stats| stats.in_flight == 1).await;
    let moved = Machine::new("web-1", named("new").await);
    let drain = house.door.switch(SERVICE, vec![moved], LONG).unwrap();
    assert_eq!(house.get("/").await.text(), "new");
    permits.add_permits(1);
    assert_eq!(busy.response().await.text(), "old");
    assert_eq!(
        within(drain).await,
        Drained {
            finished: 1,
            cut: 0
        }
    );
}

#[tokio::test]
async fn two_services_have_nothing_to_do_with_each_other() {
    let house = House::new();
    house.add("a", named("web").await);
    house
        .door
        .configure("api", shipgate_proxy::ServiceSettings::default());
    let api = house
        .door
        .listen("api", "127.0.0.1:0".parse().unwrap())
        .unwrap();
    house
        .door
        .admit("api", Machine::new("a", named("api").await))
        .unwrap();
    house.door.pause(SERVICE, LONG).unwrap();
    let mut client = Peer::connect(api).await;
    client.send(&get("/")).await;
    assert_eq!(client.response().await.text(), "api");
    let names: Vec<_> = house
        .door
        .stats()
        .services
        .into_iter()
        .map(|s| s.name.to_string())
        .collect();
    assert_eq!(names, ["api", "web"]);
}

#[tokio::test]
async fn shutting_down_finishes_what_is_in_flight_and_closes_the_rest() {
    let house = House::new();
    let (addr, permits) = held("a").await;
    house.add("a", addr);
    let mut idle = house.client().await;
    permits.add_permits(1);
    idle.send(&get("/")).await;
    idle.response().await;
    house.until(|stats| stats.in_flight == 0).await;
    let mut busy = house.client().await;
    busy.send(&get("/")).await;
    house.until(|stats| stats.in_flight == 1).await;

    let door = house.door.clone();
    let shutdown = tokio::spawn(async move { door.shutdown(LONG).await });
    assert!(idle.is_closed().await);
    permits.add_permits(1);
    let response = busy.response().await;
    assert_eq!(response.text(), "a");
    assert_eq!(response.field("connection").unwrap(), "close");
    assert_eq!(
        within(shutdown).await.unwrap(),
        Drained {
            finished: 1,
            cut: 0
        }
    );
    assert!(
        tokio::net::TcpStream::connect(house.addr).await.is_err(),
        "it no longer listens"
    );
}

#[tokio::test]
async fn clients_that_came_just_before_the_end_are_served() {
    for _ in 0..20 {
        let house = House::new();
        house.add("a", named("a").await);
        let mut clients = Vec::new();
        for _ in 0..5 {
            let mut client = house.client().await;
            client.send(&get("/")).await;
            clients.push(client);
        }
        let drained = within(house.door.shutdown(LONG)).await;
        assert_eq!(drained.cut, 0);
        for client in &mut clients {
            assert_eq!(client.response().await.text(), "a");
        }
    }
}

#[tokio::test]
async fn shutting_down_cuts_what_does_not_end() {
    let house = House::new();
    let (addr, _permits) = held("a").await;
    house.add("a", addr);
    let mut busy = house.client().await;
    busy.send(&get("/")).await;
    house.until(|stats| stats.in_flight == 1).await;
    let drained = within(house.door.shutdown(Duration::from_millis(20))).await;
    assert_eq!(
        drained,
        Drained {
            finished: 0,
            cut: 1
        }
    );
    busy.rest().await;
}

#[tokio::test]
async fn a_front_door_nobody_holds_any_more_closes() {
    let house = House::new();
    let addr = house.addr;
    let mut client = house.client().await;
    drop(house);
    assert!(within(client.ending()).await.is_ok() || client.read.is_empty());
    crate::support::eventually(|| std::net::TcpStream::connect(addr).is_err()).await;
}
