//! Requests that two programs could read differently, and other nonsense: refused before any machine sees a byte.

use shipgate_proxy::{ServiceSettings, Settings};

use crate::support::{House, Peer, get, named, ok};

/// Sends `request` and expects this status, a text that has `word` in it, and the end of the connection.
async fn refused(request: &[u8], status: u16, word: &str) {
    let house = House::new();
    house.add("a", named("served").await);
    let mut client = house.client().await;
    client.send_bytes(request).await;
    let response = client.response().await;
    let shown = String::from_utf8_lossy(request).into_owned();
    assert_eq!(response.status(), status, "{shown:?}: {response:?}");
    assert!(
        response.text().contains(word),
        "{shown:?}: {}",
        response.text()
    );
    assert_eq!(response.field("connection").unwrap(), "close", "{shown:?}");
    assert_eq!(
        response.field("content-type").unwrap(),
        "text/plain; charset=utf-8"
    );
    assert!(client.is_closed().await, "{shown:?}");
    assert_eq!(house.stats().counts.responses[2], 0, "{shown:?}");
}

fn with(field: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: h\r\n{field}\r\n\r\n")
}

#[tokio::test]
async fn a_body_with_two_lengths() {
    refused(
        with("Content-Length: 5\r\nTransfer-Encoding: chunked").as_bytes(),
        400,
        "both",
    )
    .await;
    refused(
        with("Transfer-Encoding: chunked\r\nContent-Length: 5").as_bytes(),
        400,
        "both",
    )
    .await;
}

#[tokio::test]
async fn a_length_that_is_none_or_contradicts_itself() {
    for length in [
        "",
        "+5",
        "-1",
        "5 5",
        "5,6",
        "5, 5",
        "0x5",
        "5a",
        "1_000",
        "9999999999999999999",
        "\u{0665}",
    ] {
        refused(
            with(&format!("Content-Length: {length}")).as_bytes(),
            400,
            "Content-Length",
        )
        .await;
    }
    refused(
        with("Content-Length: 5\r\nContent-Length: 6").as_bytes(),
        400,
        "Content-Length",
    )
    .await;
}

#[tokio::test]
async fn a_transfer_encoding_other_than_chunked() {
    for coding in [
        "",
        "identity",
        "xchunked",
        "chunked, chunked",
        "chunked, gzip",
        "\"chunked\"",
        "chunked;q=1",
        "chunked,",
        "\u{b}chunked",
    ] {
        let word = if coding.starts_with('\u{b}') {
            "control"
        } else {
            "Transfer-Encoding"
        };
        refused(
            with(&format!("Transfer-Encoding: {coding}")).as_bytes(),
            400,
            word,
        )
        .await;
    }
    refused(
        with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked").as_bytes(),
        400,
        "Transfer-Encoding",
    )
    .await;
    refused(
        with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity").as_bytes(),
        400,
        "Transfer-Encoding",
    )
    .await;
    refused(
        with("Transfer-Encoding: gzip, chunked").as_bytes(),
        501,
        "transfer coding",
    )
    .await;
    refused(
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        400,
        "Transfer-Encoding",
    )
    .await;
}

