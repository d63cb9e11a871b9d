//! `--format`: the form of a report.

use serde::Serialize;
use shipgate_migrate::report::{apply_functions, status_functions};
use shipgate_migrate::to_json;
use shipgate_template::{Functions, Templates, Value};

use super::screen::Screen;

/// The name of the template, as its errors show it.
const NAME: &str = "format";

/// The form of a report.
#[derive(Clone, Debug)]
pub(super) enum Format {
    /// As people read it.
    Text,
    /// One JSON object without a newline.
    BareJson,
    /// One JSON object on a line.
    JsonLine,
    /// What a template makes of it.
    Template(Templates),
}

/// What is wrong with a template or its execution, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadTemplate(pub(super) String);

impl Format {
    /// What `--format` and `--output` ask for of an `apply`.
    pub(super) fn of_apply(template: Option<&str>, screen: &Screen) -> Result<Self, BadTemplate> {
        Self::of(template, screen, || apply_functions(screen.palette()))
    }

    /// What `--format` and `--output` ask for of a `status`.
    pub(super) fn of_status(template: Option<&str>, screen: &Screen) -> Result<Self, BadTemplate> {
        Self::of(template, screen, || status_functions(screen.palette()))
    }

    fn of(
        template: Option<&str>,
        screen: &Screen,
        functions: impl Fn() -> Functions,
    ) -> Result<Self, BadTemplate> {
        match template.filter(|template| !template.is_empty()) {
            None if screen.wants_json() => Ok(Self::JsonLine),
            None => Ok(Self::Text),
            // What every client asks for needs no copy of the report.
            Some(template) if is_plain_json(template) => Ok(Self::BareJson),
            Some(template) => {
                let mut templates = Templates::new(functions());
                templates
                    .parse(NAME, template)
                    .map_err(|error| BadTemplate(format!("parse format: {error}")))?;
                Ok(Self::Template(templates))
            }
        }
    }

    /// The report in this form; `None` for text, which is streamed. `value` is
    /// the report as a template's data.
    pub(super) fn written(
        &self,
        report: &impl Serialize,
        value: impl FnOnce() -> Value,
    ) -> Result<Option<String>, BadTemplate> {
        let json = || to_json(report).map_err(|error| BadTemplate(error.to_string()));
        match self {
            Self::Text => Ok(None),
            Self::BareJson => json().map(Some),
            Self::JsonLine => json().map(|json| Some(json + "\n")),
            Self::Template(templates) => templates
                .execute(NAME, &value())
                .map(Some)
                .map_err(|error| BadTemplate(format!("execute log template: {error}"))),
        }
    }

    /// Whether it is as people read it.
    pub(super) const fn is_text(&self) -> bool {
        matches!(self, Self::Text)
    }
}

/// Whether a template is `{{ json . }}` and nothing else.
fn is_plain_json(template: &str) -> bool {
    let inside = template
        .strip_prefix("{{")
        .and_then(|rest| rest.strip_suffix("}}"));
    inside.is_some_and(|inside| {
        let words: Vec<_> = inside.split_ascii_whitespace().collect();
        words == ["json", "."]
    })
}

#[cfg(test)]
mod tests {
    use super::is_plain_json;

    #[test]
    fn plain_json_is_known_whatever_its_blanks() {
        for template in ["{{ json . }}", "{{json .}}", "{{  json\t. }}"] {
            assert!(is_plain_json(template), "{template}");
        }
        for template in [
            "{{ json . }}\n",
            "{{ json . \" \" }}",
            "{{ json.}}",
            "{{ . }}",
        ] {
            assert!(!is_plain_json(template), "{template}");
        }
    }
}
