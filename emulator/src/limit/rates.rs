//! How many calls a second each endpoint takes, and how they are counted.

use serde::{Deserialize, Serialize};

use crate::operation::Operation;

/// The call rates of the app and the kind of limiter that enforces them.
///
/// ```
/// use easemob_presence_emulator::{RateLimit, Window};
/// let strict = RateLimit::uniform(5).counted_by(Window::SlidingLog);
/// assert_eq!(strict.per_second.get, 5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RateLimit {
    /// Calls per second, by endpoint.
    pub per_second: PerSecond,
    /// How calls are counted.
    pub window: Window,
}

impl RateLimit {
    /// The same rate for every endpoint, counted in fixed windows.
    #[must_use]
    pub fn uniform(calls_per_second: u32) -> Self {
        Self { per_second: PerSecond::uniform(calls_per_second), window: Window::default() }
    }

    /// No limit at all.
    #[must_use]
    pub fn off() -> Self {
        Self::default().counted_by(Window::Off)
    }

    /// The same rates, counted another way.
    #[must_use]
    pub fn counted_by(self, window: Window) -> Self {
        Self { window, ..self }
    }
}

/// How calls are counted against the rate. The service does not say which kind it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Window {
    /// Counts restart with every second of the clock.
    #[default]
    Fixed,
    /// No more than the rate in any one second that ends now, exactly.
    SlidingLog,
    /// As `SlidingLog`, estimated from the counts of this second and the one before.
    SlidingCounter,
    /// Room for `burst` calls, refilled at the rate.
    Bucket {
        /// Calls that may come at once.
        burst: u32,
    },
    /// Nothing is counted.
    Off,
}

/// Calls per second of each endpoint. The defaults are the documented ones; registering and deleting users has
/// no documented rate here and takes 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
#[expect(missing_docs, reason = "one field per operation, named as the operation")]
pub struct PerSecond {
    pub set: u32,
    pub subscribe: u32,
    pub get: u32,
    pub unsubscribe: u32,
    pub subscriptions: u32,
    pub group_online_count: u32,
    pub online_state: u32,
    pub online_states: u32,
    pub devices: u32,
    pub token: u32,
    pub register: u32,
    pub delete_user: u32,
}

impl Default for PerSecond {
    fn default() -> Self {
        Self {
            group_online_count: 100,
            online_state: 100,
            devices: 100,
            token: 300,
            register: 100,
            delete_user: 100,
            ..Self::uniform(50)
        }
    }
}

impl PerSecond {
    /// The same rate for every endpoint.
    #[must_use]
    pub fn uniform(calls: u32) -> Self {
        Self {
            set: calls,
            subscribe: calls,
            get: calls,
            unsubscribe: calls,
            subscriptions: calls,
            group_online_count: calls,
            online_state: calls,
            online_states: calls,
            devices: calls,
            token: calls,
            register: calls,
            delete_user: calls,
        }
    }

    /// The rate of one operation; none for a request that is no operation.
    #[must_use]
    pub fn of(&self, operation: Operation) -> Option<u32> {
        Some(match operation {
            Operation::Set => self.set,
            Operation::Subscribe => self.subscribe,
            Operation::Get => self.get,
            Operation::Unsubscribe => self.unsubscribe,
            Operation::Subscriptions => self.subscriptions,
            Operation::GroupOnlineCount => self.group_online_count,
            Operation::OnlineState => self.online_state,
            Operation::OnlineStates => self.online_states,
            Operation::Devices => self.devices,
            Operation::Token => self.token,
            Operation::Register => self.register,
            Operation::DeleteUser => self.delete_user,
            Operation::Unknown => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_documented_rates() {
        let rates = PerSecond::default();
        for presence in [Operation::Set, Operation::Subscribe, Operation::Get, Operation::Unsubscribe] {
            assert_eq!(rates.of(presence), Some(50));
        }
        assert_eq!((rates.subscriptions, rates.online_states), (50, 50));
        assert_eq!((rates.group_online_count, rates.online_state, rates.devices), (100, 100, 100));
        assert_eq!(rates.token, 300);
        assert_eq!(rates.of(Operation::Unknown), None);
    }

    #[test]
    fn json_names_only_what_differs() {
        let read: RateLimit = serde_json::from_str(r#"{"per_second":{"get":7}}"#).unwrap();
        assert_eq!(read.per_second, PerSecond { get: 7, ..PerSecond::default() });
        assert_eq!(read.window, Window::Fixed);
        let bucket: RateLimit = serde_json::from_str(r#"{"window":{"bucket":{"burst":3}}}"#).unwrap();
        assert_eq!(bucket.window, Window::Bucket { burst: 3 });
    }
}
