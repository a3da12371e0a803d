//! Setting and getting presence.

use serde_json::{Map, Value, json};

use crate::endpoint::turn::{Outcome, Turn};
use crate::endpoint::usernames;
use crate::http::refusal::Refusal;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::record::ChangeKind;
    use crate::stage::{NOW, Stage};

    fn set_with(stage: &mut Stage, body: &Value) -> Outcome {
        set(&mut stage.sent(body).turn(), "c1", "ios_1", "1")
    }

    #[test]
    fn what_is_set_is_what_get_shows() {
        let mut stage = Stage::new();
        assert_eq!(set_with(&mut stage, &json!({"ext": "busy"})), Ok(json!({"result": "ok"})));
        let seen = get(&stage.sent(&json!({"usernames": ["C1"]})).turn(), "wzy").unwrap();
        let item =
            json!({"uid": "c1", "last_time": NOW.to_string(), "ext": "busy", "status": {"ios_1": "1"}});
        assert_eq!(seen, json!({ "result": [item] }));
        assert_eq!(stage.changes(), [ChangeKind::PresenceSet]);
    }

    #[test]
    fn ext_is_needed_but_may_be_empty() {
        let mut stage = Stage::new();
        for missing in [json!({}), json!({"ext": null})] {
            assert_eq!(set_with(&mut stage, &missing), Err(Refusal::presence("ext cannot be null")));
        }
        assert_eq!(set_with(&mut stage, &json!({"ext": 1})), Err(Refusal::json("ext is not a string")));
        assert_eq!(set_with(&mut stage, &json!("ext")), Err(Refusal::json("the body is not an object")));
        assert!(stage.changes().is_empty());
        assert!(set_with(&mut stage, &json!({"ext": ""})).is_ok());
    }

    #[test]
    fn ext_is_measured_in_bytes() {
        let mut stage = Stage::new();
        assert!(set_with(&mut stage, &json!({"ext": "é".repeat(512)})).is_ok());
        let too_big = json!({"ext": format!("{}x", "é".repeat(512))});
        assert_eq!(set_with(&mut stage, &too_big), Err(Refusal::presence("ext is too big")));
    }

    #[test]
    fn a_status_is_digits_only() {
        let mut stage = Stage::new();
        stage.sent(&json!({"ext": ""}));
        for wrong in ["", "-1", "+1", "1.0", "one", "１"] {
            let refused = set(&mut stage.turn(), "c1", "ios_1", wrong);
            assert_eq!(refused, Err(Refusal::presence("status is not a number")), "{wrong}");
        }
        assert!(set(&mut stage.turn(), "c1", "ios_1", "105").is_ok());
    }

    #[test]
    fn only_the_registered_are_admitted_if_that_is_required() {
        let mut stage = Stage::new();
        stage.settings.require_registration = true;
        assert_eq!(set_with(&mut stage, &json!({"ext": ""})), Err(Refusal::no_such_user()));
        assert_eq!(get(&stage.turn(), "c1"), Err(Refusal::no_such_user()));
    }

    #[test]
    fn one_never_heard_of_has_an_empty_presence_with_a_list_for_its_status() {
        let empty = json!({"uid": "x", "last_time": "", "expiry": "7", "ext": "", "status": []});
        assert_eq!(item(&Stage::new().turn(), "x", Some(7)), empty);
    }

    #[test]
    fn a_status_is_a_number_only_where_that_loses_nothing() {
        let mut stage = Stage::new();
        assert_eq!(status_value(&stage.turn(), "105"), "105");
        stage.settings.numbers_as_strings = false;
        assert_eq!(status_value(&stage.turn(), "105"), 105);
        assert_eq!(status_value(&stage.turn(), "007"), "007");
        assert_eq!(status_value(&stage.turn(), "99999999999999999999"), "99999999999999999999");
    }
}
