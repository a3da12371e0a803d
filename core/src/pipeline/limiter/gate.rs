//! When the next call may go: a window of calls in flight, even pacing, and the pauses of the throttle.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use tokio::time::Instant;

use super::round_trip::LeastRoundTrip;
use super::throttle::Throttle;

/// What the service counts in.
const SECOND: Duration = Duration::from_secs(1);
/// What the clocks of both sides may differ by in the length of a second, and what timers are late.
const GUARD: Duration = Duration::from_millis(2);
/// Longer waits are as good as none, and the clock could not hold every one of them.
const YEAR: Duration = Duration::from_secs(86_400 * 365);
/// What a timer measures.
const TICK: Duration = Duration::from_millis(1);
/// How much of the least round trip is counted on. More than half a window of it never is: a request that was held up
/// on the way there would come too close to the next one.
const COUNTED_ROUND_TRIP: f64 = 0.9;
const MOST_COUNTED: Duration = Duration::from_millis(500);
/// How far pacing makes up for late timers, 8 ms where calls are 20 ms apart. After a rejection it makes up for no more
/// than what every timer is late by: the service may be one that takes no burst. Above a thousand calls a second one
/// late timer holds up several calls.
const MOST_SLACK: Duration = Duration::from_millis(8);
const LEAST_SLACK: Duration = Duration::from_millis(4);
const SLACK_WHEN_REJECTED: Duration = Duration::from_millis(2);

/// One endpoint's gate. It knows no clock and no waiting: every step is told the time.
#[derive(Debug)]
pub(super) struct Gate {
    throttle: Option<Throttle>,
    in_flight: usize,
    /// When calls were answered whose places are on their way back. How long that takes is decided when it is over:
    /// the first round trips, which open connections, say too much about the later ones.
    returning: BinaryHeap<Reverse<Instant>>,
    next_at: Option<Instant>,
    /// When the window last had room again. A call that goes later because of the window is not late.
    room_since: Option<Instant>,
    least: LeastRoundTrip,
}

/// The window and the pace at one moment.
struct Shape {
    places: usize,
    window: Duration,
    interval: Duration,
    slack: Duration,
}

impl Shape {
    fn of(rate: f64, limit: f64) -> Self {
        let interval = Duration::try_from_secs_f64(1.0 / rate).unwrap_or(YEAR).min(YEAR);
        Self {
            places: whole(rate.ceil()),
            window: SECOND.max(interval),
            interval,
            slack: if rate < limit && interval > TICK {
                SLACK_WHEN_REJECTED
            } else {
                (interval * 2 / 5).clamp(LEAST_SLACK, MOST_SLACK)
            },
        }
    }

    fn intervals(&self, calls: usize) -> Duration {
        self.interval.saturating_mul(u32::try_from(calls).unwrap_or(u32::MAX)).min(YEAR)
    }
}

/// Rates are at most those of a `u32`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what the type holds")]
fn whole(rate: f64) -> usize {
    rate.clamp(1.0, f64::from(u32::MAX)) as usize
}

impl Gate {
    /// A limit in calls a second, or none.
    pub(super) fn new(limit: Option<f64>) -> Self {
        Self {
            throttle: limit.map(Throttle::new),
            in_flight: 0,
            returning: BinaryHeap::new(),
            next_at: None,
            room_since: None,
            least: LeastRoundTrip::default(),
        }
    }

    /// Another limit. What was learned about the former one is forgotten; calls that were made still count.
    pub(super) fn set_limit(&mut self, limit: Option<f64>) {
        if self.limit() != limit {
            self.throttle = limit.map(Throttle::new);
            self.next_at = None;
        }
    }

    pub(super) fn limit(&self) -> Option<f64> {
        self.throttle.as_ref().map(Throttle::limit)
    }

    pub(super) fn rate(&self, now: Instant) -> Option<f64> {
        self.throttle.as_ref().map(|throttle| throttle.rate(now))
    }

