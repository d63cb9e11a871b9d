//! `[[mounts]]`: volumes.

use crate::diagnostic::{Complaint, Fault};
use crate::origin::{Origin, Sourced};
use crate::reader::Section;
use crate::size::{self, GIB};
use crate::tree::{Content, Node};
use crate::value::{Misfit, Value};

const OWN_FILES: &str = "local machines see this machine's own files; nothing is mounted";

/// One of `[[mounts]]`.
#[derive(Clone, Debug)]
pub struct Mount {
    /// Where it is written.
    pub origin: Origin,
    /// `source`: the volume's name.
    pub source: Option<Sourced<String>>,
    /// `destination`: where it is mounted.
    pub destination: Option<Sourced<String>>,
    /// `initial_size`, in bytes.
    pub initial_size: Option<Sourced<u64>>,
    /// `snapshot_retention`, in days, default 5.
    pub snapshot_retention: Option<Sourced<u32>>,
    /// `scheduled_snapshots`.
    pub scheduled_snapshots: Option<Sourced<bool>>,
    /// `auto_extend_size_threshold`, in percent.
    pub auto_extend_size_threshold: Option<Sourced<u32>>,
    /// `auto_extend_size_increment`, in bytes.
    pub auto_extend_size_increment: Option<Sourced<u64>>,
    /// `auto_extend_size_limit`, in bytes.
    pub auto_extend_size_limit: Option<Sourced<u64>>,
    /// `processes`: its groups. None named: the default group.
    pub processes: Vec<Sourced<String>>,
}

/// A size of a disk; a bare number counts GiB.
struct DiskSize(u64);

impl Value for DiskSize {
    const EXPECTED: &'static str = "a size such as \"10gb\"";

    fn read(node: &Node) -> Result<Self, Misfit> {
        let text = match &node.content {
            Content::String(text) => text.clone(),
            Content::Integer(number) => number.to_string(),
            _ => return Err(Misfit::Type),
        };
        Ok(Self(size::parse(&text, GIB)?))
    }

    fn show(&self) -> String {
        crate::value::quoted(&size::show(self.0))
    }
}

impl Mount {
    pub(crate) fn read(section: &mut Section<'_>) -> Self {
        let at = section.origin().clone();
        section.ignore(&at, "", OWN_FILES);
        let mount = Self {
            origin: at,
            source: section.get("source"),
            destination: section.require("destination", "destination = \"/data\""),
            initial_size: disk_size(section, "initial_size"),
            snapshot_retention: section.get("snapshot_retention"),
            scheduled_snapshots: section.get("scheduled_snapshots"),
            auto_extend_size_threshold: section.get("auto_extend_size_threshold"),
            auto_extend_size_increment: disk_size(section, "auto_extend_size_increment"),
            auto_extend_size_limit: disk_size(section, "auto_extend_size_limit"),
            processes: section.list("processes").unwrap_or_default(),
        };
        mount.check(section);
        mount
    }

    fn check(&self, section: &mut Section<'_>) {
        within(
            section,
            "snapshot_retention",
            self.snapshot_retention.as_ref(),
            1,
            60,
            "days",
        );
        within(
            section,
            "auto_extend_size_threshold",
            self.auto_extend_size_threshold.as_ref(),
            50,
            99,
            "percent",
        );
        sized(
            section,
            "initial_size",
            self.initial_size.as_ref(),
            GIB,
            u64::MAX,
            "1gb or more",
        );
        sized(
            section,
            "auto_extend_size_increment",
            self.auto_extend_size_increment.as_ref(),
            GIB,
            100 * GIB,
            "1gb to 100gb",
        );
        sized(
            section,
            "auto_extend_size_limit",
            self.auto_extend_size_limit.as_ref(),
            0,
            500 * GIB,
            "500gb or less",
        );
        let extend = [
            self.auto_extend_size_threshold.is_some(),
            self.auto_extend_size_increment.is_some(),
            self.auto_extend_size_limit.is_some(),
        ];
        if extend.contains(&true) && extend.contains(&false) {
            let complaint = Complaint::new(
                "a volume that extends itself needs auto_extend_size_threshold, auto_extend_size_increment and auto_extend_size_limit together",
            );
            let at = self.origin.clone();
            section.error(&at, "", Fault::Missing, complaint);
        }
    }
}

fn disk_size(section: &mut Section<'_>, name: &'static str) -> Option<Sourced<u64>> {
    let size = section.get::<DiskSize>(name)?;
    Some(Sourced {
        value: size.value.0,
        origin: size.origin,
    })
}

fn within(
    section: &mut Section<'_>,
    name: &str,
    value: Option<&Sourced<u32>>,
    least: u32,
    most: u32,
    unit: &str,
) {
    if let Some(value) = value.filter(|value| !(least..=most).contains(&value.value)) {
        let complaint = Complaint::new(format!("{} is out of range", value.value))
            .hint(format!("{least} to {most} {unit}"));
        section.error(&value.origin, name, Fault::BadValue, complaint);
    }
}

fn sized(
    section: &mut Section<'_>,
    name: &str,
    value: Option<&Sourced<u64>>,
    least: u64,
    most: u64,
    right: &str,
) {
    if let Some(value) = value.filter(|value| !(least..=most).contains(&value.value)) {
        let complaint =
            Complaint::new(format!("{} is out of range", size::show(value.value))).hint(right);
        section.error(&value.origin, name, Fault::BadValue, complaint);
    }
}
