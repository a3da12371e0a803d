use std::time::Duration;

use tokio::time::Instant;

/// Rates below this are taken for it.
const SLOWEST: f64 = 1.0 / 3_600.0;

/// Calls at even distances. One that is late is made up for; more are not.
#[derive(Debug, Default)]
pub(super) struct Pace {
    next_at: Option<Instant>,
    interval: Duration,
}

impl Pace {
    /// The rate from now on, in calls a second.
    pub(super) fn set(&mut self, per_second: f64) {
        let interval = Duration::from_secs_f64(1.0 / per_second.max(SLOWEST));
        // A faster pace does not wait out the slower one.
        let sooner = self.interval.saturating_sub(interval);
        self.next_at = self.next_at.and_then(|at| at.checked_sub(sooner));
        self.interval = interval;
    }

    pub(super) fn per_second(&self) -> f64 {
        1.0 / self.interval.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// When the next call may go.
    pub(super) fn due(&self, now: Instant) -> Instant {
        self.next_at.map_or(now, |at| at.max(now))
    }

    /// Notes a call.
    pub(super) fn went(&mut self, now: Instant) {
        let latest = now.checked_sub(self.interval).unwrap_or(now);
        self.next_at = Some(self.next_at.unwrap_or(now).max(latest) + self.interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pace(per_second: f64) -> Pace {
        let mut pace = Pace::default();
        pace.set(per_second);
        pace
    }

    /// When calls go that look again so much later than they should.
    fn calls(pace: &mut Pace, from: Instant, until: Duration, late: Duration) -> Vec<Duration> {
        let (mut now, mut times) = (from, Vec::new());
        while now - from < until {
            if pace.due(now) <= now {
                pace.went(now);
                times.push(now - from);
            }
            now = pace.due(now) + late;
        }
        times
    }

    #[test]
    fn calls_keep_their_distance_and_late_timers_cost_no_call() {
        for late in [0, 1, 7] {
            let times = calls(&mut pace(25.0), Instant::now(), 10 * SECOND, Duration::from_millis(late));
            assert!((249..=251).contains(&times.len()), "{late}: {}", times.len());
        }
    }

    #[test]
    fn after_a_gap_there_is_no_burst() {
        let (mut pace, from) = (pace(25.0), Instant::now());
        calls(&mut pace, from, SECOND, Duration::ZERO);
        let times = calls(&mut pace, from + 600 * SECOND, SECOND, Duration::ZERO);
        assert!(times.len() <= 27, "{}", times.len());
    }

    #[test]
    fn a_faster_pace_begins_at_once() {
        let (mut pace, from) = (pace(0.01), Instant::now());
        pace.went(from);
        pace.set(10.0);
        assert!(pace.due(from) <= from + SECOND / 10);
    }
}
