//! L2 for what changes state: applied is in the journal and in the state, refused is not, and nothing old comes back.

use std::collections::HashMap;

use easemob_presence_faults_protocol::{Call, Fate, Outcome};
use serde_json::Value;

use super::evidence::{Changed, Evidence, Seen, field, user};
use super::{Violation, Wrong};

pub(super) fn truth(evidence: &Evidence) -> Vec<Violation> {
    let requests = evidence.by_item();
    let mut violations = Vec::new();
    let (mut by_cause, mut by_device): (HashMap<u64, Vec<&Changed>>, HashMap<_, &Changed>) =
        Default::default();
    for changed in &evidence.changed {
        if let Some(cause) = changed.cause {
            by_cause.entry(cause).or_default().push(changed);
        }
        if changed.kind == "presence_set" {
            by_device
                .insert((changed.user.as_str(), changed.subject.as_deref().unwrap_or_default()), changed);
        }
    }
    for (call, told) in evidence.told() {
        if !matches!(call.op.as_str(), "set" | "subscribe" | "unsubscribe") {
            continue;
        }
        let seen = requests.get(&call.item).map_or(&[][..], Vec::as_slice);
        let changes: Vec<&Changed> =
            seen.iter().filter_map(|seen| by_cause.get(&seen.seq)).flatten().copied().collect();
        violations.extend(one(call, told, seen, &changes, &evidence.state));
    }
    for ((user, resource), last) in by_device {
        let known = self::user(&evidence.state, user);
        let shown = (field(field(known, "devices"), resource).as_str(), known["ext"].as_str());
        // The text is the user's: another device's write may have replaced it.
        let same = shown.0 == last.details.get("status").and_then(as_text).as_deref();
        if !same {
            let text =
                format!("{user}/{resource} is {shown:?} in the end, not what change {} made it", last.seq);
            violations.push(Violation::general(Wrong::Lost, text));
        }
    }
    violations.extend(overtaken(evidence, &requests));
    violations
}

fn one(
    call: &Call,
    told: &Outcome,
    seen: &[&Seen],
    changes: &[&Changed],
    state: &Value,
) -> Option<Violation> {
    let refused = matches!(told.status, Some(400..=499)) && told.outcome == Fate::Rejected;
    match told.outcome {
        Fate::Applied => {
            let missing = match call.op.as_str() {
                "set" => (!changes.iter().any(|changed| is_of(changed, call))).then(|| call.user.clone()),
                "subscribe" => call
                    .ids
                    .iter()
                    .find(|id| !changes.iter().any(|c| c.subject.as_ref() == Some(*id)))
                    .cloned(),
                // Ending what is not there changes nothing; what counts is that it is not there.
                _ => call
                    .ids
                    .iter()
                    .find(|id| !field(field(user(state, &call.user), "subscriptions"), id).is_null())
                    .cloned(),
            };
            missing.map(|what| {
                Violation::of(
                    Wrong::Lost,
                    call.item,
                    format!("told as applied, and no change of {what} by it"),
                )
            })
        }
        // A write whose place was taken after a first attempt says that it may have been made.
        Fate::NotApplied | Fate::Superseded
            if told.sent.as_deref() != Some("maybe") && !changes.is_empty() =>
        {
            let text = format!("told as {:?}, and change {} is its", told.outcome, changes.first()?.seq);
            Some(Violation::of(Wrong::Dishonest, call.item, text))
        }
        // Of a status of 500 and above nobody can say that nothing was done.
        Fate::Rejected if refused && seen.len() == 1 && !changes.is_empty() => Some(Violation::of(
            Wrong::Dishonest,
            call.item,
            format!("told as refused, and change {} is its", changes.first()?.seq),
        )),
        _ => None,
    }
}

fn is_of(changed: &Changed, call: &Call) -> bool {
    changed.user.eq_ignore_ascii_case(&call.user)
        && changed.subject == call.resource
        && changed.details.get("status").and_then(as_text) == call.status.map(|status| status.to_string())
        && changed.details.get("ext").and_then(Value::as_str) == call.ext.as_deref()
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A request of an older item that arrives after a newer one to the same device had been answered.
fn overtaken(evidence: &Evidence, requests: &HashMap<u64, Vec<&Seen>>) -> Vec<Violation> {
    let mut newest: HashMap<(String, String), Vec<(u64, u64)>> = HashMap::new();
    let writes = evidence.submitted.iter().filter(|call| call.op == "set");
    for call in writes.clone() {
        let applied = requests.get(&call.item).into_iter().flatten().filter(|seen| seen.status == Some(200));
        if let Some(first) = applied.map(|seen| seen.seq).min() {
            newest.entry(device(call)).or_default().push((call.item, first));
        }
    }
    let mut violations = Vec::new();
    for call in writes {
        let last = requests.get(&call.item).into_iter().flatten().map(|seen| seen.seq).max();
        let newer = newest.get(&device(call)).into_iter().flatten();
        if let Some(last) = last
            && let Some((other, _)) = newer.clone().find(|(item, seq)| *item > call.item && *seq < last)
            && is_changed_by(evidence, last)
        {
            let text = format!("request {last} made it again after item {other}, which is newer");
            violations.push(Violation::of(Wrong::Doubled, call.item, text));
        }
    }
    violations
}

fn is_changed_by(evidence: &Evidence, cause: u64) -> bool {
    evidence.changed.iter().any(|changed| changed.cause == Some(cause))
}

fn device(call: &Call) -> (String, String) {
    (call.user.to_ascii_lowercase(), call.resource.clone().unwrap_or_default())
}
