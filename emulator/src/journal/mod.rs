//! The record of every request and every change.

mod book;
pub(crate) mod log;
pub(crate) mod mask;
pub(crate) mod record;
