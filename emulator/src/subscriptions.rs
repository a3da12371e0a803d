//! Subscribing, unsubscribing and the list of subscriptions.

use serde_json::{Value, json};

use crate::presence::item;
use crate::refusal::Refusal;
use crate::turn::{Outcome, Turn};
use crate::usernames;

const LONGEST_SECONDS: u64 = 2_592_000;

/// `POST /users/{username}/presence/{expiry}`
pub(crate) fn subscribe(turn: &mut Turn<'_>, user: &str, expiry: &str) -> Outcome {
    let seconds = digits(expiry)
        .filter(|seconds| (1..=LONGEST_SECONDS).contains(seconds))
        .ok_or(Refusal::presence("expiry is not between 1 and 2592000"))?;
    turn.admit(user)?;
    let body: Value = turn.json()?;
    let ids = usernames::of_object(&body, Refusal::presence("too many sub presence"))?;
    if ids.contains(user) {
        return Err(Refusal::presence("you can't sub yourself"));
    }
    turn.world.touch(user);
    let (ends, moment) = (turn.now_ms.saturating_add(seconds * 1_000), turn.moment());
    let mut items = Vec::with_capacity(ids.len());
    for id in &ids {
        if turn.world.subscribe(user, id, ends, moment, turn.scribe) {
            items.push(item(turn, id, Some(ends / 1_000)));
        }
    }
    Ok(json!({ "result": items }))
}

/// `DELETE /users/{username}/presence`
pub(crate) fn unsubscribe(turn: &mut Turn<'_>, user: &str) -> Outcome {
    turn.admit(user)?;
    let body: Value = turn.json()?;
    let too_many = Refusal::presence("too many unsub presences");
    let moment = turn.moment();
    for id in usernames::of_array(&body, turn.settings.lenient_delete_body, too_many)? {
        turn.world.unsubscribe(user, &id, moment, turn.scribe);
    }
    Ok(json!({ "result": "ok" }))
}

/// `GET /users/{username}/presence/sublist?pageNum=1&pageSize=100`
pub(crate) fn list(turn: &mut Turn<'_>, user: &str) -> Outcome {
    let page = parameter(turn.received.query(), "pageNum")
        .ok_or(Refusal::presence("pageNum is not a number"))?
        .unwrap_or(1)
        .max(1);
    let size = parameter(turn.received.query(), "pageSize")
        .map(|size| size.unwrap_or(1))
        .filter(|size| *size > 0)
        .ok_or(Refusal::presence("pageSize is not a positive number"))?
        .min(u64::from(turn.settings.page_size_cap));
    let all = turn.world.ledger.listed(user, turn.now_ms);
    let skipped = usize::try_from((page - 1).saturating_mul(size)).unwrap_or(usize::MAX);
    let shown = all.iter().skip(skipped).take(usize::try_from(size).unwrap_or(usize::MAX));
    let sublist: Vec<Value> =
        shown.map(|(id, ends)| json!({ "uid": id, "expiry": turn.number(ends / 1_000) })).collect();
    Ok(json!({ "result": { "totalnum": turn.number(all.len() as u64), "sublist": sublist } }))
}

/// A query parameter: absent, a number, or (the outer none) something else.
#[expect(clippy::option_option, reason = "absent and wrong are different, and wrong has no value")]
fn parameter(query: &str, name: &str) -> Option<Option<u64>> {
    let found = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
    match found {
        None | Some((_, "")) => Some(None),
        Some((_, value)) => digits(value).map(Some),
    }
}

fn digits(text: &str) -> Option<u64> {
    // `parse` alone would take a sign.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_absent_a_number_or_wrong() {
        assert_eq!(parameter("pageNum=2&pageSize=10", "pageSize"), Some(Some(10)));
        assert_eq!(parameter("pageNum=2", "pageSize"), Some(None));
        assert_eq!(parameter("", "pageSize"), Some(None));
        for wrong in ["pageSize=x", "pageSize=-1", "pageSize=+1", "pageSize=99999999999999999999"] {
            assert_eq!(parameter(wrong, "pageSize"), None, "{wrong}");
        }
    }
}
