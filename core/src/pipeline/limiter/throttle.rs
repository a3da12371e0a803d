//! What a rejection teaches: a lower rate, a pause, and the way back.

use std::time::Duration;

use tokio::time::Instant;

/// What is left of the rate after a rejection that nothing had announced.
const CUT: f64 = 0.7;
/// A rejection within this part of the last one's rate is the same ceiling met again.
const SAME_CEILING: f64 = 0.15;
/// How far below a known ceiling the rate then stays.
const BELOW_CEILING: f64 = 0.95;
/// The way back to the rate that was rejected, and from there to the configured rate from nothing.
const CLIMB: Duration = Duration::from_secs(8);
const PROBE: Duration = Duration::from_secs(40);
/// No rejection takes the rate below this part of the configured one.
const LEAST: f64 = 0.02;
/// The pause after a rejection that does not name one: at first, and when rejections go on.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_AT_A_KNOWN_CEILING: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// One answer does not close an endpoint for longer, whatever it asks for: then one call looks again.
const LONGEST_ASKED_FOR: Duration = Duration::from_secs(300);

/// The rate of one endpoint, which rejections lower and time restores.
#[derive(Debug)]
pub(super) struct Throttle {
    limit: f64,
    cut: Option<Cut>,
    paused_until: Option<Instant>,
    /// Pauses since the last time that a window passed without a rejection.
    in_a_row: u32,
}

#[derive(Debug)]
struct Cut {
    /// When the rejection was seen. Rejections of calls sent before are of the same burst.
    seen: Instant,
    /// When the lane went on.
    resumed: Instant,
    rejected_at: f64,
    floor: f64,
    plateau: f64,
}

impl Throttle {
    pub(super) fn new(limit: f64) -> Self {
        Self { limit, cut: None, paused_until: None, in_a_row: 0 }
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

    /// An answer that said that the limit was reached; whether it began or prolonged a pause.
    pub(super) fn rejected(&mut self, now: Instant, sent: Instant, asked_for: Option<Duration>) -> bool {
        let same_burst = self.cut.as_ref().is_some_and(|cut| sent <= cut.seen.max(cut.resumed));
        let pause = if same_burst { Duration::ZERO } else { self.cut(now) };
        let until = now + asked_for.map_or(pause, |asked_for| asked_for.min(LONGEST_ASKED_FOR));
        let longer = self.paused_until.is_none_or(|paused_until| paused_until < until) && until > now;
        if longer {
            self.paused_until = Some(until);
            if let Some(cut) = &mut self.cut {
                cut.resumed = until;
            }
        }
        longer
    }

    /// Lowers the rate, and says for how long to pause.
    fn cut(&mut self, now: Instant) -> Duration {
        let rate = self.rate(now);
        let known =
            self.cut.as_ref().is_some_and(|cut| (cut.rejected_at - rate).abs() <= SAME_CEILING * rate);
        let calm = self.cut.as_ref().is_none_or(|cut| now.saturating_duration_since(cut.resumed) > 2 * PAUSE);
        self.in_a_row = if calm { 0 } else { self.in_a_row + 1 };
        let least = (self.limit * LEAST).max(self.limit.min(1.0));
        let (floor, plateau, pause) = if known && calm {
            (rate * 0.9, rate * BELOW_CEILING, PAUSE_AT_A_KNOWN_CEILING)
        } else {
            (rate * CUT, rate, PAUSE.saturating_mul(1 << self.in_a_row.min(3)).min(LONGEST_PAUSE))
        };
        self.cut = Some(Cut {
            seen: now,
            resumed: now,
            rejected_at: rate,
            floor: floor.max(least),
            plateau: plateau.max(least),
        });
        pause
    }
}
