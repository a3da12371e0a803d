//! One call as the cases describe it, and how it is made.

use std::time::Duration;

use easemob_presence::{Call as SdkCall, Client, Error, GroupKind, Presences, Status, operation::Operation};
use futures_util::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Problem;

/// A text, or one text many times over where writing it out would be unreadable.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Text {
    Plain(String),
    Repeated { repeat: String, times: usize },
}

impl Text {
    pub(crate) fn get(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Repeated { repeat, times } => repeat.repeat(*times),
        }
    }
}

/// A list of ids, or one id with every number of a range behind it; a list may hold such ranges.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Ids {
    Listed(Vec<Ids>),
    Numbered { numbered: String, from: usize, to: usize },
    One(Text),
}

impl Ids {
    pub(crate) fn get(&self) -> Vec<String> {
        match self {
            Self::Listed(ids) => ids.iter().flat_map(Ids::get).collect(),
            Self::Numbered { numbered, from, to } => {
                (*from..=*to).map(|number| format!("{numbered}{number}")).collect()
            }
            Self::One(text) => vec![text.get()],
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Group,
    SuperCommunityServer,
}

/// The operation with its parameters; each takes its own and no others.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Call {
    Set {
        user: Text,
        resource: Text,
        #[serde(deserialize_with = "Deserialize::deserialize")]
        status: Option<u32>,
        ext: Option<Text>,
    },
    Subscribe {
        user: Text,
        ids: Ids,
        ttl_seconds: Option<f64>,
    },
    Get {
        user: Text,
        id: Text,
    },
    GetMany {
        user: Text,
        ids: Ids,
    },
    /// What each request brought.
    IterMany {
        user: Text,
        ids: Ids,
    },
    Unsubscribe {
        user: Text,
        ids: Ids,
    },
    /// All pages, as a list.
    Subscriptions {
        user: Text,
        page_size: Option<u32>,
    },
    SubscriptionsPage {
        user: Text,
        page: u32,
        page_size: Option<u32>,
    },
    Devices {
        user: Text,
    },
    IsOnline {
        user: Text,
    },
    OnlineStates {
        ids: Ids,
    },
    GroupOnlineCount {
        group_id: Text,
        group_kind: Option<Kind>,
    },
    AppToken {},
}

/// A typed value in its serialized form, with the raw answer where the call gives one.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) value: Value,
    pub(crate) raw: Option<String>,
    /// The items of `iter_many`.
    pub(crate) items: Vec<Result<Presences, Error>>,
}

/// What a call came to; the outer error is one of the runner.
pub(crate) type Outcome = Result<Result<Answered, Error>, Problem>;

