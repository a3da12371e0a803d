//! Answers that are given again while they are fresh.
//!
//! Entries lie in two generations. The younger one becomes the older when it has filled its half, or has become as old
//! as an answer may be; what the older one held is dropped. So the number of entries is bounded, and nothing needs to be
//! swept.

use std::collections::HashMap;
use std::mem::take;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Presence, Presences, UserId};
use crate::pipeline::sync::{Mutex, MutexGuard};

/// The most users in the cache, and half of the most answers.
const MOST_USERS: usize = 32_768;

pub(super) struct Cache {
    fresh_for: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    young: Generation,
    old: Generation,
    /// The latest write among those that were dropped: an answer may be older than it.
    dropped: Option<Instant>,
}

#[derive(Default)]
struct Generation {
    users: HashMap<UserId, Known>,
    answers: usize,
    since: Option<Instant>,
}

/// What is known of one user.
#[derive(Default)]
struct Known {
    /// When this client last wrote to the user. An answer from before is not kept.
    written: Option<Instant>,
    answers: Vec<Kept>,
}

struct Kept {
    /// Who asked.
    asking: UserId,
    presence: Presence,
    /// The answer is not older than this.
    as_of: Instant,
}

/// A write under way; see [`Cache::written`].
pub(in crate::pipeline) struct Written<'a> {
    cache: &'a Cache,
    user: UserId,
}

impl Drop for Written<'_> {
    fn drop(&mut self) {
        self.cache.forget(&self.user);
    }
}

impl Cache {
    pub(super) fn new(fresh_for: Duration) -> Self {
        Self { fresh_for, state: Mutex::default() }
    }

    /// The presence as this user was told of it, if that is fresh; in the spelling of the caller.
    pub(super) fn get(&self, asking: &UserId, id: &UserId) -> Option<Presence> {
        let state = self.lock();
        let now = Instant::now();
        let known = state.young.users.get(id).or_else(|| state.old.users.get(id))?;
        let kept = known.answers.iter().find(|kept| kept.asking == *asking)?;
        let fresh = now.saturating_duration_since(kept.as_of) <= self.fresh_for;
        fresh.then(|| kept.presence.spelled(id))
    }

    /// Keeps an answer to a request that was sent at `as_of` or later.
    pub(super) fn put(&self, asking: &UserId, presences: &Presences, as_of: Instant) {
        let mut state = self.lock();
        for presence in presences {
            state.make_room(self.fresh_for);
            if state.dropped.is_some_and(|written| written >= as_of) {
                return;
            }
            let (known, answers) = state.young(presence.user_id());
            if known.written.is_some_and(|written| written >= as_of) {
                continue;
            }
            let kept = Kept { asking: asking.clone(), presence, as_of };
            match known.answers.iter_mut().find(|kept| kept.asking == *asking) {
                // Answers may come in another order than they were asked for.
                Some(older) if older.as_of > as_of => {}
                Some(older) => *older = kept,
                None => {
                    known.answers.push(kept);
                    *answers += 1;
                }
            }
        }
    }

    /// Stands for a write to this user; when it is dropped, what was read before is forgotten.
    pub(super) fn written(&self, user: UserId) -> Written<'_> {
        Written { cache: self, user }
    }

    fn forget(&self, user: &UserId) {
        let mut state = self.lock();
        state.make_room(self.fresh_for);
        let (known, answers) = state.young(user);
        *answers -= known.answers.len();
        *known = Known { written: Some(Instant::now()), answers: Vec::new() };
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held; if it ever does, the state is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn make_room(&mut self, fresh_for: Duration) {
        let now = Instant::now();
        let since = *self.young.since.get_or_insert(now);
        let is_full = self.young.users.len() >= MOST_USERS / 2 || self.young.answers >= MOST_USERS;
        if !is_full && now.saturating_duration_since(since) <= fresh_for {
            return;
        }
        let gone = std::mem::replace(&mut self.old, take(&mut self.young));
        let written = gone.users.values().filter_map(|known| known.written).max();
        self.dropped = self.dropped.max(written);
        self.young.since = Some(now);
    }

    /// What is known of a user, in the younger generation from now on, and that generation's count of answers.
    fn young(&mut self, user: &UserId) -> (&mut Known, &mut usize) {
        let moved = self.old.users.remove(user);
        if let Some(known) = &moved {
            self.old.answers -= known.answers.len();
            self.young.answers += known.answers.len();
        }
        let known = self.young.users.entry(user.clone()).or_insert_with(|| moved.unwrap_or_default());
        (known, &mut self.young.answers)
    }
}
