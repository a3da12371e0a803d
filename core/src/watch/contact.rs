//! Whether the service is heard of: when contact counts as lost, and how polls go on without it.

use std::time::Duration;

use tokio::time::Instant;

/// Contact is lost when polls have waited for so long and none has succeeded,
const SILENCE: Duration = Duration::from_secs(10);
/// or sooner, when so many in a row have failed
const FAILURES: u32 = 3;
/// over at least so long.
const FAILING: Duration = Duration::from_secs(3);
/// The pause after the first failure; each further one takes twice as long,
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// up to this,
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// or this, if the failure is one that does not go away by itself.
const LONGEST_IN_VAIN: Duration = Duration::from_secs(60);
/// A failure so soon after a success is that call's own: there is no pause.
const LATELY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Contact {
    began: Instant,
    last: Option<Instant>,
    /// Since when polls wait for a success.
    waiting_since: Option<Instant>,
    failures: u32,
    paused_until: Option<Instant>,
    lost: bool,
}

impl Contact {
    pub(super) fn new(now: Instant) -> Self {
        Self { began: now, last: None, waiting_since: None, failures: 0, paused_until: None, lost: false }
    }

    /// The last success, or the beginning.
    pub(super) fn last(&self) -> Instant {
        self.last.unwrap_or(self.began)
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Whether polls fail: then they go one at a time.
    pub(super) fn is_failing(&self) -> bool {
        self.lost || self.failures > 0
    }

    /// No poll before this.
    pub(super) fn paused_until(&self) -> Option<Instant> {
        self.paused_until
    }

    pub(super) fn began(&mut self, now: Instant) {
        self.waiting_since.get_or_insert(now);
    }

    /// A poll succeeded; whether contact was lost before.
    pub(super) fn succeeded(&mut self, now: Instant, others_wait: bool) -> bool {
        self.last = Some(now);
        self.waiting_since = others_wait.then_some(now);
        self.failures = 0;
        self.paused_until = None;
        std::mem::take(&mut self.lost)
    }

    /// A user was refused, and users are answered: that is contact, if not news.
    pub(super) fn refused(&mut self, now: Instant, others_wait: bool) {
        if self.failures == 0 && !self.lost {
            self.waiting_since = others_wait.then_some(now);
        }
    }

    /// A poll failed. `fraction` is a number by chance, 0 to 1.
    pub(super) fn failed(&mut self, now: Instant, in_vain: bool, fraction: f64) {
        let paused = self.paused_until.is_some_and(|until| now < until);
        let lately = self.last.is_some_and(|last| now.saturating_duration_since(last) < LATELY);
        if paused || lately {
            return;
        }
        let longest = if in_vain { LONGEST_IN_VAIN } else { LONGEST_PAUSE };
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(self.failures)).min(longest);
        self.failures = self.failures.saturating_add(1);
        self.paused_until = Some(now + pause.mul_f64(1.0 - fraction / 4.0));
    }

    /// Whether contact is lost as of now; said once.
    pub(super) fn is_newly_lost(&mut self, now: Instant) -> bool {
        let Some(since) = self.waiting_since.filter(|_| !self.lost) else { return false };
        let silence = now.saturating_duration_since(since);
        self.lost = silence >= SILENCE || (self.failures >= FAILURES && silence >= FAILING);
        self.lost
    }

    /// The clock has jumped, or nothing ran for a while: what was known is that old. Whether that is news.
    pub(super) fn slept(&mut self) -> bool {
        !std::mem::replace(&mut self.lost, true)
    }

    /// When contact counts as lost if nothing is heard until then.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let since = self.waiting_since.filter(|_| !self.lost)?;
        Some(since + if self.failures >= FAILURES { FAILING } else { SILENCE })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(begin: Instant, millis: u64) -> Instant {
        begin + Duration::from_millis(millis)
    }

    #[test]
    fn contact_is_lost_when_polls_fail_in_a_row_for_a_while_and_that_is_said_once() {
        let begin = Instant::now();
        let mut contact = Contact::new(begin);
        contact.began(at(begin, 5_000));
        for (millis, lost) in [(5_100, false), (6_000, false), (7_500, false), (8_100, true), (12_000, false)]
        {
            contact.failed(at(begin, millis), false, 0.0);
            assert_eq!(contact.is_newly_lost(at(begin, millis)), lost, "{millis}");
        }
        assert!(contact.is_lost() && contact.last() == begin);
        assert!(contact.succeeded(at(begin, 20_000), false), "found again");
        assert!(!contact.is_failing() && contact.paused_until().is_none());
    }

    #[test]
    fn contact_is_lost_when_nothing_is_heard() {
        let begin = Instant::now();
        let mut contact = Contact::new(begin);
        contact.began(at(begin, 1_000));
        contact.began(at(begin, 2_000));
        assert_eq!(contact.deadline(), Some(at(begin, 11_000)));
        assert!(!contact.is_newly_lost(at(begin, 10_999)));
        assert!(contact.is_newly_lost(at(begin, 11_000)));
        assert_eq!(contact.deadline(), None);
    }

    #[test]
    fn waiting_for_nothing_is_no_loss() {
        let begin = Instant::now();
        let mut contact = Contact::new(begin);
        contact.began(begin);
        contact.succeeded(at(begin, 100), false);
        assert!(!contact.is_newly_lost(at(begin, 3_600_000)));
    }

    #[test]
    fn a_failure_amid_successes_is_that_calls_own() {
        let begin = Instant::now();
        let mut contact = Contact::new(begin);
        for second in 0..100 {
            contact.began(at(begin, second * 1_000));
            contact.succeeded(at(begin, second * 1_000), true);
            contact.failed(at(begin, second * 1_000 + 500), false, 0.5);
            assert!(!contact.is_failing() && !contact.is_newly_lost(at(begin, second * 1_000 + 500)));
        }
    }

    #[test]
    fn pauses_grow_to_their_longest_and_calls_that_failed_together_count_once() {
        let begin = Instant::now();
        for (in_vain, longest) in [(false, LONGEST_PAUSE), (true, LONGEST_IN_VAIN)] {
            let mut contact = Contact::new(begin);
            let (mut now, mut pauses) = (at(begin, 2_000), Vec::new());
            for _ in 0..12 {
                contact.failed(now, in_vain, 0.0);
                contact.failed(now, in_vain, 0.0);
                let until = contact.paused_until().unwrap();
                pauses.push(until - now);
                now = until;
            }
            assert_eq!(pauses[..3], [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]);
            assert_eq!(pauses.last(), Some(&longest));
        }
    }
}
