//! The names of what a request may ask for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a request asks for; in JSON the snake-case name, such as `group_online_count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Operation {
    /// `POST /users/{username}/presence/{resource}/{status}`
    Set,
    /// `POST /users/{username}/presence/{expiry}`
    Subscribe,
    /// `POST /users/{username}/presence`
    Get,
    /// `DELETE /users/{username}/presence`
    Unsubscribe,
    /// `GET /users/{username}/presence/sublist`
    Subscriptions,
    /// `GET /presence/online/{group_id}/type/{query_type}`
    GroupOnlineCount,
    /// `GET /users/{username}/status`
    OnlineState,
    /// `POST /users/batch/status`
    OnlineStates,
    /// `GET /users/{username}/resources`
    Devices,
    /// `POST /token`
    Token,
    /// `POST /users`
    Register,
    /// `DELETE /users/{username}`
    DeleteUser,
    /// Any other path or method.
    Unknown,
}

impl Operation {
    /// The name used in the journal.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Subscribe => "subscribe",
            Self::Get => "get",
            Self::Unsubscribe => "unsubscribe",
            Self::Subscriptions => "subscriptions",
            Self::GroupOnlineCount => "group_online_count",
            Self::OnlineState => "online_state",
            Self::OnlineStates => "online_states",
            Self::Devices => "devices",
            Self::Token => "token",
            Self::Register => "register",
            Self::DeleteUser => "delete_user",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) fn is_presence(self) -> bool {
        matches!(self, Self::Set | Self::Subscribe | Self::Get | Self::Unsubscribe | Self::Subscriptions)
    }

    pub(crate) fn takes_body(self) -> bool {
        matches!(
            self,
            Self::Set
                | Self::Subscribe
                | Self::Get
                | Self::Unsubscribe
                | Self::OnlineStates
                | Self::Token
                | Self::Register
        )
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_one_in_json() {
        for operation in
            [Operation::Set, Operation::GroupOnlineCount, Operation::DeleteUser, Operation::Unknown]
        {
            assert_eq!(serde_json::to_value(operation).unwrap(), operation.to_string());
        }
    }

    #[test]
    fn only_the_five_presence_calls_hang_on_the_presence_switch() {
        let presence = [
            Operation::Set,
            Operation::Subscribe,
            Operation::Get,
            Operation::Unsubscribe,
            Operation::Subscriptions,
        ];
        assert!(presence.iter().all(|operation| operation.is_presence()));
        for other in
            [Operation::GroupOnlineCount, Operation::OnlineStates, Operation::Token, Operation::Unknown]
        {
            assert!(!other.is_presence(), "{other}");
        }
    }

    #[test]
    fn a_call_takes_a_body_where_one_is_documented() {
        for with in [Operation::Set, Operation::Unsubscribe, Operation::OnlineStates, Operation::Token] {
            assert!(with.takes_body(), "{with}");
        }
        for without in
            [Operation::Subscriptions, Operation::Devices, Operation::DeleteUser, Operation::Unknown]
        {
            assert!(!without.takes_body(), "{without}");
        }
    }
}
