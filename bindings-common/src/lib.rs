//! What the Python and the Node binding have in common: how finished calls reach the one thread that may touch the
//! host language's values, and how ids reach a stream that reads them as it goes.

#![forbid(unsafe_code)]

mod feed;
mod mailbox;
mod turn;

pub use feed::{Feed, Ids, Step};
pub use mailbox::Mailbox;
pub use turn::behind_others;
