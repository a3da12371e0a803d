use std::time::Duration;

use tokio::time::Instant;

/// How long a round trip counts: for this long, and at most twice as long.
const KEPT: Duration = Duration::from_secs(10);

/// The least round trip of the last ten to twenty seconds. It is forgotten so that a route that became longer is
/// noticed; one that became shorter is noticed at once.
#[derive(Debug, Default)]
pub(super) struct LeastRoundTrip {
    current: Option<Duration>,
    before: Option<Duration>,
    since: Option<Instant>,
}

impl LeastRoundTrip {
    pub(super) fn saw(&mut self, now: Instant, round_trip: Duration) {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= KEPT) {
            self.before = self.current.take();
            self.since = Some(now);
        }
        self.current = Some(self.current.map_or(round_trip, |least| least.min(round_trip)));
    }

    pub(super) fn get(&self) -> Duration {
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
        for second in 0..40 {
            let round_trip = if second < 10 { ms(20) } else { ms(50) };
            least.saw(start + Duration::from_secs(second), round_trip);
            if second < 20 {
                assert_eq!(least.get(), ms(20), "second {second}");
            }
        }
        assert_eq!(least.get(), ms(50));
        least.saw(start + Duration::from_secs(40), ms(5));
        assert_eq!(least.get(), ms(5));
    }
}
