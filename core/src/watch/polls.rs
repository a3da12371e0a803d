//! What a watcher does about polls: the part of its state's work that goes with every one of them.

use std::time::Duration;

use tokio::time::Instant;

use super::event::WarningReason;
use super::refused::Verdict;
use super::schedule::By;
use super::state::{Next, Now, State};
use super::subscribe::Keeping;
use crate::error::{Error, ErrorKind};
use crate::many::split::Budget;
use crate::model::{Presences, UserId};

/// At most so many seconds' worth of polls are under way: a service that is slower than that is not pressed.
const MOST_SECONDS_IN_FLIGHT: f64 = 2.0;
const LEAST_IN_FLIGHT: usize = 4;
const MOST_IN_FLIGHT: usize = 128;
/// After so long without a call that was too large, calls are as large as is documented again.
const SMALLER_FOR: Duration = Duration::from_secs(600);

/// How large calls are.
#[derive(Debug, Default)]
pub(super) struct Size {
    budget: Budget,
    lowered: Option<Instant>,
}

impl Size {
    pub(super) fn budget(&mut self, now: Instant) -> &Budget {
        let over = |at: &mut Instant| now.saturating_duration_since(*at) >= SMALLER_FOR;
        if self.lowered.take_if(over).is_some() {
            self.budget = Budget::default();
        }
        &self.budget
    }

    /// A call with these users was too large.
    pub(super) fn too_large(&mut self, asked: &[UserId], now: Instant) {
        self.budget.too_large(asked);
        self.lowered = Some(now);
    }
}

impl State {
    pub(super) fn next_poll(&mut self, now: Now, rate: f64) -> Next {
        if self.contact.is_newly_lost(now.at) {
            self.lost(now);
        }
        self.end_round();
        self.pace.set(rate);
        let wake = self.contact.deadline();
        if self.keeping.as_ref().is_some_and(Keeping::is_starting) {
            return Next::Wait(wake);
        }
        let most = if self.contact.is_failing() { 1 } else { most_in_flight(rate) };
        let mut others = self.schedule.due();
        if others.is_none() && self.in_flight == 0 {
            let verdict = self.refused.alone(now.at);
            self.judged(verdict);
            others = self.schedule.due();
        }
        let due = others.into_iter().chain(self.refused.due(now.at)).min();
        let Some(due) = due.filter(|_| self.in_flight < most) else {
            return Next::Wait(wake);
        };
        let due = due.max(self.pace.due(now.at)).max(self.contact.paused_until().unwrap_or(now.at));
        if due > now.at {
            return Next::Wait(wake.map_or(Some(due), |wake| Some(wake.min(due))));
        }
        let others = others.is_some_and(|due| due <= now.at);
        let users = self.refused.take(others, now.at);
        let users = users.unwrap_or_else(|| self.schedule.take(now.at, self.size.budget(now.at)));
        self.pace.went(now.at);
        self.contact.began(now.at);
        self.in_flight += 1;
        self.counts.polls += 1;
        Next::Poll(users)
    }

    /// Takes in how a poll of these users, which began then, ended. `fraction` is a number by chance, 0 to 1.
    pub(super) fn polled(
        &mut self,
        asked: &[UserId],
        began: Instant,
        outcome: Result<Presences, Error>,
        fraction: f64,
        now: Now,
    ) {
        self.in_flight -= 1;
        match outcome {
            Ok(presences) => {
                self.answered(&presences, began, now.at);
                let verdict = self.refused.answered(asked, now.at);
                self.judged(verdict);
            }
            Err(error) if error.kind() == ErrorKind::TooLarge && asked.len() > 1 => {
                self.counts.polls_failed += 1;
                self.contact.refused(now.at, self.in_flight > 0);
                self.size.too_large(asked, now.at);
                let verdict = self.refused.failed(asked, now.at);
                self.schedule.too_large(asked);
                self.judged(verdict);
            }
            Err(error) if self.refused.is_try(asked) => {
                self.counts.polls_failed += 1;
                self.refused.put_off(asked, now.at);
                if is_refusal(&error) {
                    self.contact.refused(now.at, self.in_flight > 0);
                } else {
                    self.poll_failed(error, fraction, now);
                }
            }
            Err(error) if is_refusal(&error) => {
                self.counts.polls_failed += 1;
                let verdict = self.refused.refused(asked, error, now.at);
                self.let_go(asked);
                if matches!(verdict, Verdict::NotTheirs(..)) {
                    self.contact.failed(now.at, true, fraction);
                }
                self.judged(verdict);
            }
            Err(error) => {
                self.counts.polls_failed += 1;
                let verdict = self.refused.failed(asked, now.at);
                self.let_go(asked);
                self.judged(verdict);
                self.poll_failed(error, fraction, now);
            }
        }
    }