#[tokio::test]
async fn white_space_around_a_field_name() {
    refused(with("Content-Length : 5").as_bytes(), 400, "colon").await;
    refused(
        with("Transfer-Encoding\t: chunked").as_bytes(),
        400,
        "colon",
    )
    .await;
    refused(with("A: b\r\n folded").as_bytes(), 400, "folded").await;
    refused(with("A: b\r\n\tfolded").as_bytes(), 400, "folded").await;
    refused(b"GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400, "folded").await;
}

#[tokio::test]
async fn characters_that_do_not_belong_there() {
    refused(with("A\0: b").as_bytes(), 400, "name").await;
    refused(with("A(: b").as_bytes(), 400, "name").await;
    refused(with(": b").as_bytes(), 400, "name").await;
    refused(with("\u{e4}: b").as_bytes(), 400, "name").await;
    refused(with("A: \0b").as_bytes(), 400, "control").await;
    refused(with("A: b\rC: d").as_bytes(), 400, "control").await;
    refused(with("A: \u{7f}").as_bytes(), 400, "control").await;
    refused(with("no colon").as_bytes(), 400, "colon").await;
}

#[tokio::test]
async fn lines_that_do_not_end_with_cr_lf() {
    refused(b"GET / HTTP/1.1\nHost: h\n\n", 400, "CR LF").await;
    refused(b"GET / HTTP/1.1\r\nHost: h\nA: b\r\n\r\n", 400, "CR LF").await;
    refused(b"GET / HTTP/1.1\r\nHost: h\r\n\n", 400, "CR LF").await;
    refused(b"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "CR LF").await;
    refused(b"GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", 400, "request line").await;
}

#[tokio::test]
async fn request_lines_that_are_none() {
    for line in [
        "GET /",
        "GET / HTTP/1.1 ",
        "GET  / HTTP/1.1",
        " GET / HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/11",
        "G\u{e4}T / HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET / a HTTP/1.1",
    ] {
        refused(format!("{line}\r\nHost: h\r\n\r\n").as_bytes(), 400, "").await;
    }
    for target in [
        "x",
        "*",
        "ftp://a/",
        "http://",
        "http:///x",
        "http://u@h/",
        "/\u{1}",
    ] {
        refused(
            format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes(),
            400,
            "target",
        )
        .await;
    }
    refused(b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505, "version").await;
    refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version").await;
    refused(b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", 501, "method").await;
    refused(
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        400,
        "request line",
    )
    .await;
}

#[tokio::test]
async fn a_host_that_is_missing_doubled_or_odd() {
    refused(b"GET / HTTP/1.1\r\n\r\n", 400, "Host").await;
    refused(b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "Host").await;
    for host in ["a b", "a/b", "a,b", "u@h", "a?b"] {
        refused(
            format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes(),
            400,
            "Host",
        )
        .await;
    }
}

#[tokio::test]
async fn heads_that_are_too_large() {
    let long = "x".repeat(9000);
    refused(get(&format!("/{long}")).as_bytes(), 414, "too long").await;
    refused(
        format!("GET /{}", "x".repeat(8192)).as_bytes(),
        414,
        "too long",
    )
    .await;
    let field = format!("A: {long}\r\n").repeat(4);
    refused(with(&field).as_bytes(), 431, "too large").await;
    refused(
        format!("GET / HTTP/1.1\r\nA: {}", "x".repeat(40_000)).as_bytes(),
        431,
        "too large",
    )
    .await;
    let fields = "A: b\r\n".repeat(200);
    refused(with(fields.trim_end()).as_bytes(), 431, "too many").await;
}

#[tokio::test]
async fn a_large_head_within_the_limit_is_served() {
    let house = House::new();
    house.add("a", named("served").await);
    let field = format!("A: {}", "x".repeat(30_000));
    let response = house
        .ask(&format!("GET / HTTP/1.1\r\nHost: h\r\n{field}\r\n\r\n"))
        .await;
    assert_eq!(response.text(), "served");
}

#[tokio::test]
async fn limits_can_be_set() {
    let settings = Settings {
        max_request_line_bytes: 50,
        max_head_bytes: 200,
        ..Settings::default()
    };
    let house = House::with(settings, ServiceSettings::default());
    house.add("a", named("served").await);
    assert_eq!(house.get("/ok").await.status(), 200);
    assert_eq!(house.get(&"/long".repeat(20)).await.status(), 414);
    let field = "x".repeat(200);
    let response = house.ask(&with(&format!("A: {field}"))).await;
    assert_eq!(response.status(), 431);
}

#[tokio::test]
async fn a_malformed_chunk_ends_the_request_and_the_machine_sees_no_end_of_the_body() {
    for body in [
        "x\r\n",
        "5\nhello",
        "5\r\nhelloX",
        "-1\r\n",
        " 5\r\n",
        "5 \r\n",
        "5;a\nb\r\n",
        "1000000000000000000\r\n",
        "0\r\nContent-Length: 5\r\n\r\n",
        "0\r\n a: b\r\n\r\n",
    ] {
        let (sender, mut bodies) = tokio::sync::mpsc::unbounded_channel();
        let house = House::serving(move |mut peer: Peer| {
            let sender = sender.clone();
            async move {
                peer.head().await;
                sender.send(peer.rest().await).unwrap();
            }
        })
        .await;
        let request = with("Transfer-Encoding: chunked") + "3\r\nabc\r\n" + body;
        let mut client = house.client().await;
        client.send(&request).await;
        let response = client.response().await;
        assert_eq!(
            (response.status(), response.field("connection").unwrap()),
            (400, "close".into()),
            "{body:?}"
        );
        assert!(response.text().contains("chunked"), "{body:?}");
        let seen = String::from_utf8(bodies.recv().await.unwrap()).unwrap();
        assert!(!seen.ends_with("\r\n\r\n"), "{body:?}: {seen:?}");
    }
}

#[tokio::test]
async fn a_request_hidden_in_a_body_stays_in_it() {
    let house = House::serving(|mut peer: Peer| async move {
        while let Some(request) = peer.request().await {
            peer.send(&ok(&format!("{} {}", request.line(), request.body.len())))
                .await;
        }
    })
    .await;
    let hidden = get("/hidden");
    let mut client = house.client().await;
    client
        .send(&format!(
            "GET /outer HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{hidden}{}",
            hidden.len(),
            get("/next")
        ))
        .await;
    assert_eq!(
        client.response().await.text(),
        format!("GET /outer HTTP/1.1 {}", hidden.len())
    );
    assert_eq!(client.response().await.text(), "GET /next HTTP/1.1 0");
}

#[tokio::test]
async fn a_doubled_but_equal_length_is_sent_on_once() {
    let house = House::serving(|mut peer: Peer| async move {
        let request = peer.request().await.unwrap();
        peer.send(&ok(&request.field("content-length").unwrap()))
            .await;
    })
    .await;
    let response = house
        .ask(&(with("Content-Length: 2\r\nContent-Length: 2") + "ab"))
        .await;
    assert_eq!(response.text(), "2");
}
