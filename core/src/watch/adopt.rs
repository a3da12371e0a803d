//! Subscriptions that exist already, as the service's list or an earlier watcher tells of them.
//!
//! Their ends are by the service's clock. How that stands is known from the answer to any subscribe, which tells the end of
//! what was just made. Until then the calls that end first are renewed at once: one call is enough to learn it.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::subscribe::{End, FILL_WITHIN, Keeping, Kept, millis};
use crate::many::split::MAX_USERS;
use crate::model::time::Moment;
use crate::model::{Subscription, UserId};
use crate::pipeline::Random;

/// The list may lag behind what was written, by the service's own tests up to 10 s.
const LIST_LAG: Duration = Duration::from_secs(15);
/// Ends that differ by less are the same, by clocks that are read in whole seconds.
const END_DIFFERS: Duration = Duration::from_secs(30);

impl Keeping {
    /// A subscription that an earlier watcher kept. The list, which may lag, is asked about it soon.
    pub(super) fn restore(&mut self, user_id: &UserId, until: Moment, now: Instant) {
        if let Some(kept) = self.users.get_mut(user_id) {
            (kept.end, kept.made) = (Some(End::There(until.millis())), Some(now));
            self.look_at = self.look_at.min(now + LIST_LAG * 2);
            self.unset_due(user_id);
        }
    }

    /// Takes in the list, the reading of which began then.
    pub(super) fn listed(&mut self, list: &[Subscription], began: Instant, now: Instant, random: &Random) {
        let ends: HashMap<_, _> = list.iter().map(|own| (own.user_id(), own.expires_at())).collect();
        self.others = ends.keys().filter(|user_id| !self.users.contains_key(**user_id)).count();
        let users: Vec<UserId> = self.users.keys().cloned().collect();
        let clock = self.clock;
        for user_id in users {
            let listed = ends.get(&user_id).copied();
            let Some(kept) = self.users.get_mut(&user_id) else { continue };
            let shows = kept.made.is_none_or(|made| made + LIST_LAG < began);
            match (listed, kept.end) {
                (Some(Some(end)), None) if kept.due.is_some() => {
                    kept.end = Some(End::There(Moment::from_time(end).millis()));
                    self.unset_due(&user_id);
                }
                // Somebody else has subscribed the same user anew, for less long.
                (Some(Some(end)), Some(End::At(own))) if shows => {
                    let end = Moment::from_time(end).millis();
                    if clock.is_some_and(|clock| until(clock, end) + END_DIFFERS < own) {
                        kept.end = Some(End::There(end));
                        self.unset_due(&user_id);
                    }
                }
                (None, Some(_)) if shows => {
                    kept.end = None;
                    self.lost += 1;
                    self.set_due(&user_id, now);
                }
                _ => {}
            }
        }
        self.place(now, random);
        self.end_start(now);
    }

    /// Sets when the subscriptions are due of which only the end by the service's clock is known.
    pub(super) fn place(&mut self, now: Instant, random: &Random) {
        let there = |(user_id, kept): (&UserId, &Kept)| match kept.end {
            Some(End::There(end)) => Some((end, user_id.clone())),
            _ => None,
        };
        let mut ends: Vec<_> = self.users.iter().filter_map(there).collect();
        ends.sort_unstable();
        let Some(clock) = self.clock else {
            // The first call tells how the clock stands, and then the others are placed.
            let first = ends.first().map_or(0, |(end, _)| *end);
            let window = millis(self.ttl / FILL_WITHIN);
            for (_, user_id) in ends.iter().take(MAX_USERS).take_while(|(end, _)| end - first <= window) {
                self.set_due(user_id, now);
            }
            return;
        };
        let window = millis(self.ttl / FILL_WITHIN);
        let mut group = (0, 0, Duration::ZERO);
        for (end, user_id) in ends {
            let (first, users, left) = &mut group;
            if *users == 0 || *users >= MAX_USERS || end - *first > window {
                (*first, *users, *left) = (end, 0, self.left_at_renewal(random));
            }
            *users += 1;
            let (left, first) = (*left, *first);
            if let Some(kept) = self.users.get_mut(&user_id) {
                kept.end = Some(End::At(until(clock, end)));
            }
            self.set_due(&user_id, until(clock, first).checked_sub(left).unwrap_or(now).max(now));
        }
    }

    /// When a subscription ends, by the service's clock: for saving.
    pub(super) fn until(&self, user_id: &UserId) -> Option<Moment> {
        match (self.users.get(user_id)?.end?, self.clock) {
            (End::There(end), _) => Some(Moment::from_wire(Some(end))),
            (End::At(end), Some((at, shown))) => {
                Some(Moment::from_wire(Some(shown + millis(end.saturating_duration_since(at)))))
            }
            (End::At(_), None) => None,
        }
    }
}

/// When that is by this machine's clock, given what the service's showed at some moment.
fn until((at, shown): (Instant, u64), end: u64) -> Instant {
    at + Duration::from_millis(end.saturating_sub(shown))
}
