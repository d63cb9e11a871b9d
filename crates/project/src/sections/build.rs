//! `[build]`: how the app's files are made, and which of them a release keeps.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use crate::command::CommandLine;
use crate::diagnostic::{Complaint, Fault};
use crate::duration::Bare;
use crate::origin::Sourced;
use crate::reader::Section;
use crate::tree::Node;
use crate::value::{Misfit, Text, Value};

const IMAGES: &str = "local processes run files, not images; [build] command makes them";

/// `[build]`. `command`, `include` and `timeout` are ours, the rest is Fly's.
#[derive(Clone, Debug)]
pub struct Build {
    /// `command`: run in the project directory before files are kept. None:
    /// there is nothing to build.
    pub command: Option<Sourced<CommandLine>>,
    /// `include`: the files and directories a release's build keeps, as paths
    /// or globs relative to the project directory, which may climb out of it
    /// with `..`. None: the files git tracks. See [`landing`].
    pub include: Option<Vec<Sourced<Include>>>,
    /// `timeout` of the command, default 30m; `"0s"` is no limit.
    pub timeout: Sourced<Duration>,
    /// `image`: a ready image.
    pub image: Option<Sourced<String>>,
    /// `dockerfile`: path or URL.
    pub dockerfile: Option<Sourced<String>>,
    /// `ignorefile`.
    pub ignorefile: Option<Sourced<String>>,
    /// `build-target` (or `build_target`).
    pub build_target: Option<Sourced<String>>,
    /// `args`.
    pub args: BTreeMap<String, Sourced<String>>,
    /// `builder`: a buildpacks builder.
    pub builder: Option<Sourced<String>>,
    /// `buildpacks`.
    pub buildpacks: Vec<Sourced<String>>,
    /// `builtin`.
    pub builtin: Option<Sourced<String>>,
    /// `compression`.
    pub compression: Option<Sourced<Compression>>,
    /// `compression_level`, 0 to 9.
    pub compression_level: Option<Sourced<u32>>,
}

/// `[build] compression`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
}

crate::value::words!(pub Compression, "\"gzip\" or \"zstd\"", "a compression", {
    "gzip" => Gzip,
    "zstd" => Zstd,
});

/// One entry of `include`: a path or glob relative to the project directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include(String);

impl Include {
    /// The path or glob.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `*`, `?` or `[` make it a glob.
    pub fn is_glob(&self) -> bool {
        self.0.contains(['*', '?', '['])
    }
}

impl Value for Include {
    const EXPECTED: &'static str = "a string";

    fn read(node: &Node) -> Result<Self, Misfit> {
        let text = String::read(node)?;
        if text.trim().is_empty() {
            return Err(Complaint::new("an empty path includes nothing")
                .hint("a path relative to the project directory; \".\" is all of it")
                .into());
        }
        if Path::new(&text).is_absolute() || text.starts_with('~') {
            return Err(Complaint::new(format!(
                "`{text}` is not relative to the project directory"
            ))
            .hint("a path such as \"target/release/app\" or \"../shared/file\"")
            .into());
        }
        Ok(Self(text))
    }

    fn show(&self) -> String {
        crate::value::quoted(&self.0)
    }
}

/// Where a file at `path`, relative to the project directory, lands in the
/// build: at the same path, or, if it lies outside the project directory,
/// under its file name. `None` if no name is left (`..`).
pub fn landing(path: &Path) -> Option<PathBuf> {
    let mut inside = PathBuf::new();
    let mut outside = false;
    for component in path.components() {
        match component {
            Component::Normal(name) => inside.push(name),
            Component::ParentDir => outside |= !inside.pop(),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => outside = true,
        }
    }
    if outside {
        inside.file_name().map(PathBuf::from)
    } else {
        Some(inside)
    }
}

