//! The task of a watcher: the only part that waits.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

use super::shared::Shared;
use super::state::{Next, Now, State};
use crate::client::Client;
use crate::error::Error;
use crate::model::{Presences, UserId};
use crate::operation::{Batch, Endpoint, GetMany};
use crate::user::User;

/// Later than this, the task was not late but the machine asleep.
const ASLEEP: Duration = Duration::from_secs(10);

/// Who makes the calls, and how fast.
pub(super) struct Caller {
    pub(super) user: User,
    /// The part of the endpoint's rate that polls may use,
    pub(super) share: f64,
    /// or their own rate, within the endpoint's.
    pub(super) calls_per_second: Option<f64>,
}

/// A call that has ended: what it means for the state.
type Done = Box<dyn FnOnce(&mut State, Now) + Send>;
type Calls = FuturesUnordered<BoxFuture<'static, Done>>;

impl Caller {
    /// Calls a second of this endpoint.
    fn rate(&self, endpoint: Endpoint) -> f64 {
        let documented = f64::from(endpoint.documented_per_second());
        match (self.client().pipeline().rate(endpoint), self.calls_per_second) {
            (Some(rate), Some(own)) => own.min(rate),
            (None, Some(own)) => own,
            (rate, None) => rate.unwrap_or(documented) * self.share,
        }
    }

    fn client(&self) -> &Client {
        self.user.client()
    }

    fn poll(&self, user_ids: Vec<UserId>) -> BoxFuture<'static, Done> {
        let (client, user) = (self.client().clone(), self.user.id().clone());
        Box::pin(async move {
            let began = Instant::now();
            let outcome = get(&client, user, &user_ids).await;
            let fraction = client.pipeline().random().fraction();
            let done =
                move |state: &mut State, now: Now| state.polled(&user_ids, began, outcome, fraction, now);
            Box::new(done) as Done
        })
    }
}

async fn get(client: &Client, user: UserId, user_ids: &[UserId]) -> Result<Presences, Error> {
    let batch = Batch::collect(user_ids)?;
    let answered = client.pipeline().execute(GetMany { user, batch }, client.limits()).await?;
    Ok(answered.value)
}

/// Ends the events however the task ends: also when its runtime goes down.
struct Ends(Arc<Shared>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.end();
    }
}

pub(super) async fn run(shared: Arc<Shared>, caller: Caller) {
    let ends = Ends(shared);
    let shared = &*ends.0;
    let mut calls = Calls::new();
    while !shared.is_closing() && !shared.lock().ended {
        let wake = begin_calls(shared, &caller, &mut calls);
        tokio::select! {
            biased;
            () = shared.work() => {}
            Some(done) = calls.next(), if !calls.is_empty() => shared.change(|state| done(state, Shared::now())),
            () = asleep_until(wake) => {
                let now = Shared::now();
                if wake.is_some_and(|wake| now.at.saturating_duration_since(wake) > ASLEEP) {
                    shared.change(|state| state.slept(now));
                }
            }
        }
    }
}

/// Begins every call whose time has come; when to look again.
fn begin_calls(shared: &Shared, caller: &Caller, calls: &mut Calls) -> Option<Instant> {
    loop {
        match shared.change(|state| state.next(Shared::now(), caller.rate(Endpoint::Get))) {
            Next::Poll(user_ids) => calls.push(caller.poll(user_ids)),
            Next::Wait(wake) => return wake,
        }
    }
}

async fn asleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => sleep_until(wake).await,
        None => std::future::pending().await,
    }
}
