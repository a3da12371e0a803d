//! The values that calls end with, on their way to JavaScript.

use easemob_presence::{
    AppToken, Device, OnlineStates, Presence, Presences, Progress, Subscription, SubscriptionsPage,
};
use napi::bindgen_prelude::{Array, Env, Result};
use serde::Serialize;

use crate::presences::FlatPresences;

/// A value in the form in which it crosses.
pub(crate) enum Payload {
    Nothing,
    Flag(bool),
    Number(f64),
    /// Small answers: read with `JSON.parse`, which is cheaper than setting properties from here.
    Json(String),
    /// A handle, from which JavaScript fetches what is read.
    Presences(FlatPresences),
    /// One user's, as a whole.
    Presence(FlatPresences),
}

impl Payload {
    pub(crate) fn append_to(self, row: &mut Array<'_>, env: Env) -> Result<()> {
        match self {
            Self::Nothing => row.insert(()),
            Self::Flag(flag) => row.insert(flag),
            Self::Number(number) => row.insert(number),
            Self::Json(json) => row.insert(json),
            Self::Presences(flat) => row.insert(flat.into_handle()),
            Self::Presence(flat) => row.insert(flat.to_array(&env)?),
        }
    }

    fn json(value: &impl Serialize) -> Self {
        // The core's values have string keys and plain numbers, which always can be written.
        Self::Json(serde_json::to_string(value).unwrap_or_default())
    }
}

/// Done, total, failed, elapsed in ms, rate, time left in ms.
pub(crate) fn progress_json(now: &Progress) -> String {
    let eta = now.eta.map(|eta| eta.as_secs_f64() * 1_000.0);
    let row = (now.done, now.total, now.failed, now.elapsed.as_secs_f64() * 1_000.0, now.rate, eta);
    // Plain numbers, which always can be written.
    serde_json::to_string(&row).unwrap_or_default()
}

impl From<()> for Payload {
    fn from((): ()) -> Self {
        Self::Nothing
    }
}

impl From<bool> for Payload {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<u64> for Payload {
    #[expect(clippy::cast_precision_loss, reason = "JavaScript's only number; a count stays far below 2^53")]
    fn from(count: u64) -> Self {
        Self::Number(count as f64)
    }
}

impl From<Presences> for Payload {
    fn from(presences: Presences) -> Self {
        Self::Presences(FlatPresences::of(&presences))
    }
}

impl From<Presence> for Payload {
    fn from(presence: Presence) -> Self {
        Self::Presence(FlatPresences::list([&presence]))
    }
}

impl From<OnlineStates> for Payload {
    fn from(states: OnlineStates) -> Self {
        Self::json(&states)
    }
}

impl From<SubscriptionsPage> for Payload {
    fn from(page: SubscriptionsPage) -> Self {
        Self::json(&page)
    }
}

impl From<Vec<Subscription>> for Payload {
    fn from(subscriptions: Vec<Subscription>) -> Self {
        Self::json(&subscriptions)
    }
}

impl From<Vec<Device>> for Payload {
    fn from(devices: Vec<Device>) -> Self {
        /// With the part of the key that the core reads from it.
        #[derive(Serialize)]
        struct Shown<'a> {
            resource: &'a str,
            platform: &'a str,
            uuid: Option<&'a str>,
            name: Option<&'a str>,
        }
        let devices: Vec<_> = devices
            .iter()
            .map(|device| Shown {
                resource: device.resource(),
                platform: device.platform(),
                uuid: device.device_uuid(),
                name: device.device_name(),
            })
            .collect();
        Self::json(&devices)
    }
}

impl From<AppToken> for Payload {
    fn from(token: AppToken) -> Self {
        let lifetime_ms = token.lifetime().map(|left| left.as_secs_f64() * 1_000.0);
        Self::json(&(token.expose(), lifetime_ms))
    }
}
