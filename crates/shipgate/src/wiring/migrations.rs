//! Where a project's migrations are, and where a release keeps them.

use std::fs;
use std::path::{Path, PathBuf};

use shipgate_project::Project;
use shipgate_release::Failure;

use super::build::KeptFile;

/// Where the migrations land in a build.
const KEPT: &str = ".migrations";

/// The directory looked for when the project file names none.
const USUAL: &str = "migrations";

/// The directory of the project's SQL migrations; `None` when there is none.
pub(crate) fn directory(project: &Project) -> Option<PathBuf> {
    let Some(written) = &project.database.migrations else {
        let usual = project.directory.join(USUAL);
        return usual.is_dir().then_some(usual);
    };
    let path = written
        .value
        .strip_prefix("file://")
        .unwrap_or(&written.value);
    let path = path.split('?').next().unwrap_or(path);
    Some(project.directory.join(path))
}

/// The same migrations in a release's build.
pub(crate) fn kept(build: &Path) -> PathBuf {
    build.join(KEPT)
}

/// The directory's files, as a build keeps them.
pub(crate) fn files(directory: &Path) -> Result<Vec<KeptFile>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(
            "migrations-directory",
            format!(
                "cannot read the migrations in {}: {error}",
                directory.display()
            ),
        )
        .with_hint("`[database] migrations` names the directory; `shipgate migrate new` makes it")
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.path().is_file() {
            files.push(KeptFile {
                from: entry.path(),
                to: Path::new(KEPT).join(entry.file_name()),
            });
        }
    }
    files.sort_by(|one, other| one.to.cmp(&other.to));
    Ok(files)
}
