//! The steps of scenarios that are about a watcher.

use std::time::Duration;

use easemob_presence::webhook::Verifier;
use easemob_presence::{Client, Error, Event, Presence, Watcher};
use easemob_presence_emulator::Emulator;
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use crate::Problem;
use crate::call::{Ids, Text};
use crate::expect::ErrorSpec;

const SECRET: &str = "the scenario's secret";
/// Scenarios begin in 2023.
const AGES: Duration = Duration::from_secs(1_000_000_000);
const PATIENCE: Duration = Duration::from_secs(30);
const CALLS_PER_SECOND: f64 = 200.0;

/// How the watcher is started.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WatchSpec {
    user: Text,
    ids: Ids,
    calls_per_second: Option<f64>,
    buffer: Option<usize>,
    keep_subscribed_seconds: Option<f64>,
    #[serde(default)]
    unsubscribe_on_close: bool,
    /// From what was saved last.
    #[serde(default)]
    restore: bool,
}

/// What a watcher is asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Asked {
    Get(String),
    Snapshot(bool),
    Occupancy(bool),
    Stats(bool),
    Add(Ids),
    Remove(Ids),
    Feed {
        user: String,
        resource: String,
        reason: String,
    },
    Save(bool),
    Close(bool),
    /// The kinds of the events that are left, once it has ended.
    Ended(bool),
}

/// The watcher of a scenario.
#[derive(Debug)]
pub(crate) struct Watching {
    verifier: Verifier,
    watcher: Option<Watcher>,
    saved: Option<String>,
}

impl Watching {
    pub(crate) fn new() -> Result<Self, Problem> {
        let verifier = Verifier::new(SECRET).and_then(|verifier| verifier.max_age(AGES));
        let verifier = verifier.map_err(|error| error.to_string())?;
        Ok(Self { verifier, watcher: None, saved: None })
    }

    pub(crate) async fn start(
        &mut self,
        client: &Client,
        spec: &WatchSpec,
        error: Option<&ErrorSpec>,
    ) -> Result<(), Problem> {
        let started = self.started(client, spec).await?;
        match (started, error) {
            (Ok(watcher), None) => {
                self.watcher = Some(watcher);
                Ok(())
            }
            (Ok(_), Some(_)) => Err("the watcher started".into()),
            (Err(error), None) => Err(format!("the watcher did not start: {error}")),
            (Err(error), Some(expected)) => expected.check(None, &error),
        }
    }

    async fn started(&self, client: &Client, spec: &WatchSpec) -> Result<Result<Watcher, Error>, Problem> {
        let user = client.user(spec.user.get()).map_err(|error| error.to_string())?;
        let rate = spec.calls_per_second.unwrap_or(CALLS_PER_SECOND);
        let mut watch = user.watch(spec.ids.get()).min_interval(Duration::ZERO).calls_per_second(rate);
        if let Some(events) = spec.buffer {
            watch = watch.buffer(events);
        }
        if let Some(seconds) = spec.keep_subscribed_seconds {
            let ttl = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
            watch = watch.keep_subscribed(ttl);
        }
        if spec.restore {
            watch = watch.restore(self.saved.as_deref().ok_or("nothing was saved")?);
        }
        Ok(watch.unsubscribe_on_close(spec.unsubscribe_on_close).start().await)
    }

    fn watcher(&self) -> Result<&Watcher, Problem> {
        self.watcher.as_ref().ok_or_else(|| "there is no watcher".into())
    }

    /// The next event, as the cases write it.
    async fn next(&self) -> Result<Value, Problem> {
        let mut watcher = self.watcher()?.clone();
        let event = timeout(PATIENCE, watcher.next()).await.map_err(|_| "no event came")?;
        Ok(as_json(&event.ok_or("the watcher ended")?))
    }

    pub(crate) async fn expect(&self, events: &[Map<String, Value>]) -> Result<(), Problem> {
        for expected in events {
            let got = self.next().await?;
            compare(&got, &Value::Object(expected.clone()))?;
        }
        Ok(())
    }

    pub(crate) async fn until(&self, expected: &Map<String, Value>) -> Result<(), Problem> {
        let expected = Value::Object(expected.clone());
        loop {
            let got = self.next().await?;
            if known(&got, &expected)? && compare(&got, &expected).is_ok() {
                return Ok(());
            }
        }
    }

