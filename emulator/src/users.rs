//! The older user calls: register, delete, online state and devices.

use serde_json::{Value, json};

use crate::refusal::Refusal;
use crate::turn::{Outcome, Turn};
use crate::usernames;

/// `POST /users`
pub(crate) fn register(turn: &mut Turn<'_>) -> Outcome {
    let body: Value = turn.json()?;
    let asked = match &body {
        Value::Array(users) => users.as_slice(),
        one => std::slice::from_ref(one),
    };
    let ids = asked.iter().map(username).collect::<Result<Vec<_>, _>>()?;
    for (at, id) in ids.iter().enumerate() {
        if turn.world.is_registered(id) || ids.iter().skip(at + 1).any(|other| other == id) {
            return Err(Refusal::duplicate_user(&turn.identity.app_id, id));
        }
    }
    let mut entities = Vec::with_capacity(ids.len());
    for id in &ids {
        turn.world.register(id, turn.scribe);
        entities.push(entity(turn, id));
    }
    Ok(turn.envelope("post", entities, None))
}

fn username(user: &Value) -> Result<String, Refusal> {
    let user = user.as_object().ok_or_else(|| Refusal::json("a user is not an object"))?;
    let text = |key: &str| user.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let id = text("username").ok_or(Refusal::illegal_argument("username cannot be empty"))?;
    text("password").ok_or(Refusal::illegal_argument("password cannot be empty"))?;
    Ok(id.to_ascii_lowercase())
}

/// `DELETE /users/{username}`
pub(crate) fn delete(turn: &mut Turn<'_>, user: &str) -> Outcome {
    turn.known(user)?;
    turn.world.delete(user, turn.scribe);
    Ok(turn.envelope("delete", vec![entity(turn, user)], None))
}

fn entity(turn: &Turn<'_>, user: &str) -> Value {
    json!({
        "type": "user",
        "created": turn.now_ms,
        "modified": turn.now_ms,
        "username": user,
        "activated": true,
    })
}

/// `GET /users/{username}/status`
pub(crate) fn online_state(turn: &Turn<'_>, user: &str) -> Outcome {
    turn.known(user)?;
    Ok(turn.short_envelope("get", &state(turn, user)))
}

/// `POST /users/batch/status`
pub(crate) fn online_states(turn: &Turn<'_>) -> Outcome {
    let body: Value = turn.json()?;
    let ids = usernames::of_object(&body, Refusal::illegal_argument("too many queries"))?;
    let data: Vec<Value> = ids.iter().map(|id| state(turn, id)).collect();
    Ok(json!({
        "action": "get batch user status",
        "data": data,
        "timestamp": turn.now_ms,
        "duration": 0,
    }))
}

fn state(turn: &Turn<'_>, user: &str) -> Value {
    json!({ user: if turn.world.is_online(user) { "online" } else { "offline" } })
}

/// `GET /users/{username}/resources`
pub(crate) fn devices(turn: &Turn<'_>, user: &str) -> Outcome {
    turn.known(user)?;
    let logged_in = turn.world.users.get(user).into_iter().flat_map(|user| &user.logged_in);
    let data: Vec<Value> = logged_in
        .map(|(resource, device)| {
            json!({ "res": resource, "device_uuid": device.uuid, "device_name": device.name })
        })
        .collect();
    Ok(turn.envelope("get", Vec::new(), Some(data.into())))
}
