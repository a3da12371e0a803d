//! The token call.

use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::millis;
use crate::refusal::Refusal;
use crate::turn::{Outcome, Turn};

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
    let to_wire = |life: Duration| if in_millis { millis(life) } else { life.as_secs() };
    let ttl = match body.get("ttl") {
        None | Some(Value::Null) => to_wire(turn.settings.default_token_ttl),
        Some(ttl) => ttl.as_u64().ok_or(Refusal::illegal_argument("ttl is not a number of at least 0"))?,
    };
    let life = if in_millis { Duration::from_millis(ttl) } else { Duration::from_secs(ttl) };
    let token = turn.tokens.issue((ttl > 0).then_some(life), turn.now_ms, turn.scribe);
    Ok(json!({ "access_token": token, "expires_in": ttl, "application": turn.identity.app_id }))
}

/// A token for a token: what one vendor SDK does with an Agora `AccessToken2`.
fn by_exchange(turn: &mut Turn<'_>) -> Outcome {
    turn.tokens.check(turn.received.authorization.as_deref(), turn.now_ms)?;
    let life = turn.settings.default_token_ttl;
    let token = turn.tokens.issue(Some(life), turn.now_ms, turn.scribe);
    let expires = turn.now_ms.saturating_add(millis(life));
    Ok(json!({ "access_token": token, "expire_timestamp": expires }))
}
