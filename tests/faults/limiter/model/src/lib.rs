//! The limiter's lane, the same files that the client is built from, on a lock whose order of threads shuttle chooses.
//!
//! `cargo test --locked --manifest-path tests/faults/limiter/model/Cargo.toml`
//!
//! Time is a number that the model's threads move. A lost wake-up shows as a deadlock, with a schedule to replay.

#![cfg(test)]
#![allow(dead_code, reason = "the lane's other users stay in the client")]

#[path = "../../../../../core/src/pipeline/limiter/gate.rs"]
mod gate;
#[path = "../../../../../core/src/pipeline/limiter/lane.rs"]
mod lane;
#[path = "../../../../../core/src/pipeline/limiter/queue.rs"]
mod queue;
#[path = "../../../../../core/src/pipeline/limiter/round_trip.rs"]
mod round_trip;
#[path = "../../../../../core/src/pipeline/limiter/throttle.rs"]
mod throttle;

mod model;

mod sync {
    pub(super) use shuttle::sync::{Mutex, MutexGuard};
    pub(super) use std::sync::PoisonError;
}
