//! The switches for everything in which sources about the service differ.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limit::rates::RateLimit;

/// The emulator's switches; every field has a default, also when read from JSON.
///
/// Changed before the start with [`Builder::configure`](crate::Builder::configure), while running with
/// [`Emulator::configure`](crate::Emulator::configure) or `PATCH /_emulator/settings`. A change takes effect with
/// the next request.
///
/// ```
/// use easemob_presence_emulator::{Emulator, RateLimit};
/// # fn main() -> std::io::Result<()> {
/// let emulator = Emulator::builder().configure(|s| s.numbers_as_strings = false).start()?;
/// emulator.configure(|s| s.rate_limit = RateLimit::off());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, each named for what it turns on")]
pub struct Settings {
    /// `last_time`, `expiry`, `totalnum` and status values are strings (`true`, as documented) or numbers.
    pub numbers_as_strings: bool,
    /// The shape of the 400 answers of the presence calls.
    pub presence_errors: PresenceErrors,
    /// The largest page of the subscription list; a larger `pageSize` gets pages of this size. Default 500.
    pub page_size_cap: u32,
    /// Whether set, subscribe, get and unsubscribe answer 404 for a `{username}` that was never registered.
    /// Otherwise (the default) set and subscribe create the user.
    pub require_registration: bool,
    /// How long the subscription list takes to show a write. Default none; the service takes up to 10 s.
    #[serde(rename = "list_lag_ms", with = "as_millis")]
    pub list_lag: Duration,
    /// Whether unsubscribe also takes `{"users": […]}` and `{"usernames": […]}` for its bare array.
    pub lenient_delete_body: bool,
    /// Whether presence is switched on for the app.
    pub presence_enabled: bool,
    /// Whether the group online count is switched on for the app.
    pub group_count_enabled: bool,
    /// Whether `ttl` and `expires_in` of the token call are milliseconds, as on the VIP 5 cluster.
    pub token_millis: bool,
    /// The life of a token whose request names no `ttl`. Default 60 days.
    #[serde(rename = "default_token_ttl_ms", with = "as_millis")]
    pub default_token_ttl: Duration,
    /// Call rates and how they are counted.
    pub rate_limit: RateLimit,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            numbers_as_strings: true,
            presence_errors: PresenceErrors::Result,
            page_size_cap: 500,
            require_registration: false,
            list_lag: Duration::ZERO,
            lenient_delete_body: false,
            presence_enabled: true,
            group_count_enabled: true,
            token_millis: false,
            default_token_ttl: Duration::from_secs(60 * 24 * 3600),
            rate_limit: RateLimit::default(),
        }
    }
}

/// The shape of the 400 answers of the presence calls; sources show both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PresenceErrors {
    /// `{"result": "ext is too big"}`
    #[default]
    Result,
    /// `{"error": "illegal_argument", …, "error_description": "ext is too big"}`
    Envelope,
}

mod as_millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(crate::clock::millis(*value))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_object_is_the_default() {
        let read: Settings = serde_json::from_str("{}").unwrap();
        assert_eq!(read, Settings::default());
    }

    #[test]
    fn survives_a_round_trip() {
        let settings = Settings {
            list_lag: Duration::from_millis(1_500),
            presence_errors: PresenceErrors::Envelope,
            ..Settings::default()
        };
        let text = serde_json::to_string(&settings).unwrap();
        assert!(text.contains(r#""list_lag_ms":1500"#), "{text}");
        assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
    }

    #[test]
    fn a_misspelt_switch_is_refused() {
        assert!(serde_json::from_str::<Settings>(r#"{"numbers_as_string":false}"#).is_err());
    }
}
