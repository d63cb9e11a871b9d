//! Which files a build keeps, and where they land in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use shipgate_project::{Include, Sourced, landing};
use shipgate_release::{Failure, FailureKind};

/// A file to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptFile {
    /// Where it is.
    pub(crate) from: PathBuf,
    /// Where it lands, relative to the build.
    pub(crate) to: PathBuf,
    /// What it points to, if it is kept as a symbolic link.
    pub(crate) link: Option<PathBuf>,
}

impl KeptFile {
    /// A file whose content is kept.
    pub(crate) fn copied(from: PathBuf, to: PathBuf) -> Self {
        Self {
            from,
            to,
            link: None,
        }
    }
}

/// The files that `include` names, or those git tracks; by landing place.
pub(crate) fn chosen(
    directory: &Path,
    include: Option<&[Sourced<Include>]>,
) -> Result<Vec<KeptFile>, Failure> {
    let mut found = BTreeMap::new();
    match include {
        Some(entries) => {
            for entry in entries {
                included(
                    directory,
                    entry.value.as_str(),
                    entry.value.is_glob(),
                    &mut found,
                )?;
            }
        }
        None => tracked(directory, &mut found)?,
    }
    Ok(found.into_values().collect())
}

/// By landing place.
type Found = BTreeMap<PathBuf, KeptFile>;

fn included(
    directory: &Path,
    entry: &str,
    is_glob: bool,
    found: &mut Found,
) -> Result<(), Failure> {
    let missing = |what: &str| {
        Failure::new("include", format!("`[build] include`: {what} `{entry}`"))
            .with_hint(format!(
                "paths are relative to {}; does the build command make it?",
                directory.display()
            ))
            .of_kind(FailureKind::Usage)
    };
    if !is_glob {
        if !directory.join(entry).exists() {
            return Err(missing("there is no file or directory"));
        }
        return add(directory, Path::new(entry), found);
    }
    let pattern = directory.join(entry);
    let paths =
        glob::glob(&pattern.to_string_lossy()).map_err(|error| missing(&format!("{error} in")))?;
    let mut any = false;
    for path in paths.flatten() {
        let relative = path.strip_prefix(directory).unwrap_or(&path).to_owned();
        add(directory, &relative, found)?;
        any = true;
    }
    if any {
        Ok(())
    } else {
        Err(missing("nothing matches"))
    }
}

fn add(directory: &Path, relative: &Path, found: &mut Found) -> Result<(), Failure> {
    let from = directory.join(relative);
    let Some(to) = landing(relative) else {
        return Err(Failure::new(
            "include",
            format!(
                "`[build] include`: {} has no name to land under",
                relative.display()
            ),
        )
        .of_kind(FailureKind::Usage));
    };
    // What is named is kept itself, even if a link leads there.
    add_content(&from, &to, &from, found)
}

/// Adds what is below `root`; a link that stays below it is kept as one.
/// Programs of Node and Python find their own files by where their links lead.
fn add_to(from: &Path, to: &Path, root: &Path, found: &mut Found) -> Result<(), Failure> {
    match inner_link(from, root) {
        Some(target) => {
            let file = KeptFile {
                from: from.to_owned(),
                to: to.to_owned(),
                link: Some(target),
            };
            found.insert(file.to.clone(), file);
            Ok(())
        }
        None => add_content(from, to, root, found),
    }
}

/// Where a link leads, if it is relative and does not lead out of `root`.
fn inner_link(path: &Path, root: &Path) -> Option<PathBuf> {
    let target = fs::read_link(path).ok()?;
    let mut depth = path.parent()?.strip_prefix(root).ok()?.components().count();
    for part in target.components() {
        match part {
            Component::ParentDir => depth = depth.checked_sub(1)?,
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(target)
}

fn add_content(from: &Path, to: &Path, root: &Path, found: &mut Found) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(
            "include",
            format!("cannot read {}: {error}", from.display()),
        )
    };
    if !fs::metadata(from).map_err(failed)?.is_dir() {
        let file = KeptFile::copied(from.to_owned(), to.to_owned());
        found.insert(file.to.clone(), file);
        return Ok(());
    }
    for entry in fs::read_dir(from).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        // Our own state, and git's, are no part of the app.
        if name != ".shipgate" && name != ".git" {
            add_to(&from.join(&name), &to.join(&name), root, found)?;
        }
    }
    Ok(())
}

fn tracked(directory: &Path, found: &mut Found) -> Result<(), Failure> {
    let no_git = |why: String| {
        Failure::new(
            "include",
            format!(
                "`[build] include` is not set, and the files git tracks are not to be had: {why}"
            ),
        )
        .with_hint("name the files the app needs at run time: `include = [\"server\", \"public\"]`")
        .of_kind(FailureKind::Usage)
    };
    let output = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(directory)
        .output()
        .map_err(|error| no_git(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(no_git(said.lines().next().unwrap_or_default().to_owned()));
    }
    for name in output.stdout.split(|&byte| byte == 0) {
        let name = String::from_utf8_lossy(name);
        let path = directory.join(&*name);
        // Tracked, but deleted in the work tree: not there to be kept.
        if !name.is_empty() && path.is_file() {
            let file = KeptFile::copied(path, PathBuf::from(&*name));
            found.insert(file.to.clone(), file);
        }
    }
    if found.is_empty() {
        return Err(no_git("git tracks no file here".to_owned()));
    }
    Ok(())
}