impl Call {
    /// The name under which the call's errors report it.
    pub(crate) fn operation(&self) -> &'static str {
        match self {
            Self::Set { .. } => "set",
            Self::Subscribe { .. } => "subscribe",
            Self::Get { .. } => "get",
            Self::GetMany { .. } | Self::IterMany { .. } => "get_many",
            Self::Unsubscribe { .. } => "unsubscribe",
            Self::Subscriptions { .. } | Self::SubscriptionsPage { .. } => "subscriptions",
            Self::Devices { .. } => "devices",
            Self::IsOnline { .. } => "is_online",
            Self::OnlineStates { .. } => "online_states",
            Self::GroupOnlineCount { .. } => "group_online_count",
            Self::AppToken {} => "token",
        }
    }

    /// Makes the call.
    pub(crate) async fn make(&self, client: &Client) -> Outcome {
        let user = match self.user().map(|user| client.user(user)) {
            Some(Err(error)) => return Ok(Err(error)),
            Some(Ok(user)) => Some(user),
            None => None,
        };
        let user = || user.clone().ok_or_else(|| format!("{} has no user", self.operation()));
        match self {
            Self::Set { resource, status, ext, .. } => {
                let call = user()?.set(resource.get(), Status::from(*status));
                typed(match ext {
                    Some(ext) => call.ext(ext.get()),
                    None => call,
                })
                .await
            }
            Self::Subscribe { ids, ttl_seconds, .. } => {
                let call = user()?.subscribe(ids.get());
                presences(match ttl_seconds {
                    Some(seconds) => call.ttl(duration(*seconds)?).await,
                    None => call.await,
                })
            }
            Self::Get { id, .. } => typed(user()?.get(id.get())).await,
            Self::GetMany { ids, .. } => presences(user()?.get_many(ids.get()).await),
            Self::IterMany { ids, .. } => {
                let items = user()?.iter_many(ids.get()).collect().await;
                Ok(Ok(Answered { value: Value::Null, raw: None, items }))
            }
            Self::Unsubscribe { ids, .. } => plain(user()?.unsubscribe(ids.get()).await),
            Self::Subscriptions { page_size, .. } => {
                let stream = user()?.subscriptions();
                let stream = match page_size {
                    Some(size) => stream.page_size(*size),
                    None => stream,
                };
                plain(stream.try_collect::<Vec<_>>().await)
            }
            Self::SubscriptionsPage { page, page_size, .. } => {
                let call = user()?.subscriptions_page(*page);
                typed(match page_size {
                    Some(size) => call.page_size(*size),
                    None => call,
                })
                .await
            }
            Self::Devices { .. } => typed(user()?.devices()).await,
            Self::IsOnline { .. } => typed(user()?.is_online()).await,
            Self::OnlineStates { ids } => plain(client.online_states(ids.get()).await),
            Self::GroupOnlineCount { group_id, group_kind } => {
                let call = client.group_online_count(group_id.get());
                typed(match group_kind {
                    Some(Kind::Group) => call.kind(GroupKind::Group),
                    Some(Kind::SuperCommunityServer) => call.kind(GroupKind::SuperCommunityServer),
                    None => call,
                })
                .await
            }
            Self::AppToken {} => {
                let token = client.app_token().await;
                plain(token.map(|token| json!({ "token": token.expose() })))
            }
        }
    }

    /// Makes the call as callers do who want no raw answer, which would be a request of its own.
    pub(crate) async fn make_plainly(&self, client: &Client) -> Outcome {
        match self {
            Self::Get { user, id } => match client.user(user.get()) {
                Ok(user) => plain(user.get(id.get()).await),
                Err(error) => Ok(Err(error)),
            },
            _ => self.make(client).await,
        }
    }

    fn user(&self) -> Option<String> {
        match self {
            Self::Set { user, .. }
            | Self::Subscribe { user, .. }
            | Self::Get { user, .. }
            | Self::GetMany { user, .. }
            | Self::IterMany { user, .. }
            | Self::Unsubscribe { user, .. }
            | Self::Subscriptions { user, .. }
            | Self::SubscriptionsPage { user, .. }
            | Self::Devices { user }
            | Self::IsOnline { user } => Some(user.get()),
            Self::OnlineStates { .. } | Self::GroupOnlineCount { .. } | Self::AppToken {} => None,
        }
    }
}

async fn typed<O: Operation>(call: SdkCall<O>) -> Outcome
where
    O::Output: Serialize,
{
    match call.with_raw().await {
        Err(error) => Ok(Err(error)),
        Ok(raw) => {
            let value = serialized(raw.value())?;
            Ok(Ok(Answered { value, raw: Some(raw.text().to_owned()), items: Vec::new() }))
        }
    }
}

/// Presences keep their text themselves.
fn presences(result: Result<Presences, Error>) -> Outcome {
    let raw = result.as_ref().ok().and_then(|presences| presences.raw().next().map(str::to_owned));
    Ok(plain(result)?.map(|answered| Answered { raw, ..answered }))
}

fn plain<T: Serialize>(result: Result<T, Error>) -> Outcome {
    match result {
        Err(error) => Ok(Err(error)),
        Ok(value) => Ok(Ok(Answered { value: serialized(&value)?, raw: None, items: Vec::new() })),
    }
}

fn serialized(value: &impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(|error| format!("the value cannot be serialized: {error}"))
}

fn duration(seconds: f64) -> Result<Duration, Problem> {
    Duration::try_from_secs_f64(seconds).map_err(|error| format!("ttl_seconds: {error}"))
}
