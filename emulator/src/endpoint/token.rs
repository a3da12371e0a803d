//! The token call.

use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::millis;
use crate::endpoint::turn::{Outcome, Turn};
use crate::http::refusal::Refusal;

/// `POST /token`
pub(crate) fn issue(turn: &mut Turn<'_>) -> Outcome {
    let body: Value = turn.json()?;
    match body.get("grant_type").and_then(Value::as_str) {
        Some("client_credentials") => by_credentials(turn, &body),
        Some("agora") => by_exchange(turn),
        _ => Err(Refusal::invalid_grant("unsupported grant_type")),
    }
}

fn by_credentials(turn: &mut Turn<'_>, body: &Value) -> Outcome {
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    if text("client_id") != Some(turn.identity.client_id.as_str()) {
        return Err(Refusal::invalid_grant("client_id does not match"));
    }
    if text("client_secret") != Some(turn.identity.client_secret.as_str()) {
        return Err(Refusal::invalid_grant("client_secret does not match"));
    }
    let in_millis = turn.settings.token_millis;
    let (life, expires_in) = match body.get("ttl") {
        None | Some(Value::Null) => {
            let life = turn.settings.default_token_ttl;
            // Rounded up: a life of half a second is not 0, which would be for ever.
            (Some(life), if in_millis { millis(life) } else { millis(life).div_ceil(1_000) })
        }
        Some(ttl) => {
            let ttl = ttl.as_u64().ok_or(Refusal::illegal_argument("ttl is not a number of at least 0"))?;
            let life = if in_millis { Duration::from_millis(ttl) } else { Duration::from_secs(ttl) };
            ((ttl > 0).then_some(life), ttl)
        }
    };
    let token = turn.tokens.issue(life, turn.now_ms, turn.scribe);
    Ok(json!({ "access_token": token, "expires_in": expires_in, "application": turn.identity.app_id }))
}

/// A token for a token: what one vendor SDK does with an Agora `AccessToken2`.
fn by_exchange(turn: &mut Turn<'_>) -> Outcome {
    turn.tokens.check(turn.received.authorization.as_deref(), turn.now_ms)?;
    let life = turn.settings.default_token_ttl;
    let token = turn.tokens.issue(Some(life), turn.now_ms, turn.scribe);
    let expires = turn.now_ms.saturating_add(millis(life));
    Ok(json!({ "access_token": token, "expire_timestamp": expires }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{NOW, Stage};

    fn credentials() -> Value {
        json!({
            "grant_type": "client_credentials",
            "client_id": "emulator-client-id",
            "client_secret": "emulator-secret",
        })
    }

    fn with_ttl(ttl: Value) -> Value {
        let mut body = credentials();
        body["ttl"] = ttl;
        body
    }

    /// What `expires_in` says, and whether the token is valid this much later.
    fn life(stage: &mut Stage, body: &Value, later_ms: u64) -> (u64, bool) {
        let answer = issue(&mut stage.sent(body).turn()).unwrap();
        let header = format!("Bearer {}", answer["access_token"].as_str().unwrap());
        let valid = stage.tokens.check(Some(&header), NOW * 1_000 + later_ms).is_ok();
        (answer["expires_in"].as_u64().unwrap(), valid)
    }

    #[test]
    fn a_token_lives_for_the_ttl_asked_for() {
        let mut stage = Stage::new();
        assert_eq!(life(&mut stage, &with_ttl(json!(100)), 99_999), (100, true));
        assert_eq!(life(&mut stage, &with_ttl(json!(100)), 100_000), (100, false));
        assert_eq!(life(&mut stage, &with_ttl(json!(0)), u64::MAX / 2), (0, true));
        stage.settings.token_millis = true;
        assert_eq!(life(&mut stage, &with_ttl(json!(100)), 99), (100, true));
        assert_eq!(life(&mut stage, &with_ttl(json!(100)), 100), (100, false));
    }

    #[test]
    fn without_a_ttl_a_token_lives_for_the_default_to_the_millisecond() {
        let mut stage = Stage::new();
        let days = 60 * 24 * 3_600;
        assert_eq!(life(&mut stage, &credentials(), days * 1_000 - 1), (days, true));
        assert_eq!(life(&mut stage, &with_ttl(Value::Null), days * 1_000), (days, false));
        stage.settings.default_token_ttl = Duration::from_millis(1_500);
        assert_eq!(life(&mut stage, &credentials(), 1_499), (2, true));
        assert_eq!(life(&mut stage, &credentials(), 1_500), (2, false));
    }

    #[test]
    fn a_default_life_of_less_than_a_second_is_not_for_ever() {
        let mut stage = Stage::new();
        stage.settings.default_token_ttl = Duration::from_millis(500);
        assert_eq!(life(&mut stage, &credentials(), 500), (1, false));
        stage.settings.default_token_ttl = Duration::ZERO;
        assert!(!life(&mut stage, &credentials(), 0).1);
    }

    #[test]
    fn a_ttl_that_is_no_count_is_refused() {
        for wrong in [json!(-1), json!(1.5), json!("100")] {
            let refused = issue(&mut Stage::new().sent(&with_ttl(wrong)).turn());
            assert_eq!(refused, Err(Refusal::illegal_argument("ttl is not a number of at least 0")));
        }
    }

    #[test]
    fn wrong_credentials_issue_nothing() {
        let mut stage = Stage::new();
        for (field, wrong) in
            [("client_id", json!("x")), ("client_secret", json!(null)), ("grant_type", json!(1))]
        {
            let mut body = credentials();
            body[field] = wrong;
            let refused = issue(&mut stage.sent(&body).turn()).unwrap_err();
            assert_eq!(
                (refused.status, refused.body(crate::PresenceErrors::Result, 0)["error"].as_str()),
                (400, Some("invalid_grant"))
            );
        }
        assert_eq!(stage.tokens.valid(0), 0);
        assert!(stage.changes().is_empty());
    }

    #[test]
    fn an_exchange_needs_a_valid_token_and_answers_the_end_in_milliseconds() {
        let mut stage = Stage::new();
        let asked = json!({"grant_type": "agora"});
        assert_eq!(issue(&mut stage.sent(&asked).turn()), Err(Refusal::no_token()));
        let known = stage.turn();
        known.tokens.accept("007x".into(), None, 0, known.scribe);
        let answer = issue(&mut stage.authorized("007x").turn()).unwrap();
        assert_eq!(answer["expire_timestamp"], (NOW + 60 * 24 * 3_600) * 1_000);
        let header = format!("Bearer {}", answer["access_token"].as_str().unwrap());
        assert_eq!(stage.tokens.check(Some(&header), NOW * 1_000), Ok(()));
    }
}
