//! Answers that Python is done with, freed by the runtime's thread.
//!
//! An answer of 100 users is as many pieces of memory and more. The thread that made them frees them at half the cost, and
//! the event loop, which dropped the last reference, has something better to do: it was a quarter of its time in a call.

use std::mem;
use std::sync::Mutex;

use easemob_presence as core;

/// What is left waits for the next call, which may be long in coming: so it is bounded, and for what is large not done.
const MOST: usize = 64;
const MOST_USERS: usize = 100;

// Never waited for: a child may have been forked while another thread held it.
static LEFT: Mutex<Vec<core::Presences>> = Mutex::new(Vec::new());

/// Leaves an answer to be freed.
pub(crate) fn leave(presences: &core::Presences) {
    if presences.len() <= MOST_USERS
        && let Ok(mut left) = LEFT.try_lock()
        && left.len() < MOST
    {
        left.push(presences.clone());
    }
}

/// Frees what has been left.
pub(crate) fn free() {
    drop(LEFT.try_lock().map(|mut left| mem::take(&mut *left)));
}
