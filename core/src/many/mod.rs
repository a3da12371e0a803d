//! Operations on any number of users, as requests of at most 100.
//!
//! | file | what it decides |
//! |---|---|
//! | `split.rs` | which users go in one request |
//! | `engine.rs` | how many requests are under way, and what one that was too large becomes |
//! | `batch.rs` | a list that is there as a whole: the call and its one answer |
//! | `iter.rs` | a list that is read as it goes: a stream of answers in bounded memory |
//! | `partial.rs` | what is told when a part failed |
//! | `progress.rs` | how far it is |

mod batch;
mod engine;
mod iter;
mod partial;
mod progress;
pub(crate) mod split;

pub use batch::Many;
pub use iter::IterMany;
pub use partial::PartialFailure;
pub use progress::Progress;

#[cfg(test)]
mod tests;
