//! The steps of a scenario and how each is taken.

use std::time::Duration;

use easemob_presence::{Client, Error};
use easemob_presence_emulator::{Emulator, Entry, Journal, Plan, Settings};
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::Problem;
use crate::call::{Answered, Call, Ids};
use crate::expect::{self, ErrorSpec, ItemSpec};
use crate::files::present;
use crate::watching::{Asked, WatchSpec, Watching};

const PATIENCE: Duration = Duration::from_secs(30);

/// One of a call, a hand on the emulator, a look at its journal, or something about a watcher.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    call: Option<Call>,
    /// Calls made at the same moment, each with what it comes to.
    together: Option<Vec<One>>,
    #[serde(default, deserialize_with = "present")]
    expect: Option<Value>,
    expect_ids: Option<Ids>,
    expect_items: Option<Vec<ItemSpec>>,
    error: Option<ErrorSpec>,
    emulator: Option<Hand>,
    journal: Option<Vec<Seen>>,
    #[serde(default)]
    any_order: bool,
    journal_until: Option<Awaited>,
    watch: Option<WatchSpec>,
    events: Option<Vec<Map<String, Value>>>,
    events_until: Option<Map<String, Value>>,
    watcher: Option<Asked>,
}

/// The first requests of these operations, which are waited for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Awaited {
    operations: Vec<String>,
    requests: Vec<Seen>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    call: Call,
    #[serde(default, deserialize_with = "present")]
    expect: Option<Value>,
    error: Option<ErrorSpec>,
}

/// What a test does to the emulator between calls.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Hand {
    Login { user: String, resource: String, device_uuid: Option<String>, device_name: Option<String> },
    Logout { user: String, resource: String },
    Register(String),
    AdvanceSeconds(u64),
    ExpireTokens(bool),
    GroupOnlineCount { group_id: String, query_type: u8, count: u64 },
    Configure(Value),
    Listener(Listener),
    Faults(Value),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Listener {
    Up,
    Down,
}

/// One request of the journal; only the fields that are given are compared.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    operation: Option<String>,
    method: Option<String>,
    target: Option<String>,
    segments: Option<Vec<String>>,
    body: Option<Value>,
    users: Option<usize>,
    status: Option<u16>,
    authorization: Option<bool>,
}

impl Step {
    fn expects(&self) -> bool {
        self.expect.is_some()
            || self.expect_ids.is_some()
            || self.expect_items.is_some()
            || self.error.is_some()
    }

    fn check(&self, call: &Call, outcome: &Result<Answered, Error>) -> Result<(), Problem> {
        let (expect, error) = (self.expect.as_ref(), self.error.as_ref());
        match (&self.expect_ids, &self.expect_items) {
            (Some(ids), None) if expect.is_none() && error.is_none() => {
                expect::check_ids(outcome, &ids.get())
            }
            (None, Some(items)) if expect.is_none() && error.is_none() => expect::check_items(outcome, items),
            (None, None) => expect::check(call, outcome, expect, error),
            _ => Err("a call has one of expect, expect_ids, expect_items and error".into()),
        }
    }
}

/// Where a scenario is played.
pub(crate) struct Stage<'a> {
    emulator: &'a Emulator,
    client: &'a Client,
    /// The number of the last journal entry that a step has looked at.
    looked_at: u64,
    watching: Watching,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(emulator: &'a Emulator, client: &'a Client) -> Result<Self, Problem> {
        let (looked_at, watching) = (emulator.journal().last_seq(), Watching::new()?);
        Ok(Self { emulator, client, looked_at, watching })
    }

    pub(crate) async fn run(&mut self, step: &Step) -> Result<(), Problem> {
        step.is_one_thing()?;
        let (expect, error) = (step.expect.as_ref(), step.error.as_ref());
        if let Some(call) = &step.call {
            step.check(call, &call.make_plainly(self.client).await?)
        } else if let Some(calls) = &step.together {
            let outcomes = join_all(calls.iter().map(|one| one.call.make_plainly(self.client))).await;
            for (one, outcome) in calls.iter().zip(outcomes) {
                expect::check(&one.call, &outcome?, one.expect.as_ref(), one.error.as_ref())?;
            }
            Ok(())
        } else if let Some(hand) = &step.emulator {
            self.act(hand)
        } else if let Some(seen) = &step.journal {
            self.compare(seen, step.any_order)
        } else if let Some(awaited) = &step.journal_until {
            self.wait_for(awaited).await
        } else if let Some(spec) = &step.watch {
            self.watching.start(self.client, spec, error).await
        } else if let Some(events) = &step.events {
            self.watching.expect(events).await
        } else if let Some(event) = &step.events_until {
            self.watching.until(event).await
        } else if let Some(asked) = &step.watcher {
            self.watching.ask(self.emulator, asked, expect, error).await
        } else {
            Err("there is nothing to do".into())
        }
    }

    fn act(&self, hand: &Hand) -> Result<(), Problem> {
        let state = self.emulator.state();
        match hand {
            Hand::Login { user, resource, device_uuid: None, device_name: None } => {
                state.login(user, resource);
            }
            Hand::Login { user, resource, device_uuid, device_name } => {
                let (uuid, name) = (device_uuid.as_deref(), device_name.as_deref());
                state.login_with(user, resource, uuid.unwrap_or_default(), name.unwrap_or_default());
            }
            Hand::Logout { user, resource } => {
                if !state.logout(user, resource) {
                    return Err(format!("{user} was not logged in on {resource}"));
                }
            }
            Hand::Register(user) => {
                state.register(user);
            }
            Hand::AdvanceSeconds(seconds) => self.emulator.clock().advance(Duration::from_secs(*seconds)),
            Hand::ExpireTokens(true) => self.emulator.expire_tokens(),
            Hand::ExpireTokens(false) => return Err("expire_tokens is true or not there".into()),
            Hand::GroupOnlineCount { group_id, query_type, count } => {
                state.set_group_online_count(group_id, *query_type, *count);
            }
            Hand::Configure(change) => return self.configure(change),
            Hand::Listener(Listener::Down) => self.emulator.stop_listening(),
            Hand::Listener(Listener::Up) => self.emulator.listen().map_err(|error| error.to_string())?,
            Hand::Faults(plan) => {
                let plan = Plan::try_from(plan.clone()).map_err(|error| error.to_string())?;
                self.emulator.faults().install(plan);
            }
        }
        Ok(())
    }

    fn configure(&self, change: &Value) -> Result<(), Problem> {
        let text = |error: serde_json::Error| error.to_string();
        let mut settings = serde_json::to_value(self.emulator.settings()).map_err(text)?;
        merge(&mut settings, change);
        let changed = Settings::deserialize(settings).map_err(text)?;
        self.emulator.configure(|settings| *settings = changed);
        Ok(())
    }

    /// Compares all requests since the last look, one to one.
    fn compare(&mut self, expected: &[Seen], any_order: bool) -> Result<(), Problem> {
        let journal = self.emulator.journal();
        let requests = requests(journal, self.looked_at)?;
        self.looked_at = journal.last_seq();
        same(expected, &requests, any_order)
    }

    /// Waits for so many requests of these operations since the last look, and compares them.
    async fn wait_for(&mut self, awaited: &Awaited) -> Result<(), Problem> {
        let journal = self.emulator.journal();
        let those = |journal: &Journal| {
            let all = requests(journal, self.looked_at).unwrap_or_default();
            let is_one =
                |request: &Value| awaited.operations.iter().any(|name| request["operation"] == **name);
            all.into_iter().filter(is_one).collect::<Vec<_>>()
        };
        let enough = |journal: &Journal| those(journal).len() >= awaited.requests.len();
        let waited = timeout(PATIENCE, journal.wait_until(enough)).await;
        let (last, mut found) = (journal.last_seq(), those(journal));
        waited.map_err(|_| format!("no more came than: {}", shown(&found)))?;
        self.looked_at = last;
        found.truncate(awaited.requests.len());
        same(&awaited.requests, &found, false)
    }
}

