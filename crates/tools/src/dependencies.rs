//! What a project depends on, as its manifests say: names alone, no versions.

use std::collections::BTreeSet;

use crate::project::Project;
use crate::text::{json, toml as toml_file};

/// Names of dependencies, in lower case, by the registry they come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// `package.json`.
    pub node: BTreeSet<String>,
    /// `requirements*.txt`, `pyproject.toml`, `Pipfile`, `setup.cfg`, `setup.py`; `_` and `.` are `-`.
    pub python: BTreeSet<String>,
    /// `Gemfile`, `*.gemspec`.
    pub ruby: BTreeSet<String>,
    /// `composer.json`.
    pub php: BTreeSet<String>,
    /// `Cargo.toml`.
    pub rust: BTreeSet<String>,
    /// `go.mod`: module paths.
    pub go: BTreeSet<String>,
    /// `mix.exs`.
    pub elixir: BTreeSet<String>,
    /// `*.csproj`, `Directory.Packages.props`.
    pub dotnet: BTreeSet<String>,
    /// `pom.xml`, `build.gradle`, `build.gradle.kts`: every word with `flyway` or `liquibase`.
    pub java: BTreeSet<String>,
}

impl Dependencies {
    pub(crate) fn of(project: &Project) -> Self {
        Self {
            node: node(project),
            python: python(project),
            ruby: ruby(project),
            php: php(project),
            rust: rust(project),
            go: go(project),
            elixir: elixir(project),
            dotnet: dotnet(project),
            java: java(project),
        }
    }
}

fn node(project: &Project) -> BTreeSet<String> {
    let Some(manifest) = json::value(project, "package.json") else {
        return BTreeSet::new();
    };
    [
        "dependencies",
        "devDependencies",
        "optionalDependencies",
        "peerDependencies",
    ]
    .iter()
    .filter_map(|group| manifest.get(group)?.as_object())
    .flat_map(|group| group.keys())
    .map(|name| name.to_lowercase())
    .collect()
}

fn php(project: &Project) -> BTreeSet<String> {
    let Some(manifest) = json::value(project, "composer.json") else {
        return BTreeSet::new();
    };
    ["require", "require-dev"]
        .iter()
        .filter_map(|group| manifest.get(group)?.as_object())
        .flat_map(|group| group.keys())
        .map(|name| name.to_lowercase())
        .collect()
}

fn python(project: &Project) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut lists: Vec<String> = project
        .files("")
        .into_iter()
        .filter(|name| name.starts_with("requirements") && name.ends_with(".txt"))
        .collect();
    lists.extend(
        project
            .files("requirements")
            .into_iter()
            .map(|name| format!("requirements/{name}")),
    );
    for list in lists {
        let text = project.text(&list).unwrap_or_default();
        names.extend(text.lines().filter_map(requirement));
    }
    if let Some(table) = toml_file::table(project, "pyproject.toml") {
        pyproject(&table, &mut names);
    }
    if let Some(table) = toml_file::table(project, "Pipfile") {
        for group in ["packages", "dev-packages"] {
            names.extend(keys(table.get(group)).filter_map(|name| requirement(&name)));
        }
    }
    if let Some(text) = project.text("setup.cfg") {
        let listed = text
            .lines()
            .skip_while(|line| !line.starts_with("install_requires"))
            .skip(1)
            .take_while(|line| line.starts_with([' ', '\t']));
        names.extend(listed.filter_map(requirement));
    }
    if let Some(text) = project.text("setup.py") {
        names.extend(quoted(&text).filter_map(requirement));
    }
    names
}

fn pyproject(table: &toml::Table, names: &mut BTreeSet<String>) {
    let project = table.get("project");
    let mut lists = vec![project.and_then(|project| project.get("dependencies"))];
    let groups = [
        project.and_then(|project| project.get("optional-dependencies")),
        table.get("dependency-groups"),
    ];
    for group in groups
        .into_iter()
        .flatten()
        .filter_map(toml::Value::as_table)
    {
        lists.extend(group.values().map(Some));
    }
    for list in lists
        .into_iter()
        .flatten()
        .filter_map(toml::Value::as_array)
    {
        names.extend(
            list.iter()
                .filter_map(toml::Value::as_str)
                .filter_map(requirement),
        );
    }
    let poetry = table.get("tool").and_then(|tool| tool.get("poetry"));
    let Some(poetry) = poetry else { return };
    names.extend(keys(poetry.get("dependencies")).filter_map(|name| requirement(&name)));
    names.extend(keys(poetry.get("dev-dependencies")).filter_map(|name| requirement(&name)));
    let groups = poetry.get("group").and_then(toml::Value::as_table);
    for group in groups.into_iter().flat_map(toml::Table::values) {
        names.extend(keys(group.get("dependencies")).filter_map(|name| requirement(&name)));
    }
}

fn keys(value: Option<&toml::Value>) -> impl Iterator<Item = String> {
    value
        .and_then(toml::Value::as_table)
        .into_iter()
        .flat_map(|table| table.keys().cloned())
}

/// The name a requirement begins with: `Flask-Migrate[x]>=4 # y` is `flask-migrate`.
fn requirement(line: &str) -> Option<String> {
    let name: String = line
        .trim()
        .chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'))
        .map(|letter| match letter {
            '_' | '.' => '-',
            letter => letter.to_ascii_lowercase(),
        })
        .collect();
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        .then_some(name)
}

/// Texts between quotes on one line.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| {
        line.split(['"', '\''])
            .enumerate()
            .filter(|(at, _)| at % 2 == 1)
            .map(|(_, part)| part)
    })
}

