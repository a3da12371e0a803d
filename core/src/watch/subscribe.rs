//! Subscriptions that are kept: when each call is due, and for whom.
//!
//! Users who were subscribed to by one call are renewed by one call, so that calls stay full.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::many::split::{Budget, Room};
use crate::model::UserId;
use crate::model::time::Moment;
use crate::pipeline::Random;

/// The most subscriptions of one user.
const MOST: usize = 3_000;
/// What is left of a subscription when it is renewed, as a part of the ttl; by chance a twentieth more or less.
const RENEW_AT: f64 = 0.5;
const JITTER: f64 = 0.05;
/// Users whose turn comes within this part of the ttl fill up a call that is due.
pub(super) const FILL_WITHIN: u32 = 20;
/// A refused call is taken apart by at most so many calls.
const MOST_PARTS: u32 = 40;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Between two looks at the list: an eighth of the ttl, within these bounds.
const LOOK_LEAST: Duration = Duration::from_secs(60);
const LOOK_MOST: Duration = Duration::from_secs(3_600);
/// After one that failed.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
const MOST_IN_FLIGHT: usize = 4;

#[derive(Debug)]
pub(super) struct Keeping {
    pub(super) ttl: Duration,
    own: UserId,
    pub(super) users: HashMap<UserId, Kept>,
    due: BTreeSet<(Instant, u64, UserId)>,
    turns: u64,
    /// Halves of refused calls.
    parts: VecDeque<Vec<UserId>>,
    parts_left: u32,
    /// Watched users for whom there is no subscription left.
    over: BTreeSet<UserId>,
    /// Subscriptions to users who are not watched.
    pub(super) others: usize,
    pub(super) clock: Option<(Instant, u64)>,
    in_flight: usize,
    failures: u32,
    paused_until: Option<Instant>,
    pub(super) look_at: Instant,
    starting: bool,
    pub(super) lost: u64,
}

#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) due: Option<(Instant, u64)>,
    pub(super) end: Option<End>,
    /// When the call that made it began.
    pub(super) made: Option<Instant>,
    /// The service did not make it.
    refused: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    At(Instant),
    /// By the service's clock, in milliseconds, as long as it is not known how that stands.
    There(u64),
}

/// Why a user is not subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Without {
    Own,
    TooMany,
}

impl Keeping {
    /// `others`: how many subscriptions there are to users who are not watched.
    pub(super) fn new(own: UserId, ttl: Duration, others: usize, now: Instant) -> Self {
        Self {
            ttl,
            own,
            users: HashMap::new(),
            due: BTreeSet::new(),
            turns: 0,
            parts: VecDeque::new(),
            parts_left: MOST_PARTS,
            over: BTreeSet::new(),
            others,
            clock: None,
            in_flight: 0,
            failures: 0,
            paused_until: None,
            look_at: now + (ttl / 8).clamp(LOOK_LEAST, LOOK_MOST),
            starting: true,
            lost: 0,
        }
    }

    /// The subscriptions that stand, as far as is known.
    pub(super) fn len(&self) -> usize {
        self.users.values().filter(|kept| kept.end.is_some()).count()
    }

    pub(super) fn held(&self) -> Vec<UserId> {
        self.users.iter().filter(|(_, kept)| kept.end.is_some()).map(|(user_id, _)| user_id.clone()).collect()
    }

    /// Subscriptions that were found to be gone and were made again.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// Whether the first calls are still to be made: polls would only repeat what these bring.
    pub(super) fn is_starting(&self) -> bool {
        self.starting
    }

    /// Whether it is decided that the user is subscribed to, or is not.
    pub(super) fn is_settled(&self, user_id: &UserId) -> bool {
        self.users.get(user_id).is_none_or(|kept| kept.end.is_some() || kept.refused)
    }

