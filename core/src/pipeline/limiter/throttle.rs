//! What a rejection teaches: a lower rate, a pause, and the way back.

use std::time::Duration;

use tokio::time::Instant;

/// What is left of the rate after a rejection that comes as news.
const CUT: f64 = 0.7;
/// A rejection at this much more or less than the rate of the last one is the same ceiling met again,
const SAME_CEILING: f64 = 0.15;
/// and takes the rate less far down,
const CUT_AT_A_KNOWN_CEILING: f64 = 0.93;
/// from where it climbs to just below the ceiling,
const BELOW_CEILING: f64 = 0.97;
/// in this time, slower and slower,
const CLIMB: Duration = Duration::from_secs(8);
/// and then, faster and faster, beyond it. From nothing to the configured rate that takes this time.
const PROBE: Duration = Duration::from_secs(40);
/// The pause after a rejection that asks for none. When next to nothing is let through after a pause, the next one is
/// twice as long.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_AT_A_KNOWN_CEILING: Duration = Duration::from_millis(100);
const MOST_DOUBLINGS: u32 = 3;
/// One answer does not close an endpoint for longer, whatever it asks for: then one call looks again.
const LONGEST_ASKED_FOR: Duration = Duration::from_secs(300);

/// The rate of one endpoint, which rejections lower and time restores.
#[derive(Debug)]
pub(super) struct Throttle {
    limit: f64,
    cut: Option<Cut>,
    paused_until: Option<Instant>,
}

#[derive(Debug)]
struct Cut {
    /// When calls went again. Rejections of calls that were sent before belong to the same burst.
    resumed: Instant,
    rejected_at: f64,
    floor: f64,
    plateau: f64,
    /// Calls sent and let through since.
    let_through: u32,
    doublings: u32,
}

impl Throttle {
    pub(super) fn new(limit: f64) -> Self {
        Self { limit, cut: None, paused_until: None }
    }

    pub(super) fn limit(&self) -> f64 {
        self.limit
    }

    /// The rate in calls a second.
    pub(super) fn rate(&self, now: Instant) -> f64 {
        let Some(cut) = &self.cut else { return self.limit };
        let since = now.saturating_duration_since(cut.resumed);
        let rate = if since < CLIMB {
            let left = 1.0 - since.as_secs_f64() / CLIMB.as_secs_f64();
            cut.plateau - (cut.plateau - cut.floor) * left.powi(3)
        } else {
            let beyond = since.saturating_sub(CLIMB).as_secs_f64() / PROBE.as_secs_f64();
            cut.plateau + self.limit * beyond.powi(3)
        };
        rate.min(self.limit)
    }

    /// The end of the pause, while there is one.
    pub(super) fn paused_until(&self, now: Instant) -> Option<Instant> {
        self.paused_until.filter(|&until| until > now)
    }

    /// A call that was let through.
    pub(super) fn accepted(&mut self, sent: Instant) {
        if let Some(cut) = self.cut.as_mut().filter(|cut| sent >= cut.resumed) {
            cut.let_through = cut.let_through.saturating_add(1);
        }
    }

    /// An answer that said that the limit was reached; whether it began or prolonged a pause.
    pub(super) fn rejected(&mut self, now: Instant, sent: Instant, asked_for: Option<Duration>) -> bool {
        let same_burst = self.cut.as_ref().is_some_and(|cut| sent < cut.resumed);
        let pause = if same_burst { Duration::ZERO } else { self.cut(now) };
        let until = now + asked_for.map_or(pause, |asked_for| asked_for.min(LONGEST_ASKED_FOR));
        if until <= self.paused_until.unwrap_or(now).max(now) {
            return false;
        }
        self.paused_until = Some(until);
        if let Some(cut) = &mut self.cut {
            cut.resumed = until;
        }
        true
    }

    /// Lowers the rate, and says for how long to pause.
    fn cut(&mut self, now: Instant) -> Duration {
        let rate = self.rate(now);
        let last = self.cut.as_ref();
        let known = last.is_some_and(|last| (last.rejected_at - rate).abs() <= SAME_CEILING * rate);
        let nothing_passes = last.is_some_and(|last| f64::from(last.let_through) < 0.1 * rate);
        let doublings =
            last.filter(|_| nothing_passes).map_or(0, |last| (last.doublings + 1).min(MOST_DOUBLINGS));
        let (left, pause) = if known && !nothing_passes {
            (CUT_AT_A_KNOWN_CEILING, PAUSE_AT_A_KNOWN_CEILING)
        } else {
            (CUT, PAUSE)
        };
        // A call a second, so that the way back is found; less only where less is configured.
        let slowest = self.limit.min(1.0);
        self.cut = Some(Cut {
            resumed: now,
            rejected_at: rate,
            floor: (rate * left).max(slowest),
            plateau: (rate * BELOW_CEILING).max(slowest),
            let_through: 0,
            doublings,
        });
        pause * (1 << doublings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A limit of 100 a second that was rejected at 100, and the moment when calls go again.
    fn rejected_once(now: Instant) -> (Throttle, Instant) {
        let mut throttle = Throttle::new(100.0);
        assert!(throttle.rejected(now, now, None));
        (throttle, now + PAUSE)
    }

    /// The part of the rate that a rejection leaves, after so many calls that were let through, and the pause.
    fn next_cut(after: Duration, let_through: u32) -> (f64, Duration) {
        let (mut throttle, resumed) = rejected_once(Instant::now());
        let now = resumed + after;
        (0..let_through).for_each(|_| throttle.accepted(now));
        let before = throttle.rate(now);
        throttle.rejected(now, now, None);
        let until = throttle.paused_until(now).unwrap();
        ((throttle.rate(until) / before * 1e6).round() / 1e6, until - now)
    }

    #[test]
    fn the_rate_climbs_to_just_below_the_ceiling_ever_slower_and_beyond_it_ever_faster() {
        let (throttle, resumed) = rejected_once(Instant::now());
        for (seconds, rate) in
            [(0, 70.0), (4, 97.0 - 27.0 / 8.0), (8, 97.0), (12, 97.1), (16, 97.8), (20, 99.7), (24, 100.0)]
        {
            let found = throttle.rate(resumed + seconds * SECOND);
            assert!((found - rate).abs() < 1e-9, "{seconds} s: {found}");
        }
    }

    #[test]
    fn a_pause_is_over_when_its_end_has_come() {
        let (throttle, resumed) = rejected_once(Instant::now());
        assert_eq!(throttle.paused_until(resumed - Duration::from_nanos(1)), Some(resumed));
        assert_eq!(throttle.paused_until(resumed), None);
    }

    #[test]
    fn a_rejection_near_the_last_one_costs_little_if_a_tenth_of_a_second_passed_between_them() {
        let known = (CUT_AT_A_KNOWN_CEILING, PAUSE_AT_A_KNOWN_CEILING);
        // At 97.1 of 100, and back at 100; the rate is 70 right after the first one, which is news.
        assert_eq!(next_cut(12 * SECOND, 10), known);
        assert_eq!(next_cut(60 * SECOND, 10), known);
        assert_eq!(next_cut(Duration::ZERO, 10), (CUT, PAUSE));
        assert_eq!(next_cut(60 * SECOND, 9), (CUT, 2 * PAUSE));
    }
}
