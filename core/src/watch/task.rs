//! The task of a watcher: the only part that waits.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, TryStreamExt};
use tokio::time::{Instant, sleep, sleep_until};

use super::shared::Shared;
use super::state::{Next, Now, State};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::many::split::{Budget, take_batch};
use crate::model::{Subscription, UserId};
use crate::operation::{Batch, Endpoint, GetMany, Subscribe, Unsubscribe};
use crate::pipeline::Limits;
use crate::user::User;

/// Later than this, the task was not late but the machine asleep.
const ASLEEP: Duration = Duration::from_secs(10);

/// Before a call is made again at the end; each further time twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Who makes the calls, and how fast.
pub(super) struct Caller {
    pub(super) user: User,
    /// The part of the endpoint's rate that polls may use,
    pub(super) share: f64,
    /// or their own rate, within the endpoint's.
    pub(super) calls_per_second: Option<f64>,
    /// How long the subscriptions last that are kept.
    pub(super) ttl: Duration,
}

/// A call that has ended: what it means for the state.
type Done = Box<dyn FnOnce(&mut State, Now) + Send>;
type Calls = FuturesUnordered<BoxFuture<'static, Done>>;

impl Caller {
    /// Polls a second.
    fn poll_rate(&self) -> f64 {
        let limit = self.client().pipeline().rate(Endpoint::Get);
        match self.calls_per_second {
            Some(own) => limit.map_or(own, |limit| own.min(limit)),
            None => self.part_of(Endpoint::Get),
        }
    }

    /// The share of an endpoint's rate.
    fn part_of(&self, endpoint: Endpoint) -> f64 {
        let documented = f64::from(endpoint.documented_per_second());
        self.client().pipeline().rate(endpoint).unwrap_or(documented) * self.share
    }

    fn client(&self) -> &Client {
        self.user.client()
    }

    fn subscribe(&self, user_ids: Vec<UserId>) -> BoxFuture<'static, Done> {
        let (client, user, ttl) = (self.client().clone(), self.user.id().clone(), self.ttl);
        Box::pin(async move {
            let began = Instant::now();
            let subscribe = Subscribe { user, batch: Batch::of(user_ids.as_slice()), ttl };
            let outcome = client.pipeline().execute(subscribe, client.limits()).await;
            let outcome = outcome.map(|answered| answered.value);
            let done = move |state: &mut State, now: Now| {
                state.subscribed(user_ids, began, outcome, client.pipeline().random(), now);
            };
            Box::new(done) as Done
        })
    }

    fn list(&self) -> BoxFuture<'static, Done> {
        let user = self.user.clone();
        Box::pin(async move {
            let began = Instant::now();
            let outcome = list(&user).await;
            let done = move |state: &mut State, now: Now| {
                state.listed(outcome, began, user.client().pipeline().random(), now);
            };
            Box::new(done) as Done
        })
    }

    fn unsubscribe(&self, user_ids: Vec<UserId>) -> BoxFuture<'static, Done> {
        let user = self.user.clone();
        Box::pin(async move {
            let outcome = unsubscribe(&user, Batch::of(user_ids), user.client().limits()).await;
            Box::new(move |state: &mut State, _: Now| state.unsubscribed(outcome)) as Done
        })
    }

    fn poll(&self, user_ids: Vec<UserId>) -> BoxFuture<'static, Done> {
        let (client, user) = (self.client().clone(), self.user.id().clone());
        Box::pin(async move {
            let began = Instant::now();
            let get = GetMany { user, batch: Batch::of(user_ids.as_slice()) };
            let outcome =
                client.pipeline().execute(get, client.limits()).await.map(|answered| answered.value);
            let fraction = client.pipeline().random().fraction();
            let done =
                move |state: &mut State, now: Now| state.polled(&user_ids, began, outcome, fraction, now);
            Box::new(done) as Done
        })
    }
}

/// All subscriptions of the user.
pub(super) async fn list(user: &User) -> Result<Vec<Subscription>, Error> {
    user.subscriptions().try_collect().await
}

async fn unsubscribe(user: &User, batch: Batch, limits: Limits) -> Result<(), Error> {
    let unsubscribe = Unsubscribe { user: user.id().clone(), batch };
    user.client().pipeline().execute(unsubscribe, limits).await.map(drop)
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
            error = caller.client().pipeline().until_closed() => shared.change(|state| state.client_closed(error)),
            Some(done) = calls.next(), if !calls.is_empty() => shared.change(|state| done(state, Shared::now())),
            () = asleep_until(wake) => {
                let now = Shared::now();
                if wake.is_some_and(|wake| now.at.saturating_duration_since(wake) > ASLEEP) {
                    shared.change(|state| state.slept(now));
                }
            }
        }
    }
    drop(calls);
    leave(shared, &caller).await;
}

/// Ends the subscriptions that were kept, if that is wanted. All of it takes no longer than one call may.
async fn leave(shared: &Shared, caller: &Caller) {
    let mut held = shared.lock().take_held();
    let limits = caller.client().limits();
    let deadline = Instant::now() + limits.timeout;
    let (budget, mut pause) = (Budget::default(), FIRST_PAUSE);
    while !held.is_empty() {
        let user_ids = take_batch(&mut held, &budget);
        let batch = Batch::of(user_ids.as_slice());
        let timeout = deadline.saturating_duration_since(Instant::now());
        let Err(error) = unsubscribe(&caller.user, batch, Limits { timeout, ..limits }).await else {
            continue;
        };
        let too_large = error.kind() == ErrorKind::TooLarge && user_ids.len() > 1;
        let again = error.retryable() && Instant::now() + pause < deadline;
        if too_large {
            budget.too_large(&user_ids);
        } else if again {
            sleep(pause).await;
            pause *= 2;
        } else {
            let over = error.kind() == ErrorKind::Closed || Instant::now() + pause >= deadline;
            shared.change(|state| state.unsubscribed(Err(error)));
            if over {
                return;
            }
            continue;
        }
        held = user_ids.into_iter().chain(held).collect();
    }
}

/// Begins every call whose time has come; when to look again.
fn begin_calls(shared: &Shared, caller: &Caller, calls: &mut Calls) -> Option<Instant> {
    loop {
        let rates = (caller.poll_rate(), caller.part_of(Endpoint::Subscribe));
        match shared.change(|state| state.next(Shared::now(), rates.0, rates.1)) {
            Next::Poll(user_ids) => calls.push(caller.poll(user_ids)),
            Next::Subscribe(user_ids) => calls.push(caller.subscribe(user_ids)),
            Next::Unsubscribe(user_ids) => calls.push(caller.unsubscribe(user_ids)),
            Next::List => calls.push(caller.list()),
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
