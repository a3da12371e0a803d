use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::resource::platform;
use super::time::Moment;
use super::{Status, UserId};
use crate::wire::{Row, Rows};

/// One device in a user's presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceStatus<'a> {
    /// The device's key, opaque: `android_6b5610ac-…`, or a bare `android`.
    pub resource: &'a str,
    /// The part of the key before its first `_`.
    pub platform: &'a str,
    /// The device's status.
    pub status: Status,
}

/// The presence of one user at the moment of the answer.
///
/// A light view into the answer it came with: cloning it is cheap, and its texts are cut out only when read.
#[derive(Clone)]
pub struct Presence {
    user_id: UserId,
    rows: Arc<Rows>,
    row: u32,
}

impl Presence {
    pub(crate) fn new(user_id: UserId, rows: &Arc<Rows>, row: u32) -> Self {
        Self { user_id, rows: Arc::clone(rows), row }
    }

    /// A presence made from values. It holds on to no answer.
    pub(crate) fn of<'a>(
        user_id: UserId,
        ext: &str,
        last_seen: Moment,
        devices: impl Iterator<Item = (&'a str, Status)>,
    ) -> Self {
        /// Of most users who were never online there is nothing to keep.
        static NOTHING: OnceLock<Arc<Rows>> = OnceLock::new();
        let mut devices = devices.peekable();
        let rows = if ext.is_empty() && last_seen == Moment::default() && devices.peek().is_none() {
            Arc::clone(NOTHING.get_or_init(Arc::default))
        } else {
            Arc::new(Rows::one(ext, last_seen, Moment::default(), devices))
        };
        Self { user_id, rows, row: 0 }
    }

    pub(crate) fn last_seen_moment(&self) -> Moment {
        self.row().last_seen
    }

    /// The same in the spelling of another caller.
    pub(crate) fn spelled(&self, user_id: &UserId) -> Self {
        Self { user_id: user_id.clone(), ..self.clone() }
    }

    fn row(&self) -> Row {
        self.rows.row(self.row)
    }

    /// The user, spelled as it was asked for.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// The user's devices, in the service's order; empty for a user who was never online.
    #[must_use]
    pub fn devices(&self) -> impl ExactSizeIterator<Item = DeviceStatus<'_>> + Clone {
        let devices = self.rows.devices(self.row());
        devices.map(|(resource, status)| DeviceStatus { resource, platform: platform(resource), status })
    }

    /// The user's own text; it belongs to the user, not to a device.
    #[must_use]
    pub fn ext(&self) -> &str {
        self.rows.ext(self.row())
    }

    /// When the user was last online, if the service knows.
    #[must_use]
    pub fn last_seen(&self) -> Option<SystemTime> {
        self.row().last_seen.time()
    }

    /// When the subscription ends; only [`subscribe`](crate::User::subscribe) answers it.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.row().expires_at.time()
    }

    /// Whether any device is online or in a custom status.
    #[must_use]
    pub fn is_online(&self) -> bool {
        self.devices().any(|device| device.status.is_online())
    }
}

/// By content. Two answers that say the same of a user are equal.
impl PartialEq for Presence {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.row(), other.row());
        self.user_id == other.user_id
            && a.last_seen == b.last_seen
            && a.expires_at == b.expires_at
            && self.ext() == other.ext()
            && self.devices().eq(other.devices())
    }
}

impl Eq for Presence {}

impl Hash for Presence {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let row = self.row();
        (&self.user_id, row.last_seen, row.expires_at, self.ext()).hash(state);
        self.devices().for_each(|device| device.hash(state));
    }
}

impl fmt::Debug for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presence")
            .field("user_id", &self.user_id)
            .field("devices", &self.devices().collect::<Vec<_>>())
            .field("ext", &self.ext())
            .field("last_seen", &self.last_seen())
            .field("expires_at", &self.expires_at())
            .finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
struct DeviceRecord<'a> {
    #[serde(borrow)]
    resource: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    platform: std::borrow::Cow<'a, str>,
    status: Status,
}

/// The serialized form: every field by name, times in Unix seconds.
#[derive(Serialize, Deserialize)]
struct Record<'a> {
    #[serde(deserialize_with = "UserId::deserialize_answered")]
    user_id: UserId,
    #[serde(borrow)]
    devices: Vec<DeviceRecord<'a>>,
    #[serde(borrow)]
    ext: std::borrow::Cow<'a, str>,
    last_seen: Moment,
    expires_at: Moment,
    #[serde(default)]
    is_online: bool,
}

impl Serialize for Presence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = self.row();
        let device = |device: DeviceStatus<'_>| DeviceRecord {
            resource: device.resource.to_owned().into(),
            platform: device.platform.to_owned().into(),
            status: device.status,
        };
        Record {
            user_id: self.user_id.clone(),
            devices: self.devices().map(device).collect(),
            ext: self.ext().into(),
            last_seen: row.last_seen,
            expires_at: row.expires_at,
            is_online: self.is_online(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Presence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let record = Record::deserialize(deserializer)?;
        let devices = record.devices.iter().map(|device| (device.resource.as_ref(), device.status));
        let rows = Rows::one(&record.ext, record.last_seen, record.expires_at, devices);
        Ok(Self { user_id: record.user_id, rows: Arc::new(rows), row: 0 })
    }
}

#[cfg(test)]
impl Presence {
    /// The bytes that it keeps from being freed.
    pub(crate) fn memory(&self) -> usize {
        self.rows.memory()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn presence(item: &str) -> Presence {
        let rows = Rows::read(format!("{{\"result\":[{item}]}}").into_bytes()).unwrap();
        let user_id = UserId::from_answer(rows.uid(rows.row(0)));
        Presence::new(user_id, &Arc::new(rows), 0)
    }

    const C2: &str =
        r#"{"uid":"c2","last_time":"1644466063","ext":"\u0062usy","status":{"ios_1":"0","web":100}}"#;

    #[test]
    fn every_field_is_read() {
        let presence = presence(C2);
        assert_eq!(presence.user_id(), &UserId::new("C2").unwrap());
        assert_eq!(presence.ext(), "busy");
        assert!(presence.is_online() && presence.expires_at().is_none() && presence.last_seen().is_some());
        let devices: Vec<_> = presence.devices().collect();
        assert_eq!(devices[0], DeviceStatus { resource: "ios_1", platform: "ios", status: Status::Offline });
        assert_eq!(
            devices[1],
            DeviceStatus { resource: "web", platform: "web", status: Status::Custom(100) }
        );
    }

    #[test]
    fn equality_and_hash_go_by_content() {
        let other = presence(&C2.replace("\\u0062", "b").replace("c2", "C2"));
        assert_eq!(presence(C2), other);
        assert_eq!(HashSet::from([presence(C2), other]).len(), 1);
        assert_ne!(presence(C2), presence(&C2.replace("100", "0")));
    }

    #[test]
    fn serde_gives_back_an_equal_value() {
        let json = serde_json::to_string(&presence(C2)).unwrap();
        assert_eq!(serde_json::from_str::<Presence>(&json).unwrap(), presence(C2));
        let stranger = presence(r#"{"uid":"","ext":"a/b"}"#);
        let saved = serde_json::to_string(&stranger).unwrap();
        assert_eq!(serde_json::from_str::<Presence>(&saved).unwrap(), stranger);
        assert!(json.contains(r#""last_seen":1644466063"#) && json.contains(r#""is_online":true"#), "{json}");
    }
}
