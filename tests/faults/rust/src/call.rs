//! One call.

use std::future::Future;
use std::time::{Duration, Instant};

use easemob_presence::{Client, Error, Status, User};
use easemob_presence_faults_protocol::{Call, Fate, Outcome};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use crate::{answer, tell};

pub(crate) async fn make(client: &Client, call: &Call) -> Outcome {
    let began = Instant::now();
    let ended = match call.cancel_ms {
        None => answered(client, call).await,
        // Dropping the future is what cancelling is.
        Some(ms) => match within(ms, answered(client, call)).await {
            Some(ended) => ended,
            None => return tell::outcome(call.item, Fate::Cancelled, began),
        },
    };
    match ended {
        Ok(answer) => Outcome { answer: Some(answer), ..tell::outcome(call.item, Fate::Applied, began) },
        Err(error) => tell::failed(call.item, began, &error),
    }
}

async fn within<T>(ms: u64, call: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(Duration::from_millis(ms), call).await.ok()
}

async fn answered(client: &Client, call: &Call) -> Result<Value, Error> {
    let ids = || call.ids.iter().map(String::as_str);
    match call.op.as_str() {
        "online_states" => return Ok(answer::states(&client.online_states(ids()).await?, &call.ids)),
        "group_online_count" => {
            let group = call.ids.first().cloned().unwrap_or_default();
            return Ok(json!(client.group_online_count(group).await?));
        }
        "app_token" => return client.app_token().await.map(|token| json!(format!("{token:?}"))),
        _ => {}
    }
    let user = client.user(&call.user)?;
    match call.op.as_str() {
        "set" => set(&user, call).await,
        "get" => Ok(answer::presence(&user.get(ids().next().unwrap_or_default()).await?)),
        "get_many" => Ok(answer::presences(&user.get_many(ids()).await?)),
        "subscribe" => {
            let subscribe = user.subscribe(ids());
            let presences = match call.ttl_s {
                Some(ttl) => subscribe.ttl(Duration::from_secs(ttl.try_into().unwrap_or_default())).await?,
                None => subscribe.await?,
            };
            Ok(answer::presences(&presences))
        }
        "unsubscribe" => user.unsubscribe(ids()).await.map(|()| Value::Null),
        "subscriptions" => subscriptions(&user, call).await,
        "subscriptions_page" => {
            let page = user.subscriptions_page(number(call.page.unwrap_or(1)));
            let page = page.page_size(number(call.page_size.unwrap_or(100))).await?;
            let users = page.subscriptions().iter().map(|subscription| subscription.user_id().to_string());
            Ok(users.collect::<Vec<_>>().into())
        }
        "devices" => {
            let devices = user.devices().await?;
            Ok(devices.iter().map(|device| device.resource().to_string()).collect::<Vec<_>>().into())
        }
        "is_online" => user.is_online().await.map(Value::from),
        other => Ok(json!({ "no such call": other })),
    }
}

async fn set(user: &User, call: &Call) -> Result<Value, Error> {
    let status = Status::from(call.status.unwrap_or_default());
    let set = user.set(call.resource.as_deref().unwrap_or_default(), status);
    set.ext(call.ext.as_deref().unwrap_or_default()).await.map(|()| Value::Null)
}

async fn subscriptions(user: &User, call: &Call) -> Result<Value, Error> {
    let mut stream = user.subscriptions();
    if let Some(size) = call.page_size {
        stream = stream.page_size(number(size));
    }
    let mut users = Vec::new();
    while let Some(subscription) = stream.try_next().await? {
        users.push(subscription.user_id().to_string());
    }
    Ok(users.into())
}

/// Numbers that the parameter cannot hold stand for the nearest that it can: the compiler refuses the rest.
fn number(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}
