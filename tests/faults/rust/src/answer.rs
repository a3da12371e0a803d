//! Answers in the form that is the same in every language.

use easemob_presence::{OnlineStates, Presence, Presences};
use serde_json::{Map, Value, json};

pub(crate) fn presence(presence: &Presence) -> Value {
    let devices: Map<String, Value> = presence
        .devices()
        .map(|device| (device.resource.to_owned(), device.status.number().map_or(Value::Null, Value::from)))
        .collect();
    let seconds = |time: Option<std::time::SystemTime>| {
        time.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok()).map(|since| since.as_secs())
    };
    json!({
        "user": presence.user_id().to_string(),
        "online": presence.is_online(),
        "ext": presence.ext(),
        "devices": devices,
        "last_seen": seconds(presence.last_seen()),
        "expires_at": seconds(presence.expires_at()),
    })
}

pub(crate) fn presences(presences: &Presences) -> Value {
    let missing: Vec<String> = presences.missing().iter().map(ToString::to_string).collect();
    let unmatched: Vec<Value> = presences.unmatched().iter().map(presence).collect();
    json!({
        "found": presences.iter().map(|one| presence(&one)).collect::<Vec<_>>(),
        "missing": missing,
        "unmatched": unmatched,
    })
}

pub(crate) fn states(states: &OnlineStates, ids: &[String]) -> Value {
    let state = |id: &String| (id.clone(), states.get(id).map_or(Value::Null, Value::from));
    ids.iter().map(state).collect::<Map<_, _>>().into()
}
