//! What is known about a call while it runs, for whoever ends it from outside: its deadline, or the client's close.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use super::Limits;
use crate::error::{Error, ErrorKind, Sent};

/// Where a call is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// Behind an earlier write to the same device, or in the limiter's queue.
    #[default]
    Queue,
    /// Waiting for an app token.
    Token,
    /// A request is on its way.
    Wire,
    /// Between two attempts.
    Pause,
}

#[derive(Default)]
struct State {
    phase: Phase,
    attempts: u32,
    /// What became of the attempts that have ended; none if there was none.
    sent: Option<Sent>,
    last: Option<Error>,
    /// A place among the calls that wait, given back at the first turn.
    waiting: Option<OwnedSemaphorePermit>,
}

#[derive(Default)]
pub(super) struct Progress(Mutex<State>);

impl Progress {
    pub(super) fn waiting(place: Option<OwnedSemaphorePermit>) -> Self {
        Self(Mutex::new(State { waiting: place, ..State::default() }))
    }

    /// The call has its turn.
    pub(super) fn turn(&self) {
        self.lock().waiting = None;
    }

    pub(super) fn enter(&self, phase: Phase) {
        let mut state = self.lock();
        state.phase = phase;
        if phase == Phase::Wire {
            state.attempts += 1;
        }
    }

    pub(super) fn attempts(&self) -> u32 {
        self.lock().attempts
    }

    /// An attempt has ended without success; gives its error with what all attempts so far amount to.
    pub(super) fn attempt_failed(&self, error: Error) -> Error {
        let mut state = self.lock();
        state.phase = Phase::Pause;
        let sent = both(state.sent, error.sent());
        state.sent = Some(sent);
        let error = error.with_sent(sent).with_attempts(state.attempts);
        state.last = Some(error.clone());
        error
    }

    /// An error from before the wire (the token, the queue), with what earlier attempts of this call amount to.
    pub(super) fn before_sending(&self, error: Error) -> Error {
        let state = self.lock();
        let error = error.with_sent(state.sent.unwrap_or(Sent::No));
        if state.attempts == 0 { error } else { error.with_attempts(state.attempts) }
    }

    /// An error for want of a turn. A call that the service has rejected already is told that: it is why it needed
    /// another.
    pub(super) fn no_turn(&self, error: Error) -> Error {
        let rejected = self.lock().last.clone().filter(|last| last.kind() == ErrorKind::RateLimited);
        match rejected {
            Some(last) => last.with_retry(true, error.retry_after()),
            None => self.before_sending(error),
        }
    }

    /// The error for a call whose deadline has passed. `unconnected`: there never was a connection, so what is on
    /// the wire cannot have left.
    pub(super) fn timed_out(&self, limits: Limits, unconnected: bool) -> Error {
        let (kind, what) = match self.lock().phase {
            Phase::Queue => (ErrorKind::QueueTimeout, "no turn"),
            Phase::Token => (ErrorKind::Timeout, "no app token"),
            Phase::Wire | Phase::Pause => (ErrorKind::Timeout, "no complete answer"),
        };
        let message = format!("{what} within the timeout of {} s", seconds(limits.timeout));
        self.ended(Error::new(kind, message).with_retry(true, None), unconnected)
    }

    /// The error for a call that the client's close has ended.
    pub(super) fn closed(&self, unconnected: bool) -> Error {
        self.ended(Error::new(ErrorKind::Closed, "the client was closed during the call"), unconnected)
    }

    fn ended(&self, error: Error, unconnected: bool) -> Error {
        let state = self.lock();
        let on_the_wire = (state.phase == Phase::Wire && !unconnected).then_some(Sent::Maybe);
        let sent = on_the_wire.map_or(state.sent.unwrap_or(Sent::No), |now| both(state.sent, now));
        let error = error.with_sent(sent).with_attempts(state.attempts);
        match &state.last {
            Some(last) => error.with_source(last.clone()),
            None => error,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held; if it ever does, the state is whole between any two statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What two attempts of one call amount to: doubt stays, and an answer is more than nothing.
pub(crate) fn both(before: Option<Sent>, now: Sent) -> Sent {
    match (before, now) {
        (None, now) => now,
        (Some(Sent::Maybe), _) | (_, Sent::Maybe) => Sent::Maybe,
        (Some(Sent::Yes), _) | (_, Sent::Yes) => Sent::Yes,
        (Some(Sent::No), Sent::No) => Sent::No,
    }
}

pub(super) fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubt_about_one_attempt_is_doubt_about_the_call() {
        for (before, now, amount) in [
            (None, Sent::No, Sent::No),
            (None, Sent::Yes, Sent::Yes),
            (Some(Sent::No), Sent::No, Sent::No),
            (Some(Sent::No), Sent::Yes, Sent::Yes),
            (Some(Sent::Yes), Sent::No, Sent::Yes),
            (Some(Sent::Maybe), Sent::No, Sent::Maybe),
            (Some(Sent::Maybe), Sent::Yes, Sent::Maybe),
            (Some(Sent::Yes), Sent::Maybe, Sent::Maybe),
        ] {
            assert_eq!(both(before, now), amount, "{before:?} {now:?}");
        }
    }
}
