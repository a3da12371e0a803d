//! What threads meet on. The models in `tests/model.rs` run on a scheduler that tries their orders one by one, and
//! needs locks and tasks that it knows of.

#[cfg(not(all(test, shuttle)))]
pub(super) use std::sync::{Mutex, MutexGuard};

#[cfg(all(test, shuttle))]
pub(super) use shuttle::future::{JoinHandle, spawn};
#[cfg(all(test, shuttle))]
pub(super) use shuttle::sync::{Mutex, MutexGuard};
#[cfg(not(all(test, shuttle)))]
pub(super) use tokio::spawn;
#[cfg(not(all(test, shuttle)))]
pub(super) use tokio::task::JoinHandle;
