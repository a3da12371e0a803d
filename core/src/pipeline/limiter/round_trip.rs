use std::time::Duration;

use tokio::time::Instant;

/// Fewer round trips than these say nothing: each may have opened a connection.
const ENOUGH: u32 = 20;
/// How long a round trip counts: for this long, and at most twice as long.
const KEPT: Duration = Duration::from_secs(10);

/// The least round trip of the last ten to twenty seconds. It is forgotten so that a route that became longer is
/// noticed; one that became shorter is noticed at once.
#[derive(Debug, Default)]
pub(super) struct LeastRoundTrip {
    current: Option<Duration>,
    before: Option<Duration>,
    since: Option<Instant>,
    seen: u32,
    seen_before: u32,
}

impl LeastRoundTrip {
    pub(super) fn saw(&mut self, now: Instant, round_trip: Duration) {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= KEPT) {
            self.before = self.current.take();
            self.seen_before = std::mem::take(&mut self.seen);
            self.since = Some(now);
        }
        self.seen = self.seen.saturating_add(1);
        self.current = Some(self.current.map_or(round_trip, |least| least.min(round_trip)));
    }

    /// None at all, as far as is known, until there were enough of them.
    pub(super) fn get(&self) -> Duration {
        if self.seen.saturating_add(self.seen_before) < ENOUGH {
            return Duration::ZERO;
        }
        match (self.current, self.before) {
            (Some(current), Some(before)) => current.min(before),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_route_is_noticed_after_a_while_and_a_shorter_one_at_once() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let mut least = LeastRoundTrip::default();
        assert_eq!(least.get(), Duration::ZERO);
        for tenth in 0..400 {
            let round_trip = if tenth < 100 { ms(20) } else { ms(50) };
            least.saw(start + ms(tenth * 100), round_trip);
            if (20..200).contains(&tenth) {
                assert_eq!(least.get(), ms(20), "tenth {tenth}");
            }
        }
        assert_eq!(least.get(), ms(50));
        least.saw(start + Duration::from_secs(40), ms(5));
        assert_eq!(least.get(), ms(5));
    }

    #[test]
    fn a_few_round_trips_say_nothing() {
        let start = Instant::now();
        let mut least = LeastRoundTrip::default();
        for n in 0..ENOUGH {
            assert_eq!(least.get(), Duration::ZERO, "after {n}");
            least.saw(start, Duration::from_millis(300));
        }
        assert_eq!(least.get(), Duration::from_millis(300));
        // Enough in twenty seconds, that is: a lane that is hardly used does not learn.
        least.saw(start + KEPT, Duration::from_millis(300));
        least.saw(start + KEPT * 2, Duration::from_millis(300));
        assert_eq!(least.get(), Duration::ZERO);
    }
}
