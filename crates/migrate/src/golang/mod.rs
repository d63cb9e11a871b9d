//! Values written the way Go writes them, because reports and errors are
//! compared byte for byte with those of a tool written in Go.

mod duration;
mod json;
mod layout;
mod os_error;
mod time;
mod url;

pub use duration::{BadDuration, GoDuration};
pub use json::to_json;
pub(crate) use json::{indented, is_empty};
pub(crate) use layout::format_time;
pub(crate) use os_error::OsErrorText;
pub(crate) use shipgate_template::{Quoted, QuotedList};
pub use time::GoTime;
pub use url::GoUrl;
pub(crate) use url::percent_decode;
