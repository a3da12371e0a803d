//! Faults: what goes wrong on purpose, by plan.

pub(crate) mod act;
mod check;
mod edit;
pub(crate) mod engine;
mod handle;
pub(crate) mod kind;
pub(crate) mod plan;
pub(crate) mod play;
pub(crate) mod script;

pub use handle::Faults;
pub use plan::{Plan, PlanError};
