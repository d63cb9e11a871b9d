//! Which tool's migrations a directory holds, and how they are applied without it.

use std::path::{Path, PathBuf};

use shipgate_migrate::formats;
use shipgate_tools::history::TableName;
use shipgate_tools::native::open;
use shipgate_tools::{NativeDirectory, NativeError, Project, Settings, Tool, detect, named};

use super::tooling::{absolute, takes};

/// What is known of a directory before anything was read.
pub(crate) struct Wanted<'w> {
    /// The project's directory.
    pub(crate) project: &'w Path,
    /// The migration directory; nothing: the tool's own.
    pub(crate) directory: Option<PathBuf>,
    /// The name of a format or of a tool, if one is said.
    pub(crate) format: Option<&'w str>,
    /// The tool's history table, if one is said.
    pub(crate) table: Option<&'w str>,
}

/// Why a tool's migrations are not applied.
pub(crate) struct Refusal {
    pub(crate) message: String,
    pub(crate) hints: Vec<String>,
}

/// How deep above a migration directory its project may begin, where that is
/// not within the project that is said.
const ABOVE: usize = 3;

/// The migrations of the tool that a format names, or that is detected;
/// nothing where they are to be taken as Atlas's.
pub(crate) fn migrations(wanted: &Wanted<'_>) -> Result<Option<NativeDirectory>, Refusal> {
    match wanted.format {
        Some("atlas") => Ok(None),
        Some(name) => of_format(name, wanted),
        None => detected(wanted),
    }
}

fn of_format(name: &str, wanted: &Wanted<'_>) -> Result<Option<NativeDirectory>, Refusal> {
    let Ok(tool) = named(name) else {
        return Ok(None);
    };
    let project = match &wanted.directory {
        Some(directory) => roots(wanted.project, directory)
            .into_iter()
            .map(Project::new)
            .find(|project| takes(tool, project, &absolute(directory)).unwrap_or(false)),
        None => None,
    };
    let project = project.unwrap_or_else(|| Project::new(wanted.project));
    opened(tool, &project, wanted)
}

fn detected(wanted: &Wanted<'_>) -> Result<Option<NativeDirectory>, Refusal> {
    let Some(directory) = &wanted.directory else {
        let project = Project::new(wanted.project);
        return match detect(&project) {
            Ok(found) => opened(found.tool, &project, wanted),
            Err(_) => Ok(None),
        };
    };
    for root in roots(wanted.project, directory) {
        let project = Project::new(root);
        let Ok(found) = detect(&project) else {
            continue;
        };
        let is_its = takes(found.tool, &project, &absolute(directory));
        let is_its = is_its.map_err(|error| Refusal {
            message: error.to_string(),
            hints: vec![format!(
                "if these are not {}'s: `--dir 'file://{}?format=atlas'`",
                found.tool.title(),
                directory.display()
            )],
        })?;
        if is_its {
            return opened(found.tool, &project, wanted);
        }
    }
    Ok(None)
}

/// Opens a tool's migrations; nothing if they are Atlas's, or in a layout that
/// is applied with Atlas's history alone.
fn opened(
    tool: &'static dyn Tool,
    project: &Project,
    wanted: &Wanted<'_>,
) -> Result<Option<NativeDirectory>, Refusal> {
    if tool.native().is_none() && formats::named(tool.name()).is_ok() {
        return Ok(None);
    }
    let settings = Settings {
        directory: wanted
            .directory
            .as_deref()
            .map(|directory| within(project, directory)),
        table: wanted.table.map(TableName::parse),
        ..Settings::default()
    };
    match open(tool, project, &settings) {
        Ok(found) => Ok(Some(found)),
        Err(error) => {
            let command = tool.command(project).join(" ");
            let hints = match &error {
                NativeError::NotNative(_) if !command.is_empty() => {
                    vec![format!(
                        "`shipgate gate -- {command}` runs them behind the migration lock"
                    )]
                }
                _ => Vec::new(),
            };
            Err(Refusal {
                message: error.to_string(),
                hints,
            })
        }
    }
}

/// Where the project of a migration directory may begin, the nearest first.
fn roots(project: &Path, directory: &Path) -> Vec<PathBuf> {
    let project = absolute(project);
    let directory = absolute(directory);
    let above = directory.ancestors().skip(1).map(Path::to_owned);
    if directory.starts_with(&project) {
        above
            .take_while(|root| root.starts_with(&project))
            .collect()
    } else {
        above.take(ABOVE).collect()
    }
}

/// A directory's path as a project says it.
fn within(project: &Project, directory: &Path) -> String {
    let absolute_directory = absolute(directory);
    let relative = absolute_directory
        .strip_prefix(absolute(project.root()))
        .unwrap_or(&absolute_directory);
    relative.display().to_string()
}
