//! What Django's settings say of migrations, read from their files as text.

use crate::project::{Project, join};
use crate::text::python::{Assignment, Literal, Module};

/// Names the settings' module, in `manage.py`.
const NAMED_BY: &str = "DJANGO_SETTINGS_MODULE";

/// The settings' modules: one file, or those of a package.
#[derive(Debug, Default)]
pub(super) struct DjangoSettings {
    modules: Vec<(String, Module)>,
}

impl DjangoSettings {
    /// The settings that `manage.py` names; none if that is computed.
    pub(super) fn of(project: &Project) -> Self {
        let manage = project.text("manage.py").unwrap_or_default();
        let Some(module) = named(&manage) else {
            return Self::default();
        };
        let modules = files(project, &module.replace('.', "/"))
            .into_iter()
            .filter_map(|file| {
                let module = Module::new(&project.text(&file)?);
                Some((file, module))
            });
        Self {
            modules: modules.collect(),
        }
    }

    /// The app of a model that a setting names: `users` of `AUTH_USER_MODEL = "users.User"`.
    pub(super) fn app_of_model(&self, setting: &str) -> Option<String> {
        let (_, found) = self.assigned(setting)?;
        let (app, _) = found.value.text()?.split_once('.')?;
        Some(app.to_owned())
    }

    /// Where `MIGRATION_MODULES` puts an app's migrations, as a directory; `None`: it has none.
    pub(super) fn moved(&self, notes: &mut Vec<String>) -> Vec<(String, Option<String>)> {
        let Some((file, found)) = self.assigned("MIGRATION_MODULES") else {
            return Vec::new();
        };
        let pairs = match found.value {
            Literal::Pairs(pairs) => pairs,
            Literal::Sequence(items) if items.is_empty() => Vec::new(),
            _ => {
                notes.push(format!(
                    "{file}:{}: MIGRATION_MODULES is computed; migrations are looked for in each app",
                    found.line
                ));
                Vec::new()
            }
        };
        pairs
            .into_iter()
            .filter_map(|(app, module)| {
                let directory = match &module {
                    Literal::None => None,
                    module => Some(module.text()?.replace('.', "/")),
                };
                Some((app.text()?.to_owned(), directory))
            })
            .collect()
    }

    fn assigned(&self, name: &str) -> Option<(&str, Assignment)> {
        self.modules
            .iter()
            .rev()
            .find_map(|(file, module)| Some((file.as_str(), module.assigned(name)?)))
    }
}

/// The text behind the variable's name: `setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")`.
fn named(manage: &str) -> Option<String> {
    let (_, rest) = manage.split_once(NAMED_BY)?;
    let rest = rest.strip_prefix(['"', '\''])?;
    let open = rest.find(['"', '\''])?;
    let quote = rest[open..].chars().next()?;
    let (module, _) = rest[open + 1..].split_once(quote)?;
    Some(module.to_owned()).filter(|module| !module.is_empty())
}

/// The file of a module, behind those that lie in a package of settings with it.
fn files(project: &Project, module: &str) -> Vec<String> {
    let file = format!("{module}.py");
    let package = match module.rsplit_once('/') {
        Some((package, _)) if package.ends_with("settings") => package,
        _ => module,
    };
    let mut found: Vec<String> = project
        .files(package)
        .into_iter()
        .filter(|name| name.ends_with(".py"))
        .map(|name| join(package, &name))
        .filter(|path| *path != file)
        .collect();
    if project.is_file(&file) {
        found.push(file);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn the_settings_module_is_read_from_manage_py() {
        let named = |text: &str| named(text).unwrap_or_default();
        assert_eq!(
            named("os.environ.setdefault('DJANGO_SETTINGS_MODULE', \"shop.settings\")"),
            "shop.settings"
        );
        assert_eq!(
            named("os.environ[\"DJANGO_SETTINGS_MODULE\"] = 'shop.conf'"),
            "shop.conf"
        );
        assert_eq!(named("import django"), "");
    }
}
