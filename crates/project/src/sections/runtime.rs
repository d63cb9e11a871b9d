//! `[runtime]`: where machines run and where the app is reached. Ours.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use crate::command::CommandLine;
use crate::diagnostic::{Complaint, Fault};
use crate::origin::Sourced;
use crate::reader::Section;
use crate::value::words;

/// `kind` of runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuntimeKind {
    /// Local processes.
    Process,
}

words!(pub RuntimeKind, "the name of a runtime", "a runtime of this version", { "process" => Process });

/// `[runtime]`.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// `kind`, default `process`.
    pub kind: Sourced<RuntimeKind>,
    /// `listen`, default `127.0.0.1:8080`: where the front door listens.
    pub listen: Sourced<SocketAddr>,
    /// `machines`: how many machines a group has, default 1 each.
    pub machines: BTreeMap<String, Sourced<u32>>,
    /// `entrypoint`: put before every command of the app, as an image's
    /// ENTRYPOINT is. `[experimental] entrypoint` wins over it.
    pub entrypoint: Option<Sourced<CommandLine>>,
}

/// Most machines a group can have on one machine.
const MOST_MACHINES: u32 = 100;

impl Runtime {
    pub(crate) fn read(section: &mut Section<'_>) -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        let runtime = Self {
            kind: section.get_or("kind", RuntimeKind::Process),
            listen: section.get_or("listen", listen),
            machines: section.map("machines").into_iter().collect(),
            entrypoint: section.get("entrypoint"),
        };
        for (group, count) in &runtime.machines {
            if **count > MOST_MACHINES {
                let complaint = Complaint::new(format!(
                    "{} machines are more than one machine can carry",
                    count.value
                ))
                .hint(format!("0 to {MOST_MACHINES}"));
                section.error(
                    &count.origin,
                    &format!("machines.{group}"),
                    Fault::BadValue,
                    complaint,
                );
            }
        }
        runtime
    }
}
