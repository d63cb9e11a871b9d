//! `--format`: the form of a report.

use serde::Serialize;
use shipgate_migrate::to_json;

use super::screen::Screen;
use crate::error::CliError;

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// As people read it.
    Text,
    /// One JSON object without a newline.
    BareJson,
    /// One JSON object on a line.
    JsonLine,
}

impl Format {
    /// What `--format` and `--output` ask for. Of templates the one that every
    /// client uses is known.
    pub(super) fn of(template: Option<&str>, screen: &Screen) -> Result<Self, CliError> {
        match template {
            None if screen.wants_json() => Ok(Self::JsonLine),
            None => Ok(Self::Text),
            Some(template) if words(template) == ["{{", "json", ".", "}}"] => Ok(Self::BareJson),
            Some(template) => Err(CliError::usage(
                "not-supported",
                format!("the template `{template}` is not supported by this version"),
            )
            .with_hint("`--format '{{ json . }}'` is")),
        }
    }

    /// The report as JSON in this form.
    pub(super) fn json(self, report: &impl Serialize) -> Result<String, CliError> {
        let mut text =
            to_json(report).map_err(|error| CliError::new("output", error.to_string()))?;
        if self == Self::JsonLine {
            text.push('\n');
        }
        Ok(text)
    }
}

/// A template's words; blanks and trim marks do not matter.
fn words(template: &str) -> Vec<String> {
    template
        .trim()
        .replace("{{-", "{{")
        .replace("-}}", "}}")
        .replace("{{", "{{ ")
        .replace("}}", " }}")
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn blanks_and_trim_marks_do_not_matter() {
        for template in [
            "{{ json . }}",
            "{{json .}}",
            "{{- json . -}}",
            " {{ json  . }} ",
        ] {
            assert_eq!(words(template), ["{{", "json", ".", "}}"], "{template}");
        }
    }
}
