//! What a watcher tells, as JSON in JavaScript's spelling. Absent fields are left out: JavaScript reads them as
//! `undefined`.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use easemob_presence::Event;
use easemob_presence::watch::{Occupancy, WatchStats};
use serde::Serialize;

use crate::failure::Failure;

/// An event without its presences.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merged: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    /// A failure's JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(crate) fn event(event: &Event) -> String {
    let told = Told { kind: event.kind().name(), ..Told::default() };
    json(&match event {
        Event::Enter(change) | Event::Leave(change) | Event::Update(change) => {
            Told { initial: Some(change.initial), source: Some(change.source.name()), ..told }
        }
        Event::Stale { since, .. } => Told { since: Some(millis(*since)), ..told },
        Event::Lagged { merged, .. } => Told { merged: Some(*merged), ..told },
        Event::Warning(warning) => Told {
            reason: Some(warning.reason.name()),
            message: Some(warning.to_string()),
            user_id: warning.user_id.as_ref().map(|user_id| user_id.as_str().to_owned()),
            error: warning.error.clone().map(|error| Failure::from(error).json()),
            ..told
        },
        _ => told,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts<'a> {
    watched: usize,
    known: usize,
    online: usize,
    by_platform: &'a BTreeMap<String, usize>,
}

pub(crate) fn occupancy(counts: &Occupancy) -> String {
    let Occupancy { watched, known, online, by_platform, .. } = counts;
    json(&Counts { watched: *watched, known: *known, online: *online, by_platform })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Numbers {
    users: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_interval_p50_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_interval_p99_ms: Option<f64>,
    calls_per_second: f64,
    polls: u64,
    polls_failed: u64,
    subscribe_calls: u64,
    events: u64,
    lag: usize,
    merged: u64,
    callbacks: u64,
    callbacks_ignored: u64,
    changes_from_callbacks: u64,
    changes_from_polls: u64,
    changes_from_subscribing: u64,
    subscriptions: usize,
    subscriptions_lost: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_contact: Option<f64>,
    stale: bool,
}

pub(crate) fn stats(stats: &WatchStats) -> String {
    let span = |interval: Option<Duration>| interval.map(|interval| interval.as_secs_f64() * 1_000.0);

    json(&Numbers {
        users: stats.users,
        refresh_interval_p50_ms: span(stats.refresh_interval_p50),
        refresh_interval_p99_ms: span(stats.refresh_interval_p99),
        calls_per_second: stats.calls_per_second,
        polls: stats.polls,
        polls_failed: stats.polls_failed,
        subscribe_calls: stats.subscribe_calls,
        events: stats.events,
        lag: stats.lag,
        merged: stats.merged,
        callbacks: stats.callbacks,
        callbacks_ignored: stats.callbacks_ignored,
        changes_from_callbacks: stats.changes_from_callbacks,
        changes_from_polls: stats.changes_from_polls,
        changes_from_subscribing: stats.changes_from_subscribing,
        subscriptions: stats.subscriptions,
        subscriptions_lost: stats.subscriptions_lost,
        last_contact: stats.last_contact.map(millis),
        stale: stats.stale,
    })
}

fn json(value: &impl Serialize) -> String {
    // Plain fields and string keys only, which always can be written.
    serde_json::to_string(value).unwrap_or_default()
}

/// Milliseconds since 1970.
fn millis(time: SystemTime) -> f64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_secs_f64() * 1_000.0).round()
}
