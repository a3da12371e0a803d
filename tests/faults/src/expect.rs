//! What a case expects beside the laws.

use easemob_presence_faults_protocol::Fate;
use serde::Deserialize;
use serde_json::Value;

/// What must hold beside the laws; of every item unless it says otherwise.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// What may become of an item.
    pub fates: Option<Vec<Fate>>,
    /// The kinds of error that may be told.
    pub kinds: Option<Vec<String>>,
    /// The statuses that an error may name.
    pub statuses: Option<Vec<u16>>,
    /// What an error may say of the request.
    pub sent: Option<Vec<String>>,
    /// Words that every error has.
    pub message_has: Option<String>,
    /// What every error carries of `Retry-After`, within 1.5 seconds.
    pub retry_after_ms: Option<f64>,
    /// What every answer holds.
    pub answer: Option<Value>,
    /// Whether every item of the last phase succeeds.
    #[serde(default)]
    pub recovers: bool,
    /// Answers are edited by the plan: they are not compared with the state.
    #[serde(default)]
    pub edited: bool,
    /// How many token calls there are.
    pub token_calls: Option<u64>,
    /// The most token calls.
    pub token_calls_max: Option<u64>,
    /// The most requests for one item.
    pub requests_max: Option<u64>,
    /// How many requests there are for each item.
    pub requests: Option<u64>,
    /// The most requests over the number of items.
    pub amplification_max: Option<f64>,
    /// The least share of items that succeed.
    pub applied_min: Option<f64>,
    /// The longest that an item takes.
    pub ms_max: Option<f64>,
    /// The most that the runner's memory grows.
    pub growth_mib_max: Option<f64>,
    /// The most connections that requests came on.
    pub connections_max: Option<usize>,
    /// The most calls of one operation in any second.
    pub per_second_max: Option<usize>,
    /// The most refusals for the rate, over the number of requests.
    pub rejected_max: Option<f64>,
    /// Requests that came to the other host to which the plan's answers point.
    pub elsewhere: Option<u64>,
}
