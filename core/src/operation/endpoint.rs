/// The endpoints that the service counts calls of, each by itself.
///
/// ```
/// use easemob_presence::Endpoint;
///
/// assert_eq!((Endpoint::Set.name(), Endpoint::Set.documented_per_second()), ("set", 50));
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
    pub const ALL: &'static [Endpoint] = &[
        Endpoint::Set,
        Endpoint::Subscribe,
        Endpoint::Get,
        Endpoint::Unsubscribe,
        Endpoint::Subscriptions,
        Endpoint::Devices,
        Endpoint::IsOnline,
        Endpoint::OnlineStates,
        Endpoint::GroupOnlineCount,
        Endpoint::Token,
    ];

    /// The endpoint's name, the same in every language.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Endpoint::Set => "set",
            Endpoint::Subscribe => "subscribe",
            Endpoint::Get => "get",
            Endpoint::Unsubscribe => "unsubscribe",
            Endpoint::Subscriptions => "subscriptions",
            Endpoint::Devices => "devices",
            Endpoint::IsOnline => "is_online",
            Endpoint::OnlineStates => "online_states",
            Endpoint::GroupOnlineCount => "group_online_count",
            Endpoint::Token => "token",
        }
    }

    /// The endpoint of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|endpoint| endpoint.name() == name)
    }

    /// How many calls a second the service allows an App Key by its documents; packs raise it.
    #[must_use]
    pub const fn documented_per_second(self) -> u32 {
        match self {
            Endpoint::Devices | Endpoint::IsOnline | Endpoint::GroupOnlineCount => 100,
            Endpoint::Token => 300,
            Endpoint::Set
            | Endpoint::Subscribe
            | Endpoint::Get
            | Endpoint::Unsubscribe
            | Endpoint::Subscriptions
            | Endpoint::OnlineStates => 50,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_endpoint() {
        for &endpoint in Endpoint::ALL {
            assert_eq!(Endpoint::from_name(endpoint.name()), Some(endpoint));
        }
        assert_eq!(Endpoint::from_name("get_many"), None);
    }
}
