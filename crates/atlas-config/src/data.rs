//! `data` blocks: what each asks for, and what it is once there is an answer.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;

use crate::error::{ConfigError, Evaluated, Fault, Stop};
use crate::evaluate::{Evaluator, Scope};
use crate::project::{key_span, span_of};
use crate::source::Source;
use crate::surroundings::{Program, Query, Surroundings, TemplateDirectory};
use crate::types::to_string;
use crate::value::Value;

/// Something that only the outside can answer, and where it is asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    kind: String,
    name: String,
    at: std::ops::Range<usize>,
    question: Question,
}

#[derive(Clone, Debug)]
enum Question {
    Query(Query),
    Program(Program),
    Templates(TemplateDirectory),
}

/// The answers so far.
pub(crate) type Answers = BTreeMap<(String, String), Value>;

impl Request {
    /// Asks, and adds the answer.
    pub(crate) async fn answer(
        self,
        surroundings: &dyn Surroundings,
        source: &Source,
        answers: &mut Answers,
    ) -> Result<(), ConfigError> {
        let answer = match &self.question {
            Question::Query(query) => surroundings.query(query).await.and_then(rows),
            Question::Program(program) => surroundings.run(program).await.map(Value::String),
            Question::Templates(templates) => surroundings
                .render_directory(templates)
                .await
                .map(|url| Value::Object(BTreeMap::from([("url".to_owned(), Value::String(url))]))),
        };
        let value = answer.map_err(|message| self.failed(source, message))?;
        answers.insert((self.kind, self.name), value);
        Ok(())
    }

    /// The error that it is where nothing may be asked.
    pub(crate) fn unanswered(&self, source: &Source) -> ConfigError {
        self.failed(source, "a data source cannot be used here".to_owned())
    }

    fn failed(&self, source: &Source, message: String) -> ConfigError {
        ConfigError::Data {
            kind: self.kind.clone(),
            name: self.name.clone(),
            message,
            place: source.place(&self.at),
        }
    }
}

/// The value of a data source, if it has been answered.
pub(crate) fn evaluate(
    evaluator: &Evaluator<'_>,
    kind: &str,
    name: &str,
    block: &Block,
) -> Evaluated<Value> {
    let key = (kind.to_owned(), name.to_owned());
    if let Some(answer) = evaluator.answers.get(&key) {
        evaluator.secrets.borrow_mut().add_value(answer);
        return Ok(answer.clone());
    }
    let arguments = Arguments {
        evaluator,
        block,
        shown: format!("data.{kind}.{name}"),
    };
    let question = match kind {
        "sql" => Question::Query(query(&arguments)?),
        "external" => Question::Program(program(&arguments)?),
        "template_dir" => Question::Templates(templates(&arguments, name)?),
        "runtimevar" => return runtime_variable(&arguments),
        other => return Err(unsupported(evaluator, other, block)),
    };
    Err(Stop::Ask(Box::new(Request {
        kind: key.0,
        name: key.1,
        at: span_of(block),
        question,
    })))
}

fn unsupported(evaluator: &Evaluator<'_>, kind: &str, block: &Block) -> Stop {
    let hint = match kind {
        "aws_rds_token" | "gcp_cloudsql_token" => {
            "fetch the token by `data \"external\"`, or put it into a variable of the environment and use getenv"
        }
        "remote_dir" => "put the migrations beside the program and name their directory",
        _ => "supported are sql, external, template_dir and runtimevar",
    };
    ConfigError::NotSupported {
        place: evaluator.project.source.place(&span_of(block)),
        what: format!("data.{kind}"),
        hint: hint.to_owned(),
    }
    .into()
}

fn query(arguments: &Arguments<'_, '_>) -> Evaluated<Query> {
    arguments.only(&["url", "query", "args"])?;
    let given = match arguments.optional("args")? {
        None => Vec::new(),
        Some((_, Value::List(values) | Value::Set(values))) => values,
        Some((expression, _)) => {
            return Err(arguments.wrong(expression, "`args` is a list"));
        }
    };
    Ok(Query {
        url: arguments.text("url")?,
        statement: arguments.text("query")?,
        arguments: given,
    })
}

fn program(arguments: &Arguments<'_, '_>) -> Evaluated<Program> {
    arguments.only(&["program", "working_dir"])?;
    let (expression, value) = arguments.required("program")?;
    let command = value
        .elements()
        .filter(|elements| !elements.is_empty())
        .and_then(|elements| {
            elements
                .iter()
                .map(|element| to_string(element).ok())
                .collect()
        })
        .ok_or_else(|| {
            arguments.wrong(
                expression,
                "`program` is a list of strings: a program and its arguments",
            )
        })?;
    Ok(Program {
        command,
        working_directory: arguments.optional_text("working_dir")?.map(PathBuf::from),
    })
}

