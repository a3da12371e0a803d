//! The steps of a scenario and how each is taken.

use std::time::Duration;

use easemob_presence::Client;
use easemob_presence_emulator::{Emulator, Entry, Plan, Settings};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Problem;
use crate::call::{Call, Ids};
use crate::expect::{self, ErrorSpec, ItemSpec};
use crate::files::present;

/// One of a call, a hand on the emulator, or a look at its journal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    call: Option<Call>,
    #[serde(default, deserialize_with = "present")]
    expect: Option<Value>,
    expect_ids: Option<Ids>,
    expect_items: Option<Vec<ItemSpec>>,
    error: Option<ErrorSpec>,
    emulator: Option<Hand>,
    journal: Option<Vec<Seen>>,
    #[serde(default)]
    any_order: bool,
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
    Faults(Value),
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
}

/// Where a scenario is played.
pub(crate) struct Stage<'a> {
    emulator: &'a Emulator,
    client: &'a Client,
    /// The number of the last journal entry that a step has looked at.
    looked_at: u64,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(emulator: &'a Emulator, client: &'a Client) -> Self {
        Self { emulator, client, looked_at: emulator.journal().last_seq() }
    }

    pub(crate) async fn run(&mut self, step: &Step) -> Result<(), Problem> {
        match step {
            Step {
                call: Some(call),
                expect,
                expect_ids,
                expect_items,
                error,
                emulator: None,
                journal: None,
                ..
            } => {
                let outcome = call.make(self.client).await?;
                match (expect_ids, expect_items) {
                    (Some(ids), None) if expect.is_none() && error.is_none() => {
                        expect::check_ids(&outcome, &ids.get())
                    }
                    (None, Some(items)) if expect.is_none() && error.is_none() => {
                        expect::check_items(&outcome, items)
                    }
                    (None, None) => expect::check(call, &outcome, expect.as_ref(), error.as_ref()),
                    _ => Err("a call has one of expect, expect_ids, expect_items and error".into()),
                }
            }
            Step { call: None, emulator: Some(hand), journal: None, .. } if !step.expects() => self.act(hand),
            Step { call: None, emulator: None, journal: Some(seen), any_order, .. } if !step.expects() => {
                self.compare(seen, *any_order)
            }
            _ => Err("a step is one of call (with what is expected), emulator and journal".into()),
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
        let entries = journal.since(self.looked_at);
        self.looked_at = journal.last_seq();
        let mut requests = Vec::new();
        for request in entries.iter().filter_map(Entry::as_request) {
            requests.push(serde_json::to_value(request).map_err(|error| error.to_string())?);
        }
        let shown = || {
            let one = |request: &Value| {
                format!("{} {} {}", request["method"], request["target"], request["status"])
            };
            requests.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        if requests.len() != expected.len() {
            return Err(format!("expected {} requests, the journal has: {}", expected.len(), shown()));
        }
        if any_order {
            let mut left = requests.clone();
            for expected in expected {
                let found = left.iter().position(|request| expected.matches(request));
                let found = found
                    .ok_or_else(|| format!("{expected:?} is not there; the journal has: {}", shown()))?;
                left.remove(found);
            }
            return Ok(());
        }
        match expected.iter().zip(&requests).position(|(expected, request)| !expected.matches(request)) {
            Some(place) => Err(format!("request {} is another; the journal has: {}", place + 1, shown())),
            None => Ok(()),
        }
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
