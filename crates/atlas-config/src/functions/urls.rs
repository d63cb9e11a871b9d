//! Functions of URLs.

use super::Table;
use super::arguments::{at_least, text, texts};
use crate::url::{Url, escaped};
use crate::value::Value;

pub(super) const TABLE: Table = &[
    ("urlescape", |_, values| {
        texts(values).map(|[text]| Value::String(escaped(&text, "")))
    }),
    ("urlqueryset", |_, values| {
        let [url, name, value] = texts(values)?;
        Ok(Value::String(
            Url::parse(&url)?.with_parameter(&name, &value),
        ))
    }),
    ("urlsetpath", |_, values| {
        let [url, path] = texts(values)?;
        Ok(Value::String(Url::parse(&url)?.with_path(&path)))
    }),
    ("urluserinfo", |_, values| {
        let ([url, user], rest) = at_least(values)?;
        let (url, user) = (text(&url)?, text(&user)?);
        let password = match rest.as_slice() {
            [] => None,
            [password] => Some(text(password)?),
            _ => return Err("two or three arguments are required".to_owned()),
        };
        Ok(Value::String(
            Url::parse(&url)?.with_user(&user, password.as_deref()),
        ))
    }),
];
