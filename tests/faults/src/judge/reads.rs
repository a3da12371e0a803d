//! L2 for what reads: the answer is the state.

use easemob_presence_faults_protocol::{Call, Fate};
use serde_json::{Map, Value, json};

use super::evidence::{Evidence, user};
use super::{Violation, Wrong};

/// Answers of calls that succeeded say what the state was. Workloads read only what nothing changes meanwhile.
pub(super) fn truth(evidence: &Evidence) -> Vec<Violation> {
    if evidence.expect.edited {
        return Vec::new();
    }
    evidence
        .told()
        .filter(|(_, told)| told.outcome == Fate::Applied)
        .filter_map(|(call, told)| {
            let answer = told.answer.clone().unwrap_or_default();
            let right = [&evidence.state, &evidence.state_before]
                .into_iter()
                .map(|state| expected(call, state))
                .collect::<Option<Vec<_>>>()?;
            if right.contains(&shown(call, &answer)) {
                return None;
            }
            let text = format!("{} was answered {answer}, and the state is {right:?}", call.op);
            Some(Violation::of(Wrong::Lost, call.item, text))
        })
        .collect()
}

/// What a read must show of a state; none for calls that read nothing.
fn expected(call: &Call, state: &Value) -> Option<Value> {
    let user = |id: &str| user(state, id);
    let presence = |id: &String| {
        let (known, mut devices) = (user(id), Map::new());
        for (resource, status) in known["devices"].as_object().into_iter().flatten() {
            devices.insert(resource.clone(), number(status));
        }
        json!({"user": id.to_ascii_lowercase(), "ext": known["ext"].as_str().unwrap_or_default(), "devices": devices})
    };
    let online =
        |id: &str| json!(user(id)["logged_in"].as_array().is_some_and(|devices| !devices.is_empty()));
    Some(match call.op.as_str() {
        "get" => presence(call.ids.first()?),
        "get_many" | "subscribe" => {
            json!({"found": call.ids.iter().map(presence).collect::<Vec<_>>(), "missing": [], "unmatched": []})
        }
        "subscriptions" => {
            let ids = user(&call.user)["subscriptions"].as_object().map(|all| all.keys().cloned().collect());
            sorted(ids.unwrap_or_default())
        }
        "devices" => user(&call.user)["logged_in"].clone(),
        "is_online" => online(&call.user),
        "online_states" => call.ids.iter().map(|id| (id.clone(), online(id))).collect::<Map<_, _>>().into(),
        "group_online_count" => {
            let id = call.ids.first()?;
            let groups = state["groups"].as_array()?;
            groups.iter().find(|group| group["group_id"] == **id)?["count"].clone()
        }
        _ => return None,
    })
}

/// The answer without what depends on the time.
fn shown(call: &Call, answer: &Value) -> Value {
    let presence = |presence: &Value| {
        let user = presence["user"].as_str().unwrap_or_default().to_ascii_lowercase();
        json!({"user": user, "ext": presence["ext"], "devices": presence["devices"]})
    };
    match call.op.as_str() {
        "get" => presence(answer),
        "get_many" | "subscribe" => {
            let found: Vec<_> = answer["found"].as_array().into_iter().flatten().map(presence).collect();
            json!({"found": found, "missing": answer["missing"], "unmatched": answer["unmatched"]})
        }
        "subscriptions" => {
            let ids = answer.as_array().into_iter().flatten();
            sorted(ids.filter_map(Value::as_str).map(str::to_owned).collect())
        }
        _ => answer.clone(),
    }
}

fn sorted(mut ids: Vec<String>) -> Value {
    ids.sort_unstable();
    ids.into()
}

fn number(status: &Value) -> Value {
    match status {
        Value::String(text) => text.parse::<u64>().map_or(Value::Null, Into::into),
        other => other.clone(),
    }
}
