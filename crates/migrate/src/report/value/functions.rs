//! The functions that reports' templates may call.

use shipgate_template::{Function, Functions, Parameter, Value};

use super::json::{json, merged};
use super::record::Record;
use super::status;
use crate::golang::indented;
use crate::report::Palette;

/// The functions of a template for `apply`: `json`, `json_merge`, `add`,
/// `upper`, `indent_ln`, and colours.
#[must_use]
pub fn apply_functions(palette: Palette) -> Functions {
    use Parameter::{Any, Int, String};
    let mut functions = Functions::default();
    functions.insert("json", Function::new(&[Any], encode).variadic(String));
    let merge = |arguments: &[Value]| {
        let objects = arguments.iter().filter_map(Value::as_str);
        merged(objects).map(Value::from)
    };
    functions.insert("json_merge", Function::new(&[], merge).variadic(String));
    let add = |arguments: &[Value]| {
        let numbers = arguments.iter().filter_map(Value::as_int);
        Ok(Value::from(numbers.fold(0, i64::wrapping_add)))
    };
    functions.insert("add", Function::new(&[Int, Int], add));
    let upper = |arguments: &[Value]| Ok(Value::from(text(arguments).to_uppercase()));
    functions.insert("upper", Function::new(&[String], upper));
    functions.insert("indent_ln", Function::new(&[String, Int], indent_lines));
    colours(&mut functions, palette);
    functions
}

/// The functions of a template for `status`: those of `apply`, and `default`,
/// which prints the report as people read it.
#[must_use]
pub fn status_functions(palette: Palette) -> Functions {
    let mut functions = apply_functions(palette);
    let default = |arguments: &[Value]| {
        let report = arguments[0].downcast::<Record>().and_then(Record::report);
        report
            .map(Value::from)
            .ok_or_else(|| "no report".to_owned())
    };
    let report = Parameter::Object(status::TYPE);
    functions.insert("default", Function::new(&[report], default));
    functions
}

fn text(arguments: &[Value]) -> &str {
    arguments
        .first()
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// `json v`, `json v INDENT`, `json v PREFIX INDENT`.
fn encode(arguments: &[Value]) -> Result<Value, String> {
    let json = json(&arguments[0])?;
    let further: Vec<_> = arguments[1..].iter().filter_map(Value::as_str).collect();
    Ok(Value::from(match further.as_slice() {
        [] => json,
        [indent] => indented(&json, "", indent),
        [prefix, indent, ..] => indented(&json, prefix, indent),
    }))
}

/// The text with so many blanks behind each newline.
fn indent_lines(arguments: &[Value]) -> Result<Value, String> {
    let blanks = arguments[1].as_int().unwrap_or_default();
    let blanks = usize::try_from(blanks)
        .ok()
        .filter(|blanks| *blanks <= 1_000)
        .ok_or_else(|| format!("indent_ln: cannot indent by {blanks}"))?;
    let newline = format!("\n{}", " ".repeat(blanks));
    Ok(Value::from(text(arguments).replace('\n', &newline)))
}

/// Paints a text.
type Paint = fn(Palette, &str) -> String;

/// Colours of a text or, but for the last, of a format and what is put into it.
fn colours(functions: &mut Functions, palette: Palette) {
    let paints: [(&str, Paint); 4] = [
        ("cyan", Palette::cyan),
        ("green", Palette::bright_green),
        ("red", Palette::bright_red),
        ("yellow", Palette::yellow),
    ];
    for (name, paint) in paints {
        let function = Function::new(&[Parameter::String], move |arguments| {
            let text = match arguments {
                [Value::String(text)] => text.to_string(),
                [Value::String(format), further @ ..] => shipgate_template::printf(format, further),
                _ => String::new(),
            };
            Ok(Value::from(paint(palette, &text)))
        });
        functions.insert(name, function.variadic(Parameter::Any));
    }
    let function = Function::new(&[], move |arguments| {
        let text = shipgate_template::print(arguments);
        Ok(Value::from(palette.white_on_red(&text)))
    });
    functions.insert("redBgWhiteFg", function.variadic(Parameter::Any));
}
