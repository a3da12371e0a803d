//! The test's own hand on the emulator's state.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::service::Service;
use crate::world::store::Device;

/// A handle to what the emulator remembers: look at it, or change it as clients and the console would.
///
/// Changes are written into the [`Journal`](crate::Journal) without a cause. User ids are taken in any letter
/// case.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let emulator = easemob_presence_emulator::Emulator::start()?;
/// let state = emulator.state();
/// state.login("wzy", "android_1");
/// assert_eq!(state.snapshot()["users"]["wzy"]["devices"]["android_1"], "1");
/// state.logout("wzy", "android_1");
/// assert_eq!(state.counts().logged_in, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct State {
    service: Arc<Service>,
}

/// How much there is in the emulator; see [`State::counts`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Users, registered or not.
    pub users: usize,
    /// Devices logged in, of all users.
    pub logged_in: usize,
    /// Subscriptions in force.
    pub subscriptions: usize,
    /// Tokens that are still valid.
    pub tokens: usize,
}

#[expect(
    clippy::must_use_candidate,
    reason = "the changes are made for their effect; what they found is a bonus"
)]
impl State {
    pub(crate) fn new(service: Arc<Service>) -> Self {
        Self { service }
    }

    /// Registers a user; `false` if it was registered already.
    pub fn register(&self, user: &str) -> bool {
        self.service.lock().world.register(&id(user), self.service.scribe())
    }

    /// Deletes a user and its subscriptions both ways; `false` if there was none.
    pub fn delete(&self, user: &str) -> bool {
        self.service.lock().world.delete(&id(user), self.service.scribe())
    }

    /// Logs a device in: its user is online, its presence status is `1`. The device gets a made-up name and UUID.
    pub fn login(&self, user: &str, resource: &str) {
        self.login_with(user, resource, &format!("uuid-of-{resource}"), "emulated device");
    }

    /// Logs a device in, with what the device list shall show of it.
    pub fn login_with(&self, user: &str, resource: &str, device_uuid: &str, device_name: &str) {
        let device = Device { uuid: device_uuid.to_owned(), name: device_name.to_owned() };
        let mut inner = self.service.lock();
        let now_ms = self.service.clock.unix_millis();
        inner.world.login(&id(user), resource, device, now_ms, self.service.scribe());
    }

    /// Logs a device out: its presence status stays, as `0`. `false` if it was not logged in.
    pub fn logout(&self, user: &str, resource: &str) -> bool {
        let mut inner = self.service.lock();
        inner.world.logout(&id(user), resource, self.service.clock.unix_millis(), self.service.scribe())
    }

    /// Sets what the group online count answers; `query_type` is 1 for a group, 0 for a super-community server.
    pub fn set_group_online_count(&self, group_id: &str, query_type: u8, count: u64) {
        self.service.lock().world.set_group_count(group_id, query_type, count, self.service.scribe());
    }

    /// How much there is of everything.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let inner = self.service.lock();
        let (world, now_ms) = (&inner.world, self.service.clock.unix_millis());
        Counts {
            users: world.users.len(),
            logged_in: world.users.values().map(|user| user.logged_in.len()).sum(),
            subscriptions: world
                .ledger
                .owners(now_ms)
                .map(|user| world.ledger.of(user, now_ms).count())
                .sum(),
            tokens: inner.tokens.valid(now_ms),
        }
    }

    /// Everything, as JSON: `users` by id with `registered`, `ext`, `last_time` (milliseconds, or null), `devices`
    /// (status by resource), `logged_in` (resources) and `subscriptions` (end in Unix seconds by user id); `groups`.
    #[must_use]
    pub fn snapshot(&self) -> Value {
        let inner = self.service.lock();
        let (world, now_ms) = (&inner.world, self.service.clock.unix_millis());
        let users: Map<String, Value> = world
            .users
            .iter()
            .map(|(id, user)| {
                let ends = world
                    .ledger
                    .of(id, now_ms)
                    .map(|(target, ends)| (target.to_owned(), (ends / 1_000).into()));
                let statuses =
                    user.statuses.iter().map(|(resource, status)| (resource.clone(), status.as_str().into()));
                let shown = json!({
                    "registered": user.registered,
                    "ext": user.ext,
                    "last_time": user.last_time_ms,
                    "devices": statuses.collect::<Map<_, _>>(),
                    "logged_in": user.logged_in.keys().collect::<Vec<_>>(),
                    "subscriptions": ends.collect::<Map<_, _>>(),
                });
                (id.clone(), shown)
            })
            .collect();
        let groups: Vec<Value> = world
            .groups()
            .map(
                |(id, query_type, count)| json!({ "group_id": id, "query_type": query_type, "count": count }),
            )
            .collect();
        json!({ "users": users, "groups": groups })
    }
}

