//! Database and directory, and what all reports share.

use shipgate_template::{Function, Parameter, Value};

use super::record::{Empty, Record};
use crate::golang::GoUrl;
use crate::report::{Env, FileEntry, StatementFailure};

/// The fields of an environment that are the report's own too, in JSON as well.
pub(super) fn with_env(record: Record, env: &Env) -> Record {
    env_fields(record.with_field("Env", env_value(env)), env)
}

/// The same, where JSON shows them as `Env`.
pub(super) fn with_nested_env(record: Record, env: &Env) -> Record {
    record
        .with("Env", env_value(env), Empty::Kept)
        .with_field("Driver", Value::from(env.driver))
        .with_field("URL", url(&env.url))
        .with_field("Dir", Value::from(env.dir.as_str()))
}

fn env_value(env: &Env) -> Value {
    env_fields(Record::new("cmdlog.Env"), env).into_value()
}

fn env_fields(record: Record, env: &Env) -> Record {
    record
        .with("Driver", Value::from(env.driver), Empty::LeftOut)
        .with("URL", url(&env.url), Empty::LeftOut)
        .with("Dir", Value::from(env.dir.as_str()), Empty::LeftOut)
}

/// A URL without its secrets.
fn url(url: &GoUrl) -> Value {
    let user = match url.user {
        Some(_) => Record::new("*url.Userinfo").into_value(),
        None => Value::NilPointer("*url.Userinfo"),
    };
    let text = |text: &str| Value::from(text);
    let shown = text(&url.text);
    Record::new("*sqlclient.URL")
        .with("Scheme", text(&url.scheme), Empty::Kept)
        .with("Opaque", text(&url.opaque), Empty::Kept)
        .with("User", user, Empty::Kept)
        .with("Host", text(&url.host), Empty::Kept)
        .with("Path", text(&url.path), Empty::Kept)
        .with("Fragment", text(&url.fragment), Empty::Kept)
        .with("RawQuery", text(&url.raw_query), Empty::Kept)
        .with("RawPath", text(&url.raw_path), Empty::Kept)
        .with("RawFragment", text(&url.raw_fragment), Empty::Kept)
        .with("ForceQuery", Value::from(url.force_query), Empty::Kept)
        .with("OmitHost", Value::from(url.omit_host), Empty::Kept)
        .with("Schema", text(&url.schema), Empty::Kept)
        .with_getter("String", shown.clone())
        .with_getter("Redacted", shown)
        .with_getter("Hostname", text(host(&url.host).0))
        .with_getter("Port", text(host(&url.host).1))
        .with_text(url.text.clone())
        .into_value()
}

/// Host and port.
fn host(host: &str) -> (&str, &str) {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, port),
        _ => (host, ""),
    }
}

pub(super) fn files(files: &[FileEntry<'_>]) -> Value {
    Value::list_of("migrate.File", files.iter().map(file))
}

/// A file, whose name, version and description are methods.
pub(super) fn file(file: &FileEntry<'_>) -> Value {
    with_file(Record::new("*migrate.LocalFile"), file).into_value()
}

pub(super) fn with_file(record: Record, file: &FileEntry<'_>) -> Record {
    record
        .with_getter("Name", Value::from(file.name))
        .with_getter("Version", Value::from(file.version))
        .with_getter("Desc", Value::from(file.description))
        .with_getter("Description", Value::from(file.description))
        .with_member("Name", Value::from(file.name), Empty::LeftOut)
        .with_member("Version", Value::from(file.version), Empty::LeftOut)
        .with_member("Description", Value::from(file.description), Empty::LeftOut)
}

pub(super) fn failure(failure: Option<&StatementFailure>) -> Value {
    const TYPE: &str = "*cmdlog.StmtError";
    match failure {
        None => Value::NilPointer(TYPE),
        Some(failure) => Record::new(TYPE)
            .with("Stmt", Value::from(failure.stmt.as_str()), Empty::LeftOut)
            .with("Text", Value::from(failure.text.as_str()), Empty::LeftOut)
            .into_value(),
    }
}

/// A method that takes a text.
pub(super) fn of_text(body: impl Fn(&str) -> String + Send + Sync + 'static) -> Function {
    Function::new(&[Parameter::String], move |arguments| {
        Ok(Value::from(body(arguments[0].as_str().unwrap_or_default())))
    })
}
