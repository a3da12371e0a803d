use std::sync::{Mutex, PoisonError};

/// The one source of chance in a client; seeded in tests.
pub(crate) struct Random(Mutex<fastrand::Rng>);

impl Random {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(fastrand::Rng::new()))
    }

    #[cfg(test)]
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    /// A number from 0 to 1, evenly spread.
    pub(crate) fn fraction(&self) -> f64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }
}
