//! Clients and machines that take their time.

use std::time::Duration;

use shipgate_proxy::{ServiceSettings, Settings};

use crate::support::{House, Peer, eventually, get, machine, named, ok};

const MOMENT: Duration = Duration::from_millis(50);

async fn house(settings: Settings) -> House {
    let house = House::with(settings, ServiceSettings::default());
    house.add("a", named("a").await);
    house
}

#[tokio::test]
async fn a_head_that_does_not_arrive_in_time_is_answered_with_408() {
    let house = house(Settings {
        head_timeout: MOMENT,
        ..Settings::default()
    })
    .await;
    let mut client = house.client().await;
    client.send("GET / HTTP/1.1\r\nHost: ").await;
    let response = client.response().await;
    assert_eq!(response.status(), 408);
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn dripping_bytes_buys_no_time() {
    let house = house(Settings {
        head_timeout: Duration::from_millis(200),
        ..Settings::default()
    })
    .await;
    let mut client = house.client().await;
    client.send("GET / HTTP/1.1\r\n").await;
    let drip = async {
        loop {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut client.stream, b"A: b\r\n").await;
            tokio::time::sleep(Duration::from_millis(10)).await;
            if client.stream.try_read_buf(&mut client.read).is_ok() {
                break;
            }
        }
    };
    crate::support::within(drip).await;
    assert_eq!(client.response().await.status(), 408);
}

#[tokio::test]
async fn a_connection_without_any_request_is_closed_silently() {
    let house = house(Settings {
        head_timeout: MOMENT,
        ..Settings::default()
    })
    .await;
    assert!(house.client().await.is_closed().await);
}

#[tokio::test]
async fn an_idle_connection_is_closed_silently() {
    let house = house(Settings {
        idle_timeout: MOMENT,
        ..Settings::default()
    })
    .await;
    let mut client = house.client().await;
    client.send(&get("/")).await;
    assert_eq!(client.response().await.text(), "a");
    assert!(client.is_closed().await);
    eventually(|| house.door.stats().connections == 0).await;
}

#[tokio::test]
async fn an_upload_that_stalls_is_answered_with_408() {
    let settings = Settings {
        stall_timeout: MOMENT,
        ..Settings::default()
    };
    let house = House::with(settings, ServiceSettings::default());
    let addr = machine(|mut peer: Peer| async move {
        peer.head().await;
        peer.rest().await;
    })
    .await;
    house.add("a", addr);
    let mut client = house.client().await;
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
        .await;
    let response = client.response().await;
    assert_eq!(response.status(), 408);
    assert!(response.text().contains("body"));
}

#[tokio::test]
async fn a_client_that_stops_reading_is_left() {
    let settings = Settings {
        stall_timeout: MOMENT,
        ..Settings::default()
    };
    let house = House::with(settings, ServiceSettings::default());
    let addr = machine(|mut peer: Peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            .await;
        let piece = vec![0; 1 << 16];
        while tokio::io::AsyncWriteExt::write_all(&mut peer.stream, &piece)
            .await
            .is_ok()
        {}
    })
    .await;
    house.add("a", addr);
    let mut client = house.client().await;
    client.send(&get("/")).await;
    house.until(|stats| stats.in_flight == 1).await;
    house.until(|stats| stats.in_flight == 0).await;
}

#[tokio::test]
async fn a_silent_machine_is_given_up_when_a_limit_is_set() {
    let settings = Settings {
        response_timeout: Some(MOMENT),
        ..Settings::default()
    };
    let house = House::with(settings, ServiceSettings::default());
    let addr = machine(|mut peer: Peer| async move {
        peer.request().await;
        peer.rest().await;
    })
    .await;
    house.add("a", addr);
    let response = house.get("/").await;
    assert_eq!(response.status(), 504);
    assert!(response.text().contains("did not respond in time"));
}

#[tokio::test]
async fn unused_connections_to_machines_are_closed_after_a_while() {
    let house = house(Settings {
        upstream_idle_timeout: MOMENT,
        ..Settings::default()
    })
    .await;
    let mut client = house.client().await;
    client.send(&get("/")).await;
    client.response().await;
    house
        .until(|stats| stats.machines[0].idle_connections == 1)
        .await;
    house
        .until(|stats| stats.machines[0].idle_connections == 0)
        .await;
    client.send(&get("/")).await;
    assert_eq!(client.response().await.text(), "a");
}

#[tokio::test]
async fn a_stream_may_be_silent_as_long_as_it_likes_when_no_limit_is_set() {
    let settings = Settings {
        stall_timeout: MOMENT,
        idle_timeout: MOMENT,
        head_timeout: MOMENT,
        half_close_grace: MOMENT,
        ..Settings::default()
    };
    let house = House::with(settings, ServiceSettings::default());
    let addr = machine(|mut peer: Peer| async move {
        peer.request().await;
        tokio::time::sleep(MOMENT * 8).await;
        peer.send(&ok("at last")).await;
    })
    .await;
    house.add("a", addr);
    assert_eq!(house.get("/").await.text(), "at last");
}
