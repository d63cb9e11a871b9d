//! Connections that become another protocol's.

use std::time::Duration;

use shipgate_proxy::{Drained, Quiet};

use crate::support::{House, LONG, Peer, SERVICE, get, named, ok, within};

const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Key: k\r\n\r\n";

/// Upgrades and then sends everything back.
async fn echo(mut peer: Peer) {
    while let Some(request) = peer.request().await {
        if request.field("upgrade").is_none() {
            peer.send(&ok("plain")).await;
            continue;
        }
        assert_eq!(request.field("connection").unwrap(), "upgrade");
        peer.send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: a\r\n\r\n",
        )
        .await;
        loop {
            let bytes = std::mem::take(&mut peer.read);
            peer.send_bytes(&bytes).await;
            match tokio::io::AsyncReadExt::read_buf(&mut peer.stream, &mut peer.read).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }
}

async fn upgraded(house: &House) -> Peer {
    let mut client = house.client().await;
    client.send(UPGRADE).await;
    let response = client.response().await;
    assert_eq!(response.status(), 101);
    assert_eq!(response.field("upgrade").unwrap(), "websocket");
    assert_eq!(response.field("connection").unwrap(), "upgrade");
    assert_eq!(response.field("sec-websocket-accept").unwrap(), "a");
    client
}

#[tokio::test]
async fn bytes_pass_both_ways_after_an_upgrade() {
    let house = House::serving(echo).await;
    let mut client = upgraded(&house).await;
    for text in ["hello", "world", &"x".repeat(100_000)] {
        client.send(text).await;
        assert_eq!(client.text(text.len()).await, *text);
    }
    let stats = house.stats();
    assert_eq!((stats.upgraded, stats.in_flight), (1, 0));
    assert_eq!(stats.machines[0].upgraded, 1);
    assert_eq!(stats.counts.upgrades, 1);
    client.end().await;
    assert!(client.is_closed().await);
    house.until(|stats| stats.upgraded == 0).await;
}

#[tokio::test]
async fn bytes_sent_together_with_the_heads_are_not_lost() {
    let house = House::serving(|mut peer: Peer| async move {
        peer.head().await;
        peer.send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nearly",
        )
        .await;
        assert_eq!(peer.text(5).await, "first");
        peer.send("late").await;
    })
    .await;
    let mut client = house.client().await;
    client
        .send("GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nfirst")
        .await;
    client.head().await.unwrap();
    assert_eq!(client.rest().await, b"earlylate");
}

#[tokio::test]
async fn each_half_closes_by_itself() {
    let house = House::serving(|mut peer: Peer| async move {
        peer.head().await;
        peer.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
            .await;
        let all = peer.rest().await;
        peer.send_bytes(&all).await;
        peer.send(" and good bye").await;
    })
    .await;
    let mut client = house.client().await;
    client
        .send("GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        .await;
    client.head().await.unwrap();
    client.send("hello").await;
    client.end().await;
    assert_eq!(client.rest().await, b"hello and good bye");
}

#[tokio::test]
async fn a_refused_upgrade_is_a_usual_response() {
    let house = House::serving(|mut peer: Peer| async move {
        while peer.request().await.is_some() {
            peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
                .await;
        }
    })
    .await;
    let mut client = house.client().await;
    for _ in 0..2 {
        client.send(UPGRADE).await;
        let response = client.response().await;
        assert_eq!((response.status(), response.text()), (403, "no"));
    }
    assert_eq!(house.stats().upgraded, 0);
}

#[tokio::test]
async fn what_is_no_upgrade_is_a_usual_request() {
    let house = House::serving(echo).await;
    let mut client = house.client().await;
    for request in [
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: upgrade, keep-alive\r\nUpgrade: websocket\r\n\r\n",
    ] {
        client.send(request).await;
        assert_eq!(client.response().await.text(), "plain", "{request}");
    }
}

#[tokio::test]
async fn an_upgraded_connection_is_cut_when_its_machine_is_drained_too_long() {
    let house = House::serving(echo).await;
    let mut client = upgraded(&house).await;
    client.send("still here").await;
    assert_eq!(client.text(10).await, "still here");
    house.add("b", named("b").await);
    let drain = house
        .door
        .retire(SERVICE, "a", Duration::from_millis(50))
        .unwrap();
    assert_eq!(
        within(drain).await,
        Drained {
            finished: 0,
            cut: 1
        }
    );
    assert!(client.is_closed().await);
    assert_eq!(house.get("/").await.text(), "b");
}

#[tokio::test]
async fn an_upgraded_connection_that_ends_in_time_was_drained() {
    let house = House::serving(echo).await;
    let client = upgraded(&house).await;
    let drain = house.door.retire(SERVICE, "a", LONG).unwrap();
    drop(client);
    assert_eq!(
        within(drain).await,
        Drained {
            finished: 1,
            cut: 0
        }
    );
}

#[tokio::test]
async fn upgraded_connections_do_not_disturb_the_quiet() {
    let house = House::serving(echo).await;
    let _client = upgraded(&house).await;
    house.door.pause(SERVICE, LONG).unwrap();
    let quiet = house.door.quiet(SERVICE, LONG).await.unwrap();
    assert_eq!(quiet, Quiet::Reached { upgraded: 1 });
}

#[tokio::test]
async fn a_machine_that_breaks_takes_its_upgraded_clients_with_it() {
    let house = House::serving(|mut peer: Peer| async move {
        peer.head().await;
        peer.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
            .await;
        peer.bytes(1).await;
        peer.reset();
    })
    .await;
    let mut client = house.client().await;
    client
        .send("GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        .await;
    client.head().await.unwrap();
    client.send("x").await;
    let _ = client.ending().await;
    house.until(|stats| stats.upgraded == 0).await;
    let _ = get("/");
}
