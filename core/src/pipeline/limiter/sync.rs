//! The one lock of a lane. The model of `lane.rs` under `tests/faults/limiter/model` puts another one in its place.

pub(super) use std::sync::{Mutex, MutexGuard, PoisonError};
