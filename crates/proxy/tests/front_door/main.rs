//! The front door as its clients, machines and owner see it, over real connections.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected is"
)]

mod control;
mod failures;
mod fields;
mod limits;
mod load;
mod messages;
mod pauses;
mod refusals;
mod support;
mod timeouts;
mod upgrades;