impl Step {
    fn is_one_thing(&self) -> Result<(), Problem> {
        let is_expecting = self.expects();
        let may_expect = [self.call.is_some(), self.watch.is_some(), self.watcher.is_some()];
        let others = [
            self.together.is_some(),
            self.emulator.is_some(),
            self.journal.is_some(),
            self.journal_until.is_some(),
            self.events.is_some(),
            self.events_until.is_some(),
        ];
        let things = may_expect.iter().chain(&others).filter(|&&is_there| is_there).count();
        if things != 1 || is_expecting && !may_expect.contains(&true) {
            return Err("a step is one thing, and only calls and watchers have expect or error".into());
        }
        Ok(())
    }
}

/// The requests with a number above that.
fn requests(journal: &Journal, since: u64) -> Result<Vec<Value>, Problem> {
    let entries = journal.since(since);
    let requests = entries.iter().filter_map(Entry::as_request).map(serde_json::to_value);
    requests.collect::<Result<_, _>>().map_err(|error| error.to_string())
}

fn shown(requests: &[Value]) -> String {
    let one = |request: &Value| format!("{} {} {}", request["method"], request["target"], request["status"]);
    requests.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn same(expected: &[Seen], requests: &[Value], any_order: bool) -> Result<(), Problem> {
    if requests.len() != expected.len() {
        return Err(format!("expected {} requests, the journal has: {}", expected.len(), shown(requests)));
    }
    if any_order {
        let mut left = requests.to_vec();
        for expected in expected {
            let found = left.iter().position(|request| expected.matches(request));
            let found = found
                .ok_or_else(|| format!("{expected:?} is not there; the journal has: {}", shown(requests)))?;
            left.remove(found);
        }
        return Ok(());
    }
    match expected.iter().zip(requests).position(|(expected, request)| !expected.matches(request)) {
        Some(place) => Err(format!("request {} is another; the journal has: {}", place + 1, shown(requests))),
        None => Ok(()),
    }
}

impl Seen {
    fn matches(&self, request: &Value) -> bool {
        let mut expected = Map::new();
        let mut put =
            |name: &str, value: Option<Value>| expected.extend(value.map(|value| (name.to_owned(), value)));
        put("operation", self.operation.clone().map(Value::from));
        put("method", self.method.clone().map(Value::from));
        put("target", self.target.clone().map(Value::from));
        put("segments", self.segments.clone().map(Value::from));
        put("status", self.status.map(Value::from));
        put("authorization", self.authorization.map(Value::from));
        let body = || request.get("body")?.as_str().map(serde_json::from_str::<Value>)?.ok();
        let users = || body().and_then(|body| Some(body.get("usernames").unwrap_or(&body).as_array()?.len()));
        expected.iter().all(|(name, value)| request.get(name) == Some(value))
            && self.users.is_none_or(|expected| users() == Some(expected))
            && self.body.as_ref().is_none_or(|expected| body().as_ref() == Some(expected))
    }
}

/// As `PATCH /_emulator/settings` merges.
fn merge(into: &mut Value, change: &Value) {
    match (into, change) {
        (Value::Object(into), Value::Object(change)) => {
            for (key, value) in change {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, change) => change.clone_into(into),
    }
}
