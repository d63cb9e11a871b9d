//! Evaluating expressions: names, operators, templates and functions.
//!
//! Nothing waits here. Where an answer from outside is needed, evaluation
//! stops with the request and is done again once there is an answer: it is a
//! function of the file, what was given, the surroundings and the answers so far.

mod collection;
mod expression;
mod operator;
mod reference;
mod template;

pub(crate) use reference::element;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::data::Answers;
use crate::error::{Evaluated, Fault};
use crate::input::Inputs;
use crate::project::Project;
use crate::secrets::Secrets;
use crate::surroundings::Surroundings;
use crate::value::Value;

/// How many names may need one another in a row, so that the stack holds.
const DEEPEST: usize = 100;

/// One evaluation of a file.
pub(crate) struct Evaluator<'a> {
    pub(crate) project: &'a Project,
    pub(crate) inputs: &'a Inputs,
    pub(crate) surroundings: &'a dyn Surroundings,
    /// The name that was asked for, `atlas.env`.
    pub(crate) environment: &'a str,
    pub(crate) answers: &'a Answers,
    /// What `print` said.
    pub(crate) said: RefCell<Vec<String>>,
    /// The variables of the environment that were asked for and are not set.
    pub(crate) unset: RefCell<BTreeSet<String>>,
    /// What came from outside, and no message may show.
    pub(crate) secrets: RefCell<Secrets>,
    known: RefCell<BTreeMap<String, Value>>,
    running: RefCell<Vec<String>>,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(
        project: &'a Project,
        inputs: &'a Inputs,
        surroundings: &'a dyn Surroundings,
        environment: &'a str,
        answers: &'a Answers,
    ) -> Self {
        Self {
            project,
            inputs,
            surroundings,
            environment,
            answers,
            said: RefCell::default(),
            unset: RefCell::default(),
            secrets: RefCell::default(),
            known: RefCell::default(),
            running: RefCell::default(),
        }
    }

    /// The value under a name, evaluated once. Err, also if it needs itself.
    pub(crate) fn once(
        &self,
        name: &str,
        span: &Range<usize>,
        evaluate: impl FnOnce() -> Evaluated<Value>,
    ) -> Evaluated<Value> {
        if let Some(value) = self.known.borrow().get(name) {
            return Ok(value.clone());
        }
        let running = self.running.borrow().clone();
        if running.len() == DEEPEST {
            let message = format!("more than {DEEPEST} names need one another");
            return Err(Fault::new(span, message).into());
        }
        if running.iter().any(|running| running == name) {
            let last = running.last().map_or("", String::as_str);
            return Err(Fault::new(span, format!("cyclic reference to \"{last}\""))
                .hint(format!("{} need one another", running.join(", ")))
                .into());
        }
        self.running.borrow_mut().push(name.to_owned());
        let value = evaluate();
        self.running.borrow_mut().pop();
        let value = value?;
        self.known
            .borrow_mut()
            .insert(name.to_owned(), value.clone());
        Ok(value)
    }
}

/// Names that are there beside the file's own: `each`, a loop's variables.
#[derive(Default)]
pub(crate) struct Scope<'a> {
    outer: Option<&'a Self>,
    names: Vec<(&'a str, Value)>,
}

impl<'a> Scope<'a> {
    pub(crate) const fn of(names: Vec<(&'a str, Value)>) -> Self {
        Self { outer: None, names }
    }

    pub(crate) const fn within(outer: &'a Self, names: Vec<(&'a str, Value)>) -> Self {
        Self {
            outer: Some(outer),
            names,
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.names
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
            .or_else(|| self.outer?.get(name))
    }
}
