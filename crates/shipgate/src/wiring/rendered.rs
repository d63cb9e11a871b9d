//! A directory of templates becomes the files of a migration directory.

use std::fs;
use std::path::{Path, PathBuf};

use shipgate_atlas_config as atlas;
use shipgate_atlas_config::TemplateDirectory;
use shipgate_template::{Functions, MissingKey, Templates, Value};

/// What the `.sql` files of a directory print. Every file in it and below is a
/// template under its own name, so that they can call each other; only those
/// files are migrations that lie in the directory itself.
pub(crate) fn files(
    directory: &Path,
    asked: &TemplateDirectory,
) -> Result<Vec<(String, Vec<u8>)>, String> {
    if !directory.is_dir() {
        return Err(format!("path {} is not a directory", asked.path.display()));
    }
    let mut paths = Vec::new();
    collect(directory, &mut paths)?;
    paths.sort();
    let mut templates = Templates::new(Functions::default()).missing_key(MissingKey::Error);
    let mut migrations = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if templates.names().any(|known| known == name) {
            return Err(format!("there are two templates named {name}"));
        }
        let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
        templates
            .parse(&name, &text)
            .map_err(|error| error.to_string())?;
        if path.parent() == Some(directory) && name.ends_with(".sql") {
            migrations.push(name.into_owned());
        }
    }
    let data = variables(asked)?;
    migrations
        .into_iter()
        .map(|name| match templates.execute(&name, &data) {
            Ok(text) => Ok((name, text.into_bytes())),
            Err(error) => Err(format!("executing template: {error}")),
        })
        .collect()
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) -> Result<(), String> {
    let unreadable = |error| unreadable(directory, &error);
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name == "atlas.sum" {
            continue;
        }
        if path.is_dir() {
            collect(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}

/// The templates' data: texts, booleans and, as Atlas gives them, doubles.
fn variables(asked: &TemplateDirectory) -> Result<Value, String> {
    let values = asked.variables.iter().map(|(name, value)| {
        let value = match value {
            atlas::Value::String(text) => Value::from(text.as_str()),
            atlas::Value::Bool(truth) => Value::Bool(*truth),
            #[expect(
                clippy::cast_precision_loss,
                reason = "templates get doubles, as they do from Atlas"
            )]
            atlas::Value::Number(atlas::Number::Integer(number)) => Value::Float(*number as f64),
            atlas::Value::Number(atlas::Number::Float(number)) => Value::Float(*number),
            _ => {
                return Err(format!(
                    "`vars` holds strings, numbers and booleans; \"{name}\" is none"
                ));
            }
        };
        Ok((name.as_str(), value))
    });
    values.collect::<Result<Vec<_>, _>>().map(Value::from_iter)
}
