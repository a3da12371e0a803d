//! What a watcher leaves to the next one.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::model::time::Moment;
use crate::model::{Presence, Status, UserId};

const VERSION: u32 = 1;

/// The saved state. Users are in the order in which they are to be read.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Saved {
    version: u32,
    /// The user who watches: subscriptions are its own.
    pub(super) user_id: UserId,
    at: Moment,
    pub(super) users: Vec<SavedUser>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SavedUser {
    #[serde(rename = "id")]
    pub(super) user_id: UserId,
    /// Milliseconds from the last reading to the saving; none if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    age_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<State>,
    /// When the subscription ends, by the service's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) subscribed_until: Option<Moment>,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    ext: String,
    last_seen: Moment,
    devices: Vec<(String, Status)>,
}

impl Saved {
    pub(super) fn new(user_id: UserId, saved_at: SystemTime, users: Vec<SavedUser>) -> Self {
        Self { version: VERSION, user_id, at: Moment::from_time(saved_at), users }
    }

    pub(super) fn write(&self) -> String {
        // Strings, numbers and lists: there is nothing that JSON cannot hold.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// # Errors
    /// `invalid_input` if the text is not one that a watcher saved.
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Header {
            version: u32,
        }
        let wrong = |error: serde_json::Error| {
            Error::invalid("the text is not the saved state of a watcher").with_source(error)
        };
        let Header { version } = serde_json::from_str(text).map_err(wrong)?;
        if version != VERSION {
            return Err(Error::invalid(format!(
                "the saved state is of version {version}; this client reads version {VERSION}"
            )));
        }
        serde_json::from_str(text).map_err(wrong)
    }

    /// How long ago it was saved, as far as this machine's clock tells: none if it was set back.
    pub(super) fn age(&self, now: SystemTime) -> Duration {
        self.at.time().and_then(|at| now.duration_since(at).ok()).unwrap_or_default()
    }
}

impl SavedUser {
    pub(super) fn new(
        user_id: UserId,
        age: Option<Duration>,
        presence: Option<&Presence>,
        subscribed_until: Option<Moment>,
    ) -> Self {
        let device = |device: crate::DeviceStatus<'_>| (device.resource.to_owned(), device.status);
        let state = presence.map(|presence| State {
            ext: presence.ext().to_owned(),
            last_seen: presence.last_seen_moment(),
            devices: presence.devices().map(device).collect(),
        });
        let age_ms = age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        Self { user_id, age_ms, state, subscribed_until }
    }

    pub(super) fn age(&self) -> Option<Duration> {
        self.age_ms.map(Duration::from_millis)
    }

    pub(super) fn presence(&self, user_id: UserId) -> Option<Presence> {
        let state = self.state.as_ref()?;
        let devices = state.devices.iter().map(|(resource, status)| (resource.as_str(), *status));
        Some(Presence::of(user_id, &state.ext, state.last_seen, devices))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_read_back() {
        let id = |id: &str| UserId::new(id).unwrap();
        let seen = Moment::from_wire(Some(1_644_466_063));
        let presence = Presence::of(id("C2"), "busy", seen, [("ios_1", Status::Custom(7))].into_iter());
        let users = vec![
            SavedUser::new(id("C2"), Some(Duration::from_millis(1_500)), Some(&presence), Some(seen)),
            SavedUser::new(id("c3"), None, None, None),
        ];
        let now = SystemTime::now();
        let text = Saved::new(id("wzy"), now, users).write();
        let read = Saved::read(&text).unwrap();
        assert_eq!(read.user_id, "wzy");
        assert!(read.age(now + Duration::from_secs(9)) >= Duration::from_secs(9));
        assert_eq!(read.age(now - Duration::from_secs(9)), Duration::ZERO, "a clock that was set back");
        let [c2, c3] = &read.users[..] else { panic!("{text}") };
        assert_eq!(c2.presence(id("C2")), Some(presence));
        assert_eq!((c2.age(), c2.subscribed_until), (Some(Duration::from_millis(1_500)), Some(seen)));
        assert_eq!((c3.age(), c3.presence(id("c3")), c3.subscribed_until), (None, None, None));
    }

    #[test]
    fn what_is_no_saved_state_is_refused_with_the_reason() {
        for (text, words) in [
            ("", "not the saved state"),
            ("{}", "not the saved state"),
            (r#"{"version":2,"other":[]}"#, "of version 2"),
            (r#"{"version":1,"user_id":"a/b","at":1,"users":[]}"#, "not the saved state"),
        ] {
            let error = Saved::read(text).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
