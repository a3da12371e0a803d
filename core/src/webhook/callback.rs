use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fields::Fields;
use super::signature::Signature;
use crate::error::Error;
use crate::model::UserId;
use crate::model::time::Moment;

/// What stands between a user's name and the device.
const DOMAIN: &str = "@easemob.com/";

/// One device of one user logged in, logged out or was replaced: a callback that was checked.
///
/// ```
/// use std::time::Duration;
/// use easemob_presence::webhook::{Reason, Verifier};
///
/// let century = Duration::from_secs(100 * 365 * 86_400);
/// let verifier = Verifier::new("emulator-secret")?.max_age(century)?; // what follows is from 2020
/// let body = br#"{
///     "callId": "easemob-demo#test_0770a64f-cf01-4c41-8786-df3b48b20e7e",
///     "security": "371fcc6188620df7c93a73213b32f547",
///     "timestamp": 1600060847294,
///     "appkey": "easemob-demo#test",
///     "user": "easemob-demo#test_hxtest@easemob.com/android_b069b852-79a3-3c9e-9d08-ee5176b95df5",
///     "reason": "login",
///     "status": "online"
/// }"#;
/// let callback = verifier.parse(body)?.expect("it comes for the first time");
/// assert_eq!(callback.user_id(), "hxtest");
/// assert_eq!(callback.reason(), &Reason::Login);
/// assert_eq!(callback.resource(), "android_b069b852-79a3-3c9e-9d08-ee5176b95df5");
/// assert!(callback.online());
/// assert!(verifier.parse(body)?.is_none(), "a repeat");
/// # Ok::<(), easemob_presence::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Callback {
    call_id: String,
    reason: Reason,
    online: bool,
    #[serde(deserialize_with = "UserId::deserialize_answered")]
    user_id: UserId,
    resource: String,
    os: Option<String>,
    ip: Option<String>,
    host: Option<String>,
    app_key: String,
    version: Option<String>,
    timestamp: Moment,
}

impl Callback {
    /// Reads what a checked signature came with.
    pub(super) fn read(signature: Signature, fields: &mut Fields) -> Result<Self, Error> {
        let Signature { call_id, timestamp, .. } = signature;
        // The id is `{app key}_{uuid}`, and no uuid has a `_`.
        let app_key = match fields.text("appkey")? {
            Some(app_key) => app_key,
            None => match call_id.rsplit_once('_') {
                Some((app_key, _)) if !app_key.is_empty() => app_key.to_owned(),
                _ => return Err(Fields::wrong("appkey", "is missing")),
            },
        };
        let (user_id, resource) = split_user(&fields.required("user")?, &app_key)?;
        let reason = Reason::from_wire(fields.required("reason")?);
        let online = match (fields.text("status")?, &reason) {
            (Some(status), _) if status.eq_ignore_ascii_case("online") => true,
            (Some(status), _) if status.eq_ignore_ascii_case("offline") => false,
            (Some(_), _) => return Err(Fields::wrong("status", "is neither online nor offline")),
            (None, Reason::Login) => true,
            (None, Reason::Logout | Reason::Replaced) => false,
            (None, Reason::Other(_)) => return Err(Fields::wrong("status", "is missing")),
        };
        Ok(Self {
            call_id,
            reason,
            online,
            user_id,
            resource,
            os: fields.text("os")?,
            ip: fields.text("ip")?,
            host: fields.text("host")?,
            app_key,
            version: fields.text("version")?,
            timestamp,
        })
    }

    /// The callback's id, `{app key}_{uuid}`; a repeat has the same.
    #[must_use]
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// What happened.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// Whether this device of the user is online now. The user may be on another one as well.
    #[must_use]
    pub fn online(&self) -> bool {
        self.online
    }

    /// The user.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// The device's key, as in [`DeviceStatus::resource`](crate::DeviceStatus::resource).
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The device's system: `android`, `ios`, …
    #[must_use]
    pub fn os(&self) -> Option<&str> {
        self.os.as_deref()
    }

    /// The device's address, with its port as a rule.
    #[must_use]
    pub fn ip(&self) -> Option<&str> {
        self.ip.as_deref()
    }

    /// The service's server that the device was connected to.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// The App Key, `org#app`.
    #[must_use]
    pub fn app_key(&self) -> &str {
        &self.app_key
    }

    /// The version of the client SDK on the device.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// When it happened, in milliseconds. Callbacks may overtake each other: go by this.
    #[must_use]
    pub fn timestamp(&self) -> SystemTime {
        self.timestamp.time().unwrap_or(UNIX_EPOCH)
    }
}

/// Takes `{app key}_{user}@easemob.com/{resource}` apart. App Keys hold `_` and so do names: only the App Key tells where
/// the name begins.
fn split_user(user: &str, app_key: &str) -> Result<(UserId, String), Error> {
    let wrong = |problem| Err(Fields::wrong("user", problem));
    let begins = user.get(..app_key.len()).is_some_and(|start| start.eq_ignore_ascii_case(app_key));
    let rest = user.get(app_key.len()..).and_then(|rest| rest.strip_prefix('_'));
    let Some(rest) = rest.filter(|_| begins) else { return wrong("does not begin with the App Key") };
    match rest.rsplit_once(DOMAIN) {
        Some(("", _)) => wrong("names no user"),
        None | Some((_, "")) => wrong("names no device"),
        Some((user_id, resource)) => Ok((UserId::from_answer(user_id), resource.to_owned())),
    }
}

/// What happened to a device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The user logged in on it.
    Login,
    /// The user logged out on it, or it was lost.
    Logout,
    /// Another device took its place.
    Replaced,
    /// A word that the documents do not know, as it came.
    Other(String),
}

impl Reason {
    fn from_wire(reason: String) -> Self {
        match reason.to_ascii_lowercase().as_str() {
            "login" => Self::Login,
            "logout" => Self::Logout,
            "replaced" => Self::Replaced,
            _ => Self::Other(reason),
        }
    }

    /// The word for it: `login`, `logout`, `replaced`, or what came.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Login => "login",
            Self::Logout => "logout",
            Self::Replaced => "replaced",
            Self::Other(reason) => reason,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from_wire)
    }
}