    fn shape(&self, now: Instant) -> Option<Shape> {
        self.throttle.as_ref().map(|throttle| Shape::of(throttle.rate(now), throttle.limit()))
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(super) fn paused_until(&self, now: Instant) -> Option<Instant> {
        self.throttle.as_ref().and_then(|throttle| throttle.paused_until(now))
    }

    /// No call goes before this moment, whatever happens.
    pub(super) fn not_before(&self, now: Instant) -> Instant {
        if self.throttle.is_none() {
            return now;
        }
        let paced = self.next_at.unwrap_or(now);
        self.paused_until(now).unwrap_or(now).max(paced).max(now)
    }

    /// The least time that so many calls take, one after the other.
    pub(super) fn least_time(&self, calls: usize) -> Duration {
        let Some(limit) = self.limit() else { return Duration::ZERO };
        let shape = Shape::of(limit, limit);
        shape.intervals(calls).saturating_sub(shape.slack)
    }

    /// About the time that so many calls take; never less than a timer measures, unless there are none.
    pub(super) fn about(&self, calls: usize) -> Duration {
        let Some(limit) = self.limit().filter(|_| calls > 0) else { return Duration::ZERO };
        Shape::of(limit, limit).intervals(calls).max(TICK)
    }

    /// When to look again: the next call may go then, unless something happens in between.
    pub(super) fn due(&mut self, now: Instant) -> Instant {
        let earliest = self.not_before(now);
        let Some(shape) = self.shape(now) else { return now };
        let takes = (shape.window + GUARD).saturating_sub(self.counted_round_trip());
        while let Some(at) = self.returning.peek().map(|Reverse(at)| *at + takes).filter(|at| *at <= now) {
            if self.in_flight + self.returning.len() >= shape.places {
                self.room_since = Some(at);
            }
            self.returning.pop();
        }
        let held = self.in_flight + self.returning.len();
        if held < shape.places {
            return earliest;
        }
        // With all places in flight the answer will be the event; the window is for a rate that grows meanwhile.
        let room = self.returning.peek().map_or(now + shape.window, |Reverse(at)| *at + takes);
        earliest.max(room)
    }

    /// Takes a place, if the next call may go now.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        if self.due(now) > now {
            return false;
        }
        self.in_flight += 1;
        if let Some(shape) = self.shape(now) {
            let opened = self.next_at.max(self.room_since).unwrap_or(now);
            // Late by more than the slack, the schedule starts anew from here: nothing is caught up.
            let went = opened.max(now.checked_sub(shape.slack).unwrap_or(now));
            self.next_at = Some(went + shape.interval);
        }
        true
    }

    /// A place that was not used.
    pub(super) fn unused(&mut self) {
        self.in_flight -= 1;
    }

    /// A call that was sent and has no answer: the service may count it until now.
    pub(super) fn aborted(&mut self, now: Instant) {
        self.in_flight -= 1;
        if self.throttle.is_some() {
            self.returning.push(Reverse(now + self.counted_round_trip()));
        }
    }

    /// The place of an answered call is on its way back.
    fn answered(&mut self, now: Instant, sent: Instant) {
        self.in_flight -= 1;
        self.least.saw(now, now.saturating_duration_since(sent));
        if self.throttle.is_some() {
            self.returning.push(Reverse(now));
        }
    }

    fn counted_round_trip(&self) -> Duration {
        self.least.get().mul_f64(COUNTED_ROUND_TRIP).min(MOST_COUNTED)
    }

    /// A call that the service let through.
    pub(super) fn accepted(&mut self, now: Instant, sent: Instant) {
        self.answered(now, sent);
        if let Some(throttle) = &mut self.throttle {
            throttle.accepted(sent);
        }
    }

    /// An answer that the limit is reached; whether the lane is paused for longer than it was.
    pub(super) fn rejected(&mut self, now: Instant, sent: Instant, asked_for: Option<Duration>) -> bool {
        self.answered(now, sent);
        self.throttle.as_mut().is_some_and(|throttle| throttle.rejected(now, sent, asked_for))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pacing_makes_up_for_late_timers_by_less_after_a_rejection() {
        let slack = |rate, limit| Shape::of(rate, limit).slack;
        assert_eq!(slack(50.0, 50.0), MOST_SLACK);
        assert_eq!(slack(80.0, 80.0), Duration::from_millis(5));
        assert_eq!(slack(300.0, 300.0), LEAST_SLACK);
        assert_eq!(slack(49.0, 50.0), SLACK_WHEN_REJECTED);
        assert_eq!(slack(999.0, 2_000.0), SLACK_WHEN_REJECTED);
        assert_eq!(
            slack(1_000.0, 2_000.0),
            LEAST_SLACK,
            "a tick apart: one late timer holds up several calls"
        );
    }
}