fn ruby(project: &Project) -> BTreeSet<String> {
    let mut files = vec!["Gemfile".to_owned(), "gems.rb".to_owned()];
    files.extend(
        project
            .files("")
            .into_iter()
            .filter(|name| name.ends_with(".gemspec")),
    );
    let mut names = BTreeSet::new();
    for text in files.iter().filter_map(|file| project.text(file)) {
        for line in text.lines().map(str::trim) {
            let is_dependency = line.starts_with("gem ")
                || line.starts_with("gem(")
                || line.contains("add_dependency")
                || line.contains("add_runtime_dependency");
            if is_dependency {
                names.extend(quoted(line).next().map(str::to_lowercase));
            }
        }
    }
    names
}

fn rust(project: &Project) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let Some(manifest) = toml_file::table(project, "Cargo.toml") else {
        return names;
    };
    let mut groups = vec![&manifest];
    groups.extend(manifest.get("workspace").and_then(toml::Value::as_table));
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    groups.extend(
        targets
            .into_iter()
            .flat_map(toml::Table::values)
            .filter_map(toml::Value::as_table),
    );
    for group in groups {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let listed = group.get(kind).and_then(toml::Value::as_table);
            for (name, value) in listed.into_iter().flatten() {
                let package = value.get("package").and_then(toml::Value::as_str);
                names.insert(package.unwrap_or(name).to_lowercase());
            }
        }
    }
    names
}

fn go(project: &Project) -> BTreeSet<String> {
    let text = project.text("go.mod").unwrap_or_default();
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default().trim())
        .filter_map(|line| {
            let line = line.strip_prefix("require ").unwrap_or(line);
            let (path, version) = line.split_once(char::is_whitespace)?;
            version.trim().starts_with('v').then(|| path.to_lowercase())
        })
        .collect()
}

fn elixir(project: &Project) -> BTreeSet<String> {
    let text = project.text("mix.exs").unwrap_or_default();
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(|line| line.split("{:").skip(1))
        .filter_map(|rest| rest.split([',', ' ', '}']).next())
        .map(str::to_lowercase)
        .collect()
}

fn dotnet(project: &Project) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let files = project
        .files("")
        .into_iter()
        .filter(|name| name.ends_with(".csproj") || name == "Directory.Packages.props");
    for text in files.filter_map(|file| project.text(&file)) {
        for rest in text.split("Include=\"").skip(1) {
            names.extend(rest.split('"').next().map(str::to_lowercase));
        }
    }
    names
}

fn java(project: &Project) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in ["pom.xml", "build.gradle", "build.gradle.kts"] {
        let text = project.text(file).unwrap_or_default().to_lowercase();
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
        names.extend(
            text.split(|letter| !is_part(letter))
                .filter(|word| word.contains("flyway") || word.contains("liquibase"))
                .map(str::to_owned),
        );
    }
    names
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Dependencies;
    use crate::project::Project;

    fn of(files: &[(&str, &str)]) -> Dependencies {
        let directory = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(directory.path().join(name), content).unwrap();
        }
        Dependencies::of(&Project::new(directory.path()))
    }

    #[test]
    fn python_names_are_read_from_every_manifest() {
        let found = of(&[
            ("requirements.txt", "# x\nFlask_Migrate>=4\n-r other.txt\n"),
            (
                "pyproject.toml",
                "[project]\ndependencies = [\"Django~=5.2\"]\n[tool.poetry.dependencies]\nalembic = \"*\"\n\
                 [dependency-groups]\ndev = [\"sqlalchemy\", {include-group = \"x\"}]\n",
            ),
            ("Pipfile", "[packages]\n\"flask-alembic\" = \"*\"\n"),
        ]);
        let names: Vec<&str> = found.python.iter().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "alembic",
                "django",
                "flask-alembic",
                "flask-migrate",
                "sqlalchemy"
            ]
        );
    }

    #[test]
    fn a_renamed_crate_counts_under_its_own_name() {
        let found = of(&[(
            "Cargo.toml",
            "[dependencies]\ndb = { package = \"sqlx\", version = \"0.8\" }\n\
             [workspace.dependencies]\nrefinery = \"0.8\"\n",
        )]);
        assert!(found.rust.contains("sqlx") && found.rust.contains("refinery"));
    }

    #[test]
    fn manifests_of_other_languages_are_read() {
        let found = of(&[
            (
                "Gemfile",
                "source 'x'\n  gem \"rails\", '~> 7'\n# gem 'no'\n",
            ),
            (
                "composer.json",
                "{\"require\": {\"laravel/framework\": \"^11\"}}",
            ),
            (
                "go.mod",
                "module x\nrequire (\n\tgithub.com/pressly/goose/v3 v3.27.3 // indirect\n)\n",
            ),
            ("mix.exs", "[{:ecto_sql, \"~> 3.0\"}]"),
            (
                "App.csproj",
                "<PackageReference Include=\"Microsoft.EntityFrameworkCore\" />",
            ),
            ("pom.xml", "<artifactId>flyway-core</artifactId>"),
            ("package.json", "{\"devDependencies\": {\"knex\": \"3\"}}"),
        ]);
        assert!(found.ruby.contains("rails") && !found.ruby.contains("no"));
        assert!(found.php.contains("laravel/framework"));
        assert!(found.go.contains("github.com/pressly/goose/v3"));
        assert!(found.elixir.contains("ecto_sql"));
        assert!(found.dotnet.contains("microsoft.entityframeworkcore"));
        assert!(found.java.contains("flyway-core"));
        assert!(found.node.contains("knex"));
    }
}
