//! The service's clock, as far as callbacks show it. Neither clock is trusted: all that is used is that nothing arrives
//! before it happened.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// For how long the promptest callback is remembered: clocks drift apart.
const WINDOW: Duration = Duration::from_secs(600);

/// How far the promptest callbacks of this window and the one before were behind, in nanoseconds between two clocks that
/// have nothing to do with each other.
#[derive(Debug)]
pub(super) struct ServiceClock {
    began: Instant,
    window: Instant,
    least: Option<i128>,
    least_before: Option<i128>,
}

impl ServiceClock {
    pub(super) fn new(now: Instant) -> Self {
        Self { began: now, window: now, least: None, least_before: None }
    }

    /// A callback came in; the latest moment at which what it tells can have happened.
    pub(super) fn heard(&mut self, timestamp: SystemTime, now: Instant) -> Instant {
        let there = timestamp.duration_since(UNIX_EPOCH).map_or(0, nanos);
        let here = nanos(now.saturating_duration_since(self.began));
        if now.saturating_duration_since(self.window) >= WINDOW {
            (self.window, self.least_before) = (now, self.least.take());
        }
        let behind = here - there;
        self.least = Some(self.least.map_or(behind, |least| least.min(behind)));
        let least = self.least.into_iter().chain(self.least_before).min().unwrap_or(behind);
        let happened = u64::try_from(there + least).unwrap_or(0);
        (self.began + Duration::from_nanos(happened)).min(now)
    }
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_late_callback_is_placed_where_a_prompt_one_would_have_been() {
        let (begin, epoch) = (Instant::now(), UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        let mut clock = ServiceClock::new(begin);
        // The service's clock says `epoch` at `begin`; each callback takes 100 ms at least.
        let delay = SECOND / 10;
        let prompt =
            |clock: &mut ServiceClock, s: u32| clock.heard(epoch + s * SECOND, begin + s * SECOND + delay);
        assert_eq!(prompt(&mut clock, 5), begin + 5 * SECOND + delay);
        let late = clock.heard(epoch + 6 * SECOND, begin + 30 * SECOND);
        assert_eq!(late, begin + 6 * SECOND + delay);
        // Two windows later the first one is forgotten: the clocks may have drifted.
        let hour = 3_600;
        assert!(clock.heard(epoch, begin + hour * SECOND) < begin + SECOND);
        clock.heard(epoch + 2 * hour * SECOND, begin + (2 * hour + 9) * SECOND);
        let placed = clock.heard(epoch + 3 * hour * SECOND, begin + (3 * hour + 9) * SECOND);
        assert_eq!(placed, begin + (3 * hour + 9) * SECOND);
    }

    #[test]
    fn nothing_happened_later_than_now() {
        let begin = Instant::now();
        let mut clock = ServiceClock::new(begin);
        assert_eq!(clock.heard(UNIX_EPOCH, begin + SECOND), begin + SECOND);
        assert_eq!(clock.heard(UNIX_EPOCH + 9_000 * SECOND, begin + SECOND), begin + SECOND);
    }
}
