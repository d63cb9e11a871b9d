//! What is asked for on the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::database::Kind;
use crate::rows::Row;

/// What to measure, and how often.
pub(crate) struct Arguments {
    pub(crate) shipgate: PathBuf,
    pub(crate) rounds: usize,
    /// Megabytes (2^20 bytes) of the large scripts.
    pub(crate) size: usize,
    pub(crate) beside: bool,
    pub(crate) databases: Vec<Kind>,
    pub(crate) rows: Vec<Row>,
}

impl Arguments {
    /// Reads them; the first is the program to measure.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn parse(words: Vec<OsString>) -> Result<Self, String> {
        let mut words = words.into_iter();
        let shipgate = words.next().ok_or("the first argument is shipgate")?;
        let mut arguments = Self {
            shipgate: shipgate.into(),
            rounds: 5,
            size: 512,
            beside: false,
            databases: Vec::new(),
            rows: Vec::new(),
        };
        let mut words = words.map(|word| word.to_string_lossy().into_owned());
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} wants a value"));
            match &*word {
                "--rounds" => arguments.rounds = number(&value()?)?,
                "--size" => arguments.size = number(&value()?)?,
                "--beside" => arguments.beside = true,
                "--database" => arguments.databases.push(Kind::named(&value()?)?),
                row => arguments.rows.push(Row::named(row)?),
            }
        }
        if arguments.databases.is_empty() {
            arguments.databases = Kind::ALL.to_vec();
        }
        if arguments.rows.is_empty() {
            arguments.rows = Row::ALL.to_vec();
        }
        Ok(arguments)
    }
}

fn number(word: &str) -> Result<usize, String> {
    let number = word.parse().ok().filter(|number| *number > 0);
    number.ok_or(format!("{word} is no number above 0"))
}
