//! Who is subscribed to whom, until when, and what the subscription list shows of it.

use std::collections::{HashMap, VecDeque};

use indexmap::IndexMap;

/// Subscriptions per user, and subscribers of a user.
pub(crate) const MOST: usize = 3_000;

/// All subscriptions; times in milliseconds since the Unix epoch. A subscription is over at its end.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    owners: HashMap<String, Owner>,
    subscribers: HashMap<String, IndexMap<String, u64>>,
}

#[derive(Debug, Default)]
struct Owner {
    live: IndexMap<String, u64>,
    /// What the list shows: `live` without the writes that still wait in `unlisted`.
    listed: IndexMap<String, u64>,
    unlisted: VecDeque<Write>,
}

#[derive(Debug)]
struct Write {
    visible_from: u64,
    target: String,
    ends: Option<u64>,
}

/// A moment for writing: now, and when the list shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: u64,
    pub(crate) visible_from: u64,
}

/// One subscription, by its two ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) owner: String,
    pub(crate) target: String,
}

impl Ledger {
    /// Makes a subscription or replaces its end. Answers what had to make room, or nothing if the subscription
    /// was left out because both lists are full of longer ones.
    pub(crate) fn subscribe(
        &mut self,
        owner: &str,
        target: &str,
        ends: u64,
        at: Moment,
    ) -> Option<Vec<Pair>> {
        let mut displaced = Vec::new();
        if !self.is_subscribed(owner, target, at.now) {
            let pair =
                |owner: &str, target: &str| Pair { owner: owner.to_owned(), target: target.to_owned() };
            let own = self.owners.get_mut(owner).map_or(Room::Free, |o| room(&mut o.live, ends, at.now));
            let others = self.subscribers.get_mut(target).map_or(Room::Free, |s| room(s, ends, at.now));
            match (own, others) {
                (Room::None, _) | (_, Room::None) => return None,
                (own, others) => {
                    displaced.extend(own.victim().map(|victim| pair(owner, &victim)));
                    displaced.extend(others.victim().map(|victim| pair(&victim, target)));
                }
            }
        }
        for pair in &displaced {
            self.unsubscribe(&pair.owner, &pair.target, at);
        }
        self.subscribers.entry(target.to_owned()).or_default().insert(owner.to_owned(), ends);
        self.owners.entry(owner.to_owned()).or_default().write(target, Some(ends), at);
        Some(displaced)
    }

    /// Ends a subscription; whether there was one.
    pub(crate) fn unsubscribe(&mut self, owner: &str, target: &str, at: Moment) -> bool {
        if !self.is_subscribed(owner, target, at.now) {
            return false;
        }
        if let Some(subscribers) = self.subscribers.get_mut(target) {
            subscribers.shift_remove(owner);
        }
        if let Some(found) = self.owners.get_mut(owner) {
            found.write(target, None, at);
        }
        true
    }

    /// Forgets a deleted user, on both sides.
    pub(crate) fn forget(&mut self, user: &str) {
        for target in self.owners.remove(user).unwrap_or_default().live.into_keys() {
            if let Some(subscribers) = self.subscribers.get_mut(&target) {
                subscribers.shift_remove(user);
            }
        }
        for subscriber in self.subscribers.remove(user).unwrap_or_default().into_keys() {
            if let Some(owner) = self.owners.get_mut(&subscriber) {
                owner.live.shift_remove(user);
                owner.listed.shift_remove(user);
                owner.unlisted.retain(|write| write.target != user);
            }
        }
    }

    /// What the subscription list shows now, with the ends.
    pub(crate) fn listed(&mut self, owner: &str, now: u64) -> Vec<(String, u64)> {
        let Some(owner) = self.owners.get_mut(owner) else { return Vec::new() };
        owner.list(now);
        let listed = owner.listed.iter().filter(|(_, ends)| **ends > now);
        listed.map(|(target, ends)| (target.clone(), *ends)).collect()
    }

    /// The subscriptions in force, with the ends, in the order made.
    pub(crate) fn of(&self, owner: &str, now: u64) -> impl Iterator<Item = (&str, u64)> {
        let live = self.owners.get(owner).into_iter().flat_map(|owner| &owner.live);
        live.map(|(target, ends)| (target.as_str(), *ends)).filter(move |(_, ends)| *ends > now)
    }

    /// Everyone who owns a subscription in force.
    pub(crate) fn owners(&self, now: u64) -> impl Iterator<Item = &str> {
        self.owners.keys().map(String::as_str).filter(move |owner| self.of(owner, now).next().is_some())
    }

    fn is_subscribed(&self, owner: &str, target: &str, now: u64) -> bool {
        self.owners.get(owner).and_then(|owner| owner.live.get(target)).is_some_and(|ends| *ends > now)
    }
}

impl Owner {
    fn write(&mut self, target: &str, ends: Option<u64>, at: Moment) {
        put(&mut self.live, target.to_owned(), ends);
        self.unlisted.push_back(Write { visible_from: at.visible_from, target: target.to_owned(), ends });
        self.list(at.now);
    }

    /// Applies the writes whose time has come, in order: a later write never shows before an earlier one.
    fn list(&mut self, now: u64) {
        while self.unlisted.front().is_some_and(|write| write.visible_from <= now) {
            if let Some(write) = self.unlisted.pop_front() {
                put(&mut self.listed, write.target, write.ends);
            }
        }
        // Ended ones stay until there are too many, as in `live`: the clock may be set back.
        if self.listed.len() > MOST {
            self.listed.retain(|_, ends| *ends > now);
        }
    }
}

