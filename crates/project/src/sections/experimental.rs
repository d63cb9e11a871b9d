//! `[experimental]`: overrides of an image's command, and what Fly left behind.

use crate::command::CommandLine;
use crate::diagnostic::{Complaint, Fault};
use crate::reader::Section;

/// `[experimental]`. The three commands are given word by word; nothing in
/// them is expanded.
#[derive(Clone, Debug, Default)]
pub struct Experimental {
    /// `cmd`: the command of groups that have none.
    pub cmd: Option<CommandLine>,
    /// `entrypoint`: put before every command.
    pub entrypoint: Option<CommandLine>,
    /// `exec`: run in place of entrypoint and command (not of a release
    /// command).
    pub exec: Option<CommandLine>,
}

impl Experimental {
    pub(crate) fn read(section: &mut Section<'_>) -> Self {
        let experimental = Self {
            cmd: words(section, "cmd"),
            entrypoint: words(section, "entrypoint"),
            exec: words(section, "exec"),
        };
        section.opaque("auto_rollback", "every strategy puts the old version back");
        section.opaque("enable_consul", "there is no Consul here");
        section.opaque("enable_etcd", "there is no etcd here");
        section.opaque("attached", "secrets are exported by Fly alone");
        section.opaque(
            "machine_config",
            "local machines take their configuration from this file alone",
        );
        section.opaque("allowed_public_ports", "Fly ignores it too");
        section.opaque("private_network", "Fly ignores it too");
        if let Some(at) = section.place_of("lazy_load_images") {
            let complaint = Complaint::new("lazy_load_images is no longer supported by Fly");
            section.warn(&at, "lazy_load_images", Fault::BadValue, complaint);
        }
        section.opaque("lazy_load_images", "Fly ignores it too");
        experimental
    }
}

fn words(section: &mut Section<'_>, name: &'static str) -> Option<CommandLine> {
    let at = section.place_of(name)?;
    let words = section.list::<String>(name)?;
    let command = CommandLine::literal(words.iter().map(|word| word.value.as_str()), at);
    (!command.is_empty()).then_some(command)
}
