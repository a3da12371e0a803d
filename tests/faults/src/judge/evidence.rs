//! What a case leaves behind: what was asked of the client, what it told, and what the emulator wrote down.

use std::collections::HashMap;

use easemob_presence_emulator::Operation;
use easemob_presence_faults_protocol::{Call, Outcome, Report};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Problem;
use crate::expect::Expect;

/// A request, as the journal has it.
#[derive(Clone, Debug, Deserialize)]
pub struct Seen {
    /// Its number.
    pub seq: u64,
    /// When, on the emulator's clock.
    pub at_ms: u64,
    /// The connection it came on.
    pub connection: u64,
    /// What it asks for.
    pub operation: Operation,
    /// The path, decoded. Segments that are no text are lists.
    pub segments: Vec<Value>,
    /// The body.
    pub body: String,
    /// What was answered.
    pub status: Option<u16>,
}

/// A change of state, as the journal has it.
#[derive(Clone, Debug, Deserialize)]
pub struct Changed {
    /// Its number.
    pub seq: u64,
    /// `presence_set`, `subscribed`, …
    pub kind: String,
    /// Whose.
    pub user: String,
    /// Of which device, or to whom.
    pub subject: Option<String>,
    /// To what.
    #[serde(default)]
    pub details: Map<String, Value>,
    /// The request that caused it.
    pub cause: Option<u64>,
}

/// A fault that was carried out, as the journal has it.
#[derive(Clone, Debug, Deserialize)]
pub struct Fault {
    /// Its sort, as the plan names it.
    pub fault: String,
    /// The request that it befell; none for a connection.
    pub request: Option<u64>,
}

/// Everything that a case left behind.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of a case")]
pub struct Evidence {
    /// The calls submitted, in order, phase after phase.
    pub submitted: Vec<Call>,
    /// The number of the first item of the last phase.
    pub last_phase: u64,
    /// What the runner told.
    pub report: Report,
    /// Requests, in the order in which they were decided.
    pub seen: Vec<Seen>,
    /// Changes, in order.
    pub changed: Vec<Changed>,
    /// Faults, in order.
    pub faults: Vec<Fault>,
    /// The state in the end.
    pub state: Value,
    /// The state before the first call.
    pub state_before: Value,
    /// The deadline of a call, if it has one.
    pub timeout_ms: f64,
    /// Whether an item may end as unknown.
    pub unknown_allowed: bool,
    /// Whether there was a plan that had to fire.
    pub must_fire: bool,
    /// Whether the client is one written by hand.
    pub by_hand: bool,
    /// Requests at the other host to which answers point.
    pub elsewhere: u64,
    /// Whether figures of what is held are to be compared.
    pub compare_held: bool,
    /// What the case expects.
    pub expect: Expect,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Entry {
    Request(Seen),
    Change(Changed),
    Fault(Fault),
}

impl Evidence {
    /// Takes the journal in.
    ///
    /// # Errors
    /// If the journal has another form.
    pub fn read(&mut self, journal: &Value) -> Result<(), Problem> {
        let entries: Vec<Entry> = Vec::deserialize(journal)?;
        for entry in entries {
            match entry {
                Entry::Request(seen) => self.seen.push(seen),
                Entry::Change(changed) => self.changed.push(changed),
                Entry::Fault(fault) => self.faults.push(fault),
            }
        }
        Ok(())
    }

    /// All requests but those for tokens.
    pub fn requests(&self) -> impl Iterator<Item = &Seen> {
        self.seen.iter().filter(|seen| seen.operation != Operation::Token)
    }

    pub(super) fn token_calls(&self) -> u64 {
        (self.seen.len() - self.requests().count()) as u64
    }

    /// The call of each item with what was told of it; conservation sees to those that miss theirs.
    pub(super) fn told(&self) -> impl Iterator<Item = (&Call, &Outcome)> {
        let outcomes: HashMap<u64, &Outcome> =
            self.report.outcomes.iter().map(|outcome| (outcome.item, outcome)).collect();
        self.submitted.iter().filter_map(move |call| Some((call, *outcomes.get(&call.item)?)))
    }

    /// The requests of each item, by its number.
    pub(super) fn by_item(&self) -> HashMap<u64, Vec<&Seen>> {
        let mut items: HashMap<Key, u64> = HashMap::new();
        for call in &self.submitted {
            items.entry(Key::of_call(call)).or_insert(call.item);
        }
        let mut found: HashMap<u64, Vec<&Seen>> = HashMap::new();
        for seen in self.requests() {
            if let Some(item) = items.get(&Key::of_request(seen)) {
                found.entry(*item).or_default().push(seen);
            }
        }
        found
    }
}

/// What an item can be told by in a request.
#[derive(PartialEq, Eq, Hash, Debug)]
struct Key {
    operation: Option<Operation>,
    actor: String,
    text: Option<String>,
}

impl Key {
    fn of_call(call: &Call) -> Self {
        let operation = operation(&call.op);
        let group = (operation == Some(Operation::GroupOnlineCount)).then(|| call.ids.first()).flatten();
        let actor = group.unwrap_or(&call.user).to_ascii_lowercase();
        let text = match call.op.as_str() {
            "set" => Some(call.ext.clone().unwrap_or_default()),
            "subscribe" => call.ttl_s.map(|ttl| ttl.to_string()),
            _ => None,
        };
        Self { operation, actor, text }
    }

    fn of_request(seen: &Seen) -> Self {
        let place = if seen.operation == Operation::GroupOnlineCount { 2 } else { 1 };
        let actor = seen.segments.get(place).and_then(Value::as_str).unwrap_or_default();
        // `users/batch/status` has no actor.
        let actor = if seen.operation == Operation::OnlineStates { "" } else { actor };
        let body = || serde_json::from_str::<Value>(&seen.body).unwrap_or_default();
        let text = match seen.operation {
            Operation::Set => Some(body().get("ext").and_then(Value::as_str).unwrap_or_default().to_owned()),
            Operation::Subscribe => seen.segments.get(3).and_then(Value::as_str).map(str::to_owned),
            _ => None,
        };
        Self { operation: Some(seen.operation), actor: actor.to_ascii_lowercase(), text }
    }
}

/// The emulator's operation for a call's.
pub(super) fn operation(op: &str) -> Option<Operation> {
    Some(match op {
        "set" => Operation::Set,
        "get" | "get_many" => Operation::Get,
        "subscribe" => Operation::Subscribe,
        "unsubscribe" => Operation::Unsubscribe,
        "subscriptions" | "subscriptions_page" => Operation::Subscriptions,
        "devices" => Operation::Devices,
        "is_online" => Operation::OnlineState,
        "online_states" => Operation::OnlineStates,
        "group_online_count" => Operation::GroupOnlineCount,
        _ => return None,
    })
}

/// A user of a state, in any letter case.
pub(super) fn user<'a>(state: &'a Value, id: &str) -> &'a Value {
    field(field(state, "users"), &id.to_ascii_lowercase())
}

/// A field, null where there is none.
pub(super) fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}