    /// Subscribes to a user too, unless it cannot be.
    pub(super) fn add(&mut self, user_id: &UserId, now: Instant) -> Option<Without> {
        if *user_id == self.own {
            return Some(Without::Own);
        }
        if self.users.contains_key(user_id) {
            return None;
        }
        if self.users.len() + self.others >= MOST {
            self.over.insert(user_id.clone());
            return Some(Without::TooMany);
        }
        self.users.insert(user_id.clone(), Kept::default());
        self.set_due(user_id, now);
        None
    }

    /// Stops keeping a subscription; whether there was one. Somebody who had no place gets it.
    pub(super) fn remove(&mut self, user_id: &UserId, now: Instant) -> bool {
        self.over.remove(user_id);
        let Some(kept) = self.users.remove(user_id) else { return false };
        if let Some((at, turn)) = kept.due {
            self.due.remove(&(at, turn, user_id.clone()));
        }
        if let Some(next) = self.over.pop_first() {
            self.add(&next, now);
        }
        kept.end.is_some()
    }

    /// When there is something to do.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let most = if self.failures > 0 { 1 } else { MOST_IN_FLIGHT };
        let call = match self.due.first() {
            _ if self.in_flight >= most => None,
            _ if !self.parts.is_empty() => Some(now),
            Some((at, ..)) => Some(*at),
            None => None,
        };
        let call = call.map(|at| self.paused_until.map_or(at, |until| at.max(until)));
        call.into_iter().chain([self.look_at]).min()
    }

    /// Whether the list is to be read; then it is for the caller to do so.
    pub(super) fn take_look(&mut self, now: Instant) -> bool {
        if self.look_at > now {
            return false;
        }
        self.look_at = now + (self.ttl / 8).clamp(LOOK_LEAST, LOOK_MOST);
        true
    }

    /// The list could not be read: it is tried again sooner than its next time.
    pub(super) fn look_failed(&mut self, now: Instant) {
        self.starting = false;
        self.look_at = self.look_at.min(now + LOOK_AGAIN);
    }

    /// The list is to be read as soon as may be.
    pub(super) fn look(&mut self, now: Instant) {
        self.look_at = now;
    }

    /// The users of the next call, who then count as being subscribed to.
    pub(super) fn take(&mut self, now: Instant, budget: &Budget) -> Vec<UserId> {
        let mut taken = Vec::new();
        while taken.is_empty() {
            let Some(part) = self.parts.pop_front() else { break };
            taken.extend(part.into_iter().filter(|user_id| self.users.contains_key(user_id)));
        }
        if taken.is_empty() && self.due.first().is_some_and(|(at, ..)| *at <= now) {
            self.parts_left = MOST_PARTS;
            let mut room = Room::new(budget);
            let until = now + self.ttl / FILL_WITHIN;
            let fits = |(at, _, user_id): &&(Instant, u64, UserId)| *at <= until && room.take(user_id);
            taken.extend(self.due.iter().take_while(fits).map(|(.., user_id)| user_id.clone()));
        }
        for user_id in &taken {
            self.unset_due(user_id);
        }
        self.in_flight += usize::from(!taken.is_empty());
        taken
    }

    /// Takes in the answer to a call that began then: which subscriptions it made, with their ends by the service's clock.
    /// Those of whom the service said nothing and nothing was known yet.
    pub(super) fn answered(
        &mut self,
        asked: &[UserId],
        made: &HashMap<UserId, Option<Moment>>,
        began: Instant,
        now: Instant,
        random: &Random,
    ) -> Vec<UserId> {
        self.in_flight -= 1;
        (self.failures, self.paused_until) = (0, None);
        let ends: Vec<u64> = made.values().flatten().map(|end| end.millis()).collect();
        if let Some(end) = ends.into_iter().max() {
            // Whole seconds: the service's clock may have shown almost a second more.
            let shown = end.saturating_sub(millis(self.ttl)).saturating_add(1_000);
            self.clock = Some((began, shown));
        }
        let end = began + self.ttl;
        let renew = end - self.left_at_renewal(random);
        let mut without = Vec::new();
        for user_id in asked {
            let Some(kept) = self.users.get_mut(user_id) else { continue };
            if made.contains_key(user_id) {
                (kept.end, kept.made, kept.refused) = (Some(End::At(end)), Some(began), false);
                self.set_due(user_id, renew);
            } else if self.refuse(user_id, now) {
                without.push(user_id.clone());
            }
        }
        self.place(now, random);
        self.end_start(now);
        without
    }

    /// The service refused the whole call. It is taken apart to find whom it refuses; those for whom that is clear, and
    /// was not before.
    pub(super) fn refused(&mut self, asked: Vec<UserId>, now: Instant) -> Vec<UserId> {
        self.in_flight -= 1;
        if asked.len() > 1 && self.parts_left >= 2 {
            self.parts_left -= 2;
            let mut first = asked;
            let second = first.split_off(first.len() / 2);
            self.parts.push_front(second);
            self.parts.push_front(first);
            return Vec::new();
        }
        let without = asked.into_iter().filter(|user_id| self.refuse(user_id, now)).collect();
        self.end_start(now);
        without
    }

    /// The call was too large; its users go in smaller ones.
    pub(super) fn too_large(&mut self, asked: &[UserId], now: Instant) {
        self.in_flight -= 1;
        for user_id in asked {
            self.set_due(user_id, now);
        }
    }

    /// The call did not get through; it is made again after a pause. How many in a row did not.
    pub(super) fn failed(&mut self, asked: &[UserId], now: Instant, fraction: f64) -> u32 {
        self.in_flight -= 1;
        self.starting = false;
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(self.failures)).min(LONGEST_PAUSE);
        self.paused_until = Some(now + pause.mul_f64(1.0 - fraction / 4.0));
        self.failures = self.failures.saturating_add(1);
        for user_id in asked {
            self.set_due(user_id, now);
        }
        self.failures
    }

    /// Whom the service did not subscribe to is tried again when a renewal would be; whether this is news.
    fn refuse(&mut self, user_id: &UserId, now: Instant) -> bool {
        let Some(kept) = self.users.get_mut(user_id) else { return false };
        kept.end = None;
        let news = !std::mem::replace(&mut kept.refused, true);
        self.set_due(user_id, now + self.ttl.mul_f64(RENEW_AT).max(LOOK_LEAST));
        news
    }

    pub(super) fn left_at_renewal(&self, random: &Random) -> Duration {
        self.ttl.mul_f64(RENEW_AT * (1.0 + JITTER * (2.0 * random.fraction() - 1.0)))
    }

    /// The start is over when nothing is due.
    pub(super) fn end_start(&mut self, now: Instant) {
        let is_due = self.due.first().is_some_and(|(at, ..)| *at <= now);
        self.starting &= is_due || self.in_flight > 0 || !self.parts.is_empty();
    }

    pub(super) fn set_due(&mut self, user_id: &UserId, at: Instant) {
        self.unset_due(user_id);
        if let Some(kept) = self.users.get_mut(user_id) {
            self.turns += 1;
            kept.due = Some((at, self.turns));
            self.due.insert((at, self.turns, user_id.clone()));
        }
    }

    pub(super) fn unset_due(&mut self, user_id: &UserId) {
        if let Some((at, turn)) = self.users.get_mut(user_id).and_then(|kept| kept.due.take()) {
            self.due.remove(&(at, turn, user_id.clone()));
        }
    }

    /// Those of these users who are subscribed to.
    pub(super) fn held_of(&self, user_ids: &HashSet<UserId>) -> Vec<UserId> {
        let held = |user_id: &&UserId| self.users.get(*user_id).is_some_and(|kept| kept.end.is_some());
        user_ids.iter().filter(held).cloned().collect()
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "subscribe_tests.rs"]
mod tests;
