//! Who is read next: least recently read first, and a few places of each call for those who changed lately.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use tokio::time::Instant;

use crate::many::split::{Budget, MAX_USERS, Room};
use crate::model::UserId;

/// Places in each call for users who changed lately, as long as others are due: the rest gets the other 96.
const HOT_PLACES: usize = 4;
/// When a user who changed is read again: so long after, and each time twice as long.
const HOT_FIRST: Duration = Duration::from_secs(2);
const HOT_TIMES: u8 = 4;
/// How long a user who changed lately waits for others, so that they share a call.
const HOT_LINGER: Duration = Duration::from_millis(250);
/// The part of the least interval for which a user who is due waits for others, so that calls fill up.
const LINGER: u32 = 8;

#[derive(Debug)]
pub(super) struct Schedule {
    users: HashMap<UserId, Place>,
    /// By whether the user was ever read, and by turn.
    rotation: BTreeMap<(bool, u64), UserId>,
    hot: BTreeSet<(Instant, u64, UserId)>,
    min_interval: Duration,
    turns: u64,
    round: Round,
    /// How many are set aside.
    aside: usize,
}

/// One pass over all users. A reading counts if it began after the pass did.
#[derive(Debug)]
struct Round {
    number: u32,
    since: Instant,
    left: usize,
}

#[derive(Debug)]
struct Place {
    /// In the rotation, unless the user is being read.
    turn: u64,
    reading: bool,
    read_at: Option<Instant>,
    /// Between the two latest readings.
    interval: Option<Duration>,
    hot: Option<(Instant, u64)>,
    /// How often the user has been read again since it changed; none if it did not lately.
    warm: Option<u8>,
    /// Readings in a row that failed.
    failed: u8,
    round: u32,
    /// What was learned last came by a callback.
    fed: bool,
    /// Not polled with the others, and no pass waits for it.
    aside: bool,
}

/// How something was learned of a user, and when the call for it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Poll { began: Instant },
    Subscribing { began: Instant },
    Callback,
}

impl Place {
    /// The reading is over; how many are set aside no longer.
    fn end_reading(&mut self, round: &mut Round) -> usize {
        self.reading = false;
        let aside = std::mem::take(&mut self.aside);
        round.left += usize::from(aside && self.round != round.number);
        usize::from(aside)
    }
}

