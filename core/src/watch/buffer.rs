//! Events on their way to whoever takes them, in bounded memory.
//!
//! As long as there is room every event waits for itself. Beyond that what is kept is only, of each user, what the taker
//! will have seen by then: when there is room again, the difference between that and what is known becomes one event,
//! or none. So memory is bounded by the number of users, and the events still add up to the view.

use std::collections::{HashMap, HashSet, VecDeque};
use std::mem::discriminant;

use super::event::{Change, Event, Source, Warning};
use super::view::{View, event, is_news};
use crate::model::{Presence, UserId};

#[derive(Debug)]
pub(super) struct Buffer {
    capacity: usize,
    queue: VecDeque<Event>,
    /// What did not fit, first come first served.
    beyond: VecDeque<Beyond>,
    users: HashMap<UserId, Behind>,
    /// Events without a user that were left out for the same one before, since the last `lagged`.
    left_out: u64,
    made: u64,
    merged: u64,
}

#[derive(Debug)]
enum Beyond {
    User(UserId),
    Other(Event),
}

/// A user whose events did not fit.
#[derive(Debug, Default)]
struct Behind {
    /// What the taker has seen, if a change did not fit.
    change: Option<(Option<Presence>, Source)>,
    warning: Option<Warning>,
    /// Events beyond the first of each kind.
    merged: u64,
}

impl Buffer {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            queue: VecDeque::new(),
            beyond: VecDeque::new(),
            users: HashMap::new(),
            left_out: 0,
            made: 0,
            merged: 0,
        }
    }

    /// How many events wait.
    pub(super) fn len(&self) -> usize {
        self.queue.len() + self.beyond.len()
    }

    /// How many events there were.
    pub(super) fn made(&self) -> u64 {
        self.made
    }

    /// How many of them became part of another or cancelled each other out.
    pub(super) fn merged(&self) -> u64 {
        self.merged
    }

    fn has_room(&self) -> bool {
        self.beyond.is_empty() && self.queue.len() < self.capacity
    }

    pub(super) fn change(&mut self, change: Change) {
        self.made += 1;
        if self.has_room() {
            self.queue.push_back(event(change));
            return;
        }
        let source = change.source;
        let behind = self.behind(change.presence.user_id());
        match &mut behind.change {
            Some((_, last)) => {
                *last = source;
                behind.merged += 1;
            }
            None => behind.change = Some((change.previous, source)),
        }
    }

    pub(super) fn warning(&mut self, warning: Warning) {
        let Some(user_id) = warning.user_id.clone() else { return self.other(Event::Warning(warning)) };
        self.made += 1;
        if self.has_room() {
            self.queue.push_back(Event::Warning(warning));
            return;
        }
        let behind = self.behind(&user_id);
        if behind.warning.replace(warning).is_some() {
            behind.merged += 1;
        }
    }

    /// An event about no user. Of those that do not fit one of each kind is kept: the first `stale`, which is the one
    /// that says how old things are, and the last of the others.
    pub(super) fn other(&mut self, event: Event) {
        self.made += 1;
        if self.has_room() {
            self.queue.push_back(event);
            return;
        }
        let mut event = event;
        let before = self.beyond.len();
        let earlier = self.beyond.iter().position(|beyond| beyond.is_like(&event));
        if let (Event::Stale { .. }, Some(place)) = (&event, earlier) {
            // The gap that it begins goes on: what ended it in between did not end it for the taker.
            if let Some(Beyond::Other(stale)) = self.beyond.remove(place) {
                event = stale;
            }
            self.beyond.retain(|beyond| !beyond.is_like(&Event::Resynced));
        } else {
            self.beyond.retain(|beyond| !beyond.is_like(&event));
        }
        self.left_out += (before - self.beyond.len()) as u64;
        self.beyond.push_back(Beyond::Other(event));
    }

    fn behind(&mut self, user_id: &UserId) -> &mut Behind {
        if !self.users.contains_key(user_id) {
            self.beyond.push_back(Beyond::User(user_id.clone()));
        }
        self.users.entry(user_id.clone()).or_default()
    }

    /// The next event.
    pub(super) fn take(&mut self, view: &View) -> Option<Event> {
        if self.queue.is_empty() && !self.beyond.is_empty() {
            self.refill(view);
        }
        self.queue.pop_front()
    }

    /// Makes events of what did not fit, as many as there is room for.
    fn refill(&mut self, view: &View) {
        let mut merged = std::mem::take(&mut self.left_out);
        while self.queue.len() < self.capacity.max(2) {
            let Some(next) = self.beyond.pop_front() else { break };
            match next {
                Beyond::Other(event) => self.queue.push_back(event),
                Beyond::User(user_id) => {
                    let Some(behind) = self.users.remove(&user_id) else { continue };
                    merged += behind.merged;
                    self.queue.extend(behind.warning.map(Event::Warning));
                    let Some((seen, source)) = behind.change else { continue };
                    let presence = view.get(&user_id).cloned();
                    let change = presence.map(|presence| Change {
                        initial: seen.is_none(),
                        previous: seen,
                        presence,
                        source,
                    });
                    match change.filter(is_news) {
                        Some(change) => self.queue.push_back(event(change)),
                        None => merged += 1,
                    }
                }
            }
        }
        self.merged += merged;
        if merged > 0 {
            self.queue.push_front(Event::Lagged { merged });
        }
    }

    /// Takes out what waits about users who are not watched any more.
    pub(super) fn remove(&mut self, user_ids: &HashSet<UserId>) {
        let gone = |user_id: &UserId| user_ids.contains(user_id);
        self.queue.retain(|event| !event.user_id().is_some_and(gone));
        self.beyond.retain(|beyond| !matches!(beyond, Beyond::User(user_id) if gone(user_id)));
        self.users.retain(|user_id, _| !gone(user_id));
    }

    /// What the taker has seen of those users of whom events wait.
    pub(super) fn seen(&self) -> HashMap<&UserId, Option<&Presence>> {
        let mut seen = HashMap::new();
        for (user_id, behind) in &self.users {
            if let Some((previous, _)) = &behind.change {
                seen.insert(user_id, previous.as_ref());
            }
        }
        for change in self.queue.iter().rev().filter_map(Event::change) {
            seen.insert(change.presence.user_id(), change.previous.as_ref());
        }
        seen
    }
}

impl Beyond {
    fn is_like(&self, event: &Event) -> bool {
        match (self, event) {
            (Beyond::Other(Event::Warning(own)), Event::Warning(other)) => own.reason == other.reason,
            (Beyond::Other(own), other) => discriminant(own) == discriminant(other),
            (Beyond::User(_), _) => false,
        }
    }
}

#[cfg(test)]
#[path = "buffer_tests.rs"]
mod tests;
