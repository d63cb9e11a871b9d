//! What becomes of the fields of requests and responses.

use tokio::sync::mpsc;

use shipgate_proxy::{Forwarded, RequestId, ServiceSettings, Settings};

use crate::support::{House, Message, Peer, get, machine, ok};

/// The request as the machine sees it.
async fn seen_with(settings: Settings, request: &str) -> Message {
    let house = House::with(settings, ServiceSettings::default());
    let (sender, mut requests) = mpsc::unbounded_channel();
    let addr = machine(move |mut peer: Peer| {
        let sender = sender.clone();
        async move {
            while let Some(request) = peer.request().await {
                sender.send(request).unwrap();
                peer.send(&ok("")).await;
            }
        }
    })
    .await;
    house.add("a", addr);
    house.ask(request).await;
    requests.recv().await.unwrap()
}

async fn seen(request: &str) -> Message {
    seen_with(Settings::default(), request).await
}

/// The response as the client sees it.
async fn answered(response: &'static str) -> Message {
    let house = House::serving(move |mut peer: Peer| async move {
        peer.request().await;
        peer.send(response).await;
    })
    .await;
    house.get("/").await
}

#[tokio::test]
async fn the_machine_learns_who_asked_and_how() {
    let request = seen(&get("/")).await;
    assert_eq!(request.field("x-forwarded-for").unwrap(), "127.0.0.1");
    assert_eq!(request.field("x-forwarded-proto").unwrap(), "http");
    assert_eq!(request.field("x-forwarded-host").unwrap(), "app.test");
    assert_eq!(request.field("host").unwrap(), "app.test");
}

#[tokio::test]
async fn earlier_proxies_are_kept_before_the_last_address() {
    let request = seen(
        "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.2.3.4\r\nA: b\r\nx-forwarded-for: 5.6.7.8, 9.9.9.9\r\n\
         X-Forwarded-Proto: https\r\nX-Forwarded-Host: outer\r\n\r\n",
    )
    .await;
    assert_eq!(
        request.field("x-forwarded-for").unwrap(),
        "1.2.3.4, 5.6.7.8, 9.9.9.9, 127.0.0.1"
    );
    assert_eq!(request.field("x-forwarded-proto").unwrap(), "https");
    assert_eq!(request.field("x-forwarded-host").unwrap(), "outer");
}

#[tokio::test]
async fn a_front_door_that_clients_reach_directly_believes_no_scheme_or_host() {
    let settings = Settings {
        forwarded: Forwarded::Replace,
        ..Settings::default()
    };
    let request = seen_with(
        settings,
        "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: outer\r\n\r\n",
    )
    .await;
    assert_eq!(request.field("x-forwarded-proto").unwrap(), "http");
    assert_eq!(request.field("x-forwarded-host").unwrap(), "h");
}

#[tokio::test]
async fn every_request_has_an_id() {
    let given = seen("GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine\r\n\r\n").await;
    assert_eq!(given.field("x-request-id").unwrap(), "mine");
    let first = seen(&get("/")).await.field("x-request-id").unwrap();
    let second = seen(&get("/")).await.field("x-request-id").unwrap();
    assert!(first.len() == 32 && first.bytes().all(|digit| digit.is_ascii_hexdigit()));
    assert_ne!(first, second);

    let settings = Settings {
        request_id: RequestId::Leave,
        ..Settings::default()
    };
    let request = seen_with(settings, &get("/")).await;
    assert_eq!(request.field("x-request-id"), None);
}

#[tokio::test]
async fn fields_meant_for_one_hop_are_taken_out_of_a_request() {
    let request = seen(
        "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nConnection: keep-alive, X-Private\r\nKeep-Alive: timeout=5\r\n\
         Proxy-Connection: keep-alive\r\nX-Private: secret\r\nTE: gzip\r\nUpgrade: websocket\r\nProxy: evil\r\nB: 2\r\n\r\n",
    )
    .await;
    for name in [
        "connection",
        "keep-alive",
        "proxy-connection",
        "x-private",
        "te",
        "upgrade",
        "proxy",
    ] {
        assert_eq!(request.field(name), None, "{name}");
    }
    assert_eq!(request.field("a").unwrap(), "1");
    assert_eq!(request.field("b").unwrap(), "2");
}

#[tokio::test]
async fn what_decides_framing_and_routing_cannot_be_taken_out() {
    let request = seen(
        "POST / HTTP/1.1\r\nHost: h\r\nConnection: host, content-length, x-forwarded-for\r\n\
         X-Forwarded-For: 6.6.6.6\r\nContent-Length: 2\r\n\r\nok",
    )
    .await;
    assert_eq!(request.field("host").unwrap(), "h");
    assert_eq!(request.field("content-length").unwrap(), "2");
    assert_eq!(request.field("x-forwarded-for").unwrap(), "127.0.0.1");
    assert_eq!(request.text(), "ok");
}

