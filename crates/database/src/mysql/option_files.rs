//! Option files: `/etc/my.cnf`, `/etc/mysql/my.cnf`, `$MYSQL_HOME/my.cnf` and `~/.my.cnf`.
//!
//! As MySQL's and MariaDB's clients read them
//! (<https://dev.mysql.com/doc/refman/8.4/en/option-files.html>,
//! <https://mariadb.com/docs/server/server-management/install-and-upgrade-mariadb/configuring-mariadb/configuring-mariadb-with-option-files>):
//! groups of `name = value` lines, `!include` and `!includedir`; the last value
//! wins; a file that anybody may write, or that cannot be read, is left aside.
//! The encrypted `~/.mylogin.cnf` is not read.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::{ClientSettings, OpenError};

/// Groups that the databases' own clients read.
const GROUPS: [&str; 6] = [
    "client",
    "client-server",
    "client-mariadb",
    "mysql",
    "mariadb",
    "mariadb-client",
];

/// Files that include each other deeper than this go in circles.
const DEEPEST: usize = 10;

/// The options of all files, by name with `-`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Options(BTreeMap<String, Entry>);

/// One option, and where it stands.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// `None`: without `=`.
    value: Option<String>,
    file: PathBuf,
    line: usize,
}

impl std::fmt::Debug for Entry {
    /// A value may be a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

impl Entry {
    /// `FILE:LINE: words`.
    pub(super) fn wrong(&self, words: &str) -> OpenError {
        wrong(&self.file, self.line, words)
    }
}

/// The files in the order in which they are read.
pub(super) fn places(client: &ClientSettings) -> Vec<PathBuf> {
    let mut places = vec![
        PathBuf::from("/etc/my.cnf"),
        PathBuf::from("/etc/mysql/my.cnf"),
    ];
    if let Some(home) = client.variables.get("MYSQL_HOME") {
        places.push(Path::new(home).join("my.cnf"));
    }
    if let Some(home) = &client.home {
        places.push(home.join(".my.cnf"));
    }
    places
}

impl Options {
    /// Reads files, those that are there.
    ///
    /// # Errors
    /// [`OpenError::Setting`] with file and line of what cannot be read.
    pub(super) fn read(files: &[PathBuf]) -> Result<Self, OpenError> {
        let mut options = Self::default();
        for file in files {
            options.read_file(file, 0)?;
        }
        Ok(options)
    }

    /// The option of this name with a value.
    pub(super) fn value(&self, name: &str) -> Option<(&str, &Entry)> {
        let entry = self.0.get(name)?;
        let value = entry.value.as_deref().filter(|value| !value.is_empty())?;
        Some((value, entry))
    }

    /// Whether a switch is on: it is there, and not with a word for no.
    pub(super) fn is_on(&self, name: &str) -> bool {
        let Some(entry) = self.0.get(name) else {
            return false;
        };
        let word = entry.value.as_deref().unwrap_or("1");
        !["0", "off", "false", "no"]
            .iter()
            .any(|no| word.eq_ignore_ascii_case(no))
    }

    fn read_file(&mut self, file: &Path, depth: usize) -> Result<(), OpenError> {
        let Some(text) = readable(file) else {
            return Ok(());
        };
        let mut group = None;
        for (at, line) in text.lines().enumerate() {
            let number = at + 1;
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(directive) = line.strip_prefix('!') {
                if depth == DEEPEST {
                    return Err(wrong(file, number, "files include each other in circles"));
                }
                self.include(directive, file, number, depth)?;
            } else if let Some(name) = line.strip_prefix('[') {
                let name = name
                    .split(']')
                    .next()
                    .filter(|_| name.contains(']'))
                    .ok_or_else(|| wrong(file, number, "a group's name ends with `]`"))?;
                group = Some(name.trim().to_owned());
            } else {
                let Some(group) = &group else {
                    return Err(wrong(
                        file,
                        number,
                        "an option stands in a group, such as `[client]`",
                    ));
                };
                if GROUPS.contains(&group.as_str()) {
                    self.option(line, file, number);
                }
            }
        }
        Ok(())
    }

    fn include(
        &mut self,
        directive: &str,
        file: &Path,
        line: usize,
        depth: usize,
    ) -> Result<(), OpenError> {
        let (word, path) = directive
            .split_once(char::is_whitespace)
            .unwrap_or((directive, ""));
        let path = file
            .parent()
            .unwrap_or_else(|| Path::new("/"))
            .join(path.trim());
        match word {
            "include" => self.read_file(&path, depth + 1),
            "includedir" => {
                let mut files: Vec<PathBuf> = fs::read_dir(&path)
                    .into_iter()
                    .flatten()
                    .filter_map(|entry| Some(entry.ok()?.path()))
                    .filter(|path| path.extension().is_some_and(|end| end == "cnf"))
                    .collect();
                files.sort();
                files
                    .iter()
                    .try_for_each(|file| self.read_file(file, depth + 1))
            }
            _ => Err(wrong(
                file,
                line,
                "`!` is followed by `include FILE` or `includedir DIRECTORY`",
            )),
        }
    }

    fn option(&mut self, line: &str, file: &Path, number: usize) {
        let line = without_comment(line).trim_end();
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(unquoted(value.trim_start()))),
            None => (line, None),
        };
        let name = name.replace('_', "-");
        let name = name.strip_prefix("loose-").unwrap_or(&name);
        let entry = Entry {
            value,
            file: file.to_owned(),
            line: number,
        };
        // One of the two words wins, the later one.
        if let Some(positive) = name
            .strip_prefix("skip-")
            .or_else(|| name.strip_prefix("disable-"))
        {
            self.0.remove(positive);
            self.0.insert(format!("skip-{positive}"), entry);
        } else {
            self.0.remove(&format!("skip-{name}"));
            self.0.insert(name.to_owned(), entry);
        }
    }
}

