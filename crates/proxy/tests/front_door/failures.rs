//! Machines and clients that go away, at every moment at which that hurts.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use shipgate_proxy::{Event, ServiceSettings, Settings};
use tokio::sync::mpsc;

use crate::support::{House, Peer, get, machine, named, nowhere, ok, within};

/// A machine that gives each connection its number, from 0.
async fn numbered<F>(script: impl Fn(usize, Peer) -> F + Send + Sync + 'static) -> House
where
    F: Future<Output = ()> + Send + 'static,
{
    let count = AtomicUsize::new(0);
    House::serving(move |peer| script(count.fetch_add(1, Ordering::SeqCst), peer)).await
}

#[tokio::test]
async fn a_machine_that_does_not_listen_is_passed_over() {
    let house = House::new();
    let mut events = house.door.events();
    house.add("dead", nowhere().await);
    house.add("alive", named("alive").await);
    for _ in 0..10 {
        assert_eq!(house.get("/").await.text(), "alive");
    }
    let post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(house.ask(post).await.text(), "alive");
    let event = events.recv().await.unwrap();
    assert!(matches!(event, Event::Unreachable { machine, .. } if machine.id.as_str() == "dead"));
    let dead = &house.stats().machines[0];
    assert!(
        dead.counts.connect_errors < 10,
        "others are preferred to it"
    );
}

#[tokio::test]
async fn without_a_machine_that_listens_the_answer_is_502_and_the_client_stays() {
    let house = House::new();
    house.add("dead", nowhere().await);
    let mut client = house.client().await;
    for _ in 0..3 {
        client.send(&get("/")).await;
        let response = client.response().await;
        assert_eq!(response.status(), 502);
        assert_eq!(
            response.text(),
            "502 Bad Gateway: no machine accepted a connection\n"
        );
    }
    house.add("alive", named("alive").await);
    client.send(&get("/")).await;
    assert_eq!(client.response().await.text(), "alive");
}

#[tokio::test]
async fn a_request_waits_while_an_only_machine_is_started_again() {
    let settings = ServiceSettings {
        empty_grace: Duration::from_secs(60),
        ..ServiceSettings::default()
    };
    let house = House::with(Settings::default(), settings);
    let mut events = house.door.events();
    let place = nowhere().await;
    house.add("only", place);
    let mut client = house.client().await;
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
        .await;
    // It was asked, and took no connection.
    events.recv().await.unwrap();
    let listener = tokio::net::TcpListener::bind(place).await.unwrap();
    let (stream, _) = within(listener.accept()).await.unwrap();
    let mut peer = Peer::new(stream);
    assert_eq!(peer.request().await.unwrap().text(), "abc");
    peer.send(&ok("back")).await;
    assert_eq!(client.response().await.text(), "back");
}

#[tokio::test]
async fn a_request_that_met_the_end_of_a_kept_connection_is_sent_again() {
    let house = numbered(|index, mut peer| async move {
        peer.request().await.unwrap();
        peer.send(&ok(&index.to_string())).await;
        // The next request is read and never answered.
        peer.head().await;
    })
    .await;
    let mut client = house.client().await;
    for index in 0..5 {
        client.send(&get("/")).await;
        assert_eq!(client.response().await.text(), index.to_string());
    }
    assert_eq!(house.stats().counts.failures, 0);
}

#[tokio::test]
async fn an_idempotent_request_is_sent_again_with_its_body_if_that_is_still_at_hand() {
    let house = numbered(|index, mut peer| async move {
        peer.request().await.unwrap();
        peer.send(&ok(&index.to_string())).await;
        peer.request().await;
    })
    .await;
    let mut client = house.client().await;
    for index in 0..3 {
        client
            .send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
            .await;
        assert_eq!(client.response().await.text(), index.to_string());
    }
}

#[tokio::test]
async fn a_request_that_may_have_been_carried_out_is_not_sent_again() {
    let (seen, mut requests) = mpsc::unbounded_channel();
    let house = House::serving(move |mut peer: Peer| {
        let seen = seen.clone();
        async move {
            peer.request().await.unwrap();
            peer.send(&ok("first")).await;
            if let Some(request) = peer.request().await {
                seen.send(request.line().to_owned()).unwrap();
            }
        }
    })
    .await;
    let mut client = house.client().await;
    client.send(&get("/")).await;
    assert_eq!(client.response().await.text(), "first");
    client
        .send("POST /order HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
        .await;
    let response = client.response().await;
    assert_eq!(response.status(), 502);
    assert!(
        response
            .text()
            .contains("closed the connection without a response")
    );
    assert_eq!(requests.recv().await.unwrap(), "POST /order HTTP/1.1");
    assert!(requests.try_recv().is_err());
}

#[tokio::test]
async fn a_machine_that_closes_a_fresh_connection_is_not_asked_again() {
    let house = numbered(|_, mut peer| async move {
        peer.head().await;
    })
    .await;
    assert_eq!(house.get("/").await.status(), 502);
    assert_eq!(house.stats().counts.failures, 1);
}

#[tokio::test]
async fn a_kept_connection_the_machine_has_closed_is_not_used() {
    let (closed, mut closings) = mpsc::unbounded_channel();
    let house = House::serving(move |mut peer: Peer| {
        let closed = closed.clone();
        async move {
            peer.request().await.unwrap();
            peer.send(&ok("once")).await;
            drop(peer);
            closed.send(()).unwrap();
        }
    })
    .await;
    let mut client = house.client().await;
    for _ in 0..20 {
        client
            .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx")
            .await;
        assert_eq!(client.response().await.text(), "once");
        within(closings.recv()).await.unwrap();
        // The front door has its own thread; let it see the closing before it is asked again.
        house.until(|stats| stats.machines[0].in_flight == 0).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_response_that_is_cut_short_is_never_passed_off_as_whole() {
    for response in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ] {
        let house = House::serving(move |mut peer: Peer| async move {
            peer.request().await;
            peer.send(response).await;
        })
        .await;
        let mut client = house.client().await;
        client.send(&get("/")).await;
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert_eq!(within(client.head()).await.unwrap(), head);
        assert_eq!(client.rest().await, body.as_bytes());
        assert_eq!(house.stats().counts.failures, 1);
    }
}

#[tokio::test]
async fn a_reset_in_a_response_that_ends_with_the_connection_is_passed_on_as_such() {
    let house = House::serving(move |mut peer: Peer| async move {
        peer.head().await;
        peer.send("HTTP/1.1 200 OK\r\n\r\nhello").await;
        // Told by the client, through its next bytes, that it has read this.
        peer.bytes(1).await;
        peer.reset();
    })
    .await;
    let mut client = house.client().await;
    client
        .send("POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\n")
        .await;
    client.head().await.unwrap();
    assert_eq!(client.text(5).await, "hello");
    client.send("x").await;
    let error = client.ending().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);

    let mut client = house.client().await;
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n")
        .await;
    client.head().await.unwrap();
    assert_eq!(client.text(10).await, "5\r\nhello\r\n");
    client.send("x").await;
    assert_eq!(client.rest().await, b"", "no last chunk");
}

#[tokio::test]
async fn what_is_no_response_becomes_502() {
    for response in [
        "hello\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
    ] {
        let house = House::serving(move |mut peer: Peer| async move {
            peer.request().await;
            peer.send(response).await;
            peer.rest().await;
        })
        .await;
        let mut events = house.door.events();
        let mut client = house.client().await;
        client.send(&get("/")).await;
        let answer = client.response().await;
        assert_eq!(answer.status(), 502, "{response:?}");
        assert!(answer.text().contains("not valid HTTP/1.1"), "{response:?}");
        assert!(matches!(events.recv().await.unwrap(), Event::Failed { .. }));
    }
}

#[tokio::test]
async fn a_response_head_that_never_ends_becomes_502() {
    let house = House::serving(|mut peer: Peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 200 OK\r\n").await;
        let field = format!("A: {}\r\n", "x".repeat(1000));
        while tokio::io::AsyncWriteExt::write_all(&mut peer.stream, field.as_bytes())
            .await
            .is_ok()
        {}
    })
    .await;
    assert_eq!(house.get("/").await.status(), 502);
}

#[tokio::test]
async fn bytes_after_a_response_make_its_connection_useless() {
    let house = numbered(|index, mut peer| async move {
        peer.request().await;
        peer.send(&format!("{}junk", ok(&index.to_string()))).await;
        peer.rest().await;
    })
    .await;
    let mut client = house.client().await;
    for index in 0..3 {
        client.send(&get("/")).await;
        assert_eq!(client.response().await.text(), index.to_string());
    }
}

#[tokio::test]
async fn a_client_that_resets_its_connection_cancels_its_request() {
    let (seen, mut signs) = mpsc::unbounded_channel();
    let house = House::serving(move |mut peer: Peer| {
        let seen = seen.clone();
        async move {
            peer.request().await;
            seen.send("asked").unwrap();
            peer.rest().await;
            seen.send("cancelled").unwrap();
        }
    })
    .await;
    let mut client = house.client().await;
    client.send(&get("/long")).await;
    assert_eq!(within(signs.recv()).await.unwrap(), "asked");
    client.reset();
    assert_eq!(within(signs.recv()).await.unwrap(), "cancelled");
    house.until(|stats| stats.in_flight == 0).await;
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_its_request_after_a_grace() {
    let settings = Settings {
        half_close_grace: Duration::from_millis(100),
        ..Settings::default()
    };
    let house = House::with(settings, ServiceSettings::default());
    let (seen, mut signs) = mpsc::unbounded_channel();
    let addr = machine(move |mut peer: Peer| {
        let seen = seen.clone();
        async move {
            peer.request().await;
            seen.send("asked").unwrap();
            peer.rest().await;
            seen.send("cancelled").unwrap();
        }
    })
    .await;
    house.add("a", addr);
    let mut client = house.client().await;
    client.send(&get("/long")).await;
    assert_eq!(within(signs.recv()).await.unwrap(), "asked");
    drop(client);
    assert_eq!(within(signs.recv()).await.unwrap(), "cancelled");
}

#[tokio::test]
async fn a_client_that_goes_away_in_a_download_cancels_it() {
    let (seen, mut signs) = mpsc::unbounded_channel();
    let house = House::serving(move |mut peer: Peer| {
        let seen = seen.clone();
        async move {
            peer.request().await;
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
                .await;
            let piece = vec![0; 1 << 16];
            while tokio::io::AsyncWriteExt::write_all(&mut peer.stream, &piece)
                .await
                .is_ok()
            {}
            seen.send("cancelled").unwrap();
        }
    })
    .await;
    let mut client = house.client().await;
    client.send(&get("/long")).await;
    client.bytes(1_000_000).await;
    drop(client);
    assert_eq!(within(signs.recv()).await.unwrap(), "cancelled");
}

#[tokio::test]
async fn an_upload_that_breaks_off_is_not_passed_off_as_whole() {
    for body in [
        "Content-Length: 10\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ] {
        let (seen, mut bodies) = mpsc::unbounded_channel();
        let house = House::serving(move |mut peer: Peer| {
            let seen = seen.clone();
            async move {
                peer.head().await;
                seen.send(peer.rest().await).unwrap();
            }
        })
        .await;
        let mut client = house.client().await;
        client
            .send(&format!("POST / HTTP/1.1\r\nHost: h\r\n{body}"))
            .await;
        house.until(|stats| stats.in_flight == 1).await;
        client.end().await;
        let expected = body.split_once("\r\n\r\n").unwrap().1;
        assert_eq!(within(bodies.recv()).await.unwrap(), expected.as_bytes());
        assert!(client.is_closed().await);
    }
}

#[tokio::test]
async fn a_client_that_has_finished_sending_is_still_answered() {
    let release = Arc::new(tokio::sync::Notify::new());
    let released = release.clone();
    let house = House::serving(move |mut peer: Peer| {
        let released = released.clone();
        async move {
            while let Some(request) = peer.request().await {
                released.notified().await;
                peer.send(&ok(request.line())).await;
            }
        }
    })
    .await;
    let mut client = house.client().await;
    client.send(&(get("/1") + &get("/2"))).await;
    client.end().await;
    house.until(|stats| stats.in_flight == 1).await;
    release.notify_one();
    assert_eq!(client.response().await.text(), "GET /1 HTTP/1.1");
    release.notify_one();
    assert_eq!(client.response().await.text(), "GET /2 HTTP/1.1");
    assert!(client.is_closed().await);
}
