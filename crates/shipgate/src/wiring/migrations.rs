//! Where a project's migrations are, and where a release keeps them.

use std::fs;
use std::path::{Path, PathBuf};

use shipgate_migrate::directory::Location;
use shipgate_project::Project;
use shipgate_release::Failure;

use super::build::KeptFile;

/// Where the migrations land in a build.
const KEPT: &str = ".migrations";

/// The directory looked for when the project file names none.
const USUAL: &str = "migrations";

/// The directory of the project's SQL migrations; `None` when there is none.
pub(crate) fn directory(project: &Project) -> Option<PathBuf> {
    let Some(written) = &project.database.directory else {
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

/// `?format=goose`: what stands behind the directory in the project file, else
/// what `[database] format` says.
fn query(project: &Project) -> String {
    let database = &project.database;
    let written = database.directory.as_ref();
    match (
        written.and_then(|written| written.value.split_once('?')),
        &database.format,
    ) {
        (Some((_, query)), _) => format!("?{query}"),
        (None, Some(format)) => format!("?format={}", format.value),
        (None, None) => String::new(),
    }
}

/// A place of the project's migrations, in the format the project file names.
pub(crate) fn location(project: &Project, path: &Path) -> Result<Location, Failure> {
    let url = format!("file://{}{}", path.display(), query(project));
    Location::parse(&url).map_err(|error| Failure::new("migrations-directory", error.to_string()))
}

/// The same migrations in a release's build.
pub(crate) fn kept(build: &Path) -> PathBuf {
    build.join(KEPT)
}

/// A directory of migrations, as a build keeps it.
#[derive(Clone, Debug)]
pub(crate) enum KeptDirectory {
    /// What the project's format reads of it.
    Format(PathBuf),
    /// With everything below.
    Whole(PathBuf),
}

/// The directory's files, as a build keeps them. A whole project is kept as
/// `[build] include` says, and not once more.
pub(crate) fn files(project: &Project, kept: &KeptDirectory) -> Result<Vec<KeptFile>, Failure> {
    let mut files = Vec::new();
    let (directory, depth) = match kept {
        KeptDirectory::Whole(directory) if project.directory.starts_with(directory) => {
            return Ok(files);
        }
        KeptDirectory::Whole(directory) => (directory, Depth::Folders),
        KeptDirectory::Format(directory)
            if location(project, directory)?.format().is_recursive() =>
        {
            (directory, Depth::Folders)
        }
        KeptDirectory::Format(directory) => (directory, Depth::Files),
    };
    collect(directory, Path::new(KEPT), depth, &mut files)?;
    files.sort_by(|one, other| one.to.cmp(&other.to));
    Ok(files)
}

/// How deep a directory of migrations goes.
#[derive(Clone, Copy, PartialEq)]
enum Depth {
    Files,
    Folders,
}

fn collect(
    directory: &Path,
    to: &Path,
    depth: Depth,
    files: &mut Vec<KeptFile>,
) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(
            "migrations-directory",
            format!(
                "cannot read the migrations in {}: {error}",
                directory.display()
            ),
        )
        .with_hint("`[database] directory` names the directory; `shipgate migrate new` makes it")
    };
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let to = to.join(entry.file_name());
        if entry.path().is_file() {
            let from = entry.path();
            files.push(KeptFile::copied(from, to));
        } else if depth == Depth::Folders && entry.file_type().map_err(failed)?.is_dir() {
            collect(&entry.path(), &to, depth, files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use shipgate_project::load;

    use super::{KeptDirectory, directory, files};

    #[test]
    fn a_build_keeps_the_folders_of_a_format_that_has_them() {
        let place = tempfile::tempdir().expect("a directory");
        let root = place.path();
        fs::create_dir_all(root.join("db/later")).expect("a directory");
        for name in ["db/V1__a.sql", "db/later/V2__b.sql"] {
            fs::write(root.join(name), "SELECT 1;\n").expect("a file");
        }
        let kept = |written: &str| {
            let file = format!("app = \"probe\"\n[database]\nmigrations = \"{written}\"\n");
            fs::write(root.join("shipgate.toml"), file).expect("a file");
            let project = load(root, &[]).expect("a project").project;
            let directory = directory(&project).expect("a directory");
            let files = files(&project, &KeptDirectory::Format(directory)).expect("files");
            let names = files.iter().map(|file| file.to.display().to_string());
            names.collect::<Vec<_>>()
        };
        assert_eq!(kept("db"), [".migrations/V1__a.sql"]);
        assert_eq!(
            kept("file://db?format=flyway"),
            [".migrations/V1__a.sql", ".migrations/later/V2__b.sql"]
        );
    }
}
