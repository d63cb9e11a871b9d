//! Values bound to a statement and read from its rows, all in text format.

use std::io;

use bytes::Bytes;

use super::message::{cut_short, fields};
use crate::Value;

/// Types that rows are read as, by the object identifiers they have in every
/// PostgreSQL (`pg_type.dat`).
mod oid {
    pub(super) const BOOL: u32 = 16;
    pub(super) const BYTEA: u32 = 17;
    pub(super) const INT8: u32 = 20;
    pub(super) const INT2: u32 = 21;
    pub(super) const INT4: u32 = 23;
    pub(super) const OID: u32 = 26;
    pub(super) const FLOAT4: u32 = 700;
    pub(super) const FLOAT8: u32 = 701;
    /// The server finds the type from where the value stands.
    pub(super) const UNKNOWN: u32 = 0;
}

/// The type a bound value is sent as. Texts have none, so that they fit
/// wherever a quoted literal would: `jsonb`, `timestamptz`, an enum.
pub(super) fn bound_type(value: &Value) -> u32 {
    match value {
        Value::Null | Value::Text(_) => oid::UNKNOWN,
        Value::Integer(_) => oid::INT8,
        Value::Real(_) => oid::FLOAT8,
        Value::Blob(_) => oid::BYTEA,
    }
}

/// A bound value as text; `None` is NULL.
pub(super) fn bound_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Text(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Real(number) => Some(number.to_string()),
        Value::Blob(bytes) => Some(format!("\\x{}", crate::catalog::hex(bytes))),
    }
}

/// The values of a `DataRow` whose columns have these types.
pub(super) fn row(body: Bytes, types: &[u32]) -> io::Result<Vec<Value>> {
    let fields = fields(body)?;
    let values = fields.iter().zip(types);
    values
        .map(|(field, type_of)| read(field.as_ref(), *type_of))
        .collect()
}

/// A field of a row. Truth values are 1 and 0; every type without a kind of
/// its own is text as the server writes it.
fn read(field: Option<&Bytes>, type_of: u32) -> io::Result<Value> {
    let Some(bytes) = field else {
        return Ok(Value::Null);
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a value is not UTF-8"))?;
    Ok(match type_of {
        oid::BOOL => Value::Integer(i64::from(text == "t")),
        oid::INT2 | oid::INT4 | oid::INT8 | oid::OID => {
            Value::Integer(text.parse().map_err(|_| cut_short())?)
        }
        oid::FLOAT4 | oid::FLOAT8 => Value::Real(text.parse().map_err(|_| cut_short())?),
        oid::BYTEA => Value::Blob(bytea(text).ok_or_else(cut_short)?),
        _ => Value::Text(text.to_owned()),
    })
}

/// Bytes in either of the forms of `bytea_output`.
fn bytea(text: &str) -> Option<Vec<u8>> {
    let Some(digits) = text.strip_prefix("\\x") else {
        return escaped(text.as_bytes());
    };
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect()
}

fn escaped(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return Some(bytes),
            [b'\\', b'\\', rest @ ..] => {
                bytes.push(b'\\');
                rest
            }
            [b'\\', digits @ ..] => {
                let (octal, rest) = digits.split_at_checked(3)?;
                bytes.push(u8::from_str_radix(std::str::from_utf8(octal).ok()?, 8).ok()?);
                rest
            }
            [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_in_both_output_forms() {
        assert_eq!(bytea("\\x00ff"), Some(vec![0, 255]));
        assert_eq!(bytea("a\\\\\\000b"), Some(vec![b'a', b'\\', 0, b'b']));
        assert_eq!(bytea("\\9"), None);
    }
}
