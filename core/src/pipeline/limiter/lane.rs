//! One endpoint's lane: the gate, the queue before it, and the calls that wait.
//!
//! There is no task and no timer of the lane's own, because a client outlives runtimes. Each waiting call has its own
//! timer and takes its place itself, when it is polled at the head of the queue with the gate open. Two rules keep the
//! lane moving:
//! - After every change the head is either set to look again by the time the gate opens, or has been woken.
//! - Every other call looks again at about its own turn. A head that was to look and did not (its future is kept and not
//!   polled) is set aside then, until it is polled again.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::gate::Gate;
use super::queue::{Queue, Turn};
use crate::pipeline::sync::{Mutex, MutexGuard};

/// How late a head may be before the next call goes first. Longer than a busy machine is late.
const PATIENCE: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(super) struct Lane {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    gate: Gate,
    queue: Queue,
    waiting: BTreeMap<u64, Waiting>,
    next_key: u64,
    max_queued: usize,
    sent: u64,
    limited: u64,
}

#[derive(Debug)]
struct Waiting {
    turn: Turn,
    /// Its number among its caller's calls.
    number: u64,
    deadline: Instant,
    waker: Waker,
    /// When it is polled at the latest: its timer, or now if it was woken.
    looks_at: Instant,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Queued,
    /// Set aside: in no queue until it is polled.
    Aside,
    /// A pause goes beyond its deadline.
    Hopeless,
}

/// Why a call does not wait any longer. It was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The wait cannot end, or did not end, before the deadline; the least further wait that is needed.
    Deadline { wait: Duration },
    /// As many calls as are allowed wait already.
    Full { queued: usize },
}

/// What a call that wants to go is told.
#[derive(Debug)]
pub(super) enum Step {
    Go,
    /// Look again then, or when woken.
    Wait(Instant),
    Refused(Refused),
}

/// The numbers that a lane shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    pub(super) limit: Option<f64>,
    pub(super) rate: Option<f64>,
    pub(super) waiting: usize,
    pub(super) in_flight: usize,
    pub(super) sent: u64,
    pub(super) limited: u64,
    pub(super) paused_for: Option<Duration>,
}

impl Lane {
    pub(super) fn new(limit: Option<f64>, max_queued: usize) -> Self {
        let state = State {
            gate: Gate::new(limit),
            queue: Queue::default(),
            waiting: BTreeMap::new(),
            next_key: 0,
            max_queued,
            sent: 0,
            limited: 0,
        };
        Self { state: Mutex::new(state) }
    }

    pub(super) fn set_max_queued(&self, max_queued: usize) {
        self.lock().max_queued = max_queued;
    }

    pub(super) fn set_limit(&self, now: Instant, limit: Option<f64>) {
        self.change(now, |state| state.gate.set_limit(limit));
    }

    /// Takes a place if nobody waits and the gate is open.
    pub(super) fn try_take(&self, now: Instant) -> bool {
        let mut state = self.lock();
        state.waiting.is_empty() && state.gate.take(now)
    }

    /// Queues a call; its key, or why it need not wait.
    pub(super) fn join(
        &self,
        now: Instant,
        turn: Turn,
        deadline: Instant,
        waker: &Waker,
    ) -> Result<u64, Refused> {
        let mut state = self.lock();
        let queued = state.waiting.len();
        if queued >= state.max_queued {
            return Err(Refused::Full { queued });
        }
        let ahead = state.queue.ahead_of_new(turn);
        let soonest = state.gate.not_before(now) + state.gate.least_time(ahead);
        if soonest > deadline {
            return Err(Refused::Deadline { wait: soonest.saturating_duration_since(now) });
        }
        let key = state.next_key;
        state.next_key += 1;
        let number = state.queue.push(turn, key);
        let waiting =
            Waiting { turn, number, deadline, waker: waker.clone(), looks_at: now, place: Place::Queued };
        state.waiting.insert(key, waiting);
        Ok(key)
    }

    /// A queued call looks whether it may go; its deadline may have moved. After `Go` and `Refused` it is out of the queue.
    pub(super) fn look(&self, now: Instant, key: u64, deadline: Instant, waker: &Waker) -> Step {
        let mut state = self.lock();
        let step = state.look(now, key, deadline, waker);
        let head = state.wake_head(now);
        drop(state);
        wake(head);
        step
    }

    /// A call gives up waiting.
    pub(super) fn leave(&self, now: Instant, key: u64) {
        self.change(now, |state| state.take_out(key));
    }

    pub(super) fn sending(&self) {
        self.lock().sent += 1;
    }

    pub(super) fn unused(&self, now: Instant) {
        self.change(now, |state| state.gate.unused());
    }

