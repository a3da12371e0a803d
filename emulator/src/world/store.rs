//! What the service remembers about users, devices and groups, and the only ways in which it changes.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::journal::log::Journal;
use crate::journal::record::{Change, ChangeKind};
use crate::world::ledger::{Ledger, Moment};

/// All users, subscriptions and groups. User ids are in lower case.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) users: IndexMap<String, User>,
    pub(crate) ledger: Ledger,
    groups: BTreeMap<(String, u8), u64>,
}

/// One user; those that only set or subscribe are not registered.
#[derive(Debug, Default)]
pub(crate) struct User {
    pub(crate) registered: bool,
    pub(crate) ext: String,
    pub(crate) last_time_ms: Option<u64>,
    pub(crate) statuses: IndexMap<String, String>,
    pub(crate) logged_in: IndexMap<String, Device>,
}

/// What a device says about itself when it logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) uuid: String,
    pub(crate) name: String,
}

/// Writes changes into the journal for one request, or for the test itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scribe<'a> {
    pub(crate) journal: &'a Journal,
    pub(crate) cause: Option<u64>,
}

impl Scribe<'_> {
    pub(crate) fn note(&self, kind: ChangeKind, user: &str, subject: Option<&str>, details: Value) {
        let details = match details {
            Value::Object(details) => details,
            _ => Map::new(),
        };
        let subject = subject.map(str::to_owned);
        self.journal.changed(|seq, at_ms| Change {
            subject,
            details,
            cause: self.cause,
            ..Change::new(seq, at_ms, kind, user)
        });
    }
}

impl World {
    pub(crate) fn is_known(&self, user: &str) -> bool {
        self.users.contains_key(user)
    }

    pub(crate) fn is_registered(&self, user: &str) -> bool {
        self.users.get(user).is_some_and(|user| user.registered)
    }

    pub(crate) fn is_online(&self, user: &str) -> bool {
        self.users.get(user).is_some_and(|user| !user.logged_in.is_empty())
    }

    pub(crate) fn touch(&mut self, user: &str) -> &mut User {
        self.users.entry(user.to_owned()).or_default()
    }

    /// Whether the user was new.
    pub(crate) fn register(&mut self, user: &str, scribe: Scribe<'_>) -> bool {
        let entry = self.touch(user);
        let new = !entry.registered;
        entry.registered = true;
        if new {
            scribe.note(ChangeKind::Registered, user, None, Value::Null);
        }
        new
    }

    /// Whether there was such a user.
    pub(crate) fn delete(&mut self, user: &str, scribe: Scribe<'_>) -> bool {
        let found = self.users.shift_remove(user).is_some();
        if found {
            self.ledger.forget(user);
            scribe.note(ChangeKind::Deleted, user, None, Value::Null);
        }
        found
    }

    pub(crate) fn set_presence(
        &mut self,
        user: &str,
        (resource, status): (&str, &str),
        ext: &str,
        now_ms: u64,
        scribe: Scribe<'_>,
    ) {
        let entry = self.touch(user);
        ext.clone_into(&mut entry.ext);
        entry.statuses.insert(resource.to_owned(), status.to_owned());
        entry.last_time_ms = Some(now_ms);
        scribe.note(ChangeKind::PresenceSet, user, Some(resource), json!({ "status": status, "ext": ext }));
    }

    pub(crate) fn login(
        &mut self,
        user: &str,
        resource: &str,
        device: Device,
        now_ms: u64,
        scribe: Scribe<'_>,
    ) {
        let details = json!({ "device_uuid": device.uuid, "device_name": device.name });
        let entry = self.touch(user);
        entry.logged_in.insert(resource.to_owned(), device);
        entry.statuses.insert(resource.to_owned(), "1".to_owned());
        entry.last_time_ms = Some(now_ms);
        scribe.note(ChangeKind::LoggedIn, user, Some(resource), details);
    }

    /// Whether that device was logged in.
    pub(crate) fn logout(&mut self, user: &str, resource: &str, now_ms: u64, scribe: Scribe<'_>) -> bool {
        let Some(entry) = self.users.get_mut(user) else { return false };
        if entry.logged_in.shift_remove(resource).is_none() {
            return false;
        }
        entry.statuses.insert(resource.to_owned(), "0".to_owned());
        entry.last_time_ms = Some(now_ms);
        scribe.note(ChangeKind::LoggedOut, user, Some(resource), Value::Null);
        true
    }

    /// Whether the subscription stands; it does not when the lists are full of longer ones.
    pub(crate) fn subscribe(
        &mut self,
        owner: &str,
        target: &str,
        ends: u64,
        at: Moment,
        scribe: Scribe<'_>,
    ) -> bool {
        let Some(displaced) = self.ledger.subscribe(owner, target, ends, at) else { return false };
        for pair in displaced {
            scribe.note(ChangeKind::Displaced, &pair.owner, Some(&pair.target), Value::Null);
        }
        scribe.note(ChangeKind::Subscribed, owner, Some(target), json!({ "expiry": ends / 1_000 }));
        true
    }

