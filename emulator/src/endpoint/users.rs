//! The older user calls: register, delete, online state and devices.

use serde_json::{Value, json};

use crate::endpoint::turn::{Outcome, Turn};
use crate::endpoint::usernames;
use crate::http::refusal::Refusal;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::record::ChangeKind;
    use crate::stage::Stage;
    use crate::world::store::Device;

    fn user(id: &str) -> Value {
        json!({"username": id, "password": "x"})
    }

    fn log_in(stage: &mut Stage, user: &str, resource: &str) {
        let turn = stage.turn();
        let device = Device { uuid: "u".into(), name: "n".into() };
        turn.world.login(user, resource, device, turn.now_ms, turn.scribe);
    }

    #[test]
    fn one_or_many_are_registered_in_lower_case() {
        let mut stage = Stage::new();
        let one = register(&mut stage.sent(&user("A")).turn()).unwrap();
        assert_eq!(one["entities"][0]["username"], "a");
        let many = register(&mut stage.sent(&json!([user("b"), user("c")])).turn()).unwrap();
        assert_eq!(many["entities"].as_array().unwrap().len(), 2);
        assert!(["a", "b", "c"].iter().all(|id| stage.world.is_registered(id)));
    }

    #[test]
    fn one_that_cannot_be_registered_keeps_the_others_out() {
        let mut stage = Stage::new();
        register(&mut stage.sent(&user("a")).turn()).unwrap();
        for body in [json!([user("b"), user("A")]), json!([user("b"), user("B")]), json!([user("b"), {}])] {
            assert_eq!(register(&mut stage.sent(&body).turn()).unwrap_err().status, 400, "{body}");
        }
        assert_eq!(stage.changes(), [ChangeKind::Registered]);
    }

    #[test]
    fn a_user_needs_a_name_and_a_password() {
        assert_eq!(username(&user("A")), Ok("a".into()));
        let empty = |field: &str| {
            let mut asked = user("a");
            asked[field] = "".into();
            username(&asked)
        };
        assert_eq!(empty("username"), Err(Refusal::illegal_argument("username cannot be empty")));
        assert_eq!(empty("password"), Err(Refusal::illegal_argument("password cannot be empty")));
        assert_eq!(username(&json!("a")), Err(Refusal::json("a user is not an object")));
    }

    #[test]
    fn only_a_known_user_can_be_deleted() {
        let mut stage = Stage::new();
        assert_eq!(delete(&mut stage.turn(), "a"), Err(Refusal::no_such_user()));
        stage.world.touch("a");
        assert_eq!(delete(&mut stage.turn(), "a").unwrap()["entities"][0]["username"], "a");
        assert!(!stage.world.is_known("a"));
    }

    #[test]
    fn one_unknown_is_not_found_and_among_many_is_offline() {
        let mut stage = Stage::new();
        log_in(&mut stage, "a", "ios_1");
        assert_eq!(online_state(&stage.turn(), "a").unwrap()["data"], json!({"a": "online"}));
        assert_eq!(online_state(&stage.turn(), "b"), Err(Refusal::no_such_user()));
        stage.world.touch("c");
        let many = online_states(&stage.sent(&json!({"usernames": ["b", "A", "c"]})).turn()).unwrap();
        assert_eq!(many["data"], json!([{"b": "offline"}, {"a": "online"}, {"c": "offline"}]));
    }

    #[test]
    fn devices_are_those_logged_in() {
        let mut stage = Stage::new();
        assert_eq!(devices(&stage.turn(), "a"), Err(Refusal::no_such_user()));
        log_in(&mut stage, "a", "ios_1");
        log_in(&mut stage, "a", "web_1");
        let turn = stage.turn();
        turn.world.logout("a", "web_1", turn.now_ms, turn.scribe);
        let expected = json!([{"res": "ios_1", "device_uuid": "u", "device_name": "n"}]);
        assert_eq!(devices(&turn, "a").unwrap()["data"], expected);
    }
}
