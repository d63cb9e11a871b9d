//! `--var`: what is given for the file's variables.

use std::collections::BTreeMap;
use std::fmt;

use crate::csv;

/// What is given for variables, by name, in the order given. The values may
/// be secrets: [`fmt::Debug`] shows the names alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Inputs {
    given: BTreeMap<String, Vec<String>>,
}

impl Inputs {
    /// Reads what the flags give: each is one CSV record of `key=value`; a
    /// repeated key makes a list.
    ///
    /// # Errors
    /// The sentence that says which flag is wrong, and how, without what may
    /// be a value.
    pub fn parse(flags: &[String]) -> Result<Self, String> {
        let mut inputs = Self::default();
        for flag in flags {
            let records = csv::records(flag).map_err(|error| wrong(flag, &error.to_string()))?;
            for pair in records.into_iter().flatten() {
                let Some((name, value)) = pair.split_once('=') else {
                    return Err(no_pair(flag));
                };
                inputs.add(name, value);
            }
        }
        Ok(inputs)
    }

    /// Gives one more value for a variable.
    pub fn add(&mut self, name: &str, value: &str) {
        self.given
            .entry(name.to_owned())
            .or_default()
            .push(value.to_owned());
    }

    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// The names for which something is given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.given.keys().map(String::as_str)
    }

    pub(crate) fn of(&self, name: &str) -> Option<&[String]> {
        self.given.get(name).map(Vec::as_slice)
    }
}

fn wrong(flag: &str, reason: &str) -> String {
    let shown = match flag.split_once('=') {
        Some((name, _)) => format!("{name}=..."),
        None => flag.to_owned(),
    };
    format!("invalid argument \"{shown}\" for \"--var\" flag: {reason}")
}

fn no_pair(flag: &str) -> String {
    let rule = "variables must be format as key=value";
    if flag.contains('=') {
        let reason = format!("{rule}; a value with a comma is quoted: '\"key=a,b\"'");
        wrong(flag, &reason)
    } else {
        wrong(flag, &format!("{rule}, got: \"{flag}\""))
    }
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.given.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Inputs;

    fn parse(flags: &[&str]) -> Result<Inputs, String> {
        let flags: Vec<_> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        Inputs::parse(&flags)
    }

    #[test]
    fn each_flag_is_a_csv_record_and_repetition_makes_a_list() {
        let inputs = parse(&["x=a,x=b", "y=c=d", "\"z=1,2\"", "x=c"]).expect("they are");
        assert_eq!(
            inputs.of("x"),
            Some(["a", "b", "c"].map(str::to_owned).as_slice())
        );
        assert_eq!(inputs.of("y"), Some(["c=d".to_owned()].as_slice()));
        assert_eq!(inputs.of("z"), Some(["1,2".to_owned()].as_slice()));
    }

    #[test]
    fn what_is_no_pair_is_refused_as_atlas_does() {
        assert_eq!(
            parse(&["foo"]),
            Err("invalid argument \"foo\" for \"--var\" flag: variables must be format as key=value, got: \"foo\"".to_owned())
        );
        assert_eq!(
            parse(&["x={\"a\":1}"]),
            Err("invalid argument \"x=...\" for \"--var\" flag: parse error on line 1, column 4: bare \" in non-quoted-field".to_owned())
        );
    }

    #[test]
    fn values_are_not_shown() {
        let error = parse(&["password=hunter,2"]).expect_err("the comma ends it");
        assert_eq!(
            error,
            "invalid argument \"password=...\" for \"--var\" flag: variables must be format as key=value; a value with a comma is quoted: '\"key=a,b\"'"
        );
        let inputs = parse(&["password=hunter2"]).expect("they are");
        assert_eq!(format!("{inputs:?}"), "{\"password\"}");
    }
}
