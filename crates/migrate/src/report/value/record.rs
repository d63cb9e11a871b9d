//! An object of a report.

use std::any::Any;
use std::sync::Arc;

use shipgate_template::{Function, Object, Value};

/// An object of a report, with what its JSON shows and its methods.
#[derive(Debug)]
pub(super) struct Record {
    type_name: &'static str,
    fields: Vec<(&'static str, Value)>,
    /// The members of its JSON, those that are left out left out.
    json: Vec<(&'static str, Value)>,
    methods: Vec<(&'static str, Function)>,
    /// What is printed for it instead of its fields.
    text: Option<String>,
    /// The whole report as people read it, which `default` prints.
    report: Option<String>,
}

/// Whether an empty member stands in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Empty {
    /// It does.
    Kept,
    /// It does not.
    LeftOut,
}

impl Record {
    pub(super) const fn new(type_name: &'static str) -> Self {
        Self {
            type_name,
            fields: Vec::new(),
            json: Vec::new(),
            methods: Vec::new(),
            text: None,
            report: None,
        }
    }

    /// A field that JSON shows under the same name.
    pub(super) fn with(self, name: &'static str, value: Value, empty: Empty) -> Self {
        self.with_field(name, value.clone())
            .with_member(name, value, empty)
    }

    /// A field that JSON does not show, or under another name.
    pub(super) fn with_field(mut self, name: &'static str, value: Value) -> Self {
        self.fields.push((name, value));
        self
    }

    /// A member of the JSON that is no field.
    pub(super) fn with_member(mut self, name: &'static str, value: Value, empty: Empty) -> Self {
        if empty == Empty::Kept || value.is_true() {
            self.json.push((name, value));
        }
        self
    }

    pub(super) fn with_method(mut self, name: &'static str, function: Function) -> Self {
        self.methods.push((name, function));
        self
    }

    /// A method without arguments.
    pub(super) fn with_getter(self, name: &'static str, value: Value) -> Self {
        self.with_method(name, Function::new(&[], move |_| Ok(value.clone())))
    }

    pub(super) fn with_text(mut self, text: String) -> Self {
        self.text = Some(text);
        self
    }

    pub(super) fn with_report(mut self, text: String) -> Self {
        self.report = Some(text);
        self
    }

    pub(super) fn into_value(self) -> Value {
        Value::Object(Arc::new(self))
    }

    pub(super) fn json(&self) -> &[(&'static str, Value)] {
        &self.json
    }

    pub(super) fn report(&self) -> Option<&str> {
        self.report.as_deref()
    }
}

impl Object for Record {
    fn type_name(&self) -> &'static str {
        self.type_name
    }

    fn fields(&self) -> &[(&'static str, Value)] {
        &self.fields
    }

    fn method(&self, name: &str) -> Option<Function> {
        let method = self.methods.iter().find(|method| method.0 == name);
        method.map(|(_, function)| function.clone())
    }

    fn text(&self) -> Option<String> {
        self.text.clone()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
