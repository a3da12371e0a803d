//! The rate limiter: per endpoint and App Key, a window of calls in flight with even pacing, and a fair queue.
//!
//! | file | what it decides |
//! |---|---|
//! | `rates.rs` | the configured rates |
//! | `throttle.rs` | what a 429 teaches: a lower rate, a pause, the way back |
//! | `gate.rs`, `round_trip.rs` | when the next call may go |
//! | `queue.rs` | whose call it is |
//! | `lane.rs` | who waits and who is woken |
//! | `permit.rs` | when a call's place comes back |
//! | `registry.rs` | which clients share a limiter |
//!
//! All but `permit.rs` and this file are told the time and never wait.

mod gate;
mod lane;
mod per_endpoint;
mod permit;
mod queue;
mod rates;
mod registry;
mod round_trip;
mod stats;
mod throttle;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

pub(crate) use lane::Refused;
use lane::{Lane, Step};
use per_endpoint::PerEndpoint;
pub(crate) use permit::{Permit, Seen};
pub use queue::Priority;
pub(crate) use queue::Turn;
pub use rates::RateLimits;
pub use stats::EndpointStats;

use crate::error::Error;
use crate::operation::Endpoint;

/// How long a call waits for its turn: to a moment, or to one that moves to later while it waits.
pub(crate) trait Until {
    fn at(&self) -> Instant;
}

impl Until for Instant {
    fn at(&self) -> Instant {
        *self
    }
}

/// The lanes of one App Key.
#[derive(Debug)]
pub(crate) struct Limiter {
    lanes: PerEndpoint<Arc<Lane>>,
}

impl Limiter {
    fn new(limits: &RateLimits, max_queued: usize) -> Self {
        let lane = |endpoint| Arc::new(Lane::new(limits.per_second(endpoint), max_queued));
        Self { lanes: PerEndpoint::new(lane) }
    }

    /// The limiter of an app, which is named by its base address. All clients of one app in this process share it: the
    /// last one's queue length holds, and the last rates that were chosen.
    pub(crate) fn shared(app: &str, limits: &RateLimits, max_queued: usize) -> Result<Arc<Self>, Error> {
        limits.check()?;
        let (limiter, existing) = registry::find_or_insert(app, || Self::new(limits, max_queued));
        if existing {
            let now = Instant::now();
            for &endpoint in Endpoint::ALL {
                let lane = limiter.lanes.of(endpoint);
                lane.set_max_queued(max_queued);
                if limits.chosen() {
                    lane.set_limit(now, limits.per_second(endpoint));
                }
            }
        }
        Ok(limiter)
    }

    /// Waits for the call's turn. Dropping the future leaves the queue.
    pub(crate) async fn acquire(
        self: &Arc<Self>,
        endpoint: Endpoint,
        turn: Turn,
        deadline: impl Until,
    ) -> Result<Permit, Refused> {
        let lane = self.lanes.of(endpoint);
        let now = Instant::now();
        if now >= deadline.at() {
            return Err(Refused::Deadline { wait: Duration::ZERO });
        }
        if !lane.try_take(now) {
            wait(lane, turn, deadline).await?;
        }
        Ok(Permit::new(Arc::clone(lane)))
    }

    /// The rate of one endpoint now, in calls a second; none if there is no limit.
    pub(crate) fn rate(&self, endpoint: Endpoint) -> Option<f64> {
        self.lanes.of(endpoint).numbers(Instant::now()).rate
    }

    /// A turn, if nobody waits for one and it can be had at once.
    pub(crate) fn try_acquire(&self, endpoint: Endpoint) -> Option<Permit> {
        let lane = self.lanes.of(endpoint);
        lane.try_take(Instant::now()).then(|| Permit::new(Arc::clone(lane)))
    }

    /// What each lane does now.
    pub(crate) fn stats(&self) -> Vec<EndpointStats> {
        let now = Instant::now();
        let of = |&endpoint: &Endpoint| EndpointStats::new(endpoint, self.lanes.of(endpoint).numbers(now));
        Endpoint::ALL.iter().map(of).collect()
    }
}

/// A place in a lane's queue, left when it is dropped.
struct Queued<'a> {
    lane: &'a Lane,
    key: u64,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.lane.leave(Instant::now(), self.key);
    }
}

async fn wait(lane: &Lane, turn: Turn, deadline: impl Until) -> Result<(), Refused> {
    let waker = poll_fn(|context| Poll::Ready(context.waker().clone())).await;
    let queued = Queued { lane, key: lane.join(Instant::now(), turn, deadline.at(), &waker)? };
    let mut timer = pin!(sleep_until(deadline.at()));
    poll_fn(|context| {
        loop {
            match lane.look(Instant::now(), queued.key, deadline.at(), context.waker()) {
                Step::Go => return Poll::Ready(Ok(())),
                Step::Refused(refused) => return Poll::Ready(Err(refused)),
                Step::Wait(until) => {
                    if timer.deadline() != until {
                        timer.as_mut().reset(until);
                    }
                    if timer.as_mut().poll(context).is_pending() {
                        return Poll::Pending;
                    }
                }
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests;
