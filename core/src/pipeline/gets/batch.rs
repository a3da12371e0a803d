//! The callers of one request: who has joined, who has left, and whom it asks about in the end.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::Duration;

use futures_util::future::{Either, Ready, Shared, WeakShared, ready};
use tokio::task::yield_now;
use tokio::time::Instant;

use super::{InFlight, Key, Outcome};
use crate::many::split::{MAX_USERS, Room};
use crate::model::UserId;
use crate::pipeline::deadline::End;
use crate::pipeline::progress::Progress;
use crate::pipeline::sync::{Mutex, MutexGuard};

/// So many looks in a row that see no new caller say that nobody else asks right now.
const QUIET: u32 = 1;
/// The longest that a request waits for callers who keep coming.
const LONGEST: Duration = Duration::from_millis(1);

pub(in crate::pipeline) struct Batch {
    pub(super) key: Key,
    pub(super) progress: Progress,
    state: Mutex<State>,
}

struct State {
    /// In the order of arrival, those without callers included.
    ids: Vec<UserId>,
    /// How many callers ask for each.
    callers: HashMap<UserId, usize>,
    /// Callers who wait.
    present: usize,
    /// Callers who ever came.
    joined: usize,
    /// What is left of the request.
    room: Room,
    /// The latest deadline of a caller.
    end: End,
    full: bool,
    /// The task that makes the request. Who waits for its outcome keeps it alive, and this does not.
    outcome: Option<WeakShared<InFlight>>,
    /// What the request came to, for callers who look for the first time after its end.
    done: Option<Outcome>,
    /// When the request took its last form.
    closed: Option<Instant>,
    accounted: bool,
}

/// What a caller who leaves has to know.
pub(super) struct Left {
    /// The request had not taken its last form: the caller's user is not in it.
    pub(super) in_time: bool,
    /// Nobody waits any more.
    pub(super) last: bool,
}

impl Batch {
    /// A batch with its first caller, who always has room: a request cannot be smaller.
    pub(super) fn new(key: Key, id: UserId, end: End, mut room: Room) -> Self {
        room.take(&id);
        let state = State {
            room,
            ids: vec![id.clone()],
            callers: HashMap::from([(id, 1)]),
            present: 1,
            joined: 1,
            end,
            full: false,
            outcome: None,
            done: None,
            closed: None,
            accounted: false,
        };
        Self { key, progress: Progress::default(), state: Mutex::new(state) }
    }

    /// Takes in another caller; false if the request is full or has taken its last form.
    pub(super) fn join(&self, id: &UserId, end: End) -> bool {
        let mut state = self.lock();
        if state.closed.is_some() {
            return false;
        }
        if let Some(callers) = state.callers.get_mut(id) {
            *callers += 1;
        } else {
            if !state.room.take(id) {
                state.full = true;
                return false;
            }
            state.ids.push(id.clone());
            state.callers.insert(id.clone(), 1);
        }
        state.present += 1;
        state.joined += 1;
        if end.at > state.end.at {
            state.end = end;
        }
        true
    }

    /// The request under way, which `start` makes unless there is one, or what it came to.
    pub(super) fn outcome(
        &self,
        start: impl FnOnce() -> Shared<InFlight>,
    ) -> Either<Shared<InFlight>, Ready<Option<Outcome>>> {
        let mut state = self.lock();
        if let Some(done) = &state.done {
            return Either::Right(ready(Some(done.clone())));
        }
        if let Some(outcome) = state.outcome.as_ref().and_then(WeakShared::upgrade) {
            return Either::Left(outcome);
        }
        let outcome = start();
        state.outcome = outcome.downgrade();
        Either::Left(outcome)
    }

    pub(super) fn done(&self, outcome: &Outcome) {
        self.lock().done = Some(outcome.clone());
    }

    /// Whether one caller waits for a request that has not begun.
    pub(super) fn is_lone(&self) -> bool {
        let state = self.lock();
        state.present == 1 && state.outcome.is_none()
    }

    /// A caller goes, answered or not.
    pub(super) fn leave(&self, id: &UserId) -> Left {
        let mut state = self.lock();
        state.present -= 1;
        if let Some(callers) = state.callers.get_mut(id) {
            *callers -= 1;
        }
        Left { in_time: state.closed.is_none(), last: state.present == 0 }
    }

    /// Whom the request asks about, and how many callers do. Nobody joins after this.
    pub(super) fn close(&self) -> (Vec<UserId>, usize) {
        let mut state = self.lock();
        state.closed.get_or_insert_with(Instant::now);
        let asked = |id: &&UserId| state.callers.get(*id).is_some_and(|&callers| callers > 0);
        (state.ids.iter().filter(asked).cloned().collect(), state.present)
    }

    /// When the request took its last form; no answer to it is older.
    pub(super) fn closed_at(&self) -> Option<Instant> {
        self.lock().closed
    }

    /// Lets those join who ask at this very moment.
    pub(super) async fn fill(&self) {
        let opened = Instant::now();
        let (mut joined, mut quiet) = (self.lock().joined, 0);
        while quiet < QUIET && opened.elapsed() < LONGEST {
            yield_now().await;
            let state = self.lock();
            if state.full || state.ids.len() == MAX_USERS {
                return;
            }
            quiet = if state.joined == joined { quiet + 1 } else { 0 };
            joined = state.joined;
        }
    }

    /// The latest deadline of a caller.
    pub(in crate::pipeline) fn end(&self) -> End {
        self.lock().end
    }

    pub(super) fn is_deserted(&self) -> bool {
        self.lock().present == 0
    }

    /// The requests sent, told once: at the batch's end or when its last caller has left, whichever is first.
    pub(super) fn account(&self) -> u32 {
        let told = std::mem::replace(&mut self.lock().accounted, true);
        if told { 0 } else { self.progress.attempts() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held; if it ever does, the state is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
