//! The file's blocks, before anything is evaluated.

use std::collections::BTreeMap;
use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block, Body, Structure};

use crate::error::{ConfigError, Fault, Stop, nearest};
use crate::source::{Place, Source};
use crate::types::Type;

/// A parsed `atlas.hcl`.
pub struct Project {
    pub(crate) source: Source,
    pub(crate) variables: BTreeMap<String, Variable>,
    pub(crate) locals: BTreeMap<String, Expression>,
    /// By type and name.
    pub(crate) data: BTreeMap<(String, String), Block>,
    pub(crate) envs: Vec<EnvBlock>,
    warnings: Vec<Warning>,
}

/// A `variable` block.
pub(crate) struct Variable {
    pub(crate) of: Type,
    pub(crate) default: Option<Expression>,
    pub(crate) span: Range<usize>,
}

/// An `env` block.
pub(crate) struct EnvBlock {
    /// Its label; without one, its `name` tells which environment it is.
    pub(crate) label: Option<String>,
    pub(crate) body: Body,
    pub(crate) span: Range<usize>,
}

/// Something that is accepted and has no effect here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where.
    pub place: Place,
    /// What, and what follows.
    pub message: String,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// The blocks a file may have; those of other names are left alone, as other
/// commands and other blocks may use them.
const BLOCKS: [&str; 9] = [
    "variable", "locals", "data", "env", "atlas", "lint", "diff", "test", "hook",
];

impl Project {
    /// Parses a file. `name` is how messages call it.
    ///
    /// # Errors
    /// [`ConfigError`] with the place of what is wrong.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        let source = Source::new(name, text);
        let body: Body = hcl_edit::parser::parse_body(source.text()).map_err(|error| {
            let location = error.location();
            ConfigError::Syntax {
                place: Place {
                    file: name.to_owned(),
                    line: location.line(),
                    column: location.column(),
                },
                message: error.message().to_owned(),
            }
        })?;
        let mut project = Self {
            source,
            variables: BTreeMap::new(),
            locals: BTreeMap::new(),
            data: BTreeMap::new(),
            envs: Vec::new(),
            warnings: Vec::new(),
        };
        for structure in body {
            if let Structure::Block(block) = structure {
                project.add(block).map_err(|fault| project.at(&fault))?;
            }
        }
        Ok(project)
    }

    /// What is accepted and has no effect, wherever it stands.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The file's name, as messages call it.
    pub fn name(&self) -> &str {
        self.source.name()
    }

    fn add(&mut self, block: Block) -> Result<(), Stop> {
        let span = span_of(&block);
        match block.ident.as_str() {
            "variable" => {
                let [name] = labels(&block)?;
                let variable = variable(&block)?;
                match self.variables.insert(name.clone(), variable) {
                    None => Ok(()),
                    Some(_) => Err(twice(&span, &format!("variable \"{name}\""))),
                }
            }
            "locals" => {
                let [] = labels(&block)?;
                for attribute in block.body.into_attributes() {
                    let name = attribute.key.to_string();
                    let span = attribute.key.span().unwrap_or(span.clone());
                    if self.locals.insert(name.clone(), attribute.value).is_some() {
                        return Err(twice(&span, &format!("local.{name}")));
                    }
                }
                Ok(())
            }
            "data" => {
                let [kind, name] = labels(&block)?;
                let shown = format!("data.{kind}.{name}");
                match self.data.insert((kind, name), block) {
                    None => Ok(()),
                    Some(_) => Err(twice(&span, &shown)),
                }
            }
            "env" => {
                let label = match block.labels.as_slice() {
                    [] => None,
                    _ => Some(labels::<1>(&block)?.concat()),
                };
                self.envs.push(EnvBlock {
                    label,
                    body: block.body,
                    span,
                });
                Ok(())
            }
            "hook" => Err(self.hook(&block)),
            "atlas" => {
                self.warn(
                    &span,
                    "the block `atlas` is about Atlas Cloud, which is not used: no report is sent there",
                );
                Ok(())
            }
            other => {
                if let Some(near) = nearest(other, &BLOCKS).filter(|near| near != other) {
                    let message =
                        format!("the block `{other}` has no effect; did you mean `{near}`?");
                    self.warn(&span, &message);
                }
                Ok(())
            }
        }
    }

    /// What a `hook` block is answered with: statements that are expected to
    /// run would not.
    pub(crate) fn hook(&self, block: &Block) -> Stop {
        let labels: Vec<_> = block
            .labels
            .iter()
            .map(|label| format!(" \"{}\"", label.as_str()))
            .collect();
        ConfigError::NotSupported {
            place: self.source.place(&span_of(block)),
            what: format!("the block `hook{}`", labels.concat()),
            hint: "its statements would not run; set timeouts by flags or directives, and put other statements into migrations".to_owned(),
        }
        .into()
    }

    fn warn(&mut self, span: &Range<usize>, message: &str) {
        self.warnings.push(Warning {
            place: self.source.place(span),
            message: message.to_owned(),
        });
    }

    /// The error that a parsed file's fault is. Nothing is asked while parsing.
    fn at(&self, stop: &Stop) -> ConfigError {
        match stop.clone().into_error(&self.source) {
            Ok(error) => error,
            Err(request) => request.unanswered(&self.source),
        }
    }
}