fn templates(arguments: &Arguments<'_, '_>, name: &str) -> Evaluated<TemplateDirectory> {
    arguments.only(&["path", "vars"])?;
    let variables = match arguments.optional("vars")? {
        None | Some((_, Value::Null)) => BTreeMap::new(),
        Some((_, Value::Object(fields))) => fields,
        Some((expression, _)) => {
            return Err(arguments.wrong(expression, "`vars` is a map"));
        }
    };
    Ok(TemplateDirectory {
        name: name.to_owned(),
        path: PathBuf::from(arguments.text("path")?),
        variables,
    })
}

/// The two kinds that need no cloud: a constant and a file.
fn runtime_variable(arguments: &Arguments<'_, '_>) -> Evaluated<Value> {
    arguments.only(&["url"])?;
    let (expression, _) = arguments.required("url")?;
    let url = arguments.text("url")?;
    let (address, parameters) = url.split_once('?').unwrap_or((&url, ""));
    let parameters = crate::url::parameters(parameters);
    let get = |name: &str| {
        parameters
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    };
    if !matches!(get("decoder"), None | Some("" | "string" | "bytes")) {
        return Err(arguments.wrong(expression, "of decoders, `string` is supported"));
    }
    match address.split_once("://") {
        Some(("constant", _)) => Ok(Value::text(get("val").unwrap_or_default())),
        Some(("file", path)) => arguments
            .evaluator
            .surroundings
            .read_file(path.as_ref())
            .map(Value::String)
            .map_err(|wrong| arguments.wrong(expression, &wrong)),
        Some((scheme, _)) => Err(ConfigError::NotSupported {
            place: arguments
                .evaluator
                .project
                .source
                .place(&span_of(expression)),
            what: format!("data.runtimevar of {scheme}://"),
            hint: "constant:// and file:// are; for others use `data \"external\"` or getenv"
                .to_owned(),
        }
        .into()),
        None => Err(arguments.wrong(expression, "the URL has no scheme")),
    }
}

/// What a query's rows are as a value.
fn rows(rows: Vec<Vec<Value>>) -> Result<Value, String> {
    let mut values = Vec::with_capacity(rows.len());
    for (number, mut row) in (1..).zip(rows) {
        let columns = row.len();
        match (columns, row.pop()) {
            (1, Some(Value::Null)) => {
                return Err(format!(
                    "row {number} is NULL; leave such rows out by the query"
                ));
            }
            (1, Some(value)) => values.push(value),
            _ => {
                return Err(format!(
                    "the query returns {columns} columns; one is expected"
                ));
            }
        }
    }
    let count = i64::try_from(values.len()).unwrap_or(i64::MAX);
    let first = values.first().cloned().unwrap_or(Value::Null);
    Ok(Value::Object(BTreeMap::from([
        ("count".to_owned(), Value::from(count)),
        ("value".to_owned(), first),
        ("values".to_owned(), Value::List(values)),
    ])))
}

/// A data source's arguments.
struct Arguments<'a, 'b> {
    evaluator: &'a Evaluator<'b>,
    block: &'a Block,
    shown: String,
}

impl<'a> Arguments<'a, '_> {
    fn only(&self, known: &[&str]) -> Evaluated<()> {
        for attribute in self.block.body.attributes() {
            let name = attribute.key.as_str();
            if !known.contains(&name) {
                let message = format!("{} has no argument `{name}`", self.shown);
                return Err(Fault::new(&key_span(attribute), message)
                    .hint(format!("it has {}", known.join(", ")))
                    .into());
            }
        }
        match self.block.body.blocks().next() {
            None => Ok(()),
            Some(block) => {
                let message = format!("{} has no block `{}`", self.shown, block.ident.as_str());
                Err(Fault::new(&span_of(block), message).into())
            }
        }
    }

    fn optional(&self, name: &str) -> Evaluated<Option<(&'a Expression, Value)>> {
        match self.block.body.get_attribute(name) {
            None => Ok(None),
            Some(attribute) => {
                let value = self
                    .evaluator
                    .evaluate(&attribute.value, &Scope::default())?;
                Ok(Some((&attribute.value, value)))
            }
        }
    }

    fn required(&self, name: &str) -> Evaluated<(&'a Expression, Value)> {
        self.optional(name)?.ok_or_else(|| {
            let message = format!("{} needs the argument `{name}`", self.shown);
            Fault::new(&span_of(self.block), message).into()
        })
    }

    fn text(&self, name: &str) -> Evaluated<String> {
        let (expression, value) = self.required(name)?;
        to_string(&value).map_err(|wrong| self.wrong(expression, &format!("`{name}`: {wrong}")))
    }

    fn optional_text(&self, name: &str) -> Evaluated<Option<String>> {
        match self.block.body.get_attribute(name) {
            None => Ok(None),
            Some(_) => self.text(name).map(Some),
        }
    }

    fn wrong(&self, expression: &Expression, message: &str) -> Stop {
        Fault::new(&span_of(expression), format!("{}: {message}", self.shown)).into()
    }
}
