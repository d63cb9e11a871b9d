//! Which machine a request goes to, and what happens when none may take it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use shipgate_proxy::{Concurrency, ConcurrencyUnit, ServiceSettings, Settings};
use tokio::sync::Semaphore;

use crate::support::{House, LONG, Peer, get, machine, named, ok, within};

fn limited(soft: Option<u32>, hard: Option<u32>) -> ServiceSettings {
    ServiceSettings {
        concurrency: Concurrency {
            unit: ConcurrencyUnit::Requests,
            soft_limit: soft,
            hard_limit: hard,
        },
        queue_timeout: LONG,
        ..ServiceSettings::default()
    }
}

/// A machine that answers with its name when it gets a permit.
async fn held(name: &'static str, permits: &Arc<Semaphore>) -> std::net::SocketAddr {
    let permits = permits.clone();
    machine(move |mut peer: Peer| {
        let permits = permits.clone();
        async move {
            while peer.request().await.is_some() {
                permits.acquire().await.unwrap().forget();
                peer.send(&ok(name)).await;
            }
        }
    })
    .await
}

/// Requests in flight per machine.
fn in_flight(house: &House) -> BTreeMap<String, usize> {
    house
        .stats()
        .machines
        .iter()
        .map(|machine| (machine.machine.id.to_string(), machine.in_flight))
        .collect()
}

/// Sends `count` requests, each on its own connection.
async fn send_all(house: &House, count: usize) -> Vec<Peer> {
    let mut clients = Vec::new();
    for index in 1..=count {
        let mut client = house.client().await;
        client.send(&get("/")).await;
        house
            .until(|stats| stats.in_flight + stats.waiting == index)
            .await;
        clients.push(client);
    }
    clients
}

#[tokio::test]
async fn machines_take_turns() {
    let house = House::new();
    for name in ["a", "b", "c"] {
        house.add(name, named(name).await);
    }
    let mut client = house.client().await;
    let mut order = String::new();
    for _ in 0..9 {
        client.send(&get("/")).await;
        order += client.response().await.text();
    }
    assert_eq!(order, "abcabcabc");
}

#[tokio::test]
async fn the_machine_with_the_fewest_requests_is_next() {
    let house = House::new();
    let (none, plenty) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(100)));
    house.add("busy", held("busy", &none).await);
    let busy = send_all(&house, 1).await;
    house.add("free", held("free", &plenty).await);
    for _ in 0..5 {
        assert_eq!(house.get("/").await.text(), "free");
    }
    drop(busy);
}

#[tokio::test]
async fn above_its_soft_limit_a_machine_is_the_second_choice() {
    let house = House::with(Settings::default(), limited(Some(1), None));
    let permits = Arc::new(Semaphore::new(0));
    house.add("a", held("a", &permits).await);
    let mut clients = send_all(&house, 2).await;
    assert_eq!(in_flight(&house)["a"], 2, "there was nothing else");
    house.add("b", held("b", &permits).await);
    clients.extend(send_more(&house, 1, 2).await);
    assert_eq!(in_flight(&house)["b"], 1);
    clients.extend(send_more(&house, 1, 3).await);
    assert_eq!(
        in_flight(&house)["b"],
        2,
        "both are over it; b has less to do"
    );
    drop(clients);
}

async fn send_more(house: &House, count: usize, before: usize) -> Vec<Peer> {
    let mut clients = Vec::new();
    for index in 1..=count {
        let mut client = house.client().await;
        client.send(&get("/")).await;
        house
            .until(|stats| stats.in_flight + stats.waiting == before + index)
            .await;
        clients.push(client);
    }
    clients
}

#[tokio::test]
async fn above_the_hard_limit_requests_wait_for_their_turn() {
    let house = House::with(Settings::default(), limited(None, Some(2)));
    let permits = Arc::new(Semaphore::new(0));
    house.add("a", held("a", &permits).await);
    let mut clients = send_all(&house, 6).await;
    assert_eq!((house.stats().in_flight, house.stats().waiting), (2, 4));
    permits.add_permits(6);
    for client in &mut clients {
        assert_eq!(client.response().await.text(), "a");
    }
    house
        .until(|stats| stats.in_flight + stats.waiting == 0)
        .await;
}

