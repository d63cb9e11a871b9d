//! From a file and a name to environments: evaluating, asking, evaluating again.

use crate::data::Answers;
use crate::environment::{Environment, Wanted};
use crate::error::{ConfigError, Evaluated, nearest};
use crate::evaluate::Evaluator;
use crate::input::Inputs;
use crate::project::{Project, Warning};
use crate::selection::Selection;
use crate::surroundings::Surroundings;
use crate::value::Value;

/// What was asked for, and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// At least one, in the order in which they are to be used.
    pub environments: Vec<Environment>,
    /// What is accepted and has no effect.
    pub warnings: Vec<Warning>,
    /// What `print` was called with, in order.
    pub said: Vec<String>,
}

impl Selected {
    /// The environment, where a command uses one.
    ///
    /// # Errors
    /// [`ConfigError::MultipleEnvs`] if there are several.
    pub fn single(mut self) -> Result<Environment, ConfigError> {
        match (self.environments.pop(), self.environments.is_empty()) {
            (Some(only), true) => Ok(only),
            (last, _) => Err(ConfigError::MultipleEnvs {
                name: last.map(|env| env.name).unwrap_or_default(),
            }),
        }
    }
}

impl Project {
    /// The environments of a name. Only what they need is evaluated: data
    /// sources that they do not refer to are not asked.
    ///
    /// # Errors
    /// [`ConfigError`]; none shows a value.
    pub async fn select(
        &self,
        name: &str,
        wanted: Wanted,
        inputs: &Inputs,
        surroundings: &dyn Surroundings,
    ) -> Result<Selected, ConfigError> {
        self.check(inputs)?;
        let mut answers = Answers::new();
        loop {
            let (request, secrets) = {
                let evaluator = Evaluator::new(self, inputs, surroundings, name, &answers);
                let mut selection = Selection {
                    evaluator: &evaluator,
                    wanted,
                    warnings: self.warnings().to_vec(),
                };
                let environments = evaluator
                    .given_variables()
                    .and_then(|()| selection.environments());
                match environments.map_err(|stop| stop.into_error(&self.source)) {
                    Ok(environments) => {
                        return Ok(Selected {
                            environments,
                            warnings: selection.warnings,
                            said: evaluator.said.take(),
                        });
                    }
                    Err(Ok(error)) => return Err(error.without(&evaluator.secrets.take())),
                    Err(Err(request)) => (request, evaluator.secrets.take()),
                }
            };
            request
                .answer(surroundings, &self.source, &mut answers)
                .await
                .map_err(|error| error.without(&secrets))?;
        }
    }

    /// Every variable that is given is declared, and every one that is needed is given.
    fn check(&self, inputs: &Inputs) -> Result<(), ConfigError> {
        let declared: Vec<_> = self.variables.keys().collect();
        if let Some(name) = inputs
            .names()
            .find(|name| !self.variables.contains_key(*name))
        {
            return Err(ConfigError::UnknownVariable {
                name: name.to_owned(),
                file: self.name().to_owned(),
                nearest: nearest(name, &declared),
            });
        }
        let missing = self
            .variables
            .iter()
            .find(|(name, variable)| variable.default.is_none() && inputs.of(name).is_none());
        match missing {
            None => Ok(()),
            Some((name, variable)) => Err(ConfigError::MissingVariable {
                name: name.clone(),
                place: self.source.place(&variable.span),
            }),
        }
    }
}

impl Evaluator<'_> {
    /// Evaluates the variables that are given, so that one of a wrong type is
    /// refused even where it is not used.
    fn given_variables(&self) -> Evaluated<()> {
        for name in self.inputs.names() {
            let _: Value = self.variable(name, &(0..0))?;
        }
        Ok(())
    }
}
