//! Holding requests back, and knowing when nothing is in flight.

use std::sync::Arc;
use std::time::Duration;

use shipgate_proxy::{Quiet, ServiceSettings, Settings};
use tokio::sync::Semaphore;

use crate::support::{House, LONG, Peer, SERVICE, get, machine, named, ok, within};

#[tokio::test]
async fn paused_requests_wait_and_then_go_on_in_order() {
    let house = House::new();
    house.add("a", named("a").await);
    let mut early = house.client().await;
    early.send(&get("/")).await;
    assert_eq!(early.response().await.text(), "a");

    house.door.pause(SERVICE, LONG).unwrap();
    early.send(&get("/")).await;
    let mut late = house.client().await;
    late.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")
        .await;
    house.until(|stats| stats.waiting == 2).await;
    assert!(house.stats().paused);
    assert_eq!(house.stats().in_flight, 0);

    house.door.resume(SERVICE).unwrap();
    assert_eq!(early.response().await.text(), "a");
    assert_eq!(late.response().await.text(), "a");
    assert!(!house.stats().paused);
}

#[tokio::test]
async fn a_request_waits_no_longer_than_it_is_told_to() {
    let house = House::new();
    house.add("a", named("a").await);
    house
        .door
        .pause(SERVICE, Duration::from_millis(20))
        .unwrap();
    let mut client = house.client().await;
    client.send(&get("/")).await;
    let response = client.response().await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.field("retry-after").unwrap(), "1");
    assert!(response.text().contains("paused"));
    house.door.resume(SERVICE).unwrap();
    client.send(&get("/")).await;
    assert_eq!(client.response().await.text(), "a");
}

#[tokio::test]
async fn one_that_waited_for_a_free_machine_waits_on_when_a_pause_begins() {
    let settings = ServiceSettings {
        empty_grace: Duration::from_millis(100),
        ..ServiceSettings::default()
    };
    let house = House::with(Settings::default(), settings);
    let mut client = house.client().await;
    client.send(&get("/")).await;
    house.until(|stats| stats.waiting == 1).await;
    house.door.pause(SERVICE, LONG).unwrap();
    house.add("a", named("a").await);
    // Long past the time it would have waited without the pause.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(house.stats().waiting, 1);
    house.door.resume(SERVICE).unwrap();
    assert_eq!(client.response().await.text(), "a");
}

#[tokio::test]
async fn the_body_of_a_waiting_request_stays_with_its_client() {
    let house = House::new();
    house.add("a", named("a").await);
    house.door.pause(SERVICE, LONG).unwrap();
    let mut client = house.client().await;
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n")
        .await;
    let flood = async {
        use tokio::io::AsyncWriteExt;
        client.stream.write_all(&vec![0; 100_000_000]).await
    };
    let patience = Duration::from_millis(500);
    assert!(tokio::time::timeout(patience, flood).await.is_err());
}

#[tokio::test]
async fn quiet_comes_when_the_last_request_in_flight_has_ended() {
    let house = House::new();
    let permits = Arc::new(Semaphore::new(0));
    let held = permits.clone();
    let addr = machine(move |mut peer: Peer| {
        let permits = held.clone();
        async move {
            while peer.request().await.is_some() {
                permits.acquire().await.unwrap().forget();
                peer.send(&ok("done")).await;
            }
        }
    })
    .await;
    house.add("a", addr);
    let reached = Quiet::Reached { upgraded: 0 };
    assert_eq!(house.door.quiet(SERVICE, LONG).await.unwrap(), reached);

    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = house.client().await;
        client.send(&get("/")).await;
        clients.push(client);
    }
    house.until(|stats| stats.in_flight == 3).await;
    house.door.pause(SERVICE, LONG).unwrap();
    let missed = house.door.quiet(SERVICE, Duration::from_millis(10)).await;
    assert_eq!(missed.unwrap(), Quiet::Missed { in_flight: 3 });

    let door = house.door.clone();
    let quiet = tokio::spawn(async move { door.quiet(SERVICE, LONG).await.unwrap() });
    permits.add_permits(3);
    assert_eq!(within(quiet).await.unwrap(), reached);
    for client in &mut clients {
        assert_eq!(client.response().await.text(), "done");
    }
}

#[tokio::test]
async fn machines_can_be_switched_during_a_pause() {
    let house = House::new();
    house.add("old", named("old").await);
    house.door.pause(SERVICE, LONG).unwrap();
    let mut client = house.client().await;
    client.send(&get("/")).await;
    house.until(|stats| stats.waiting == 1).await;
    let new = shipgate_proxy::Machine::new("new", named("new").await);
    let drained = house.door.switch(SERVICE, vec![new], LONG).unwrap();
    within(drained).await;
    house.door.resume(SERVICE).unwrap();
    assert_eq!(client.response().await.text(), "new");
}