fn put(map: &mut IndexMap<String, u64>, target: String, ends: Option<u64>) {
    match ends {
        Some(ends) => drop(map.insert(target, ends)),
        None => drop(map.shift_remove(&target)),
    }
}

/// Whether one more fits: freely, in another's place, or not.
enum Room {
    Free,
    InPlaceOf(String),
    None,
}

impl Room {
    fn victim(self) -> Option<String> {
        match self {
            Self::InPlaceOf(victim) => Some(victim),
            Self::Free | Self::None => None,
        }
    }
}

fn room(held: &mut IndexMap<String, u64>, ends: u64, now: u64) -> Room {
    if held.len() >= MOST {
        held.retain(|_, held_until| *held_until > now);
    }
    if held.len() < MOST {
        return Room::Free;
    }
    match held.iter().min_by_key(|(_, held_until)| **held_until) {
        Some((victim, held_until)) if *held_until < ends => Room::InPlaceOf(victim.clone()),
        _ => Room::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(now: u64) -> Moment {
        Moment { now, visible_from: now }
    }

    fn targets(ledger: &Ledger, owner: &str, now: u64) -> Vec<String> {
        ledger.of(owner, now).map(|(target, _)| target.to_owned()).collect()
    }

    #[test]
    fn a_subscription_is_over_at_its_end() {
        let mut ledger = Ledger::default();
        ledger.subscribe("a", "b", 1_000, at(0)).unwrap();
        assert_eq!(targets(&ledger, "a", 999), ["b"]);
        assert!(targets(&ledger, "a", 1_000).is_empty());
        assert!(ledger.listed("a", 1_000).is_empty());
        assert!(!ledger.unsubscribe("a", "b", at(1_000)));
    }

    #[test]
    fn subscribing_again_replaces_the_end_even_by_an_earlier_one() {
        let mut ledger = Ledger::default();
        ledger.subscribe("a", "b", 9_000, at(0)).unwrap();
        ledger.subscribe("a", "b", 1_000, at(0)).unwrap();
        assert_eq!(ledger.listed("a", 0), [("b".to_owned(), 1_000)]);
    }

    #[test]
    fn the_list_lags_behind_both_kinds_of_write() {
        let mut ledger = Ledger::default();
        ledger.subscribe("a", "b", 99_000, Moment { now: 0, visible_from: 500 }).unwrap();
        assert!(ledger.listed("a", 499).is_empty());
        assert_eq!(ledger.listed("a", 500).len(), 1);
        assert!(ledger.unsubscribe("a", "b", Moment { now: 600, visible_from: 1_100 }));
        assert_eq!(ledger.listed("a", 1_099).len(), 1);
        assert!(ledger.listed("a", 1_100).is_empty());
    }

    #[test]
    fn a_full_list_gives_the_place_of_the_soonest_end_to_a_longer_one() {
        let mut ledger = Ledger::default();
        for n in 0..MOST as u64 {
            ledger.subscribe("a", &format!("t{n}"), 10_000 + n, at(0)).unwrap();
        }
        assert_eq!(ledger.subscribe("a", "short", 10_000, at(0)), None);
        let displaced = ledger.subscribe("a", "long", 20_000, at(0)).unwrap();
        assert_eq!(displaced, [Pair { owner: "a".into(), target: "t0".into() }]);
        assert_eq!(targets(&ledger, "a", 0).len(), MOST);
        // Renewing one that is there needs no room.
        assert_eq!(ledger.subscribe("a", "t1", 5_000, at(0)), Some(Vec::new()));
        // What has ended makes room by itself.
        assert_eq!(ledger.subscribe("a", "short", 10_001, at(5_000)), Some(Vec::new()));
    }

    #[test]
    fn a_user_with_all_subscribers_gives_the_place_too() {
        let mut ledger = Ledger::default();
        for n in 0..MOST as u64 {
            ledger.subscribe(&format!("o{n}"), "star", 10_000 + n, at(0)).unwrap();
        }
        assert_eq!(ledger.subscribe("late", "star", 9_000, at(0)), None);
        let displaced = ledger.subscribe("late", "star", 20_000, at(0)).unwrap();
        assert_eq!(displaced, [Pair { owner: "o0".into(), target: "star".into() }]);
        assert!(targets(&ledger, "o0", 0).is_empty());
    }

    #[test]
    fn a_deleted_user_leaves_both_sides() {
        let mut ledger = Ledger::default();
        ledger.subscribe("a", "b", 1_000, at(0)).unwrap();
        ledger.subscribe("b", "c", 1_000, at(0)).unwrap();
        ledger.forget("b");
        assert!(ledger.listed("a", 0).is_empty());
        assert_eq!(ledger.owners(0).count(), 0);
        ledger.subscribe("b", "c", 1_000, at(0)).unwrap();
        assert_eq!(targets(&ledger, "b", 0), ["c"]);
    }

    #[test]
    fn a_clock_set_back_brings_an_ended_subscription_back_to_the_list_too() {
        let mut ledger = Ledger::default();
        ledger.subscribe("a", "b", 1_000, at(0)).unwrap();
        assert!(ledger.listed("a", 1_000).is_empty());
        assert_eq!(targets(&ledger, "a", 999), ["b"]);
        assert_eq!(ledger.listed("a", 999), [("b".to_owned(), 1_000)]);
    }

    #[test]
    fn ended_subscriptions_do_not_pile_up() {
        let mut ledger = Ledger::default();
        for n in 0..2 * MOST as u64 {
            ledger.subscribe("a", &format!("t{n}"), n + 1, at(n)).unwrap();
        }
        let owner = ledger.owners.get("a").unwrap();
        assert!(owner.live.len() <= MOST && owner.listed.len() <= MOST);
        assert!(owner.unlisted.is_empty());
    }
}
