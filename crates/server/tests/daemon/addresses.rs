//! Where the front door listens.

use std::net::TcpListener;

use shipgate_testkit::{free_port, get};

use crate::support::{Site, manifest};

fn at(port: u16) -> shipgate_testkit::Manifest {
    manifest().set("runtime", "listen", &format!("127.0.0.1:{port}"))
}

#[test]
fn a_release_may_move_the_front_door_and_the_next_one_move_it_back() {
    let site = Site::new();
    let (first, second) = (site.0.port(), free_port());
    for (port, colour) in [(second, "red"), (first, "green"), (second, "blue")] {
        site.0.manifest(&at(port).set("env", "COLOUR", colour));
        site.0.run(&["deploy"]).exits(0);
        let status = site.until_all_serve();
        assert_eq!(status.listen, format!("127.0.0.1:{port}"));
        for known in [first, second] {
            assert_eq!(get(known, "/").map(|answer| answer.status), Some(200));
        }
    }
}

#[test]
fn a_front_door_whose_address_was_taken_opens_where_the_project_file_now_says() {
    let site = Site::new();
    site.0.run(&["stop"]).exits(0);
    let taken = TcpListener::bind(("127.0.0.1", site.0.port())).expect("it is free now");
    site.0
        .run(&["serve"])
        .exits(1)
        .says("error[port-taken]")
        .says(&site.0.port().to_string());
    let other = free_port();
    site.0.manifest(&at(other));
    let _daemon = site.serve();
    site.until_all_serve();
    assert_eq!(get(other, "/").map(|answer| answer.status), Some(200));
    drop(taken);
}
