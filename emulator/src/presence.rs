//! Setting and getting presence.

use serde_json::{Map, Value, json};

use crate::refusal::Refusal;
use crate::turn::{Outcome, Turn};
use crate::usernames;

const LONGEST_EXT: usize = 1_024;

/// `POST /users/{username}/presence/{resource}/{status}`
pub(crate) fn set(turn: &mut Turn<'_>, user: &str, resource: &str, status: &str) -> Outcome {
    if status.is_empty() || !status.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::presence("status is not a number"));
    }
    turn.admit(user)?;
    let body: Value = turn.json()?;
    let ext = match body.as_object().map(|body| body.get("ext")) {
        Some(Some(Value::String(ext))) => ext,
        Some(None | Some(Value::Null)) => return Err(Refusal::presence("ext cannot be null")),
        Some(Some(_)) => return Err(Refusal::json("ext is not a string")),
        None => return Err(Refusal::json("the body is not an object")),
    };
    if ext.len() > LONGEST_EXT {
        return Err(Refusal::presence("ext is too big"));
    }
    turn.world.set_presence(user, (resource, status), ext, turn.now_ms, turn.scribe);
    Ok(json!({ "result": "ok" }))
}

/// `POST /users/{username}/presence`
pub(crate) fn get(turn: &Turn<'_>, user: &str) -> Outcome {
    turn.admit(user)?;
    let body: Value = turn.json()?;
    let ids = usernames::of_object(&body, Refusal::presence("too many get presences"))?;
    let items: Vec<Value> = ids.iter().map(|id| item(turn, id, None)).collect();
    Ok(json!({ "result": items }))
}

/// One user's presence, as get and subscribe answer it; one never heard of has an empty one.
pub(crate) fn item(turn: &Turn<'_>, id: &str, expiry: Option<u64>) -> Value {
    let user = turn.world.users.get(id);
    let mut item = Map::new();
    item.insert("uid".into(), id.into());
    let last_time = user.and_then(|user| user.last_time_ms);
    item.insert("last_time".into(), last_time.map_or_else(|| "".into(), |ms| turn.number(ms / 1_000)));
    if let Some(expiry) = expiry {
        item.insert("expiry".into(), turn.number(expiry));
    }
    item.insert("ext".into(), user.map_or("", |user| user.ext.as_str()).into());
    let statuses: Map<String, Value> = user
        .into_iter()
        .flat_map(|user| &user.statuses)
        .map(|(resource, status)| (resource.clone(), status_value(turn, status)))
        .collect();
    // The service serializes an empty map as a list.
    let status = if statuses.is_empty() { json!([]) } else { statuses.into() };
    item.insert("status".into(), status);
    item.into()
}

/// A number only where that loses nothing, unlike `007`.
fn status_value(turn: &Turn<'_>, status: &str) -> Value {
    match status.parse::<u64>() {
        Ok(number) if number.to_string() == status => turn.number(number),
        _ => status.into(),
    }
}
