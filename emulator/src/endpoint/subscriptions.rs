//! Subscribing, unsubscribing and the list of subscriptions.

use serde_json::{Value, json};

use crate::endpoint::presence::item;
use crate::endpoint::turn::{Outcome, Turn};
use crate::endpoint::usernames;
use crate::http::refusal::Refusal;

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
    use crate::stage::{NOW, Stage};
    use crate::world::ledger::MOST;

    #[test]
    fn a_parameter_is_absent_a_number_or_wrong() {
        assert_eq!(parameter("pageNum=2&pageSize=10", "pageSize"), Some(Some(10)));
        assert_eq!(parameter("pageNum=2", "pageSize"), Some(None));
        assert_eq!(parameter("", "pageSize"), Some(None));
        for wrong in ["pageSize=x", "pageSize=-1", "pageSize=+1", "pageSize=99999999999999999999"] {
            assert_eq!(parameter(wrong, "pageSize"), None, "{wrong}");
        }
    }

    #[test]
    fn an_expiry_is_a_whole_number_within_its_bounds() {
        let mut stage = Stage::new();
        stage.sent(&json!({"usernames": ["c1"]}));
        for wrong in ["0", "2592001", "-1", "+1", "1e3", "android", "99999999999999999999"] {
            let refused = subscribe(&mut stage.turn(), "wzy", wrong);
            assert_eq!(refused, Err(Refusal::presence("expiry is not between 1 and 2592000")), "{wrong}");
        }
        assert!(!stage.world.is_known("wzy"));
        for right in ["1", "2592000"] {
            assert!(subscribe(&mut stage.turn(), "wzy", right).is_ok(), "{right}");
        }
    }

    #[test]
    fn one_wrong_id_keeps_the_others_from_being_subscribed() {
        let mut stage = Stage::new();
        let refused = subscribe(&mut stage.sent(&json!({"usernames": ["c1", "WZY"]})).turn(), "wzy", "60");
        assert_eq!(refused, Err(Refusal::presence("you can't sub yourself")));
        assert!(stage.changes().is_empty() && !stage.world.is_known("wzy"));
    }

    #[test]
    fn a_subscription_that_found_no_room_is_left_out_of_the_answer() {
        let mut stage = Stage::new();
        for n in 0..MOST {
            let turn = stage.turn();
            turn.world.subscribe(&format!("o{n}"), "star", u64::MAX, turn.moment(), turn.scribe);
        }
        let answer = subscribe(&mut stage.sent(&json!({"usernames": ["star", "c1"]})).turn(), "wzy", "60");
        let end = (NOW + 60).to_string();
        let item = json!({"uid": "c1", "last_time": "", "expiry": end, "ext": "", "status": []});
        assert_eq!(answer, Ok(json!({ "result": [item] })));
    }

    #[test]
    fn unsubscribing_ends_what_is_there_and_accepts_what_is_not() {
        let mut stage = Stage::new();
        subscribe(&mut stage.sent(&json!({"usernames": ["c1", "c2"]})).turn(), "wzy", "60").unwrap();
        let answer = unsubscribe(&mut stage.sent(&json!(["C1", "wzy", "stranger"])).turn(), "wzy");
        assert_eq!(answer, Ok(json!({"result": "ok"})));
        assert_eq!(page(&mut stage, "pageSize=9"), (1, vec!["c2".to_owned()]));
    }

    /// The total and the ids of a page.
    fn page(stage: &mut Stage, query: &str) -> (u64, Vec<String>) {
        stage.settings.numbers_as_strings = false;
        let body = list(&mut stage.queried(query).turn(), "wzy").unwrap();
        let items = body["result"]["sublist"].as_array().unwrap();
        let ids = items.iter().map(|item| item["uid"].as_str().unwrap().to_owned()).collect();
        (body["result"]["totalnum"].as_u64().unwrap(), ids)
    }

    #[test]
    fn pages_count_from_one_and_zero_is_the_first() {
        let mut stage = Stage::new();
        subscribe(&mut stage.sent(&json!({"usernames": ["a", "b", "c"]})).turn(), "wzy", "60").unwrap();
        stage.settings.page_size_cap = 2;
        for (query, shown) in [
            ("", &["a"][..]),
            ("pageNum=0&pageSize=2", &["a", "b"]),
            ("pageNum=1&pageSize=500", &["a", "b"]),
            ("pageNum=2&pageSize=2", &["c"]),
            ("pageNum=18446744073709551615&pageSize=2", &[]),
            // Twice as many as a number can hold.
            ("pageNum=9223372036854775809&pageSize=2", &[]),
        ] {
            assert_eq!(
                page(&mut stage, query),
                (3, shown.iter().map(ToString::to_string).collect()),
                "{query}"
            );
        }
    }

    #[test]
    fn a_page_that_is_none_is_refused() {
        for wrong in ["pageNum=x", "pageNum=-1", "pageSize=0", "pageSize=x"] {
            assert!(list(&mut Stage::new().queried(wrong).turn(), "wzy").is_err(), "{wrong}");
        }
    }
}
