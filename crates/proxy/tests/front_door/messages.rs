//! Requests and responses in every shape HTTP/1.1 has, and in whichever pieces they arrive.

use tokio::sync::mpsc;

use crate::support::{House, Peer, get, ok, within};

/// Answers each request with its method, target and body.
async fn echo(mut peer: Peer) {
    while let Some(request) = peer.request().await {
        let line = request.line().trim_end_matches(" HTTP/1.1").to_owned();
        let body = String::from_utf8(request.body).unwrap();
        peer.send(&ok(&format!("{line} {body}"))).await;
    }
}

#[tokio::test]
async fn a_request_gets_the_response_of_a_machine() {
    let house = House::serving(echo).await;
    let response = house.get("/a?b=c").await;
    assert_eq!(response.line(), "HTTP/1.1 200 OK");
    assert_eq!(response.text(), "GET /a?b=c ");
}

#[tokio::test]
async fn both_sides_keep_their_connection() {
    let (opened, mut connections) = mpsc::unbounded_channel();
    let house = House::serving(move |peer| {
        opened.send(()).unwrap();
        echo(peer)
    })
    .await;
    let mut client = house.client().await;
    for index in 0..10 {
        client.send(&get(&format!("/{index}"))).await;
        assert_eq!(client.response().await.text(), format!("GET /{index} "));
    }
    drop(house);
    connections.recv().await.unwrap();
    assert!(connections.try_recv().is_err(), "one connection was enough");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_and_keep_their_bodies() {
    let house = House::serving(echo).await;
    let mut client = house.client().await;
    let mut requests = String::new();
    for index in 0..50 {
        requests +=
            &format!("POST /{index} HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n{index:03}");
        requests += &get(&format!("/{index}"));
        requests += &format!(
            "PUT /{index} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{index:03}\r\n0\r\n\r\n"
        );
    }
    client.send(&requests).await;
    for index in 0..50 {
        assert_eq!(
            client.response().await.text(),
            format!("POST /{index} {index:03}")
        );
        assert_eq!(client.response().await.text(), format!("GET /{index} "));
        assert_eq!(
            client.response().await.text(),
            format!("PUT /{index} 3\r\n{index:03}\r\n0\r\n\r\n")
        );
    }
}

#[tokio::test]
async fn more_pipelined_requests_than_any_buffer_holds_are_all_answered() {
    let house = House::serving(echo).await;
    let client = house.client().await;
    let (mut reading, mut writing) = {
        let Peer { stream, read } = client;
        let (reader, writer) = stream.into_split();
        ((reader, read), writer)
    };
    let count = 5_000;
    let writer = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let filler = "x".repeat(200);
        for index in 0..count {
            let request = get(&format!("/{index}?{filler}"));
            writing.write_all(request.as_bytes()).await.unwrap();
        }
        writing
    });
    within(async {
        use tokio::io::AsyncReadExt;
        let mut answered = 0;
        while answered < count {
            reading.0.read_buf(&mut reading.1).await.unwrap();
            while let Some(end) = reading.1.windows(3).position(|three| three == b"xx ") {
                reading.1.drain(..end + 3);
                answered += 1;
            }
        }
    })
    .await;
    writer.await.unwrap();
}

#[tokio::test]
async fn a_request_may_arrive_byte_by_byte() {
    let house = House::serving(echo).await;
    let mut client = house.client().await;
    let request = "POST /slow HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
                   2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nChecksum: 1\r\n\r\n";
    for _ in 0..2 {
        for byte in request.as_bytes() {
            client.send_bytes(&[*byte]).await;
            tokio::task::yield_now().await;
        }
        let response = client.response().await;
        assert_eq!(
            response.text(),
            "POST /slow 2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nChecksum: 1\r\n\r\n"
        );
    }
}

#[tokio::test]
async fn a_response_may_arrive_byte_by_byte() {
    let house = House::serving(|mut peer: Peer| async move {
        while peer.request().await.is_some() {
            let response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                            5\r\nhello\r\n0\r\nChecksum: 1\r\n\r\n";
            for byte in response.as_bytes() {
                peer.send_bytes(&[*byte]).await;
                tokio::task::yield_now().await;
            }
        }
    })
    .await;
    let mut client = house.client().await;
    for _ in 0..3 {
        client.send(&get("/")).await;
        let response = client.response().await;
        assert_eq!(response.text(), "5\r\nhello\r\n0\r\nChecksum: 1\r\n\r\n");
    }
}

