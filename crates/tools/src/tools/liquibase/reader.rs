//! A root changelog and all that it includes.

use shipgate_sql::Dialect;

use super::changelog::{Changeset, Item, Reference};
use super::parameters::Parameters;
use super::tool::TITLE;
use super::{formatted_sql, properties, xml, yaml};
use crate::migration::Migration;
use crate::project::{Project, ReadError, clean, join, parent};
use crate::tool::Settings;

const RESOURCES: &str = "src/main/resources";
const ROOTS: [&str; 14] = [
    "db/changelog/db.changelog-master.yaml",
    "db/changelog/db.changelog-master.xml",
    "db/changelog/db.changelog-master.json",
    "db/changelog/db.changelog-master.sql",
    "src/main/resources/db/changelog/db.changelog-master.yaml",
    "src/main/resources/db/changelog/db.changelog-master.xml",
    "src/main/resources/db/changelog/db.changelog-master.json",
    "src/main/resources/db/changelog/db.changelog-master.sql",
    "changelog.xml",
    "changelog.yaml",
    "changelog.json",
    "changelog.sql",
    "db/changelog.xml",
    "db/changelog.sql",
];

/// The changesets of a project.
#[derive(Debug)]
pub(crate) struct Changelog {
    /// Its file, or its directory.
    pub(crate) place: String,
    /// In the order of execution, without those that are ignored or for other databases.
    pub(crate) sets: Vec<Held>,
    /// Something in it that changes how the rest is meant, with its file.
    pub(crate) beyond: Option<String>,
}

/// A changeset and the changelog that holds it.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) set: Changeset,
    /// The path the history has.
    pub(crate) path: String,
    pub(crate) file: String,
}

/// What tells a changeset from all others.
pub(crate) fn identity(path: &str, id: &str, author: &str) -> String {
    format!("{path}::{id}::{author}")
}

impl Held {
    pub(crate) fn identity(&self) -> String {
        identity(&self.path, &self.set.id, &self.set.author)
    }

    pub(super) fn migration(&self) -> Migration {
        let Changeset { id, author, .. } = &self.set;
        Migration::new(self.identity(), id, author, &self.file)
            .with_checksum(self.set.sums.checksum())
    }

    /// Where it begins, as people say it.
    pub(crate) fn shown(&self) -> String {
        match &self.set.sql {
            Some(sql) => format!("{}:{}", self.file, sql.line),
            None => self.file.clone(),
        }
    }
}

impl Changelog {
    /// The changelog of a project: its root, or what is named, a file or a
    /// directory; for a kind of database, if that is known.
    /// A directory in which the root is, or all that it includes, means the root.
    pub(crate) fn read(project: &Project, settings: &Settings) -> Result<Self, ReadError> {
        let root = root(project);
        let named = settings.directory.as_deref().map(clean);
        let dialect = settings.dialect;
        match named {
            Some(directory) if project.is_directory(directory) => {
                if let Some(root) = root {
                    let read = Self::of_file(project, &root, dialect);
                    if is_below(&root, directory) {
                        return read;
                    }
                    if let Ok(log) = read
                        && !log.sets.is_empty()
                        && log.sets.iter().all(|held| is_below(&held.file, directory))
                    {
                        return Ok(log);
                    }
                }
                Self::of(project, directory, dialect, |reader| reader.all(directory))
            }
            Some(file) if project.is_file(file) => Self::of_file(project, file, dialect),
            None if root.as_deref().is_some_and(|root| project.is_file(root)) => {
                Self::of_file(project, &root.unwrap_or_default(), dialect)
            }
            other => Err(ReadError::NoDirectory {
                path: other
                    .map(str::to_owned)
                    .or(root)
                    .unwrap_or_else(|| ROOTS[0].to_owned()),
                tool: TITLE,
            }),
        }
    }

    /// Directories of changelogs, beside its own place.
    pub(super) fn parts(&self) -> Vec<String> {
        let mut parts: Vec<String> = vec![parent(&self.place).to_owned()];
        for held in &self.sets {
            let directory = parent(&held.file);
            if !parts.iter().any(|part| part == directory) {
                parts.push(directory.to_owned());
            }
        }
        parts.retain(|part| !part.is_empty());
        parts
    }

    fn of_file(project: &Project, file: &str, dialect: Option<Dialect>) -> Result<Self, ReadError> {
        Self::of(project, file, dialect, |reader| reader.file(file))
    }