    pub(crate) async fn ask(
        &mut self,
        emulator: &Emulator,
        asked: &Asked,
        expect: Option<&Value>,
        error: Option<&ErrorSpec>,
    ) -> Result<(), Problem> {
        let value = match (self.answer(emulator, asked).await?, error) {
            (Ok(value), None) => value,
            (Ok(value), Some(_)) => return Err(format!("it was answered: {value}")),
            (Err(error), None) => return Err(error.to_string()),
            (Err(error), Some(expected)) => return expected.check(None, &error),
        };
        expect.map_or(Ok(()), |expected| compare(&value, expected))
    }

    async fn answer(&mut self, emulator: &Emulator, asked: &Asked) -> Result<Result<Value, Error>, Problem> {
        let watcher = self.watcher()?.clone();
        let mut value = Value::Null;
        match asked {
            Asked::Get(user) => value = serialized(watcher.get(user).as_ref())?,
            Asked::Snapshot(true) => {
                let presences = watcher.snapshot();
                let mut ids: Vec<_> = presences.iter().map(|one| one.user_id().as_str()).collect();
                ids.sort_unstable();
                value = json!(ids);
            }
            Asked::Occupancy(true) => {
                let counts = watcher.occupancy();
                value = json!({
                    "watched": counts.watched, "known": counts.known, "online": counts.online,
                    "by_platform": counts.by_platform,
                });
            }
            Asked::Stats(true) => value = stats(&watcher),
            Asked::Add(ids) => return Ok(watcher.add(ids.get()).map(|()| value)),
            Asked::Remove(ids) => watcher.remove(ids.get()),
            Asked::Feed { user, resource, reason } => {
                let parsed = self.verifier.parse(emulator.callback(user, resource, reason, SECRET));
                let callback = parsed.map_err(|error| error.to_string())?.ok_or("a repeat")?;
                watcher.feed(&callback);
            }
            Asked::Save(true) => self.saved = Some(watcher.save()),
            Asked::Close(true) => watcher.close().await,
            Asked::Ended(true) => {
                let kinds: Vec<_> = watcher.map(|event| event.kind().name()).collect().await;
                value = json!(kinds);
            }
            other => return Err(format!("{other:?}: it is true or not there")),
        }
        Ok(Ok(value))
    }
}

fn stats(watcher: &Watcher) -> Value {
    let stats = watcher.stats();
    json!({
        "users": stats.users, "polls": stats.polls, "subscribe_calls": stats.subscribe_calls,
        "events": stats.events, "lag": stats.lag, "merged": stats.merged, "callbacks": stats.callbacks,
        "changes_from_callbacks": stats.changes_from_callbacks,
        "changes_from_polls": stats.changes_from_polls,
        "changes_from_subscribing": stats.changes_from_subscribing,
        "subscriptions": stats.subscriptions, "subscriptions_lost": stats.subscriptions_lost,
        "stale": stats.stale,
    })
}

fn as_json(event: &Event) -> Value {
    let change = event.change();
    let now = change.map(|change| &change.presence);
    let before = change.and_then(|change| change.previous.as_ref());
    let warning = if let Event::Warning(warning) = event { Some(warning) } else { None };
    let merged = if let Event::Lagged { merged, .. } = event { Some(*merged) } else { None };
    json!({
        "kind": event.kind().name(),
        "user_id": event.user_id(),
        "initial": change.is_some_and(|change| change.initial),
        "source": change.map(|change| change.source.name()),
        "is_online": now.map(Presence::is_online),
        "was_online": before.map(Presence::is_online),
        "ext": now.map(Presence::ext),
        "merged": merged,
        "reason": warning.map(|warning| warning.reason.name()),
        "error": warning.and_then(|warning| warning.error.as_ref()).map(|error| error.kind().name()),
    })
}

fn serialized(presence: Option<&Presence>) -> Result<Value, Problem> {
    serde_json::to_value(presence).map_err(|error| error.to_string())
}

/// Whether all that is expected is something that the value can have.
fn known(got: &Value, expected: &Value) -> Result<bool, Problem> {
    let (Some(got), Some(expected)) = (got.as_object(), expected.as_object()) else { return Ok(true) };
    match expected.keys().find(|name| !got.contains_key(*name)) {
        Some(name) => Err(format!("there is no {name}")),
        None => Ok(true),
    }
}

/// Of an object what is expected of it, anything else as a whole.
fn compare(got: &Value, expected: &Value) -> Result<(), Problem> {
    let same = match (got.as_object(), expected.as_object()) {
        (Some(got), Some(expected)) => expected.iter().all(|(name, value)| got.get(name) == Some(value)),
        _ => got == expected,
    };
    if same { Ok(()) } else { Err(format!("expected {expected}, got {got}")) }
}