#[tokio::test]
async fn each_chunk_of_a_response_is_passed_on_before_the_next_is_there() {
    let (go, mut gone) = mpsc::unbounded_channel::<&str>();
    let gone = std::sync::Arc::new(tokio::sync::Mutex::new({
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(chunk) = gone.recv().await {
                sender.send(chunk).unwrap();
            }
        });
        receiver
    }));
    let house = House::serving(move |mut peer: Peer| {
        let chunks = gone.clone();
        async move {
            peer.request().await;
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                .await;
            while let Some(chunk) = chunks.lock().await.recv().await {
                peer.send(chunk).await;
            }
        }
    })
    .await;
    let mut client = house.client().await;
    client.send(&get("/")).await;
    assert!(client.head().await.unwrap().starts_with("HTTP/1.1 200 OK"));
    for chunk in ["1\r\na\r\n", "2\r\nbc\r\n", "0\r\n\r\n"] {
        go.send(chunk).unwrap();
        assert_eq!(client.text(chunk.len()).await, chunk);
    }
}

#[tokio::test]
async fn each_piece_of_an_upload_is_passed_on_before_the_next_is_there() {
    let (seen, mut pieces) = mpsc::unbounded_channel();
    let house = House::serving(move |mut peer: Peer| {
        let seen = seen.clone();
        async move {
            let head = peer.head().await.unwrap();
            seen.send(head.lines().next().unwrap().to_owned()).unwrap();
            for _ in 0..3 {
                seen.send(peer.text(4).await).unwrap();
            }
            peer.send(&ok("thanks")).await;
        }
    })
    .await;
    let mut client = house.client().await;
    client
        .send("PUT /up HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\n")
        .await;
    assert_eq!(within(pieces.recv()).await.unwrap(), "PUT /up HTTP/1.1");
    for piece in ["aaaa", "bbbb", "cccc"] {
        client.send(piece).await;
        assert_eq!(within(pieces.recv()).await.unwrap(), piece);
    }
    assert_eq!(client.response().await.text(), "thanks");
}

#[tokio::test]
async fn large_bodies_pass_unchanged_both_ways() {
    const LENGTH: usize = 5 << 20;
    let house = House::serving(|mut peer: Peer| async move {
        let request = peer.request().await.unwrap();
        peer.send(&format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n"
        ))
        .await;
        peer.send_bytes(&request.body).await;
        peer.rest().await;
    })
    .await;
    let body: Vec<u8> = (0..LENGTH).map(|index| (index / 7 % 251) as u8).collect();
    let client = house.client().await;
    let (mut reader, mut writer) = client.stream.into_split();
    let sent = body.clone();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let head = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {LENGTH}\r\n\r\n");
        writer.write_all(head.as_bytes()).await.unwrap();
        writer.write_all(&sent).await.unwrap();
        std::future::pending::<()>().await;
    });
    let received = within(async {
        use tokio::io::AsyncReadExt;
        let mut received = Vec::new();
        loop {
            reader.read_buf(&mut received).await.unwrap();
            if let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n")
                && received.len() >= end + 4 + LENGTH
            {
                return received.split_off(end + 4);
            }
        }
    })
    .await;
    assert!(received == body, "the body came back changed");
}