    /// Those who are not kept for a search go back into the order of polls.
    fn let_go(&mut self, asked: &[UserId]) {
        let refused = &self.refused;
        self.schedule.failed(asked.iter().filter(|user_id| !refused.holds(user_id)));
    }

    /// Takes in what came of a search for users who are refused.
    pub(super) fn judged(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Open => {}
            Verdict::Found(users) => {
                for (user_id, error) in users {
                    self.schedule.set_aside(&user_id);
                    self.warn(WarningReason::PollsRefused, Some(user_id), Some(error));
                }
                self.end_round();
            }
            Verdict::NotTheirs(users, error) => {
                self.schedule.failed(&users);
                self.polls_refused(error);
            }
        }
    }

    fn answered(&mut self, presences: &Presences, began: Instant, now: Instant) {
        self.counts.polls_succeeded += 1;
        self.warned_of = None;
        let lost_since = self.contact.last();
        if self.contact.succeeded(now, self.in_flight > 0) {
            self.pass.resyncing = true;
            self.schedule.begin_round(lost_since);
            // It may have been restarted, without the subscriptions.
            if let Some(keeping) = &mut self.keeping {
                keeping.look(now);
            }
        }
        self.somebody_answered |= !presences.is_empty();
        for presence in presences {
            self.read(&presence, By::Poll { began }, began, now);
        }
        for user_id in presences.missing() {
            self.schedule.learned(user_id, By::Poll { began }, false, now);
            let settled = self.keeping.as_ref().is_none_or(|keeping| keeping.is_settled(user_id));
            if self.somebody_answered && settled && self.view.not_answered(user_id) {
                self.warn(WarningReason::NotAnswered, Some(user_id.clone()), None);
            }
        }
        self.end_round();
    }

    fn poll_failed(&mut self, error: Error, fraction: f64, now: Now) {
        if error.kind() == ErrorKind::Closed {
            self.client_closed(error);
            return;
        }
        let in_vain = is_in_vain(&error);
        self.contact.failed(now.at, in_vain, fraction);
        if in_vain {
            self.polls_refused(error);
        }
    }

    fn polls_refused(&mut self, error: Error) {
        if self.warned_of.replace(error.kind()) != Some(error.kind()) {
            self.warn(WarningReason::PollsRefused, None, Some(error));
        }
    }
}

fn most_in_flight(rate: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped on the next line")]
    let most = (rate * MOST_SECONDS_IN_FLIGHT).ceil() as usize;
    most.clamp(LEAST_IN_FLIGHT, MOST_IN_FLIGHT)
}

/// Whether the failure is one that will most likely come again as long as nobody does anything about it.
pub(super) fn is_in_vain(error: &Error) -> bool {
    let passing = matches!(error.kind(), ErrorKind::Decode | ErrorKind::Server | ErrorKind::TooLarge);
    !error.retryable() && !passing
}

/// Whether the service understood the call and will not do it, perhaps for some user in it.
pub(super) fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::BadRequest | ErrorKind::NotFound | ErrorKind::TooLarge)
}
