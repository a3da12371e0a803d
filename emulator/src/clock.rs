//! The emulator's own time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The clock that everything timed in the emulator reads: token and subscription expiry, `last_time`,
/// rate windows, the lag of the subscription list and the journal.
///
/// It runs with real time until told otherwise. Clones are handles to the same clock.
///
/// ```
/// use std::time::Duration;
/// # fn main() -> std::io::Result<()> {
/// let emulator = easemob_presence_emulator::Emulator::start()?;
/// let clock = emulator.clock();
/// clock.freeze();
/// let before = clock.unix_millis();
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!(clock.unix_millis(), before + 3_600_000);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Clock {
    reading: Arc<Mutex<Reading>>,
}

/// `base` was the time at `since`; without `since` the clock stands still at `base`.
#[derive(Debug)]
struct Reading {
    base: Duration,
    since: Option<Instant>,
}

impl Reading {
    // Monotonic between settings: a test must not fail because the machine's wall clock was corrected.
    fn now(&self) -> Duration {
        self.since.map_or(self.base, |since| self.base.saturating_add(since.elapsed()))
    }

    fn rebase(&mut self, base: Duration) {
        self.base = base;
        self.since = self.since.map(|_| Instant::now());
    }
}

impl Clock {
    pub(crate) fn new() -> Self {
        let base = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { reading: Arc::new(Mutex::new(Reading { base, since: Some(Instant::now()) })) }
    }

    /// The emulator's current time.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let now = self.since_epoch();
        UNIX_EPOCH.checked_add(now).unwrap_or(UNIX_EPOCH)
    }

    /// The emulator's current time in milliseconds since the Unix epoch.
    #[must_use]
    pub fn unix_millis(&self) -> u64 {
        millis(self.since_epoch())
    }

    /// Moves the clock forward, frozen or not.
    pub fn advance(&self, by: Duration) {
        let mut reading = self.lock();
        let target = reading.now().saturating_add(by);
        reading.rebase(target);
    }

    /// Sets the clock, backwards too; it keeps running if it ran.
    pub fn set(&self, unix_millis: u64) {
        self.lock().rebase(Duration::from_millis(unix_millis));
    }

    /// Stops the clock where it is. [`advance`](Self::advance) and [`set`](Self::set) still move it.
    pub fn freeze(&self) {
        let mut reading = self.lock();
        reading.base = reading.now();
        reading.since = None;
    }

    /// Lets the clock run again from where it stands.
    pub fn resume(&self) {
        let mut reading = self.lock();
        if reading.since.is_none() {
            reading.since = Some(Instant::now());
        }
    }

    /// Whether the clock stands still.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.lock().since.is_none()
    }

    pub(crate) fn since_epoch(&self) -> Duration {
        self.lock().now()
    }

    fn lock(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whole milliseconds; a time beyond the range of the wire is as good as the end of it.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_at_real_time_and_runs() {
        let clock = Clock::new();
        let real = SystemTime::now();
        let apart = clock.now().duration_since(real).unwrap_or_else(|earlier| earlier.duration());
        assert!(apart < Duration::from_secs(5), "{apart:?}");
        assert!(!clock.is_frozen());
    }

    #[test]
    fn a_frozen_clock_moves_only_when_told() {
        let clock = Clock::new();
        clock.freeze();
        clock.set(1_000);
        assert_eq!(clock.unix_millis(), 1_000);
        clock.advance(Duration::from_millis(250));
        assert_eq!(clock.unix_millis(), 1_250);
        assert!(clock.is_frozen());
    }

    #[test]
    fn resuming_continues_from_where_it_stood() {
        let clock = Clock::new();
        clock.freeze();
        clock.set(5_000);
        clock.resume();
        assert!((5_000..15_000).contains(&clock.unix_millis()));
    }

    #[test]
    fn the_end_of_time_is_reached_without_overflow() {
        let clock = Clock::new();
        clock.freeze();
        clock.advance(Duration::MAX);
        assert_eq!(clock.unix_millis(), u64::MAX);
        assert_eq!(clock.now(), UNIX_EPOCH);
    }
}
