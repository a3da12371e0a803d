//! What the journal holds.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::http::segment::Segment;
use crate::operation::Operation;

/// One entry of the [`Journal`](crate::Journal); in JSON its `type` is `request`, `change` or `fault`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Entry {
    /// A request was received.
    Request(Request),
    /// State changed.
    Change(Change),
    /// A rule of the plan of faults fired.
    Fault(Fault),
}

impl Entry {
    /// The entry's number: 1, 2, 3, … without gaps.
    #[must_use]
    pub fn seq(&self) -> u64 {
        match self {
            Self::Request(request) => request.seq,
            Self::Change(change) => change.seq,
            Self::Fault(fault) => fault.seq,
        }
    }

    /// The emulator's time of the entry, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn at_ms(&self) -> u64 {
        match self {
            Self::Request(request) => request.at_ms,
            Self::Change(change) => change.at_ms,
            Self::Fault(fault) => fault.at_ms,
        }
    }

    /// The request, if this is one.
    #[must_use]
    pub fn as_request(&self) -> Option<&Request> {
        match self {
            Self::Request(request) => Some(request),
            Self::Change(_) | Self::Fault(_) => None,
        }
    }

    /// The change, if this is one.
    #[must_use]
    pub fn as_change(&self) -> Option<&Change> {
        match self {
            Self::Change(change) => Some(change),
            Self::Request(_) | Self::Fault(_) => None,
        }
    }

    /// The fault, if this is one.
    #[must_use]
    pub fn as_fault(&self) -> Option<&Fault> {
        match self {
            Self::Fault(fault) => Some(fault),
            Self::Request(_) | Self::Change(_) => None,
        }
    }
}

/// A request as received, body included.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Request {
    /// The entry's number.
    pub seq: u64,
    /// The emulator's time, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The connection that it came on: 1, 2, 3, … in the order accepted.
    pub connection: u64,
    /// The method as sent.
    pub method: String,
    /// The request target as sent, still encoded.
    pub target: String,
    /// What it asks for.
    pub operation: Operation,
    /// The path after the app's prefix: split at each `/`, then percent-decoded once. Empty segments are kept.
    pub segments: Vec<Segment>,
    /// The first 5 KB of the body as text. Secrets and passwords in it are masked; a body that should hold one and is
    /// not JSON is withheld.
    pub body: String,
    /// Whether an `Authorization` header came. Its value is never kept.
    pub authorization: bool,
    /// The status answered; none while unanswered.
    pub status: Option<u16>,
}

/// A change of state.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The entry's number.
    pub seq: u64,
    /// The emulator's time, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// What happened.
    pub kind: ChangeKind,
    /// The user that it happened to; empty for tokens.
    pub user: String,
    /// The device, or the user subscribed to, or the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What else there is to know, such as `status` and `ext` of a presence or `expiry` of a subscription.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
    /// The number of the request that caused it; none if the test did, through the library or the control API.
    pub cause: Option<u64>,
}

impl Change {
    pub(crate) fn new(seq: u64, at_ms: u64, kind: ChangeKind, user: &str) -> Self {
        Self { seq, at_ms, kind, user: user.to_owned(), subject: None, details: Map::new(), cause: None }
    }
}

/// A rule of the plan of faults that fired.
///
/// It stands behind its request and before what the request changes, if it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Fault {
    /// The entry's number.
    pub seq: u64,
    /// The emulator's time, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The rule's place in the plan, from 0.
    pub rule: usize,
    /// The rule's name, if it has one.
    pub name: Option<String>,
    /// The type of the fault, as in the plan.
    pub fault: String,
    /// The number of the request that it happened to; none at accept.
    pub request: Option<u64>,
    /// The connection that it happened to.
    pub connection: u64,
    /// What only the firing decided, such as the length of a delay with jitter; often empty.
    pub detail: String,
}

/// The kinds of [`Change`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeKind {
    /// A device got a presence status and its user an ext.
    PresenceSet,
    /// A subscription was made, or its end replaced.
    Subscribed,
    /// A subscription was ended by its owner.
    Unsubscribed,
    /// A subscription made room for a longer one.
    Displaced,
    /// A user was registered.
    Registered,
    /// A user was deleted, with its subscriptions both ways.
    Deleted,
    /// A device logged in.
    LoggedIn,
    /// A device logged out.
    LoggedOut,
    /// A token was issued, or one from elsewhere accepted.
    TokenIssued,
    /// Tokens were made to expire.
    TokensExpired,
    /// All subscriptions were forgotten.
    SubscriptionsDropped,
    /// A group's online count was set.
    GroupCountSet,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change() -> Change {
        Change::new(2, 20, ChangeKind::TokensExpired, "")
    }

    fn request() -> Request {
        Request {
            seq: 1,
            at_ms: 10,
            connection: 3,
            method: "GET".into(),
            target: "/o/a/%FF?x".into(),
            operation: Operation::Unknown,
            segments: vec![Segment::decode("%FF")],
            body: String::new(),
            authorization: false,
            status: None,
        }
    }

    #[test]
    fn an_entry_is_one_of_two_and_has_its_number_and_time() {
        let (request, change) = (Entry::Request(request()), Entry::Change(change()));
        assert_eq!((request.seq(), request.at_ms()), (1, 10));
        assert_eq!((change.seq(), change.at_ms()), (2, 20));
        assert!(request.as_request().is_some() && request.as_change().is_none());
        assert!(change.as_change().is_some() && change.as_request().is_none());
    }

    #[test]
    fn a_request_in_json_says_that_it_is_unanswered() {
        let expected = json!({
            "type": "request", "seq": 1, "at_ms": 10, "connection": 3, "method": "GET", "target": "/o/a/%FF?x",
            "operation": "unknown", "segments": [[255]], "body": "", "authorization": false, "status": null,
        });
        assert_eq!(serde_json::to_value(Entry::Request(request())).unwrap(), expected);
    }

    #[test]
    fn a_change_in_json_leaves_out_what_it_has_not() {
        let expected = json!({
            "type": "change", "seq": 2, "at_ms": 20, "kind": "tokens_expired", "user": "", "cause": null,
        });
        assert_eq!(serde_json::to_value(Entry::Change(change())).unwrap(), expected);
    }
}
