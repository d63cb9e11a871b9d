//! Django: `<app>/migrations/<name>.py`, a graph across apps.
//!
//! Apps are those in the tree; what is installed beside it cannot be known
//! without running code, so rows of other apps are foreign, not missing.
//!
//! Source: <https://docs.djangoproject.com/en/stable/topics/migrations/>.

mod compare;
mod graph;
mod migration_file;
mod settings;
mod tool;

pub(crate) use tool::Django;
