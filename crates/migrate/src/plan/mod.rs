//! What to do: directory and history in, files to execute out. Pure.

mod error;
mod order;
mod planner;
mod standing;

pub use error::PlanError;
pub use order::{ExecOrder, UnknownExecOrder};
pub use planner::{Limit, Plan, PlanOptions, plan};
pub use standing::{Pending, Standing, standing};
