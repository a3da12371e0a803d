//! A client's numbers as JSON, in JavaScript's spelling.

use easemob_presence::{EndpointStats, Stats};
use serde::Serialize;

/// What `stats.ts` reads. Absent fields are left out: JavaScript reads them as `undefined`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Numbers {
    calls: u64,
    active: u64,
    succeeded: u64,
    failed: u64,
    superseded: u64,
    attempts: u64,
    retries: u64,
    replays: u64,
    coalesced: u64,
    cached: u64,
    token_requests: u64,
    retry_quota: u32,
    endpoints: Vec<EndpointNumbers>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EndpointNumbers {
    endpoint: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,
    waiting: usize,
    in_flight: usize,
    sent: u64,
    limited: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_for_ms: Option<f64>,
}

pub(crate) fn json(stats: &Stats) -> String {
    let numbers = Numbers {
        calls: stats.calls,
        active: stats.active,
        succeeded: stats.succeeded,
        failed: stats.failed,
        superseded: stats.superseded,
        attempts: stats.attempts,
        retries: stats.retries,
        replays: stats.replays,
        coalesced: stats.coalesced,
        cached: stats.cached,
        token_requests: stats.token_requests,
        retry_quota: stats.retry_quota,
        endpoints: stats.endpoints.iter().map(endpoint).collect(),
    };
    // Plain fields only, which always can be written.
    serde_json::to_string(&numbers).unwrap_or_default()
}

fn endpoint(stats: &EndpointStats) -> EndpointNumbers {
    EndpointNumbers {
        endpoint: stats.endpoint.name(),
        limit: stats.limit,
        rate: stats.rate,
        waiting: stats.waiting,
        in_flight: stats.in_flight,
        sent: stats.sent,
        limited: stats.limited,
        paused_for_ms: stats.paused_for.map(|wait| wait.as_secs_f64() * 1_000.0),
    }
}
