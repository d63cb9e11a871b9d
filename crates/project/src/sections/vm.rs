//! `[[vm]]` and `[deploy.release_command_vm]`: the size of machines.

use crate::diagnostic::{Complaint, Fault};
use crate::origin::{Origin, Sourced};
use crate::reader::Section;
use crate::size::{self, MIB};
use crate::tree::{Content, Node};
use crate::value::{Misfit, Value};

const HARDWARE: &str = "local machines share this machine's hardware; only memory is limited";

/// Names of machine sizes and their memory in MiB; those with a GPU come with
/// what their host gives them.
const SIZES: [(&str, Option<u64>); 18] = [
    ("shared-cpu-1x", Some(256)),
    ("shared-cpu-2x", Some(512)),
    ("shared-cpu-4x", Some(1024)),
    ("shared-cpu-6x", Some(1536)),
    ("shared-cpu-8x", Some(2048)),
    ("performance-1x", Some(2048)),
    ("performance-2x", Some(4096)),
    ("performance-4x", Some(8192)),
    ("performance-6x", Some(12288)),
    ("performance-8x", Some(16384)),
    ("performance-10x", Some(20480)),
    ("performance-12x", Some(24576)),
    ("performance-14x", Some(28672)),
    ("performance-16x", Some(32768)),
    ("a10", None),
    ("l40s", None),
    ("a100-40gb", None),
    ("a100-80gb", None),
];

/// A number of bytes: `"2gb"`, or a number of MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory(pub u64);

impl Value for Memory {
    const EXPECTED: &'static str = "a size such as \"512mb\"";

    fn read(node: &Node) -> Result<Self, Misfit> {
        let text = match &node.content {
            Content::String(text) => text.clone(),
            Content::Integer(number) => number.to_string(),
            _ => return Err(Misfit::Type),
        };
        match size::parse(&text, MIB)? {
            0 => Err(Complaint::new("memory cannot be zero")
                .hint("a size such as \"512mb\"")
                .into()),
            bytes => Ok(Self(bytes)),
        }
    }

    fn show(&self) -> String {
        crate::value::quoted(&size::show(self.0))
    }
}

/// A named machine size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachineSize {
    name: &'static str,
    mebibytes: Option<u64>,
}

impl MachineSize {
    /// Its name.
    pub fn as_str(&self) -> &'static str {
        self.name
    }
}

impl Value for MachineSize {
    const EXPECTED: &'static str = "the name of a machine size";

    fn read(node: &Node) -> Result<Self, Misfit> {
        let word = String::read(node)?;
        let found = SIZES.iter().find(|(name, _)| *name == word);
        found
            .map(|&(name, mebibytes)| Self { name, mebibytes })
            .ok_or_else(|| {
                let names: Vec<_> = SIZES.iter().map(|(name, _)| *name).collect();
                let complaint = Complaint::new(format!(
                    "'{word}' is an invalid machine size, choose one of: [{}]",
                    names.join(", ")
                ));
                Misfit::Value(match crate::value::nearest(&word, &names) {
                    Some(near) => complaint.hint(format!("did you mean `{near}`?")),
                    None => complaint,
                })
            })
    }

    fn show(&self) -> String {
        crate::value::quoted(self.name)
    }
}

/// One of `[[vm]]`, or `[deploy.release_command_vm]`.
#[derive(Clone, Debug)]
pub struct Vm {
    /// Where it is written.
    pub origin: Origin,
    /// `size`, which the other keys override.
    pub size: Option<Sourced<MachineSize>>,
    /// `memory`, else `memory_mb`.
    pub memory: Option<Sourced<Memory>>,
    /// `cpus`.
    pub cpus: Option<Sourced<u32>>,
    /// `cpu_kind`: `shared` or `performance`.
    pub cpu_kind: Option<Sourced<String>>,
    /// `gpus`.
    pub gpus: Option<Sourced<u32>>,
    /// `gpu_kind`.
    pub gpu_kind: Option<Sourced<String>>,
    /// `processes`: its groups. None named: all of them.
    pub processes: Vec<Sourced<String>>,
}

impl Vm {
    pub(crate) fn read(section: &mut Section<'_>) -> Self {
        let memory = section.get("memory");
        let memory_mb = section.get::<Mebibytes>("memory_mb");
        let vm = Self {
            origin: section.origin().clone(),
            size: section.get("size"),
            memory: memory.or(memory_mb.map(|memory| Sourced {
                value: Memory(memory.value.0),
                origin: memory.origin,
            })),
            cpus: section.get_ignored("cpus", HARDWARE),
            cpu_kind: section.get_ignored("cpu_kind", HARDWARE),
            gpus: section.get_ignored("gpus", HARDWARE),
            gpu_kind: section.get_ignored("gpu_kind", HARDWARE),
            processes: section.list("processes").unwrap_or_default(),
        };
        section.get_ignored::<Mebibytes>("max_memory_mb", HARDWARE);
        section.get_ignored::<String>("host_dedication_id", HARDWARE);
        section.opaque("kernel_args", HARDWARE);
        section.opaque("persist_rootfs", HARDWARE);
        vm.check_cpu_kind(section);
        vm
    }

    fn check_cpu_kind(&self, section: &mut Section<'_>) {
        let Some(kind) = &self.cpu_kind else { return };
        if !["shared", "performance"].contains(&kind.as_str()) {
            let complaint = Complaint::new(format!("`{}` is no kind of CPU", kind.value))
                .hint("known are shared, performance");
            section.error(&kind.origin, "cpu_kind", Fault::BadValue, complaint);
        }
    }

    /// Memory in bytes: that of `memory` or `memory_mb`, else that of `size`.
    pub fn memory_bytes(&self) -> Option<u64> {
        let named = self.size.as_ref().and_then(|size| size.mebibytes);
        let stated = self.memory.as_ref().map(|memory| memory.0);
        stated.or(named.map(|mebibytes| mebibytes * MIB))
    }
}

/// `memory_mb`.
struct Mebibytes(u64);

impl Value for Mebibytes {
    const EXPECTED: &'static str = "a number of megabytes";

    fn read(node: &Node) -> Result<Self, Misfit> {
        match node.content {
            Content::Integer(_) => Memory::read(node).map(|memory| Self(memory.0)),
            _ => Err(Misfit::Type),
        }
    }

    fn show(&self) -> String {
        (self.0 / MIB).to_string()
    }
}
