//! A front door alone, for measuring: `front-door LISTEN WORKERS MACHINE...`, all but WORKERS as `address:port`.

use std::net::SocketAddr;

use shipgate_proxy::{FrontDoor, Machine, ServiceSettings, Settings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &str| arguments.next().ok_or(format!("{what} is missing"));
    let listen: SocketAddr = next("LISTEN")?.parse()?;
    let workers = next("WORKERS")?.parse()?;
    let machine: SocketAddr = next("MACHINE")?.parse()?;

    let settings = Settings {
        workers,
        ..Settings::default()
    };
    let door = FrontDoor::start(settings)?;
    door.configure("web", ServiceSettings::default());
    door.admit("web", Machine::new("0", machine))?;
    for (index, machine) in arguments.enumerate() {
        door.admit(
            "web",
            Machine::new((index + 1).to_string(), machine.parse()?),
        )?;
    }
    door.listen("web", listen)?;
    loop {
        std::thread::park();
    }
}
