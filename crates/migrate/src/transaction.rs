//! How statements are grouped into transactions.

use std::fmt;

use crate::directory::File;
use crate::golang::{Quoted, QuotedList};

/// What one transaction spans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TxMode {
    /// One transaction per file.
    #[default]
    File,
    /// One transaction for all files of a run.
    All,
    /// No transaction around a file.
    None,
}

/// A transaction mode that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TxModeError {
    /// The option's value is not known.
    #[error("unknown tx-mode {}", Quoted(.0))]
    UnknownOption(String),
    /// A file cannot ask for one transaction over all files.
    #[error("txmode \"all\" is not allowed in file directive {}. Use \"file\" instead", Quoted(.0))]
    AllInFile(String),
    /// A file's directive has a value that is not known.
    #[error("unknown txmode {} found in file directive {}", Quoted(.mode), Quoted(.file))]
    UnknownInFile {
        /// The value.
        mode: String,
        /// The file.
        file: String,
    },
    /// A file has the directive more than once.
    #[error("multiple txmode values found in file {}: {}", Quoted(.file), QuotedList(.modes))]
    Multiple {
        /// The file.
        file: String,
        /// The values.
        modes: Vec<String>,
    },
    /// A file asks for its own mode while one transaction spans all files.
    #[error(
        "cannot set txmode directive to {} in {} when txmode \"all\" is set globally",
        Quoted(.mode),
        Quoted(.file)
    )]
    AgainstAll {
        /// The value.
        mode: String,
        /// The file.
        file: String,
    },
}

impl TxMode {
    /// Reads the option's value.
    ///
    /// # Errors
    /// It is none of `file`, `all` and `none`.
    pub fn parse(text: &str) -> Result<Self, TxModeError> {
        match text {
            "file" => Ok(Self::File),
            "all" => Ok(Self::All),
            "none" => Ok(Self::None),
            _ => Err(TxModeError::UnknownOption(text.to_owned())),
        }
    }

    /// The mode of one file: its own directive, else this one.
    ///
    /// # Errors
    /// The directive is wrong or contradicts this mode.
    pub fn for_file(self, file: &File) -> Result<Self, TxModeError> {
        let name = || file.name().to_owned();
        let own = match file.directives().tx_modes.as_slice() {
            [] => return Ok(self),
            [mode] => match mode.as_str() {
                "none" => Self::None,
                "file" => Self::File,
                "all" => return Err(TxModeError::AllInFile(name())),
                _ => {
                    return Err(TxModeError::UnknownInFile {
                        mode: mode.clone(),
                        file: name(),
                    });
                }
            },
            modes => {
                return Err(TxModeError::Multiple {
                    file: name(),
                    modes: modes.to_vec(),
                });
            }
        };
        if self == Self::All {
            return Err(TxModeError::AgainstAll {
                mode: own.to_string(),
                file: name(),
            });
        }
        Ok(own)
    }
}

impl fmt::Display for TxMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "file",
            Self::All => "all",
            Self::None => "none",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::TxMode;
    use crate::testing::files;

    fn mode(global: TxMode, content: &str) -> Result<TxMode, String> {
        global
            .for_file(&files(&[("1_a.sql", content)])[0])
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_chooses_its_own_mode() {
        assert_eq!(mode(TxMode::File, "SELECT 1;"), Ok(TxMode::File));
        assert_eq!(
            mode(TxMode::File, "-- atlas:txmode none\nSELECT 1;"),
            Ok(TxMode::None)
        );
        assert_eq!(
            mode(TxMode::None, "-- atlas:txmode file\n"),
            Ok(TxMode::File)
        );
    }

    #[test]
    fn wrong_modes_are_refused_by_name() {
        for (global, content, error) in [
            (
                TxMode::File,
                "-- atlas:txmode all\n",
                r#"txmode "all" is not allowed in file directive "1_a.sql". Use "file" instead"#,
            ),
            (
                TxMode::File,
                "-- atlas:txmode foo\n",
                r#"unknown txmode "foo" found in file directive "1_a.sql""#,
            ),
            (
                TxMode::File,
                "-- atlas:txmode none\n-- atlas:txmode file\n",
                r#"multiple txmode values found in file "1_a.sql": ["none" "file"]"#,
            ),
            (
                TxMode::All,
                "-- atlas:txmode none\n",
                r#"cannot set txmode directive to "none" in "1_a.sql" when txmode "all" is set globally"#,
            ),
        ] {
            assert_eq!(mode(global, content), Err(error.to_owned()));
        }
        assert_eq!(
            TxMode::parse("invalid").unwrap_err().to_string(),
            r#"unknown tx-mode "invalid""#
        );
    }
}