    fn of(
        project: &Project,
        place: &str,
        dialect: Option<Dialect>,
        read: impl FnOnce(&mut Reader<'_>) -> Result<(), ReadError>,
    ) -> Result<Self, ReadError> {
        let mut reader = Reader::of(project, dialect);
        read(&mut reader)?;
        Ok(Self {
            place: place.to_owned(),
            sets: reader.sets,
            beyond: reader.beyond,
        })
    }
}

/// Whether a file is in a directory or below it.
fn is_below(file: &str, directory: &str) -> bool {
    let behind = file.strip_prefix(directory);
    directory.is_empty() || behind.is_some_and(|behind| behind.starts_with('/'))
}

/// The root changelog.
pub(super) fn root(project: &Project) -> Option<String> {
    let named = properties::value(project, "changelogFile").map(|path| {
        let path = normalized(&path);
        let in_resources = join(RESOURCES, &path);
        if project.is_file(&path) {
            path
        } else {
            in_resources
        }
    });
    named.or_else(|| project.first_file(&ROOTS).map(str::to_owned))
}

/// The directory that paths in changelogs begin at.
fn base(project: &Project) -> String {
    match root(project) {
        Some(root) if root.starts_with(RESOURCES) => RESOURCES.to_owned(),
        _ => String::new(),
    }
}

/// A path as the history has it.
fn normalized(path: &str) -> String {
    let path = path.strip_prefix("classpath:").unwrap_or(path);
    let path = path.replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Follows what changelogs include.
struct Reader<'a> {
    project: &'a Project,
    base: String,
    dialect: Option<Dialect>,
    parameters: Parameters,
    sets: Vec<Held>,
    beyond: Option<String>,
    /// Changelogs that are being read, from the root on.
    open: Vec<String>,
}

impl<'a> Reader<'a> {
    fn of(project: &'a Project, dialect: Option<Dialect>) -> Self {
        let mut parameters = Parameters::of(dialect);
        for parameter in properties::parameters(project) {
            parameters.add(parameter);
        }
        Self {
            project,
            base: base(project),
            dialect,
            parameters,
            sets: Vec::new(),
            beyond: None,
            open: Vec::new(),
        }
    }

    fn file(&mut self, file: &str) -> Result<(), ReadError> {
        if self.open.iter().any(|open| open == file) {
            return Err(ReadError::Contradiction(format!(
                "{file} includes itself, by way of {}",
                self.open.join(", ")
            )));
        }
        let text = self.project.read_text(file)?;
        let wrong = |line: usize, message: String| ReadError::Content {
            path: file.to_owned(),
            line,
            message,
        };
        let items = match file.rsplit_once('.').map(|(_, ending)| ending) {
            Some("sql") => match formatted_sql::read(&text, &mut self.parameters) {
                Some(sets) => {
                    let sets = sets.map_err(|(line, message)| wrong(line, message))?;
                    sets.into_iter().map(Item::changeset).collect()
                }
                None => vec![raw()],
            },
            Some("yaml" | "yml") => yaml::read(&text),
            Some("json") => {
                yaml::read_json(&text).map_err(|error| wrong(error.line(), error.to_string()))?
            }
            _ => xml::read(&text),
        };
        self.open.push(file.to_owned());
        for item in items {
            self.item(file, item)?;
        }
        self.open.pop();
        Ok(())
    }

    fn item(&mut self, file: &str, item: Item) -> Result<(), ReadError> {
        match item {
            Item::Changeset(set)
                if set.is_ignored || self.dialect.is_some_and(|found| set.leaves_out(found)) =>
            {
                Ok(())
            }
            Item::Changeset(set) => {
                let below = file.strip_prefix(&self.base).unwrap_or(file);
                let path = normalized(set.path.as_deref().unwrap_or(below));
                let file = file.to_owned();
                let set = *set;
                self.sets.push(Held { set, path, file });
                Ok(())
            }
            Item::Include(reference) => {
                let path = self.resolve(file, &reference);
                self.file(&path)
            }
            Item::IncludeAll(reference) => {
                let path = self.resolve(file, &reference);
                self.all(&path)
            }
            Item::Property(property) => {
                self.parameters.add(property);
                Ok(())
            }
            Item::Beyond(what) => {
                self.beyond.get_or_insert(format!("{file}: {what}"));
                Ok(())
            }
        }
    }

    fn all(&mut self, directory: &str) -> Result<(), ReadError> {
        for name in self.project.files_below(directory) {
            let is_changelog = [".sql", ".xml", ".yaml", ".yml", ".json"]
                .iter()
                .any(|ending| name.ends_with(ending));
            if is_changelog {
                self.file(&join(directory, &name))?;
            }
        }
        Ok(())
    }

    /// The file or directory that a changelog means.
    fn resolve(&mut self, from: &str, reference: &Reference) -> String {
        if let Some(attribute) = reference.beyond {
            let what = format!("{from}: {attribute} where {} is included", reference.path);
            self.beyond.get_or_insert(what);
        }
        let path = self.parameters.fill(&reference.path).text;
        let path = path
            .trim_start_matches("classpath:")
            .trim_start_matches('/');
        if reference.relative {
            normalized(&join(parent(from), path))
        } else {
            join(&self.base, &normalized(path))
        }
    }
}

/// A file of plain SQL is one changeset.
fn raw() -> Item {
    Item::changeset(Changeset {
        id: "raw".to_owned(),
        author: "includeAll".to_owned(),
        ..Changeset::default()
    })
}

#[cfg(test)]
mod tests {
    use super::normalized;

    #[test]
    fn paths_are_as_the_history_has_them() {
        for (path, expected) in [
            ("classpath:/db/a.sql", "db/a.sql"),
            ("db/./x/../a.sql", "db/a.sql"),
            ("db\\a.sql", "db/a.sql"),
            ("../a.sql", "../a.sql"),
        ] {
            assert_eq!(normalized(path), expected);
        }
    }
}