    pub(crate) fn unsubscribe(&mut self, owner: &str, target: &str, at: Moment, scribe: Scribe<'_>) {
        if self.ledger.unsubscribe(owner, target, at) {
            scribe.note(ChangeKind::Unsubscribed, owner, Some(target), Value::Null);
        }
    }

    pub(crate) fn drop_subscriptions(&mut self, scribe: Scribe<'_>) {
        self.ledger = Ledger::default();
        scribe.note(ChangeKind::SubscriptionsDropped, "", None, Value::Null);
    }

    pub(crate) fn set_group_count(&mut self, group: &str, query_type: u8, count: u64, scribe: Scribe<'_>) {
        self.groups.insert((group.to_owned(), query_type), count);
        let details = json!({ "query_type": query_type, "count": count });
        scribe.note(ChangeKind::GroupCountSet, "", Some(group), details);
    }

    pub(crate) fn group_count(&self, group: &str, query_type: u8) -> u64 {
        self.groups.get(&(group.to_owned(), query_type)).copied().unwrap_or(0)
    }

    pub(crate) fn groups(&self) -> impl Iterator<Item = (&str, u8, u64)> {
        self.groups.iter().map(|((group, query_type), count)| (group.as_str(), *query_type, *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::world::ledger::MOST;

    fn kinds(journal: &Journal) -> Vec<ChangeKind> {
        journal.changes().iter().map(|change| change.kind).collect()
    }

    #[test]
    fn logging_out_keeps_the_entry_and_says_so_once() {
        let journal = Journal::new(Clock::new());
        let scribe = Scribe { journal: &journal, cause: None };
        let mut world = World::default();
        let device = Device { uuid: "u".into(), name: "n".into() };
        world.login("a", "ios_1", device, 1_000, scribe);
        assert!(world.is_online("a"));
        assert!(world.logout("a", "ios_1", 2_000, scribe));
        assert!(!world.logout("a", "ios_1", 3_000, scribe));
        let user = world.users.get("a").unwrap();
        assert_eq!(user.statuses.get("ios_1").map(String::as_str), Some("0"));
        assert_eq!(user.last_time_ms, Some(2_000));
        assert_eq!(kinds(&journal), [ChangeKind::LoggedIn, ChangeKind::LoggedOut]);
    }

    #[test]
    fn what_changes_nothing_is_not_a_change() {
        let journal = Journal::new(Clock::new());
        let scribe = Scribe { journal: &journal, cause: Some(7) };
        let mut world = World::default();
        world.unsubscribe("a", "b", Moment { now: 0, visible_from: 0 }, scribe);
        assert!(!world.delete("a", scribe));
        assert!(world.register("a", scribe));
        assert!(!world.register("a", scribe));
        assert_eq!(kinds(&journal), [ChangeKind::Registered]);
        assert_eq!(journal.changes().first().and_then(|change| change.cause), Some(7));
    }

    #[test]
    fn a_user_that_only_set_its_presence_can_still_be_registered() {
        let journal = Journal::new(Clock::new());
        let scribe = Scribe { journal: &journal, cause: None };
        let mut world = World::default();
        world.set_presence("a", ("web_1", "1"), "busy", 1_000, scribe);
        assert!(world.is_known("a") && !world.is_registered("a"));
        assert!(world.register("a", scribe));
        assert_eq!(world.users.get("a").map(|user| user.ext.as_str()), Some("busy"));
    }

    #[test]
    fn what_made_room_is_written_down_before_what_took_it() {
        let journal = Journal::new(Clock::new());
        let scribe = Scribe { journal: &journal, cause: None };
        let (mut world, at) = (World::default(), Moment { now: 0, visible_from: 0 });
        for n in 0..MOST as u64 {
            assert!(world.subscribe("a", &format!("t{n}"), 10_000 + n, at, scribe));
        }
        journal.clear();
        assert!(!world.subscribe("a", "short", 5_000, at, scribe));
        assert!(journal.is_empty());
        assert!(world.subscribe("a", "long", 90_000, at, scribe));
        let told: Vec<_> = journal.changes().into_iter().map(|c| (c.kind, c.subject.unwrap())).collect();
        assert_eq!(told, [(ChangeKind::Displaced, "t0".into()), (ChangeKind::Subscribed, "long".into())]);
    }

    #[test]
    fn a_group_and_a_server_of_the_same_id_have_counts_of_their_own() {
        let journal = Journal::new(Clock::new());
        let scribe = Scribe { journal: &journal, cause: None };
        let mut world = World::default();
        world.set_group_count("g", 1, 3, scribe);
        world.set_group_count("g", 0, 4, scribe);
        world.set_group_count("g", 1, 5, scribe);
        assert_eq!(
            (world.group_count("g", 1), world.group_count("g", 0), world.group_count("h", 1)),
            (5, 4, 0)
        );
        assert_eq!(world.groups().collect::<Vec<_>>(), [("g", 0, 4), ("g", 1, 5)]);
    }
}
