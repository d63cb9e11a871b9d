//! What a migration says must hold before it: assertions, one value each.

use shipgate_database::Value;
use shipgate_sql::{Statement, StatementKind};

use crate::apply::conductor::Conductor;
use crate::apply::prepare::Prepared;
use crate::apply::statements::failed_statement;
use crate::apply::{ApplyError, ApplyEvent};
use crate::directory::File;
use crate::formats::{Part, PartError};
use crate::golang::GoDuration;
use crate::report::ApplyReport;
use crate::script::{ScriptError, Syntax, Unit, part_statements, parts_error};

/// One section of assertions.
#[derive(Clone, Debug)]
pub(super) struct Check<'a> {
    name: String,
    one_is_enough: bool,
    assertions: Vec<Statement<'a>>,
}

impl<'a> Check<'a> {
    /// The checks of a file, in order.
    pub(super) fn of(file: &'a File, syntax: Syntax) -> Result<Vec<Self>, ScriptError> {
        // What may stay on disk has no checks.
        let Some(bytes) = file.held() else {
            return Ok(Vec::new());
        };
        let text = file.decoded(bytes)?;
        let sections = file
            .format()
            .checks(text, syntax.dialect())
            .map_err(|error| parts_error(file, error))?;
        sections
            .into_iter()
            .map(|section| {
                let part = Part::Script(section.range);
                let assertions = part_statements(file, text, &part, syntax)?;
                if let Some(other) = assertions
                    .iter()
                    .find(|statement| statement.kind != StatementKind::Select)
                {
                    let message = format!(
                        "a check asks and changes nothing: {:?} is no SELECT",
                        other.text
                    );
                    let line = other.line;
                    return Err(parts_error(file, PartError { line, message }));
                }
                Ok(Self {
                    name: section.name,
                    one_is_enough: section.one_is_enough,
                    assertions,
                })
            })
            .collect()
    }
}

/// Asserts what a file says must hold before it, section by section.
pub(super) async fn assert_checks<'a>(
    conductor: &mut Conductor<'_>,
    report: &mut ApplyReport<'a>,
    prepared: &Prepared<'a>,
) -> Result<(), ApplyError> {
    for check in &prepared.checks {
        let started = conductor.now();
        report.check_started(&check.name, started);
        conductor.emit(&ApplyEvent::CheckStarted {
            file: prepared.file,
            name: &check.name,
            at: started,
        });
        let done = assert_check(conductor, report, prepared.file, check).await;
        let at = conductor.now();
        match done {
            Ok(()) => {
                report.check_done(at);
                let elapsed = GoDuration::between(started, at);
                conductor.emit(&ApplyEvent::CheckDone { at, elapsed });
            }
            Err(error) => {
                let (text, failed) = match &error {
                    ApplyError::CheckFailed { failed, .. } => (error.to_string(), *failed),
                    ApplyError::Statement(failed) => (failed.error.message.clone(), 1),
                    other => (other.to_string(), 0),
                };
                let statement = error
                    .failed_statement()
                    .map(|failed| failed.statement.as_str());
                report.check_failed(at, statement, &text);
                conductor.emit(&ApplyEvent::CheckFailed {
                    at,
                    error: &text,
                    failed,
                });
                return Err(error);
            }
        }
    }
    Ok(())
}

async fn assert_check<'a>(
    conductor: &mut Conductor<'_>,
    report: &mut ApplyReport<'a>,
    file: &File,
    check: &Check<'a>,
) -> Result<(), ApplyError> {
    let mut first_failure = None;
    let mut failed = 0;
    for assertion in &check.assertions {
        if conductor.cancel.is_cancelled() {
            return Err(ApplyError::Cancelled(None));
        }
        let rows = match conductor.query(assertion.text).await {
            Ok(rows) => rows,
            Err(error) => {
                report.asserted(assertion.text, Some(&error.message));
                conductor.emit(&ApplyEvent::Asserted {
                    text: assertion.text,
                });
                let unit = Unit::new(
                    conductor.session.dialect(),
                    0,
                    assertion.text,
                    assertion.span.start,
                    (assertion.line, assertion.column),
                );
                let failed = failed_statement(file, &unit, error);
                return Err(ApplyError::Statement(Box::new(failed)));
            }
        };
        let returned = verdict(&rows);
        conductor.emit(&ApplyEvent::Asserted {
            text: assertion.text,
        });
        match returned {
            None => report.asserted(assertion.text, None),
            Some(returned) => {
                let text = format!("check assertion {:?} returned {returned}", assertion.text);
                report.asserted(assertion.text, Some(&text));
                failed += 1;
                first_failure.get_or_insert(text);
            }
        }
    }
    let total = check.assertions.len();
    match first_failure {
        Some(reason) if !check.one_is_enough || failed == total => Err(ApplyError::CheckFailed {
            failed,
            total,
            reason,
        }),
        _ => Ok(()),
    }
}

/// What a failed assertion returned; nothing if it holds.
fn verdict(rows: &[Vec<Value>]) -> Option<String> {
    let value = match rows {
        [row] => match row.as_slice() {
            [value] => value,
            several => return Some(format!("{} columns, expected one", several.len())),
        },
        several => return Some(format!("{} rows, expected one", several.len())),
    };
    let holds = match value {
        Value::Null => return Some("NULL".to_owned()),
        Value::Integer(number) => *number != 0,
        Value::Real(number) => *number != 0.0,
        Value::Text(text) => ["true", "t", "1"]
            .iter()
            .any(|yes| text.eq_ignore_ascii_case(yes)),
        Value::Blob(_) => false,
    };
    (!holds).then(|| "false".to_owned())
}

#[cfg(test)]
mod tests {
    use shipgate_database::Value;

    use super::verdict;

    #[test]
    fn an_assertion_returns_one_true_value() {
        for value in [
            Value::Integer(1),
            Value::Real(0.5),
            Value::Text("true".to_owned()),
        ] {
            assert_eq!(verdict(&[vec![value]]), None);
        }
        for (rows, returned) in [
            (vec![vec![Value::Integer(0)]], "false"),
            (vec![vec![Value::Text("no".to_owned())]], "false"),
            (vec![vec![Value::Null]], "NULL"),
            (vec![], "0 rows, expected one"),
            (
                vec![vec![Value::Integer(1), Value::Integer(1)]],
                "2 columns, expected one",
            ),
        ] {
            assert_eq!(verdict(&rows).as_deref(), Some(returned));
        }
    }
}