/// The kernel may hold back what was written with the promise that more follows. A fifth of a second each time would
/// add up to more than this test waits.
#[tokio::test]
async fn nothing_is_held_back_when_a_body_pauses_where_a_buffer_ends() {
    const PIECE: usize = 16 * 1024;
    let house = House::serving(|mut peer: Peer| async move {
        while let Some(head) = peer.head().await {
            assert!(head.starts_with("POST"));
            let length = 8 * PIECE;
            peer.send(&format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
            ))
            .await;
            for _ in 0..8 {
                peer.bytes(1).await;
                peer.send_bytes(&[b'x'; PIECE]).await;
            }
        }
    })
    .await;
    within(async {
        for _ in 0..25 {
            let mut client = house.client().await;
            client
                .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n")
                .await;
            client.head().await.unwrap();
            for _ in 0..8 {
                client.send("x").await;
                client.bytes(PIECE).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_machine_that_does_not_read_holds_its_client_back() {
    let (started, mut start) = mpsc::unbounded_channel();
    let house = House::serving(move |mut peer: Peer| {
        let started = started.clone();
        async move {
            peer.head().await.unwrap();
            started.send(()).unwrap();
            std::future::pending::<()>().await;
        }
    })
    .await;
    let mut client = house.client().await;
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n")
        .await;
    within(start.recv()).await.unwrap();
    // Sockets hold a few megabytes; whoever buffered more would take all of this.
    let piece = vec![0; 1 << 20];
    let flood = async {
        use tokio::io::AsyncWriteExt;
        for _ in 0..200 {
            client.stream.write_all(&piece).await.unwrap();
        }
    };
    let patience = std::time::Duration::from_secs(1);
    assert!(tokio::time::timeout(patience, flood).await.is_err());
}

#[tokio::test]
async fn responses_without_a_body_are_known_as_such() {
    let house = House::serving(|mut peer: Peer| async move {
        while let Some(request) = peer.request().await {
            let response = match request.line().split(' ').nth(1).unwrap() {
                "/204" => "HTTP/1.1 204 No Content\r\n\r\n",
                "/304" => "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
                "/empty" => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                _ => "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
            };
            peer.send(response).await;
        }
    })
    .await;
    let mut client = house.client().await;
    for (request, status) in [
        (get("/204"), 204),
        (get("/304"), 304),
        (get("/empty"), 200),
        ("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n".to_owned(), 200),
        (get("/204"), 204),
    ] {
        client.send(&request).await;
        let head = within(client.head()).await.unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        assert!(client.read.is_empty());
    }
}

#[tokio::test]
async fn a_response_that_ends_with_the_connection_reaches_the_client_in_chunks() {
    let house = House::serving(|mut peer: Peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 200 OK\r\n\r\nhello ").await;
        tokio::task::yield_now().await;
        peer.send("world").await;
    })
    .await;
    let mut client = house.client().await;
    for _ in 0..2 {
        client.send(&get("/")).await;
        let response = client.response().await;
        assert_eq!(response.field("transfer-encoding").unwrap(), "chunked");
        let text = response.text();
        let data: String = text.split("\r\n").skip(1).step_by(2).collect();
        assert_eq!(data, "hello world");
        assert!(text.ends_with("\r\n0\r\n\r\n"), "{text:?}");
    }
}

#[tokio::test]
async fn an_http10_client_gets_its_connection_closed_or_kept_as_it_asks() {
    let house = House::serving(echo).await;
    let mut client = house.client().await;
    client.send("GET / HTTP/1.0\r\n\r\n").await;
    let response = client.response().await;
    assert_eq!(response.field("connection").unwrap(), "close");
    assert!(client.is_closed().await);

    let mut client = house.client().await;
    for _ in 0..2 {
        client
            .send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            .await;
        let response = client.response().await;
        assert_eq!(response.field("connection").unwrap(), "keep-alive");
    }
}

#[tokio::test]
async fn an_http10_client_gets_chunks_taken_off() {
    let house = House::serving(|mut peer: Peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            .await;
        tokio::task::yield_now().await;
        peer.send("6\r\n world\r\n0\r\n\r\n").await;
        peer.rest().await;
    })
    .await;
    let mut client = house.client().await;
    client
        .send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        .await;
    let response = client.response().await;
    assert_eq!(response.field("transfer-encoding"), None);
    assert_eq!(response.field("connection").unwrap(), "close");
    assert_eq!(response.text(), "hello world");
}

#[tokio::test]
async fn a_machine_that_speaks_http10_is_understood() {
    let house = House::serving(|mut peer: Peer| async move {
        peer.request().await;
        peer.send("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            .await;
        peer.rest().await;
    })
    .await;
    let mut client = house.client().await;
    for _ in 0..2 {
        client.send(&get("/")).await;
        let response = client.response().await;
        assert_eq!(response.line(), "HTTP/1.1 200 OK");
        assert_eq!(response.text(), "hello");
    }
    assert_eq!(house.stats().machines[0].idle_connections, 0);
}

#[tokio::test]
async fn a_client_may_ask_whether_to_send_its_body() {
    let house = House::serving(|mut peer: Peer| async move {
        let head = peer.head().await.unwrap();
        assert!(head.contains("Expect: 100-continue"), "{head}");
        peer.send("HTTP/1.1 100 Continue\r\n\r\n").await;
        let body = peer.text(4).await;
        peer.send(&ok(&body)).await;
        peer.rest().await;
    })
    .await;
    let mut client = house.client().await;
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        .await;
    assert_eq!(client.response().await.line(), "HTTP/1.1 100 Continue");
    client.send("body").await;
    assert_eq!(client.response().await.text(), "body");
}

#[tokio::test]
async fn interim_responses_are_passed_on_but_not_to_http10() {
    let house = House::serving(|mut peer: Peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            .await;
        peer.send("HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n")
            .await;
        peer.send(&ok("done")).await;
        peer.rest().await;
    })
    .await;
    let mut client = house.client().await;
    client.send(&get("/")).await;
    assert_eq!(client.response().await.field("link").unwrap(), "</a>");
    assert_eq!(client.response().await.field("link").unwrap(), "</b>");
    assert_eq!(client.response().await.text(), "done");

    let response = house.ask("GET / HTTP/1.0\r\n\r\n").await;
    assert_eq!(response.text(), "done");
}

#[tokio::test]
async fn an_answer_before_the_upload_is_over_reaches_the_client_and_ends_the_connection() {
    let house = House::serving(|mut peer: Peer| async move {
        peer.head().await;
        peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\n\r\ntoo much")
            .await;
    })
    .await;
    let mut client = house.client().await;
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nabc")
        .await;
    let response = client.response().await;
    assert_eq!(response.status(), 413);
    assert_eq!(response.text(), "too much");
    assert_eq!(response.field("connection").unwrap(), "close");
    assert!(client.is_closed().await);
    house.until(|stats| stats.in_flight == 0).await;
}

#[tokio::test]
async fn a_client_that_is_still_sending_can_read_an_early_answer() {
    let house = House::serving(|mut peer: Peer| async move {
        peer.head().await;
        peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
            .await;
    })
    .await;
    for _ in 0..20 {
        let mut client = house.client().await;
        client
            .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n")
            .await;
        // The machine closes at some point of this; the client notices nothing until it has sent everything.
        client.send_bytes(&vec![b'x'; 1_000_000]).await;
        let response = client.response().await;
        assert_eq!((response.status(), response.text()), (403, "no"));
    }
}

#[tokio::test]
async fn what_is_sent_after_the_last_request_does_not_cost_its_response() {
    let house = House::serving(echo).await;
    for _ in 0..20 {
        let mut client = house.client().await;
        client
            .send("GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            .await;
        client.send(&get("/unwanted").repeat(10_000)).await;
        assert_eq!(client.response().await.text(), "GET /last ");
        assert!(client.ending().await.is_ok());
    }
}

#[tokio::test]
async fn both_directions_may_stream_at_once() {
    let house = House::serving(|mut peer: Peer| async move {
        peer.head().await;
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            .await;
        for _ in 0..3 {
            let chunk = peer.text(6).await;
            peer.send(&chunk).await;
        }
        let end = peer.text(5).await;
        peer.send(&end).await;
    })
    .await;
    let mut client = house.client().await;
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    client.head().await.unwrap();
    for chunk in ["1\r\na\r\n", "1\r\nb\r\n", "1\r\nc\r\n", "0\r\n\r\n"] {
        client.send(chunk).await;
        assert_eq!(client.text(chunk.len()).await, chunk);
    }
}

#[tokio::test]
async fn empty_lines_before_a_request_are_ignored() {
    let house = House::serving(echo).await;
    let mut client = house.client().await;
    client.send(&format!("\r\n\r\n{}\r\n", get("/1"))).await;
    assert_eq!(client.response().await.text(), "GET /1 ");
    client.send(&get("/2")).await;
    assert_eq!(client.response().await.text(), "GET /2 ");
}
