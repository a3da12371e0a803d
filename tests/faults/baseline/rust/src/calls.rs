//! One call.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use easemob_presence_faults_protocol::{Call, Fate, Outcome};
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::presence::{ApiError, Client, segment};

pub(crate) async fn make(client: &Client, call: &Call) -> Outcome {
    let began = Instant::now();
    let work = answered(client, call);
    let ended = match call.cancel_ms {
        None => Some(work.await),
        Some(ms) => tokio::time::timeout(Duration::from_millis(ms), work).await.ok(),
    };
    let ms = began.elapsed().as_secs_f64() * 1_000.0;
    let mut outcome = Outcome {
        item: call.item,
        outcome: Fate::Cancelled,
        kind: None,
        status: None,
        sent: None,
        attempts: None,
        retry_after_ms: None,
        message: None,
        answer: None,
        ms,
    };
    match ended {
        None => {}
        Some(Ok(answer)) => {
            outcome.outcome = Fate::Applied;
            outcome.answer = Some(answer);
        }
        Some(Err(error)) => {
            eprintln!("{error:?}");
            outcome.outcome = Fate::of_error(error.kind, error.sent);
            outcome.kind = Some(error.kind.to_owned());
            outcome.sent = Some(error.sent.to_owned());
            outcome.status = error.status;
            outcome.message = Some(error.message);
        }
    }
    outcome
}

async fn answered(client: &Client, call: &Call) -> Result<Value, ApiError> {
    let own = format!("/users/{}", segment(&call.user));
    let (get, usernames) = (format!("{own}/presence"), Some(json!({ "usernames": call.ids })));
    match call.op.as_str() {
        "set" => {
            let resource = segment(call.resource.as_deref().unwrap_or_default());
            let path = format!("{own}/presence/{resource}/{}", call.status.unwrap_or_default());
            checked(client.call("set", Method::POST, &path, Some(json!({ "ext": call.ext }))).await?)
        }
        "get" => {
            let presences = presences(&client.call("get", Method::POST, &get, usernames).await?, &call.ids)?;
            presences["found"].get(0).cloned().ok_or_else(|| decode("nothing found"))
        }
        "get_many" => presences(&client.call("get", Method::POST, &get, usernames).await?, &call.ids),
        "subscribe" => {
            let path = format!("{own}/presence/{}", call.ttl_s.unwrap_or(3_600));
            presences(&client.call("subscribe", Method::POST, &path, usernames).await?, &call.ids)
        }
        "unsubscribe" => {
            checked(client.call("unsubscribe", Method::DELETE, &get, Some(json!(call.ids))).await?)
        }
        "subscriptions" => subscriptions(client, call, &own).await,
        "app_token" => client.token(None).await.map(|_| json!("token")),
        other => Err(ApiError::new("unsupported", "no", other.to_owned())),
    }
}

async fn subscriptions(client: &Client, call: &Call, own: &str) -> Result<Value, ApiError> {
    let mut users = Vec::new();
    for page in 1.. {
        let size = call.page_size.unwrap_or(100);
        let path = format!("{own}/presence/sublist?pageNum={page}&pageSize={size}");
        let answer = client.call("list", Method::GET, &path, None).await?;
        let list = answer["sublist"].as_array().ok_or_else(|| decode("no list"))?;
        if list.is_empty() {
            break;
        }
        users.extend(list.iter().map(|one| one["uid"].clone()));
    }
    Ok(users.into())
}

fn decode(message: &str) -> ApiError {
    ApiError::new("decode", "yes", message.to_owned())
}

fn checked(result: Value) -> Result<Value, ApiError> {
    if result == "ok" { Ok(Value::Null) } else { Err(ApiError::new("rejected", "yes", result.to_string())) }
}

fn presences(items: &Value, asked: &[String]) -> Result<Value, ApiError> {
    let items = items.as_array().ok_or_else(|| decode("no list"))?;
    let id = |item: &Value| item["uid"].as_str().unwrap_or_default().to_ascii_lowercase();
    let mut by_id: HashMap<String, Value> = items.iter().map(|item| (id(item), presence(item))).collect();
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for one in asked {
        match by_id.remove(&one.to_ascii_lowercase()) {
            Some(presence) => found.push(presence),
            None => missing.push(one.clone()),
        }
    }
    Ok(json!({ "found": found, "missing": missing, "unmatched": by_id.into_values().collect::<Vec<_>>() }))
}

fn presence(item: &Value) -> Value {
    let devices = item["status"].as_object().into_iter().flatten();
    let number = |value: &Value| match value {
        Value::String(text) => text.parse::<u64>().map_or(Value::Null, Into::into),
        other => other.clone(),
    };
    let devices: Map<String, Value> = devices.map(|(name, value)| (name.clone(), number(value))).collect();
    json!({ "user": item["uid"], "ext": item["ext"].as_str().unwrap_or_default(), "devices": devices, "online": false })
}
