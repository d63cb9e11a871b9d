//! One migration, read from its file as text.

use super::settings::DjangoSettings;
use crate::project::ReadError;
use crate::text::python::{Literal, Module};

/// App and name.
pub(super) type Key = (String, String);

/// A migration and what it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MigrationFile {
    pub(super) key: Key,
    pub(super) file: String,
    pub(super) dependencies: Vec<Key>,
    pub(super) run_before: Vec<Key>,
    pub(super) replaces: Vec<Key>,
}

impl MigrationFile {
    /// The migration of a file; `None` if there is no class `Migration`. A
    /// model that can be swapped is looked up in the settings; where they do
    /// not say which it is, it is Django's own.
    pub(super) fn of(
        key: Key,
        file: &str,
        text: &str,
        settings: &DjangoSettings,
    ) -> Result<Option<Self>, ReadError> {
        let Some(class) = Module::new(text).class("Migration") else {
            return Ok(None);
        };
        let keys = |name: &str| -> Result<Vec<Key>, ReadError> {
            let assigned = class.iter().rev().find(|assigned| assigned.name == name);
            let Some(assigned) = assigned else {
                return Ok(Vec::new());
            };
            let wrong = |message: String| ReadError::Content {
                path: file.to_owned(),
                line: assigned.line,
                message,
            };
            let Literal::Sequence(items) = &assigned.value else {
                return Err(wrong(format!(
                    "{name} is computed; it can only be read if it is a list"
                )));
            };
            let mut keys = Vec::new();
            for item in items {
                match (pair(item), item) {
                    (Some(key), _) => keys.push(key),
                    (None, Literal::Computed(words)) if is_swappable(words) => {
                        keys.extend(swappable(words, settings));
                    }
                    (None, _) => {
                        return Err(wrong(format!(
                            "a part of {name} is computed; it can only be read if each is a pair of texts"
                        )));
                    }
                }
            }
            Ok(keys)
        };
        Ok(Some(Self {
            dependencies: keys("dependencies")?,
            run_before: keys("run_before")?,
            replaces: keys("replaces")?,
            key,
            file: file.to_owned(),
        }))
    }
}

fn pair(literal: &Literal) -> Option<Key> {
    let texts = literal.texts()?;
    match texts.as_slice() {
        [app, name] => Some((app.clone(), name.clone())),
        _ => None,
    }
}

const SWAPPABLE: &str = "swappable_dependency(";

fn is_swappable(words: &str) -> bool {
    words.contains(SWAPPABLE)
}

/// What `swappable_dependency(settings.AUTH_USER_MODEL)` stands for.
fn swappable(words: &str, settings: &DjangoSettings) -> Option<Key> {
    let (_, model) = words.split_once(SWAPPABLE)?;
    let model = model.trim_end_matches(')');
    let app = match model.strip_prefix("settings.") {
        Some(setting) => settings.app_of_model(setting)?,
        None => {
            let (app, _) = model.trim_matches('\'').split_once('.')?;
            app.to_owned()
        }
    };
    Some((app, "__first__".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{DjangoSettings, MigrationFile};

    #[test]
    fn a_squash_is_read_with_what_it_replaces() {
        let text = "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n\n    \
            replaces = [('blog', '0001_initial'), (\"blog\", \"0002_b\")]\n\n    initial = True\n\n    \
            dependencies = [\n        migrations.swappable_dependency(settings.AUTH_USER_MODEL),\n        ('auth', '__first__'),\n    ]\n";
        let key = ("blog".to_owned(), "0001_squashed".to_owned());
        let found = MigrationFile::of(key, "f.py", text, &DjangoSettings::default())
            .unwrap()
            .unwrap();
        assert_eq!(found.replaces.len(), 2);
        assert_eq!(
            found.dependencies,
            [("auth".to_owned(), "__first__".to_owned())]
        );
    }

    #[test]
    fn a_pair_that_is_computed_is_named_with_its_line() {
        let text = "import x\nclass Migration(migrations.Migration):\n    dependencies = [(x.APP, '0001')]\n";
        let key = ("a".to_owned(), "b".to_owned());
        let settings = DjangoSettings::default();
        let error = MigrationFile::of(key, "a/b.py", text, &settings).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("a/b.py:3: a part of dependencies is computed")
        );
    }

    #[test]
    fn a_computed_list_is_named_with_its_line() {
        let text = "class Migration(migrations.Migration):\n    dependencies = before()\n";
        let key = ("a".to_owned(), "b".to_owned());
        let error = MigrationFile::of(key, "a/b.py", text, &DjangoSettings::default()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("a/b.py:2: dependencies is computed")
        );
    }
}
