//! Launches one machine and dies at once, as a process that is killed would.
//!
//! Usage: launcher MACHINES-DIRECTORY KEEPER SPEC-FILE

use std::ffi::OsString;

use shipgate_runtime::process::Machines;

fn main() {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [root, keeper, spec] = arguments.as_slice() else {
        panic!("usage: launcher MACHINES-DIRECTORY KEEPER SPEC-FILE");
    };
    let spec = std::fs::read(spec).expect("readable");
    let spec = serde_json::from_slice(&spec).expect("a specification");
    let machines = Machines::open(root.as_ref(), [keeper]).expect("opened");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(machines.launch(&spec)).expect("launched");
    std::process::abort();
}
