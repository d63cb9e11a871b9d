//! Machines for real: every test here starts processes.

mod adopt;
mod follow;
mod full;
mod health;
mod lost;
mod memory;
mod refused;
mod restart;
mod run;
mod stop;
mod support;
