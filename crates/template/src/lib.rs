//! Templates in the language of Go's `text/template`: parsed once, executed
//! over values that the caller gives.
//!
//! What a template prints and the words of every error are those of Go 1.26,
//! because people wrote their templates for it and match on its messages; the
//! pairs in `tests/golden/` were made by Go itself. This crate is pure: it
//! reads no file, environment or clock, and no input makes it panic or recurse
//! without bound.
//!
//! What Go has and this does not: complex numbers, channels, iterators,
//! `%p` and `%w`. Strings are UTF-8: a byte that is none becomes U+FFFD.
//!
//! ```
//! # use shipgate_template::{Function, Functions, Parameter, Templates, Value};
//! let mut functions = Functions::default();
//! functions.insert("upper", Function::new(&[Parameter::String], |arguments| {
//!     Ok(Value::from(arguments[0].as_str().unwrap_or_default().to_uppercase()))
//! }));
//! let mut templates = Templates::new(functions);
//! templates.parse("greeting", "Hello, {{ .name | upper }}!")?;
//! let data = Value::from_iter([("name", Value::from("world"))]);
//! assert_eq!(templates.execute("greeting", &data)?, "Hello, WORLD!");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod builtin;
mod evaluate;
mod execute;
mod function;
mod lexer;
mod literal;
mod node;
mod parser;
mod print;
mod quote;
mod templates;
mod token;
mod value;

pub use execute::ExecuteError;
pub use function::{Function, Functions, Parameter};
pub use parser::ParseError;
pub use print::{print, printf};
pub use quote::{Quoted, QuotedList};
pub use templates::{MissingKey, Templates};
pub use value::{List, Object, Value};
