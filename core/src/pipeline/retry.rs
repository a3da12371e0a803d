//! Whether a call is tried again, and when.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::attempt::Failed;
use super::random::Random;
use crate::error::ErrorKind;

/// The most that one pause of a call's own lasts.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
const TRANSIENT_BASE: Duration = Duration::from_millis(50);
const THROTTLED_BASE: Duration = Duration::from_secs(1);

/// What is done about a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Again at once: the failure says nothing about the service.
    Replay,
    /// Again after a pause.
    After(Duration),
    GiveUp,
}

/// The retries of one call.
#[derive(Debug, Default)]
pub(super) struct Retry {
    /// Attempts that count towards the most allowed.
    counted: u32,
    throttled: u32,
    replayed: bool,
    reread: bool,
    /// What this call has taken from the quota.
    paid: u32,
}

impl Retry {
    /// Decides about one failed attempt. `left` is the time until the call's deadline.
    pub(super) fn next(
        &mut self,
        failed: &Failed,
        max_attempts: u32,
        left: Duration,
        quota: &Quota,
        random: &Random,
    ) -> Next {
        let error = &failed.error;
        if failed.reused && !self.replayed {
            self.replayed = true;
            return Next::Replay;
        }
        if error.kind() == ErrorKind::RateLimited && max_attempts > 1 {
            let pause = asked_or(THROTTLED_BASE, error.retry_after(), self.throttled, random);
            self.throttled += 1;
            return within(pause, left);
        }
        let rereads = failed.unusable && !std::mem::replace(&mut self.reread, true);
        self.counted += 1;
        if !(error.retryable() || rereads) || self.counted >= max_attempts {
            return Next::GiveUp;
        }
        let pause = asked_or(TRANSIENT_BASE, error.retry_after(), self.counted - 1, random);
        let next = within(pause, left);
        if next == Next::GiveUp || !quota.take() {
            return Next::GiveUp;
        }
        self.paid += Quota::RETRY;
        next
    }

    /// The call has succeeded: what it took goes back, and a first try that succeeded earns a little.
    pub(super) fn succeeded(&self, quota: &Quota) {
        quota.give(if self.counted == 0 { Quota::FIRST_TRY } else { self.paid });
    }
}

/// The wait that the service asks for, or one of the call's own. `Retry-After: 0` is no leave to come back without end.
fn asked_or(base: Duration, asked: Option<Duration>, times: u32, random: &Random) -> Duration {
    match asked {
        Some(asked) => asked.max(jittered(TRANSIENT_BASE, times, random)),
        None => jittered(base, times, random),
    }
}

fn within(pause: Duration, left: Duration) -> Next {
    if pause < left { Next::After(pause) } else { Next::GiveUp }
}

/// Full jitter: anything up to twice as much each time, so that callers who failed together do not return together.
pub(super) fn jittered(base: Duration, times: u32, random: &Random) -> Duration {
    let most = base.saturating_mul(2_u32.saturating_pow(times)).min(LONGEST_PAUSE);
    most.mul_f64(random.fraction())
}

/// What keeps retries from multiplying the load on a service that is down: they are paid for by successes.
#[derive(Debug)]
pub(super) struct Quota(AtomicU32);

impl Quota {
    const FULL: u32 = 500;
    const RETRY: u32 = 14;
    const FIRST_TRY: u32 = 1;

    pub(super) fn new() -> Self {
        Self(AtomicU32::new(Self::FULL))
    }