fn twice(span: &Range<usize>, what: &str) -> Stop {
    Fault::new(span, format!("{what} is defined twice")).into()
}

/// A block's labels, of which there have to be N.
fn labels<const N: usize>(block: &Block) -> Result<[String; N], Stop> {
    let found: Vec<_> = block
        .labels
        .iter()
        .map(|label| label.as_str().to_owned())
        .collect();
    let count = found.len();
    found.try_into().map_err(|_| {
        let name = block.ident.as_str();
        let message = match N {
            0 => format!("the block `{name}` has no label"),
            1 => format!("the block `{name}` has one label, its name; this one has {count}"),
            _ => format!(
                "the block `{name}` has two labels, its type and its name; this one has {count}"
            ),
        };
        Fault::new(&span_of(block), message).into()
    })
}

fn variable(block: &Block) -> Result<Variable, Stop> {
    const KNOWN: [&str; 4] = ["type", "default", "description", "sensitive"];
    if let Some(inner) = block.body.blocks().next() {
        let message = format!("a variable has no block `{}`", inner.ident.as_str());
        return Err(Fault::new(&span_of(inner), message).into());
    }
    for attribute in block.body.attributes() {
        let name = attribute.key.as_str();
        if !KNOWN.contains(&name) {
            let message = format!("a variable has no argument `{name}`");
            return Err(Fault::new(&key_span(attribute), message)
                .hint(format!("it has {}", KNOWN.join(", ")))
                .into());
        }
    }
    let Some(of) = block.body.get_attribute("type") else {
        return Err(
            Fault::new(&span_of(block), "the argument `type` is missing")
                .hint("`type = string`")
                .into(),
        );
    };
    Ok(Variable {
        of: variable_type(&of.value)?,
        default: block
            .body
            .get_attribute("default")
            .map(|default| default.value.clone()),
        span: span_of(block),
    })
}

fn variable_type(expression: &Expression) -> Result<Type, Stop> {
    let name = match expression {
        Expression::Variable(name) => name.as_str(),
        Expression::String(name) => name.as_str(),
        Expression::FuncCall(call) => {
            let arguments: Vec<_> = call.args.iter().collect();
            return match (call.name.name.as_str(), arguments.as_slice()) {
                ("list", [of]) => Ok(Type::List(Box::new(variable_type(of)?))),
                ("set", [of]) => Ok(Type::Set(Box::new(variable_type(of)?))),
                ("map", [of]) => Ok(Type::Map(Box::new(variable_type(of)?))),
                ("tuple", [Expression::Array(types)]) => Ok(Type::Tuple(
                    types.iter().map(variable_type).collect::<Result<_, _>>()?,
                )),
                ("object", [Expression::Object(fields)]) => Ok(Type::Object(
                    fields
                        .iter()
                        .map(|(key, value)| {
                            let name = key
                                .as_ident()
                                .map(hcl_edit::Ident::as_str)
                                .or_else(|| key.as_expr().and_then(Expression::as_str))
                                .ok_or_else(|| unknown_type(expression))?;
                            Ok((name.to_owned(), variable_type(value.expr())?))
                        })
                        .collect::<Result<_, Stop>>()?,
                )),
                _ => Err(unknown_type(expression)),
            };
        }
        _ => return Err(unknown_type(expression)),
    };
    match name {
        "string" => Ok(Type::String),
        "number" | "int" => Ok(Type::Number),
        "bool" => Ok(Type::Bool),
        _ => Err(unknown_type(expression)),
    }
}

fn unknown_type(expression: &Expression) -> Stop {
    Fault::new(&span_of(expression), "this is not a type")
        .hint("types are string, number, int, bool, list(T), set(T), map(T), tuple([T, ...]) and object({name = T, ...})")
        .into()
}

/// Where something begins and ends.
pub(crate) fn span_of(what: &impl Span) -> Range<usize> {
    what.span().unwrap_or_default()
}

/// Where an attribute's name is.
pub(crate) fn key_span(attribute: &Attribute) -> Range<usize> {
    attribute.key.span().unwrap_or_else(|| span_of(attribute))
}
