//! The endpoints, each of which has a rate of its own.

/// An endpoint of the service. The documented rates are per endpoint and App Key; the rate limiter keeps a queue for
/// each.
///
/// ```
/// use easemob_presence::Endpoint;
/// assert_eq!(Endpoint::IsOnline.name(), "is_online");
/// assert_eq!(Endpoint::IsOnline.documented_per_second(), 100);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
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
    /// `GET /users/{username}/resources`
    Devices,
    /// `GET /users/{username}/status`
    IsOnline,
    /// `POST /users/batch/status`
    OnlineStates,
    /// `GET /presence/online/{group_id}/type/{query_type}`
    GroupOnlineCount,
    /// `POST /token`
    Token,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: &[Endpoint] = &[
        Self::Set,
        Self::Subscribe,
        Self::Get,
        Self::Unsubscribe,
        Self::Subscriptions,
        Self::Devices,
        Self::IsOnline,
        Self::OnlineStates,
        Self::GroupOnlineCount,
        Self::Token,
    ];

    /// The name in every language: `set`, `subscribe`, `get`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Subscribe => "subscribe",
            Self::Get => "get",
            Self::Unsubscribe => "unsubscribe",
            Self::Subscriptions => "subscriptions",
            Self::Devices => "devices",
            Self::IsOnline => "is_online",
            Self::OnlineStates => "online_states",
            Self::GroupOnlineCount => "group_online_count",
            Self::Token => "token",
        }
    }

    /// The documented rate, in calls a second for one App Key.
    #[must_use]
    pub const fn documented_per_second(self) -> u32 {
        match self {
            Self::Set
            | Self::Subscribe
            | Self::Get
            | Self::Unsubscribe
            | Self::Subscriptions
            | Self::OnlineStates => 50,
            Self::Devices | Self::IsOnline | Self::GroupOnlineCount => 100,
            Self::Token => 300,
        }
    }
}
