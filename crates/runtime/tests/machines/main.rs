//! Machines for real: every test here starts processes.

mod refused;
mod run;
mod support;