    pub(super) fn left(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    fn take(&self) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(Self::RETRY))
            .is_ok()
    }

    fn give(&self, amount: u32) {
        // A full quota is the usual state: it is read without writing, so that threads do not fight for it.
        if amount > 0 && self.left() < Self::FULL {
            let more = |left: u32| Some(left.saturating_add(amount).min(Self::FULL));
            let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    const MINUTE: Duration = Duration::from_secs(60);

    fn failed(kind: ErrorKind, retryable: bool, retry_after: Option<Duration>) -> Failed {
        Failed::new(Error::new(kind, "scripted").with_retry(retryable, retry_after))
    }

    fn transient() -> Failed {
        failed(ErrorKind::Server, true, None)
    }

    struct Setup {
        retry: Retry,
        quota: Quota,
        random: Random,
    }

    fn setup() -> Setup {
        Setup { retry: Retry::default(), quota: Quota::new(), random: Random::seeded(7) }
    }

    impl Setup {
        fn next(&mut self, failed: &Failed) -> Next {
            self.retry.next(failed, 4, MINUTE, &self.quota, &self.random)
        }
    }

    #[test]
    fn transient_failures_are_tried_four_times_with_growing_pauses() {
        let (mut most, rounds) = ([Duration::ZERO; 3], 500);
        for seed in 0..rounds {
            let mut s = Setup { random: Random::seeded(seed), ..setup() };
            for most in &mut most {
                let Next::After(pause) = s.next(&transient()) else { panic!("no retry") };
                *most = pause.max(*most);
            }
            assert_eq!(s.next(&transient()), Next::GiveUp);
        }
        for (most, bound) in most.into_iter().zip([50, 100, 200]) {
            let bound = Duration::from_millis(bound);
            assert!(most <= bound && most > bound.mul_f64(0.9), "{most:?} of {bound:?}");
        }
    }

    #[test]
    fn a_pause_is_never_longer_than_eight_seconds() {
        let random = Random::seeded(1);
        for times in [0, 3, 10, 31, 32, u32::MAX] {
            assert!(jittered(THROTTLED_BASE, times, &random) <= LONGEST_PAUSE);
        }
    }

    #[test]
    fn pauses_after_a_rejection_begin_at_a_second_and_grow() {
        let limited = failed(ErrorKind::RateLimited, true, None);
        let mut most = [Duration::ZERO; 5];
        for seed in 0..500 {
            let mut s = Setup { random: Random::seeded(seed), ..setup() };
            for most in &mut most {
                let Next::After(pause) = s.next(&limited) else { panic!("no retry") };
                *most = pause.max(*most);
            }
        }
        for (most, bound) in most.into_iter().zip([1, 2, 4, 8, 8].map(Duration::from_secs)) {
            assert!(most <= bound && most > bound.mul_f64(0.9), "{most:?} of {bound:?}");
        }
    }

    #[test]
    fn a_rate_limited_attempt_counts_towards_time_only() {
        let mut s = setup();
        let limited = failed(ErrorKind::RateLimited, true, None);
        for _ in 0..20 {
            assert!(matches!(s.next(&limited), Next::After(_)));
        }
        assert_eq!(s.quota.left(), 500);
        assert!(matches!(s.next(&transient()), Next::After(_)));
    }

    #[test]
    fn a_call_of_one_attempt_is_told_that_the_limit_is_reached() {
        let mut s = setup();
        let limited = failed(ErrorKind::RateLimited, true, Some(Duration::ZERO));
        assert_eq!(s.retry.next(&limited, 1, MINUTE, &s.quota, &s.random), Next::GiveUp);
    }

    #[test]
    fn what_the_service_asks_is_what_is_waited_unless_it_is_longer_than_the_deadline() {
        let ask = |after| failed(ErrorKind::RateLimited, true, Some(after));
        let mut s = setup();
        assert_eq!(s.next(&ask(Duration::from_secs(3))), Next::After(Duration::from_secs(3)));
        assert_eq!(s.next(&ask(MINUTE)), Next::GiveUp);
        let unavailable = failed(ErrorKind::Server, true, Some(Duration::from_secs(2)));
        assert_eq!(s.next(&unavailable), Next::After(Duration::from_secs(2)));
    }

    #[test]
    fn a_reused_connection_that_breaks_is_replayed_once_for_nothing() {
        let mut s = setup();
        let broken = Failed { reused: true, ..failed(ErrorKind::Connect, true, None) };
        assert_eq!(s.next(&broken), Next::Replay);
        assert_eq!((s.quota.left(), s.retry.counted), (500, 0));
        assert!(matches!(s.next(&broken), Next::After(_)));
    }

    #[test]
    fn an_unusable_answer_is_asked_for_once_more() {
        let mut s = setup();
        let unusable = Failed { unusable: true, ..failed(ErrorKind::Decode, false, None) };
        assert!(matches!(s.next(&unusable), Next::After(_)));
        assert_eq!(s.next(&unusable), Next::GiveUp);
    }

    #[test]
    fn permanent_failures_are_not_tried_again() {
        let mut s = setup();
        assert_eq!(s.next(&failed(ErrorKind::BadRequest, false, None)), Next::GiveUp);
        assert_eq!(s.quota.left(), 500);
    }

    #[test]
    fn the_quota_lets_35_retries_through_when_nothing_succeeds() {
        let mut s = setup();
        let retried = (0..1000).filter(|_| {
            s.retry = Retry::default();
            s.next(&transient()) != Next::GiveUp
        });
        assert_eq!(retried.count(), 35);
    }

    #[test]
    fn success_gives_back_what_was_taken_and_a_first_try_earns_one() {
        let mut s = setup();
        s.next(&transient());
        s.next(&transient());
        assert_eq!(s.quota.left(), 472);
        Retry::default().succeeded(&s.quota);
        assert_eq!(s.quota.left(), 473);
        s.retry.succeeded(&s.quota);
        assert_eq!(s.quota.left(), 500);
    }

    #[test]
    fn a_retry_that_cannot_end_in_time_is_not_paid_for() {
        let mut s = setup();
        let next = s.retry.next(&transient(), 4, Duration::ZERO, &s.quota, &s.random);
        assert_eq!((next, s.quota.left()), (Next::GiveUp, 500));
    }
}
