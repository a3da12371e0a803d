//! Faults as a client sees them: by a raw socket, byte for byte.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod accept;
mod answers;
mod control;
mod endings;
mod framing;
mod listener;
mod peer;
mod state;
mod timing;
