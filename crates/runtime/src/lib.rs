//! Machines: one module per runtime; local processes first.
