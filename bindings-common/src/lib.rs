//! What the Python and the Node binding have in common: how finished calls reach the one thread that may touch the
//! host language's values.

#![forbid(unsafe_code)]

mod mailbox;

pub use mailbox::Mailbox;
