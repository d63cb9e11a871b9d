//! Values as JSON.

use std::collections::BTreeMap;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use shipgate_template::Value;

use super::record::Record;
use super::time::{Duration, Time};
use crate::golang::to_json;

/// A value that serializes as Go's `encoding/json` writes it.
struct Json<'v>(&'v Value);

/// A value as one line of JSON.
pub(super) fn json(value: &Value) -> Result<String, String> {
    to_json(&Json(value)).map_err(|error| error.to_string())
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::NoValue | Value::Nil | Value::NilPointer(_) => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(number) => serializer.serialize_i64(*number),
            Value::Byte(number) => serializer.serialize_u8(*number),
            Value::Float(number) => match whole(*number) {
                Some(number) => serializer.serialize_i64(number),
                None => serializer.serialize_f64(*number),
            },
            Value::String(text) => serializer.serialize_str(text),
            Value::List(list) => {
                let mut array = serializer.serialize_seq(Some(list.items.len()))?;
                for item in list.items.iter() {
                    array.serialize_element(&Json(item))?;
                }
                array.end()
            }
            Value::Map(map) => {
                let members = map.iter().map(|(name, value)| (name.as_str(), value));
                object(members, serializer)
            }
            Value::Object(_) => {
                if let Some(record) = self.0.downcast::<Record>() {
                    let members = record.json().iter().map(|(name, value)| (*name, value));
                    object(members, serializer)
                } else if let Some(Time(time)) = self.0.downcast() {
                    time.serialize(serializer)
                } else if let Some(Duration(duration)) = self.0.downcast() {
                    serializer.serialize_i64(duration.as_nanos())
                } else {
                    Err(unsupported(self.0))
                }
            }
            Value::Function(_) => Err(unsupported(self.0)),
        }
    }
}

fn object<'v, S: Serializer>(
    members: impl Iterator<Item = (&'v str, &'v Value)>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut object = serializer.serialize_map(None)?;
    for (name, value) in members {
        object.serialize_entry(name, &Json(value))?;
    }
    object.end()
}

fn unsupported<E: serde::ser::Error>(value: &Value) -> E {
    E::custom(format!("json: unsupported type: {}", value.type_name()))
}

/// A float without decimals, which JSON does not show.
fn whole(number: f64) -> Option<i64> {
    // Up to 2^53 every whole float is an integer.
    #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
}

/// The objects as one: of a name that several have, the last one's value.
/// Names are sorted.
pub(super) fn merged<'t>(objects: impl Iterator<Item = &'t str>) -> Result<String, String> {
    let mut merged: Option<BTreeMap<String, serde_json::Value>> = None;
    for object in objects {
        let object: Option<BTreeMap<_, _>> =
            serde_json::from_str(object).map_err(|error| format!("json_merge: {error}"))?;
        match (&mut merged, object) {
            (_, None) => merged = None,
            (Some(merged), Some(object)) => merged.extend(object),
            (None, object) => merged = object,
        }
    }
    to_json(&merged).map_err(|error| format!("json_merge: {error}"))
}
