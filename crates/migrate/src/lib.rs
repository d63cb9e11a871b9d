//! Migration directories, checksums, history, plan and apply.
