use crate::operation::Endpoint;

/// One value for every endpoint. A struct and no map, so that looking one up cannot fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PerEndpoint<T> {
    set: T,
    subscribe: T,
    get: T,
    unsubscribe: T,
    subscriptions: T,
    devices: T,
    is_online: T,
    online_states: T,
    group_online_count: T,
    token: T,
}

impl<T> PerEndpoint<T> {
    pub(super) fn new(value: impl Fn(Endpoint) -> T) -> Self {
        Self {
            set: value(Endpoint::Set),
            subscribe: value(Endpoint::Subscribe),
            get: value(Endpoint::Get),
            unsubscribe: value(Endpoint::Unsubscribe),
            subscriptions: value(Endpoint::Subscriptions),
            devices: value(Endpoint::Devices),
            is_online: value(Endpoint::IsOnline),
            online_states: value(Endpoint::OnlineStates),
            group_online_count: value(Endpoint::GroupOnlineCount),
            token: value(Endpoint::Token),
        }
    }

    pub(super) fn of(&self, endpoint: Endpoint) -> &T {
        match endpoint {
            Endpoint::Set => &self.set,
            Endpoint::Subscribe => &self.subscribe,
            Endpoint::Get => &self.get,
            Endpoint::Unsubscribe => &self.unsubscribe,
            Endpoint::Subscriptions => &self.subscriptions,
            Endpoint::Devices => &self.devices,
            Endpoint::IsOnline => &self.is_online,
            Endpoint::OnlineStates => &self.online_states,
            Endpoint::GroupOnlineCount => &self.group_online_count,
            Endpoint::Token => &self.token,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_endpoint_has_its_own_value() {
        let names = PerEndpoint::new(Endpoint::name);
        for &endpoint in Endpoint::ALL {
            assert_eq!(*names.of(endpoint), endpoint.name());
        }
    }
}
