//! The project file: `fly.toml` and `shipgate.toml`, parsed, validated and
//! explained.
//!
//! `shipgate.toml` is `fly.toml` plus `[database]`, `[release]`, `[runtime]`
//! and, in `[build]`, `command`, `include` and `timeout`; both are read by the
//! same reader. Every value knows where it came from, and every error says
//! where it is and what would be right.
//!
//! This crate knows none of the others. It reads the one file it is given and
//! nothing else: no environment (names are looked up by a function the caller
//! gives), no home, no clock. It starts nothing and prints nothing.
//!
//! ```
//! use shipgate_project::{Source, parse};
//!
//! let text = "app = \"notes\"\n[processes]\nweb = \"./notes serve --name $NAME\"\n";
//! let loaded = parse(Source::new("fly.toml", text), &[])?;
//! let web = loaded.project.group("web").expect("it is in the file");
//! let command = web.command.expect("it has one");
//! assert_eq!(
//!     command.expand(|_| Some("a b".to_owned())).expect("every name is set"),
//!     ["./notes", "serve", "--name", "a b"]
//! );
//! # Ok::<(), shipgate_project::Invalid>(())
//! ```

mod command;
mod diagnostic;
mod duration;
mod explain;
mod find;
mod groups;
mod json;
mod legacy;
mod load;
mod mask;
mod origin;
mod project;
mod reader;
mod redact;
mod sections;
mod size;
mod source;
mod template;
mod tree;
mod url_places;
mod validate;
mod value;

pub use command::{BadCommand, CommandLine, Word, quote};
pub use diagnostic::{Diagnostic, Fault, Ignored, Invalid};
pub use duration::show as show_duration;
pub use explain::{Explanation, Report, Setting};
pub use find::{FLY_TOML, FindError, Found, SHIPGATE_TOML, find};
pub use groups::{CheckPort, Group, GroupCheck};
pub use load::{LoadError, Override, load, parse};
pub use origin::{Origin, Sourced};
pub use project::{Env, Loaded, Project};
pub use redact::{REDACTED, is_secret_name, redact};
pub use sections::build::{Build, Compression, Include, landing};
pub use sections::check::{Check, CheckProbe, MachineCheck};
pub use sections::database::{Apply, Database};
pub use sections::deploy::{Deploy, Strategy};
pub use sections::experimental::Experimental;
pub use sections::files::{File, FileContent};
pub use sections::mount::Mount;
pub use sections::release::{OnFailure, Release, StepWord};
pub use sections::restart::{Restart, RestartPolicy};
pub use sections::runtime::{Runtime, RuntimeKind};
pub use sections::service::{
    AutoStop, Concurrency, ConcurrencyType, Protocol, Service, ServicePort,
};
pub use sections::signal::Signal;
pub use sections::statics::{Metrics, Static};
pub use sections::vm::{MachineSize, Memory, Vm};
pub use source::Source;
pub use template::{BadReference, Piece, Template, UnsetName};
