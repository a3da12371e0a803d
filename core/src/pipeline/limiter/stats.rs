use std::time::Duration;

use super::lane::Numbers;
use crate::operation::Endpoint;

/// What the rate limiter does at one endpoint, at the moment of asking.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EndpointStats {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The configured rate in calls a second; none if there is no limit.
    pub limit: Option<f64>,
    /// The rate now, in calls a second: below `limit` for a while after the service has rejected calls.
    pub rate: Option<f64>,
    /// Calls that wait for their turn.
    pub waiting: usize,
    /// Calls that have their turn and no answer yet.
    pub in_flight: usize,
    /// Requests sent so far.
    pub sent: u64,
    /// Requests so far that the service rejected for its rate (429 `reach_limit`).
    pub limited: u64,
    /// How much longer no call goes, because the service rejected one.
    pub paused_for: Option<Duration>,
}

impl EndpointStats {
    pub(super) fn new(endpoint: Endpoint, numbers: Numbers) -> Self {
        let Numbers { limit, rate, waiting, in_flight, sent, limited, paused_for } = numbers;
        Self { endpoint, limit, rate, waiting, in_flight, sent, limited, paused_for }
    }
}
