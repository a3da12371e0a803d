//! Calls a second.

pub(crate) mod limiter;
pub(crate) mod rates;