fn id(user: &str) -> String {
    user.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identity;
    use crate::journal::record::ChangeKind;
    use crate::settings::Settings;
    use crate::world::ledger::Moment;

    fn state_at(ms: u64) -> State {
        let service = Service::new(Identity::default(), Settings::default());
        service.clock.freeze();
        service.clock.set(ms);
        State::new(Arc::new(service))
    }

    fn subscribe(state: &State, owner: &str, target: &str, ends: u64) {
        let inner = &mut *state.service.lock();
        inner.world.touch(owner);
        let at = Moment { now: 0, visible_from: 0 };
        assert!(inner.world.subscribe(owner, target, ends, at, state.service.scribe()));
    }

    #[test]
    fn ids_are_taken_in_any_letter_case() {
        let state = state_at(1_000);
        assert!(state.register("Wzy"));
        assert!(!state.register("wZY"));
        state.login("WZY", "ios_1");
        assert_eq!(state.counts().users, 1);
        assert!(state.logout("wzy", "ios_1") && !state.logout("wzy", "ios_1"));
        assert!(state.delete("wzY") && !state.delete("wzy"));
    }

    #[test]
    fn counts_are_of_what_is_in_force_now() {
        let state = state_at(1_000);
        state.login("a", "ios_1");
        state.login("a", "web_1");
        subscribe(&state, "a", "b", 2_000);
        subscribe(&state, "a", "c", 3_000);
        let issue = |ttl| {
            let life = Some(std::time::Duration::from_millis(ttl));
            state.service.lock().tokens.issue(life, 1_000, state.service.scribe());
        };
        issue(1_000);
        issue(5_000);
        let all = Counts { users: 1, logged_in: 2, subscriptions: 2, tokens: 2 };
        assert_eq!(state.counts(), all);
        state.service.clock.set(2_000);
        assert_eq!(state.counts(), Counts { subscriptions: 1, tokens: 1, ..all });
    }

    #[test]
    fn the_snapshot_shows_everything_that_is_documented_of_a_user() {
        let state = state_at(1_234);
        state.register("b");
        state.login_with("a", "ios_1", "uuid", "name");
        state.set_group_online_count("g", 0, 4);
        subscribe(&state, "a", "b", 60_999);
        let expected = json!({
            "users": {
                "b": {"registered": true, "ext": "", "last_time": null, "devices": {}, "logged_in": [],
                    "subscriptions": {}},
                "a": {"registered": false, "ext": "", "last_time": 1_234, "devices": {"ios_1": "1"},
                    "logged_in": ["ios_1"], "subscriptions": {"b": 60}},
            },
            "groups": [{"group_id": "g", "query_type": 0, "count": 4}],
        });
        assert_eq!(state.snapshot(), expected);
    }

    #[test]
    fn a_change_by_the_test_is_written_down_without_a_cause() {
        let state = state_at(1_000);
        state.login("a", "ios_1");
        let change = state.service.journal.changes().pop().unwrap();
        assert_eq!((change.kind, change.cause, change.at_ms), (ChangeKind::LoggedIn, None, 1_000));
        assert_eq!(change.details["device_uuid"], "uuid-of-ios_1");
    }
}