#[tokio::test]
async fn one_that_waited_too_long_is_told_to_come_back() {
    let settings = ServiceSettings {
        queue_timeout: Duration::from_millis(20),
        retry_after: Duration::from_secs(7),
        ..limited(None, Some(1))
    };
    let house = House::with(Settings::default(), settings);
    let permits = Arc::new(Semaphore::new(0));
    house.add("a", held("a", &permits).await);
    let mut first = house.client().await;
    first.send(&get("/")).await;
    house.until(|stats| stats.in_flight == 1).await;
    let mut second = house.client().await;
    second.send(&get("/")).await;
    let response = second.response().await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.field("retry-after").unwrap(), "7");
    assert!(response.text().contains("at their limit"));
    permits.add_permits(2);
    assert_eq!(first.response().await.text(), "a");
    second.send(&get("/")).await;
    assert_eq!(
        second.response().await.text(),
        "a",
        "its connection lives on"
    );
}

#[tokio::test]
async fn one_that_goes_away_while_it_waits_leaves_its_place() {
    let house = House::with(Settings::default(), limited(None, Some(1)));
    let permits = Arc::new(Semaphore::new(0));
    house.add("a", held("a", &permits).await);
    let mut clients = send_all(&house, 3).await;
    clients.remove(1).reset();
    house.until(|stats| stats.waiting == 1).await;
    permits.add_permits(2);
    for client in &mut clients {
        assert_eq!(client.response().await.text(), "a");
    }
}

#[tokio::test]
async fn a_limit_on_connections_counts_unused_ones_too() {
    let mut settings = limited(None, Some(1));
    settings.concurrency.unit = ConcurrencyUnit::Connections;
    let one_worker = Settings {
        workers: 1,
        ..Settings::default()
    };
    let house = House::with(one_worker, settings);
    let open = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = open.clone();
    let addr = machine(move |mut peer: Peer| {
        let open = counter.clone();
        async move {
            let now = open.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
            while peer.request().await.is_some() {
                peer.send(&ok(&now.to_string())).await;
            }
            open.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
        }
    })
    .await;
    house.add("a", addr);
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(house.client().await);
    }
    for _ in 0..10 {
        for client in &mut clients {
            client.send(&get("/")).await;
        }
        for client in &mut clients {
            assert_eq!(client.response().await.text(), "1");
        }
    }
    assert!(house.stats().machines[0].idle_connections <= 1);
}

#[tokio::test]
async fn without_machines_the_answer_is_503_or_a_short_wait() {
    let house = House::new();
    let response = house.get("/").await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.field("retry-after").unwrap(), "1");
    assert!(response.text().contains("no machine serves"));

    let settings = ServiceSettings {
        empty_grace: LONG,
        ..ServiceSettings::default()
    };
    house.door.configure(crate::support::SERVICE, settings);
    let mut client = house.client().await;
    client.send(&get("/")).await;
    house.until(|stats| stats.waiting == 1).await;
    house.add("late", named("late").await);
    assert_eq!(client.response().await.text(), "late");
}

#[tokio::test]
async fn further_clients_wait_until_there_is_room_for_their_connections() {
    let settings = Settings {
        max_connections: 2,
        ..Settings::default()
    };
    let house = House::with(settings, ServiceSettings::default());
    house.add("a", named("a").await);
    let mut first = house.client().await;
    let mut second = house.client().await;
    for client in [&mut first, &mut second] {
        client.send(&get("/")).await;
        assert_eq!(client.response().await.text(), "a");
    }
    let mut third = house.client().await;
    third.send(&get("/")).await;
    first.send(&get("/")).await;
    assert_eq!(first.response().await.text(), "a");
    assert_eq!(house.door.stats().connections, 2);
    drop(first);
    assert_eq!(within(third.response()).await.text(), "a");
}

#[tokio::test]
async fn several_workers_share_the_connections() {
    let settings = Settings {
        workers: 3,
        ..Settings::default()
    };
    let house = House::with(settings, ServiceSettings::default());
    for name in ["a", "b"] {
        house.add(name, named(name).await);
    }
    let mut clients = Vec::new();
    for _ in 0..9 {
        clients.push(house.client().await);
    }
    for _ in 0..4 {
        for client in &mut clients {
            client.send(&get("/")).await;
        }
        for client in &mut clients {
            assert_eq!(client.response().await.status(), 200);
        }
    }
    house.until(|stats| stats.in_flight == 0).await;
    let stats = house.stats();
    assert_eq!(stats.counts.responses[2], 36);
    assert_eq!(
        stats
            .machines
            .iter()
            .map(|m| m.counts.responses[2])
            .sum::<u64>(),
        36
    );
}