    pub(super) fn aborted(&self, now: Instant) {
        self.change(now, |state| state.gate.aborted(now));
    }

    pub(super) fn accepted(&self, now: Instant, sent: Instant) {
        self.change(now, |state| state.gate.accepted(now, sent));
    }

    /// Takes a 429. Calls that the pause leaves no time are told at once.
    pub(super) fn rejected(&self, now: Instant, sent: Instant, asked_for: Option<Duration>) {
        let mut state = self.lock();
        state.limited += 1;
        let hopeless =
            if state.gate.rejected(now, sent, asked_for) { state.give_up_hopeless(now) } else { Vec::new() };
        let head = state.wake_head(now);
        drop(state);
        hopeless.into_iter().for_each(Waker::wake);
        wake(head);
    }

    pub(super) fn numbers(&self, now: Instant) -> Numbers {
        let state = self.lock();
        Numbers {
            limit: state.gate.limit(),
            rate: state.gate.rate(now),
            waiting: state.waiting.len(),
            in_flight: state.gate.in_flight(),
            sent: state.sent,
            limited: state.limited,
            paused_for: state.gate.paused_until(now).map(|until| until.saturating_duration_since(now)),
        }
    }

    /// Changes the state and keeps the first rule.
    fn change(&self, now: Instant, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let head = state.wake_head(now);
        drop(state);
        wake(head);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held; if it ever does, the state is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakers run code of others, which may call the lane: never under its lock.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl State {
    fn look(&mut self, now: Instant, key: u64, deadline: Instant, waker: &Waker) -> Step {
        let not_before = self.gate.not_before(now);
        let Some(waiting) = self.waiting.get_mut(&key) else {
            return Step::Refused(Refused::Deadline { wait: Duration::ZERO });
        };
        waiting.looks_at = now;
        waiting.deadline = deadline;
        waiting.waker.clone_from(waker);
        let has_hope = waiting.place == Place::Hopeless && not_before <= deadline;
        if waiting.place == Place::Aside || has_hope {
            waiting.place = Place::Queued;
            waiting.number = self.queue.push(waiting.turn, key);
        }
        let (place, turn, number) = (waiting.place, waiting.turn, waiting.number);
        if place == Place::Hopeless || now >= deadline {
            let wait = not_before.saturating_duration_since(now);
            self.take_out(key);
            return Step::Refused(Refused::Deadline { wait });
        }
        if self.gate.due(now) <= now {
            self.set_aside_late_heads(now, key);
        }
        let is_head = self.queue.head() == Some(key);
        if is_head && self.gate.take(now) {
            self.queue.pop();
            self.waiting.remove(&key);
            return Step::Go;
        }
        let ahead = if is_head { 0 } else { self.queue.ahead(turn, number).max(1) };
        let looks_at = (self.gate.due(now).max(now) + self.gate.about(ahead)).min(deadline);
        if let Some(waiting) = self.waiting.get_mut(&key) {
            waiting.looks_at = looks_at;
        }
        Step::Wait(looks_at)
    }

    /// Lets the calls go on behind heads that were to look and did not.
    fn set_aside_late_heads(&mut self, now: Instant, looking: u64) {
        while let Some(key) = self.queue.head().filter(|&key| key != looking) {
            let Some(head) = self.waiting.get_mut(&key) else { return };
            if head.looks_at + PATIENCE >= now {
                return;
            }
            head.place = Place::Aside;
            self.queue.remove(head.turn, key);
        }
    }

    /// Keeps the first rule: the waker of a head that would look too late.
    fn wake_head(&mut self, now: Instant) -> Option<Waker> {
        let key = self.queue.head()?;
        let due = self.gate.due(now).max(now);
        let head = self.waiting.get_mut(&key).filter(|head| head.looks_at > due)?;
        head.looks_at = now;
        Some(head.waker.clone())
    }

    /// Takes the calls out of the queue that a pause leaves no time, and gives their wakers.
    fn give_up_hopeless(&mut self, now: Instant) -> Vec<Waker> {
        let soonest = self.gate.not_before(now);
        let hopeless = self.waiting.iter_mut().filter(|(_, waiting)| waiting.deadline < soonest);
        let mut wakers = Vec::new();
        for (&key, waiting) in hopeless {
            waiting.place = Place::Hopeless;
            self.queue.remove(waiting.turn, key);
            wakers.push(waiting.waker.clone());
        }
        wakers
    }

    fn take_out(&mut self, key: u64) {
        if let Some(waiting) = self.waiting.remove(&key) {
            self.queue.remove(waiting.turn, key);
        }
    }
}
