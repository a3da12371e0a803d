use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::UserId;
use super::time::Moment;

/// One user that another has subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subscription {
    #[serde(deserialize_with = "UserId::deserialize_answered")]
    user_id: UserId,
    expires_at: Moment,
}

impl Subscription {
    pub(crate) fn new(user_id: UserId, expires_at: Moment) -> Self {
        Self { user_id, expires_at }
    }

    /// The user subscribed to, in the service's spelling (lower case).
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// When the subscription ends.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at.time()
    }
}

/// One page of a user's subscriptions.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SubscriptionsPage {
    total: Option<u64>,
    subscriptions: Vec<Subscription>,
}

impl SubscriptionsPage {
    pub(crate) fn new(total: Option<u64>, subscriptions: Vec<Subscription>) -> Self {
        Self { total, subscriptions }
    }

    /// How many subscriptions there are on all pages, as the service counted for this one.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// The subscriptions on this page, in the service's order.
    #[must_use]
    pub fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }
}

impl IntoIterator for SubscriptionsPage {
    type Item = Subscription;
    type IntoIter = std::vec::IntoIter<Subscription>;

    fn into_iter(self) -> Self::IntoIter {
        self.subscriptions.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_serialized_form_has_unix_seconds_and_is_read_back() {
        let subscription =
            Subscription::new(UserId::from_answer("lxml2"), Moment::from_wire(Some(1_645_822_322)));
        let page = SubscriptionsPage::new(Some(2), vec![subscription]);
        let json = serde_json::to_string(&page).unwrap();
        assert_eq!(json, r#"{"total":2,"subscriptions":[{"user_id":"lxml2","expires_at":1645822322}]}"#);
        assert_eq!(serde_json::from_str::<SubscriptionsPage>(&json).unwrap(), page);
    }
}
