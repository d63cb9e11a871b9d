//! `import`: another tool's directory as an Atlas directory.

use std::fs;
use std::path::PathBuf;

use shipgate_sql::{Dialect, SplitMode, Statement};

use crate::directory::{Directory, DirectoryError, File, Location, create_new};
use crate::formats;
use crate::golang::Quoted;
use crate::script::{ScriptError, statements_of};
use crate::sum::ChecksumError;

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A directory cannot be read or written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The source's checksums do not hold.
    #[error(transparent)]
    Checksum(#[from] ChecksumError),
    /// A file cannot be taken apart.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// There is nothing to convert.
    #[error("cannot import a migration directory already in {} format", Quoted(.0))]
    SameFormat(&'static str),
    /// The target is to be written in another format.
    #[error("a migration directory can only be imported to \"atlas\" format, not to {}", Quoted(.0))]
    TargetFormat(&'static str),
    /// The target has migrations.
    #[error("target migration directory must be empty")]
    TargetNotEmpty,
    /// A file's statements cannot be told apart again once they are written.
    #[error("migration file {0} cannot be imported: a statement in it has the line '{DELIMITER}'")]
    NotWritable(String),
}

/// What was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The files that were written; none if the source has no migrations.
    pub files: Vec<PathBuf>,
}

/// What ends statements that `;` cannot end.
const DELIMITER: &str = "-- end";

/// Writes every migration of a directory as an Atlas migration with the same
/// order, one statement after the other, without the way back, and then the
/// checksums. A missing target directory is created.
///
/// Flyway's versions keep their numeric order: where the order of the names
/// would be another one, their numbers are filled up with zeros. Repeatables
/// become ordinary migrations behind the last version, `2r_<description>.sql`.
///
/// # Errors
/// [`ImportError`]; no file was written unless writing itself failed.
pub fn import(from: Location, to: &Location) -> Result<Imported, ImportError> {
    if from.format().name() == formats::default().name() {
        return Err(ImportError::SameFormat(from.format().name()));
    }
    if to.format().name() != formats::default().name() {
        return Err(ImportError::TargetFormat(to.format().name()));
    }
    let source = Directory::open(from)?;
    match source.check_sum() {
        Ok(()) | Err(ChecksumError::NotFound) => {}
        Err(error) => return Err(error.into()),
    }
    source.check_versions()?;
    if source.files().is_empty() {
        return Ok(Imported { files: Vec::new() });
    }
    if to.path().exists() && !Directory::open(to.clone())?.files().is_empty() {
        return Err(ImportError::TargetNotEmpty);
    }
    let mut written = Vec::new();
    for (file, name) in source.files().iter().zip(target_names(source.files())) {
        written.push((name, content(file)?));
    }
    fs::create_dir_all(to.path()).map_err(|source| DirectoryError::Write {
        path: to.path().display().to_string(),
        source,
    })?;
    let mut files = Vec::new();
    for (name, content) in written {
        let path = to.path().join(name);
        create_new(&path, content.as_bytes())?;
        files.push(path);
    }
    Directory::open(to.clone())?.write_sum()?;
    Ok(Imported { files })
}

/// The names of the files in the target, in the same order.
fn target_names(files: &[File]) -> Vec<String> {
    let (repeatable, versioned): (Vec<&File>, Vec<&File>) =
        files.iter().partition(|file| file.is_repeatable());
    let mut versions: Vec<String> = versioned
        .iter()
        .map(|file| file.version().to_owned())
        .collect();
    if !are_in_order(&names(&versioned, &versions)) {
        versions = filled_up(&versions);
    }
    let last = versions.last().map_or("0", String::as_str).to_owned();
    let digits = repeatable.len().to_string().len();
    let further: Vec<String> = (1..=repeatable.len())
        .map(|number| match repeatable.len() {
            1 => format!("{last}r"),
            _ => format!("{last}r{number:0digits$}"),
        })
        .collect();
    let mut names = names(&versioned, &versions);
    names.extend(self::names(&repeatable, &further));
    names
}

fn names(files: &[&File], versions: &[String]) -> Vec<String> {
    files
        .iter()
        .zip(versions)
        .map(|(file, version)| match file.description() {
            "" => format!("{version}.sql"),
            description => format!("{version}_{description}.sql"),
        })
        .collect()
}

fn are_in_order(names: &[String]) -> bool {
    names.is_sorted_by(|a, b| a < b)
}

/// Versions of numbers between dots, all with as many and as long numbers.
fn filled_up(versions: &[String]) -> Vec<String> {
    let numbers: Vec<Vec<&str>> = versions
        .iter()
        .map(|version| {
            version
                .split(['.', '_'])
                .map(|number| match number.trim_start_matches('0') {
                    "" => "0",
                    number => number,
                })
                .collect()
        })
        .collect();
    let count = numbers.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..count)
        .map(|place| {
            let lengths = numbers.iter().filter_map(|numbers| numbers.get(place));
            lengths.map(|number| number.len()).max().unwrap_or(1)
        })
        .collect();
    numbers
        .iter()
        .map(|numbers| {
            let filled: Vec<String> = widths
                .iter()
                .enumerate()
                .map(|(place, &width)| format!("{:0>width$}", numbers.get(place).unwrap_or(&"0")))
                .collect();
            filled.join(".")
        })
        .collect()
}

/// A file's statements as an Atlas migration.
fn content(file: &File) -> Result<String, ImportError> {
    let text = file.text().map_err(ScriptError::from)?;
    let statements = statements_of(file, &text, Dialect::Sqlite, SplitMode::Own)?;
    let marks = match file.directives().tx_modes.first() {
        Some(mode) => format!("-- atlas:txmode {mode}\n\n"),
        None => String::new(),
    };
    let plain = format!("{marks}{}", joined(&statements, ";"));
    if splits_into(&plain, &statements) {
        return Ok(plain);
    }
    // A statement with `;` in it, as another database's routine.
    let delimited = format!(
        "-- atlas:delimiter \\n{DELIMITER}\n{marks}{}",
        joined(&statements, &format!("\n{DELIMITER}"))
    );
    if splits_into(&delimited, &statements) {
        return Ok(delimited);
    }
    Err(ImportError::NotWritable(file.name().to_owned()))
}

fn joined(statements: &[Statement<'_>], end: &str) -> String {
    let mut text = String::new();
    for statement in statements {
        for comment in &statement.comments {
            text.push_str(comment.text);
            text.push('\n');
        }
        text.push_str(without_semicolon(statement.text));
        text.push_str(end);
        text.push('\n');
    }
    text
}

fn without_semicolon(text: &str) -> &str {
    text.trim_end_matches(|c: char| c == ';' || c.is_whitespace())
}

fn splits_into(text: &str, statements: &[Statement<'_>]) -> bool {
    shipgate_sql::statements(Dialect::Sqlite, SplitMode::Own, text)
        .map(|again| again.map(|again| without_semicolon(again.text)))
        .eq(statements
            .iter()
            .map(|statement| Ok(without_semicolon(statement.text))))
}

#[cfg(test)]
mod tests {
    use super::filled_up;

    #[test]
    fn numbers_are_filled_up_to_the_longest_of_their_place() {
        let versions = ["1", "1.2", "1_10", "02.0.1"].map(str::to_owned);
        assert_eq!(
            filled_up(&versions),
            ["1.00.0", "1.02.0", "1.10.0", "2.00.1"]
        );
    }
}
