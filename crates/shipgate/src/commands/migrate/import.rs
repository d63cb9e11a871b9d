//! `shipgate migrate import`.

use shipgate_migrate::ImportError;
use shipgate_migrate::directory::Location;

use super::repeated::Repeated;
use super::screen::Screen;
use crate::cli::App;
use crate::error::{CliError, Exit};

/// Arguments of `shipgate migrate import`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The directory to read, with its format: file://db?format=goose
    #[arg(long, value_name = "URL", default_value = "file://migrations")]
    from: String,
    /// The directory to write, which must not have migrations
    #[arg(long, value_name = "URL", default_value = "file://migrations")]
    to: String,
    /// The format of the directory to read, where its URL does not say
    #[arg(long, value_name = "FORMAT", hide = true)]
    dir_format: Option<String>,
}

pub(super) fn run(arguments: &Arguments, app: &App, screen: &mut Screen) -> Result<Exit, CliError> {
    let mut from = arguments.from.clone();
    if let Some(format) = &arguments.dir_format
        && !from.contains("format=")
    {
        from.push_str(&format!("?format={format}"));
    }
    let imported = match (Location::parse(&from), Location::parse(&arguments.to)) {
        (Ok(source), Ok(to)) => shipgate_migrate::import(source, &to),
        (Err(error), _) | (_, Err(error)) => Err(error.into()),
    };
    match imported {
        Ok(imported) if imported.files.is_empty() => {
            screen.write("nothing to import")?;
            Ok(Exit::Done)
        }
        Ok(imported) => {
            for path in imported.files {
                app.printer.say(&format!("created {}", path.display()));
            }
            Ok(Exit::Done)
        }
        Err(ImportError::Checksum(error)) => {
            let source = Repeated::default().with("--dir", Some(&from));
            screen.fail_checksum(&error, &source.flags())
        }
        Err(error) => {
            let hints = match &error {
                ImportError::SameFormat(_) => {
                    vec![
                        "name the format of the source: `--from file://db?format=goose`".to_owned(),
                    ]
                }
                ImportError::Directory(error) => error.hints(),
                _ => Vec::new(),
            };
            screen.fail("migrations-directory", &error.to_string(), &hints)
        }
    }
}
