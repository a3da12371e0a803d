//! The record of every request and every change.

pub(crate) mod log;
pub(crate) mod mask;
pub(crate) mod record;