impl Schedule {
    pub(super) fn new(min_interval: Duration, now: Instant) -> Self {
        Self {
            users: HashMap::new(),
            rotation: BTreeMap::new(),
            hot: BTreeSet::new(),
            min_interval,
            turns: 0,
            round: Round { number: 1, since: now, left: 0 },
            aside: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.users.len()
    }

    /// Takes in a user, who is read before the others unless it was read already, `read_at`.
    pub(super) fn add(&mut self, user_id: &UserId, read_at: Option<Instant>) {
        if self.users.contains_key(user_id) {
            return;
        }
        let turn = self.next_turn();
        let place = Place {
            turn,
            reading: false,
            read_at,
            interval: None,
            hot: None,
            warm: None,
            failed: 0,
            round: 0,
            fed: false,
            aside: false,
        };
        self.rotation.insert((read_at.is_some(), turn), user_id.clone());
        self.users.insert(user_id.clone(), place);
        self.round.left += 1;
    }

    pub(super) fn remove(&mut self, user_id: &UserId) {
        let Some(place) = self.users.remove(user_id) else { return };
        self.rotation.remove(&(place.read_at.is_some(), place.turn));
        if let Some((due, turn)) = place.hot {
            self.hot.remove(&(due, turn, user_id.clone()));
        }
        self.aside -= usize::from(place.aside);
        if place.round != self.round.number && !place.aside {
            self.round.left -= 1;
        }
    }

    /// When the next call has its users; none if nobody waits.
    pub(super) fn due(&self) -> Option<Instant> {
        let hot = self.hot.first().map(|(due, ..)| *due + HOT_LINGER);
        let full = self.rotation.len().min(MAX_USERS).saturating_sub(1);
        let rotation = match (self.rotation.first_key_value(), self.rotation.values().nth(full)) {
            (Some(((false, _), _)), _) => Some(self.round.since),
            (Some((_, first)), Some(last)) => {
                let first = self.due_in_rotation(first);
                let linger = first + self.min_interval / LINGER;
                Some(self.due_in_rotation(last).clamp(first, linger))
            }
            _ => None,
        };
        hot.into_iter().chain(rotation).min()
    }

    fn due_in_rotation(&self, user_id: &UserId) -> Instant {
        let read_at = self.users.get(user_id).and_then(|place| place.read_at);
        read_at.map_or(self.round.since, |at| at + self.min_interval)
    }

    /// The users of the next call, who then count as being read.
    pub(super) fn take(&mut self, now: Instant, budget: &Budget) -> Vec<UserId> {
        let mut room = Room::new(budget);
        let mut taken = Vec::new();
        self.take_hot(now, HOT_PLACES, &mut room, &mut taken);
        while let Some((key, user_id)) = self.rotation.first_key_value() {
            let due = !key.0 || self.due_in_rotation(user_id) <= now;
            if !due || !room.take(user_id) {
                break;
            }
            let user_id = user_id.clone();
            self.begin(&user_id);
            taken.push(user_id);
        }
        self.take_hot(now, usize::MAX, &mut room, &mut taken);
        taken
    }

    fn take_hot(&mut self, now: Instant, most: usize, room: &mut Room, taken: &mut Vec<UserId>) {
        for _ in 0..most {
            match self.hot.first() {
                Some((due, _, user_id)) if *due <= now && room.take(user_id) => {
                    let user_id = user_id.clone();
                    self.begin(&user_id);
                    taken.push(user_id);
                }
                _ => return,
            }
        }
    }

    fn begin(&mut self, user_id: &UserId) {
        let Some(place) = self.users.get_mut(user_id) else { return };
        place.reading = true;
        self.rotation.remove(&(place.read_at.is_some(), place.turn));
        if let Some((due, turn)) = place.hot.take() {
            self.hot.remove(&(due, turn, user_id.clone()));
        }
    }

    /// Notes what was learned of the user, who then is the last in the rotation.
    pub(super) fn learned(&mut self, user_id: &UserId, by: By, changed: bool, now: Instant) {
        let turn = self.next_turn();
        let since = self.round.since;
        let Some(place) = self.users.get_mut(user_id) else { return };
        let polled = matches!(by, By::Poll { .. });
        let counts = matches!(by, By::Poll { began } | By::Subscribing { began } if began >= since);
        // Callbacks do not put off for ever that the user is read.
        if std::mem::replace(&mut place.fed, by == By::Callback) && by == By::Callback && !changed {
            return;
        }
        self.rotation.remove(&(place.read_at.is_some(), place.turn));
        if polled {
            place.failed = 0;
            self.aside -= place.end_reading(&mut self.round);
        }
        place.interval = place.read_at.map(|at| now.saturating_duration_since(at));
        (place.read_at, place.turn) = (Some(now), turn);
        if counts && place.round != self.round.number {
            place.round = self.round.number;
            self.round.left -= usize::from(!place.aside);
        }
        if !place.reading {
            self.rotation.insert((true, turn), user_id.clone());
        }
        place.warm = match place.warm {
            _ if changed => Some(0),
            Some(times) if polled && times + 1 < HOT_TIMES => Some(times + 1),
            Some(times) if !polled => Some(times),
            _ => None,
        };
        if let Some(times) = place.warm {
            self.set_hot(user_id, now + HOT_FIRST * 2_u32.pow(u32::from(times)));
        }
    }

    /// The user is to be read again as soon as may be, because what was read does not count.
    pub(super) fn again(&mut self, user_id: &UserId, now: Instant) {
        self.set_hot(user_id, now);
    }

    /// Who is being read is read again when that is over.
    fn set_hot(&mut self, user_id: &UserId, due: Instant) {
        let turn = self.next_turn();
        let Some(place) = self.users.get_mut(user_id) else { return };
        if let Some((due, turn)) = place.hot.take() {
            self.hot.remove(&(due, turn, user_id.clone()));
        }
        if !place.reading {
            place.hot = Some((due, turn));
            self.hot.insert((due, turn, user_id.clone()));
        }
    }

    /// A call was answered, and this user's part of it does not count; whether the user is to be read again soon.
    pub(super) fn answered_in_vain(&mut self, user_id: &UserId, soon: bool, now: Instant) {
        let Some(place) = self.users.get_mut(user_id) else { return };
        self.aside -= place.end_reading(&mut self.round);
        self.rotation.insert((place.read_at.is_some(), place.turn), user_id.clone());
        if soon {
            self.again(user_id, now);
        }
    }

    /// A call failed. Its users keep their turn once; then others go first, so that a call that always fails holds up
    /// nobody.
    pub(super) fn failed<'a>(&mut self, user_ids: impl IntoIterator<Item = &'a UserId>) {
        for user_id in user_ids {
            let next = self.next_turn();
            // One who was taken out and in again meanwhile is in the rotation already.
            let Some(place) = self.users.get_mut(user_id).filter(|place| place.reading) else { continue };
            place.reading = false;
            place.failed = place.failed.saturating_add(1);
            if place.failed > 1 {
                place.turn = next;
            }
            self.rotation.insert((place.read_at.is_some(), place.turn), user_id.clone());
        }
    }

    /// A call was too large: its users have their turn again, in smaller ones.
    pub(super) fn too_large(&mut self, user_ids: &[UserId]) {
        for user_id in user_ids {
            let Some(place) = self.users.get_mut(user_id).filter(|place| place.reading) else { continue };
            place.reading = false;
            self.rotation.insert((place.read_at.is_some(), place.turn), user_id.clone());
        }
    }

    /// Leaves a user who is being read to be read by itself, until that is answered.
    pub(super) fn set_aside(&mut self, user_id: &UserId) {
        let Some(place) = self.users.get_mut(user_id).filter(|place| !place.aside) else { return };
        place.aside = true;
        self.aside += 1;
        self.round.left -= usize::from(place.round != self.round.number);
    }

    /// Begins a pass: only readings that begin from then on count for it.
    pub(super) fn begin_round(&mut self, since: Instant) {
        let left = self.users.len() - self.aside;
        self.round = Round { number: self.round.number.wrapping_add(1), since, left };
    }

    pub(super) fn round_is_over(&self) -> bool {
        self.round.left == 0
    }

    /// Who is next, with the time since the last reading: for saving.
    pub(super) fn in_order(&self, now: Instant) -> Vec<(&UserId, Option<Duration>)> {
        let mut users: Vec<_> = self.users.iter().collect();
        users.sort_unstable_by_key(|(_, place)| (place.read_at, place.turn));
        let age = |at: Instant| now.saturating_duration_since(at);
        users.into_iter().map(|(user_id, place)| (user_id, place.read_at.map(age))).collect()
    }

    /// Each user's time between the two latest readings, or since the latest if that is longer.
    pub(super) fn intervals(&self, now: Instant) -> Vec<Duration> {
        let of = |place: &Place| {
            let since = now.saturating_duration_since(place.read_at?);
            place.interval.map(|interval| interval.max(since))
        };
        self.users.values().filter_map(of).collect()
    }

    fn next_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
