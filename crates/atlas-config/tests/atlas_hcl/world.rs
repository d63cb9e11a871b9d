//! Surroundings that are all in memory, and short ways to evaluate.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use async_trait::async_trait;
use shipgate_atlas_config::{
    ConfigError, Environment, Inputs, Matches, Program, Project, Query, Selected, Surroundings,
    TemplateDirectory, Value, Wanted,
};

/// A world with a few files, variables and answers; it notes what is asked.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) variables: BTreeMap<&'static str, &'static str>,
    pub(crate) files: BTreeMap<&'static str, &'static str>,
    pub(crate) rows: Vec<Vec<Value>>,
    pub(crate) output: Option<&'static str>,
    pub(crate) asked: Mutex<Vec<String>>,
}

impl World {
    fn ask(&self, what: String) {
        self.asked.lock().unwrap().push(what);
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Surroundings for World {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|value| (*value).to_owned())
    }

    fn read_file(&self, path: &Path) -> Result<String, String> {
        let path = path.to_str().unwrap();
        let text = self.files.get(path).copied();
        text.map(str::to_owned)
            .ok_or_else(|| format!("cannot read {path}: no such file"))
    }

    fn glob(&self, pattern: &str, matches: Matches) -> Result<Vec<PathBuf>, String> {
        let suffix = pattern.trim_start_matches('*');
        Ok(self
            .files
            .keys()
            .filter(|path| path.ends_with(suffix))
            .filter(|path| matches == Matches::All || path.contains('.'))
            .map(|path| Path::new("/project").join(path))
            .collect())
    }

    async fn query(&self, query: &Query) -> Result<Vec<Vec<Value>>, String> {
        self.ask(format!(
            "{} {} {}",
            query.url,
            query.statement,
            query.arguments.len()
        ));
        if query.statement.starts_with("select") {
            Ok(self.rows.clone())
        } else {
            Err("executing query: syntax error".to_owned())
        }
    }

    async fn run(&self, program: &Program) -> Result<String, String> {
        self.ask(format!(
            "{} in {:?}",
            program.command.join(" "),
            program.working_directory
        ));
        let output = self.output.map(str::to_owned);
        output.ok_or_else(|| format!("running {}: exit status 3", program.command[0]))
    }

    async fn render_directory(&self, templates: &TemplateDirectory) -> Result<String, String> {
        let names: Vec<_> = templates.variables.keys().cloned().collect();
        self.ask(format!("{} with {names:?}", templates.path.display()));
        Ok(format!("file:///rendered/{}", templates.name))
    }
}

/// The environments `t` of a file.
pub(crate) async fn select(
    file: &str,
    vars: &[&str],
    world: &World,
) -> Result<Selected, ConfigError> {
    let vars: Vec<_> = vars.iter().map(|var| (*var).to_owned()).collect();
    let inputs = Inputs::parse(&vars).unwrap();
    Project::parse("atlas.hcl", file)?
        .select("t", Wanted::Database, &inputs, world)
        .await
}

/// The only environment `t` of a file.
pub(crate) async fn single(file: &str, world: &World) -> Result<Environment, ConfigError> {
    select(file, &[], world).await?.single()
}

/// The value of an expression as JSON, with these blocks before the env.
pub(crate) async fn json(
    blocks: &str,
    expression: &str,
    vars: &[&str],
    world: &World,
) -> Result<String, ConfigError> {
    let file = format!("{blocks}\nenv \"t\" {{\n  url = jsonencode({expression})\n}}\n");
    let environment = select(&file, vars, world).await?.single()?;
    Ok(environment.url.unwrap())
}

/// Checks the JSON of each expression.
pub(crate) async fn values(world: &World, table: &[(&str, &str)]) {
    for (expression, expected) in table {
        match json("", expression, &[], world).await {
            Ok(value) => assert_eq!(value, *expected, "{expression}"),
            Err(error) => panic!("{expression}: {error}"),
        }
    }
}

/// Checks what is wrong with each expression.
pub(crate) async fn wrong(table: &[(&str, &str)]) {
    for (expression, expected) in table {
        let error = json("", expression, &[], &World::default())
            .await
            .expect_err(expression)
            .to_string();
        let message = error.splitn(4, ':').nth(3).unwrap().trim();
        assert_eq!(message, *expected, "{expression}");
    }
}