#[tokio::test]
async fn a_client_that_takes_trailers_says_so_to_the_machine() {
    let request =
        seen("GET / HTTP/1.1\r\nHost: h\r\nTE: trailers, gzip\r\nConnection: TE\r\n\r\n").await;
    assert_eq!(request.field("te").unwrap(), "trailers");
    assert_eq!(request.field("connection").unwrap(), "te");
}

#[tokio::test]
async fn fields_that_only_look_like_those_of_the_front_door_are_taken_out() {
    let request = seen(
        "POST / HTTP/1.1\r\nHost: h\r\nX_Forwarded_For: 6.6.6.6\r\nX_FORWARDED-Proto: https\r\n\
         content_length: 9\r\nTransfer_Encoding: chunked\r\nX_Other: kept\r\nContent-Length: 2\r\n\r\nok",
    )
    .await;
    let head = request.head.to_ascii_lowercase();
    for name in [
        "x_forwarded_for",
        "x_forwarded-proto",
        "content_length",
        "transfer_encoding",
    ] {
        assert!(!head.contains(name), "{name}");
    }
    assert_eq!(request.field("x_other").unwrap(), "kept");
    assert_eq!(request.text(), "ok");
}

#[tokio::test]
async fn a_response_that_cannot_have_a_body_claims_no_length() {
    let response = answered("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nA: b\r\n\r\n").await;
    assert_eq!(response.head, "HTTP/1.1 204 No Content\r\nA: b");
}

#[tokio::test]
async fn everything_else_is_passed_on_as_it_came() {
    let request = seen(
        "GET /%7e?q=\"x\" HTTP/1.1\r\nHost: h:8080\r\naCCEPT:text/html\r\nCookie: a=b\r\nCookie: c=d\r\nX-Empty:\r\n\
         X-Real-IP: 7.7.7.7\r\nX-Utf: \u{e4}\r\n\r\n",
    )
    .await;
    assert!(
        request.head.starts_with(
            "GET /%7e?q=\"x\" HTTP/1.1\r\nHost: h:8080\r\naCCEPT:text/html\r\nCookie: a=b\r\nCookie: c=d\r\n\
             X-Empty:\r\nX-Real-IP: 7.7.7.7\r\nX-Utf: \u{e4}\r\n"
        ),
        "{}",
        request.head
    );
}

#[tokio::test]
async fn a_target_with_a_host_replaces_the_host_field() {
    let request = seen("GET http://real.test:81/p?q HTTP/1.1\r\nHost: other\r\nA: b\r\n\r\n").await;
    assert_eq!(request.line(), "GET /p?q HTTP/1.1");
    assert_eq!(request.field("host").unwrap(), "real.test:81");
    assert_eq!(request.field("x-forwarded-host").unwrap(), "real.test:81");
    let request = seen("GET http://real.test?q HTTP/1.1\r\nHost: other\r\n\r\n").await;
    assert_eq!(request.line(), "GET /?q HTTP/1.1");
}

#[tokio::test]
async fn an_http10_request_becomes_http11_with_a_host() {
    let request = seen("GET /a HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").await;
    assert_eq!(request.line(), "GET /a HTTP/1.1");
    assert!(request.field("host").unwrap().starts_with("127.0.0.1:"));
    assert_eq!(request.field("expect"), None);
}

#[tokio::test]
async fn an_asterisk_is_a_target_of_options_only() {
    let request = seen("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(request.line(), "OPTIONS * HTTP/1.1");
}

#[tokio::test]
async fn fields_meant_for_one_hop_are_taken_out_of_a_response() {
    let response = answered(
        "HTTP/1.1 200 Fine\r\nA: 1\r\nConnection: close, X-Private\r\nX-Private: secret\r\nKeep-Alive: timeout=5\r\n\
         Upgrade: h2c\r\nServer: s\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    assert_eq!(
        response.head,
        "HTTP/1.1 200 Fine\r\nA: 1\r\nServer: s\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0"
    );
}

#[tokio::test]
async fn a_response_that_requires_an_upgrade_says_to_what() {
    let response = answered(
        "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    assert_eq!(response.field("upgrade").unwrap(), "websocket");
    assert_eq!(response.field("connection").unwrap(), "upgrade");
}

#[tokio::test]
async fn a_client_that_wants_its_connection_closed_gets_that() {
    let house = House::serving(|mut peer: Peer| async move {
        while let Some(request) = peer.request().await {
            assert_eq!(request.field("connection"), None);
            peer.send(&ok("bye")).await;
        }
    })
    .await;
    let mut client = house.client().await;
    client
        .send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        .await;
    let response = client.response().await;
    assert_eq!(response.field("connection").unwrap(), "close");
    assert!(client.is_closed().await);
    assert_eq!(house.stats().machines[0].idle_connections, 1);
}