impl Build {
    pub(crate) fn read(section: &mut Section<'_>) -> Self {
        let build = Self {
            command: section.get("command"),
            include: section.list("include"),
            timeout: section.duration_or("timeout", Bare::Seconds, Duration::from_secs(1800)),
            image: section.get_ignored("image", IMAGES),
            dockerfile: section.get_ignored("dockerfile", IMAGES),
            ignorefile: section.get_ignored("ignorefile", IMAGES),
            build_target: section.get_ignored("build-target", IMAGES),
            args: section
                .map::<Text>("args")
                .into_iter()
                .map(|(name, text)| {
                    (
                        name,
                        Sourced {
                            value: text.value.0,
                            origin: text.origin,
                        },
                    )
                })
                .collect(),
            builder: section.get_ignored("builder", IMAGES),
            buildpacks: section.list("buildpacks").unwrap_or_default(),
            builtin: section.get_ignored("builtin", IMAGES),
            compression: section.get_ignored("compression", IMAGES),
            compression_level: section.get_ignored("compression_level", IMAGES),
        };
        section.opaque("settings", IMAGES);
        section.opaque("compose", IMAGES);
        for (name, at) in [
            (
                "args",
                build.args.values().next().map(|arg| arg.origin.clone()),
            ),
            (
                "buildpacks",
                build.buildpacks.first().map(|pack| pack.origin.clone()),
            ),
        ] {
            if let Some(at) = at {
                section.ignore(&at, name, IMAGES);
            }
        }
        build.check(section);
        build
    }

    fn check(&self, section: &mut Section<'_>) {
        if let Some(level) = self.compression_level.as_ref().filter(|level| ***level > 9) {
            let complaint = Complaint::new(format!("{} is no compression level", level.value))
                .hint("a number from 0 to 9");
            section.error(
                &level.origin,
                "compression_level",
                Fault::BadValue,
                complaint,
            );
        }
        let ways: Vec<_> = [
            ("image", &self.image),
            ("buildpack", &self.builder),
            ("dockerfile", &self.dockerfile),
            ("builtin", &self.builtin),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.as_ref().map(|value| (name, value.origin.clone())))
        .collect();
        if let [_, (name, second), ..] = &ways[..] {
            let names: Vec<_> = ways.iter().map(|(name, _)| *name).collect();
            let complaint = Complaint::new(format!(
                "more than one build configuration found: [{}]",
                names.join(", ")
            ));
            section.warn(second, name, Fault::Conflict, complaint);
        }
        self.check_landings(section);
    }

    /// Two paths from outside with one file name would overwrite each other.
    fn check_landings(&self, section: &mut Section<'_>) {
        let mut landed: BTreeMap<PathBuf, &str> = BTreeMap::new();
        for include in self
            .include
            .iter()
            .flatten()
            .filter(|include| !include.is_glob())
        {
            let Some(at) = landing(Path::new(include.as_str())) else {
                let complaint = Complaint::new(format!("`{}` names no file", include.as_str()))
                    .hint("the path of a file or directory");
                section.error(&include.origin, "include", Fault::BadValue, complaint);
                continue;
            };
            if let Some(first) = landed.insert(at, include.as_str()) {
                let complaint = Complaint::new(format!(
                    "`{}` lands where `{first}` does in the build",
                    include.as_str()
                ))
                .hint("a file from outside the project directory lands under its file name; include one of them, or a directory that holds both");
                section.error(&include.origin, "include", Fault::Conflict, complaint);
            }
        }
    }

    /// How long the build command may run; `None`: for ever.
    pub fn limit(&self) -> Option<Duration> {
        Some(*self.timeout).filter(|limit| !limit.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_inside_lands_where_it_is() {
        let landing = |path| landing(Path::new(path));
        assert_eq!(landing("./a/../b/c"), Some(PathBuf::from("b/c")));
        assert_eq!(landing("."), Some(PathBuf::new()));
    }

    #[test]
    fn a_path_from_outside_lands_under_its_file_name() {
        let landing = |path| landing(Path::new(path));
        assert_eq!(
            landing("../../target/release/notes"),
            Some(PathBuf::from("notes"))
        );
        assert_eq!(landing("../.."), None);
    }
}