/// The text of a file that is there, may be read, and is not anybody's to write.
fn readable(file: &Path) -> Option<String> {
    let about = fs::metadata(file).ok()?;
    if !about.is_file() || about.permissions().mode() & 0o002 != 0 {
        return None;
    }
    let bytes = fs::read(file).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The line up to a `#` outside of quotes.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut escaped = false;
    for (at, letter) in line.char_indices() {
        match (letter, quote) {
            _ if escaped => escaped = false,
            ('\\', Some(_)) => escaped = true,
            (letter, Some(open)) if letter == open => quote = None,
            ('\'' | '"', None) => quote = Some(letter),
            ('#', None) => return &line[..at],
            _ => {}
        }
    }
    line
}

/// A value without the quotes around it and with its escapes read.
fn unquoted(value: &str) -> String {
    let inside = ['\'', '"']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value);
    let mut read = String::with_capacity(inside.len());
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            read.push(letter);
            continue;
        }
        match letters.next() {
            Some('b') => read.push('\u{8}'),
            Some('t') => read.push('\t'),
            Some('n') => read.push('\n'),
            Some('r') => read.push('\r'),
            Some('s') => read.push(' '),
            Some(quoted @ ('\\' | '\'' | '"')) => read.push(quoted),
            Some(other) => {
                read.push('\\');
                read.push(other);
            }
            None => read.push('\\'),
        }
    }
    read
}

fn wrong(file: &Path, line: usize, words: &str) -> OpenError {
    OpenError::Setting {
        message: format!("{}:{line}: {words}", file.display()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Options, OpenError> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("my.cnf");
        fs::write(&file, text).unwrap();
        Options::read(&[file])
    }

    fn value(text: &str, name: &str) -> Option<String> {
        let options = read(text).unwrap();
        options.value(name).map(|(value, _)| value.to_owned())
    }

    #[test]
    fn the_last_value_of_the_clients_groups_wins() {
        let text = "[client]\nuser=a\n[mysqld]\nuser=mysql\n[mysql]\nuser = b\n";
        assert_eq!(value(text, "user").as_deref(), Some("b"));
        assert_eq!(value("[mysqld]\nport=1\n", "port"), None);
        let text = "[client]\nloose_ssl_ca=/ca.pem";
        assert_eq!(value(text, "ssl-ca").as_deref(), Some("/ca.pem"));
    }

    #[test]
    fn quotes_escapes_and_comments_are_read_as_the_clients_do() {
        for (line, expected) in [
            ("password=plain # a comment", "plain"),
            (
                "password=\"with # inside\" # and one outside",
                "with # inside",
            ),
            ("password='it\\'s'", "it's"),
            ("password = a\\sb\\tc\\\\d\\q", "a b\tc\\d\\q"),
            ("password=\"half", "\"half"),
        ] {
            let text = format!("; first\n[client]\n{line}\n");
            assert_eq!(
                value(&text, "password").as_deref(),
                Some(expected),
                "{line}"
            );
        }
    }

    #[test]
    fn files_include_files_and_directories() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir(path("conf.d")).unwrap();
        fs::write(
            path("my.cnf"),
            "[client]\nuser=a\n!include more\n!includedir conf.d\n",
        )
        .unwrap();
        fs::write(path("more"), "[client]\nport=1\nhost=h\n").unwrap();
        fs::write(path("conf.d/2.cnf"), "[client]\nport=3\n").unwrap();
        fs::write(path("conf.d/1.cnf"), "[client]\nport=2\n").unwrap();
        fs::write(path("conf.d/3.txt"), "[client]\nport=4\n").unwrap();
        let options = Options::read(&[path("my.cnf"), path("missing.cnf")]).unwrap();
        assert_eq!(options.value("port").unwrap().0, "3");
        assert_eq!(options.value("host").unwrap().0, "h");
        fs::write(path("more"), "!include my.cnf\n").unwrap();
        let error = Options::read(&[path("my.cnf")]).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("files include each other in circles")
        );
    }

    #[test]
    fn a_file_that_anybody_may_write_is_left_aside() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("my.cnf");
        fs::write(&file, "[client]\nuser=evil\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(Options::read(&[file]).unwrap(), Options::default());
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        for (text, end) in [
            (
                "user=a\n",
                ":1: an option stands in a group, such as `[client]`",
            ),
            ("\n[client\n", ":2: a group's name ends with `]`"),
            (
                "!reinclude x\n",
                ":1: `!` is followed by `include FILE` or `includedir DIRECTORY`",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.ends_with(end), "{error}");
        }
    }

    #[test]
    fn what_is_skipped_and_what_is_asked_for_exclude_each_other() {
        let options = read("[client]\nssl\nskip-ssl\n").unwrap();
        assert!(!options.is_on("ssl") && options.is_on("skip-ssl"));
        let options = read("[client]\nskip-ssl\nssl=1\n").unwrap();
        assert!(options.is_on("ssl") && !options.is_on("skip-ssl"));
        assert!(!read("[client]\nssl=OFF\n").unwrap().is_on("ssl"));
    }

    proptest! {
        #[test]
        fn any_file_is_read_or_refused(text in "(\\[client\\]\n)?([a-z='\"#\\\\ !\\[\\];-]{0,20}\n){0,5}") {
            let _ = read(&text);
        }
    }
}
