//! Single gets: those made at the same time go as one request, and answers may be kept for a while.
//!
//! The first caller opens a batch, others join it until its request has its turn in the limiter, or is full. Each lets
//! the scheduler go round once, in which all that one task does at once has joined. Who is alone then, and need not wait
//! for a turn, makes its request itself, as any call does. Else the request runs in a task of its own, and each caller
//! waits for the outcome under its own deadline. One that gives up cancels nothing for the others; when the last has
//! left, the task ends, and with it the request.

mod batch;
mod cache;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::task::yield_now;
use tokio::time::timeout_at;

pub(super) use batch::Batch;
use batch::Left;
use cache::{Cache, Written};

use super::deadline::{Deadline, End};
use super::limiter::{Permit, Priority};
use super::sync::{JoinHandle, Mutex, MutexGuard, spawn};
use super::{Answered, Caller, Limits, Pipeline};
use crate::error::{Error, ErrorKind, Sent};
use crate::many::split::{Budget, Room};
use crate::model::{Presence, Presences, UserId};
use crate::operation::{Get, GetTogether, Operation, Together, not_answered};
use crate::wire;

/// How often a caller begins anew when the runtime that ran its request has gone.
const MOST_LOST: u32 = 2;

/// How one client and its clones make single gets.
pub(crate) struct Gets {
    coalesce: bool,
    cache: Option<Cache>,
    /// The batches that take in callers.
    open: Mutex<HashMap<Key, Arc<Batch>>>,
    /// How large a body may be: less after the service has refused one.
    budget: Budget,
}

impl Default for Gets {
    fn default() -> Self {
        Self::new(true, Duration::ZERO)
    }
}

/// What calls must have in common to be one request.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    user: UserId,
    attempt_timeout: Duration,
    max_attempts: u32,
    priority: Priority,
    caller: Caller,
}

/// The task that makes the request; dropping it ends the request. None if it went down with its runtime.
struct InFlight(JoinHandle<Outcome>);

impl Future for InFlight {
    type Output = Option<Outcome>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll_unpin(context).map(Result::ok)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a request came to, for all its callers.
#[derive(Clone)]
enum Outcome {
    Answered(Arc<Answer>),
    Failed(Error),
    /// The service took the body as too large: the callers ask anew, in smaller batches.
    TooLarge,
}

struct Answer {
    presences: Presences,
    status: u16,
    request_id: Option<String>,
    body: Bytes,
    attempts: u32,
}

impl Gets {
    /// `fresh_for`: how old an answer may be that is given again; zero for none.
    pub(crate) fn new(coalesce: bool, fresh_for: Duration) -> Self {
        Self {
            coalesce,
            cache: (!fresh_for.is_zero()).then(|| Cache::new(fresh_for)),
            open: Mutex::default(),
            budget: Budget::default(),
        }
    }

    /// Whether gets are anything but calls of their own.
    pub(crate) fn are_shared(&self) -> bool {
        self.coalesce || self.cache.is_some()
    }

    /// To be dropped when a write to this user has ended in any manner: what was read before is then forgotten.
    pub(super) fn written(&self, user: UserId) -> Option<Written<'_>> {
        self.cache.as_ref().map(|cache| cache.written(user))
    }

    fn cached<T>(&self, get: &Together<T>) -> Option<Presence> {
        self.cache.as_ref()?.get(&get.user, &get.id)
    }

    /// Nobody joins this batch any more.
    fn remove(&self, batch: &Arc<Batch>) {
        self.remove_if(batch, || true);
    }

    fn remove_if(&self, batch: &Arc<Batch>, really: impl FnOnce() -> bool) {
        let mut open = self.lock();
        if open.get(&batch.key).is_some_and(|known| Arc::ptr_eq(known, batch)) && really() {
            open.remove(&batch.key);
        }
    }

    /// A body with so many users was too large: later ones are half as long at most.
    fn too_large(&self, asked: &[UserId]) {
        self.budget.too_large(asked);
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Arc<Batch>>> {
        // Nothing panics while the lock is held; if it ever does, the map is whole between any two statements.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One caller in a batch.
struct Member<'a> {
    pipeline: &'a Arc<Pipeline>,
    id: &'a UserId,
    batch: Arc<Batch>,
    left: bool,
}

impl Member<'_> {
    fn leave(&mut self) -> Left {
        self.left = true;
        let left = self.batch.leave(self.id);
        if left.last {
            self.pipeline.counters.attempted(self.batch.account());
            // Another may have joined in between.
            self.pipeline.gets.remove_if(&self.batch, || self.batch.is_deserted());
        }
        left
    }

    /// The error of a caller whose own deadline has passed. It leaves before it looks how far the request has come.
    fn timed_out(mut self, limits: Limits) -> Error {
        let left = self.leave();
        let error = self.batch.progress.timed_out(limits, self.pipeline.transport.never_connected());
        if left.in_time { error.with_sent(Sent::No).with_attempts(0) } else { error }
    }

    fn read(self, answer: &Answer) -> Result<Presence, Error> {
        answer.presences.by_id(self.id).map(|presence| presence.spelled(self.id)).ok_or_else(|| {
            let error = not_answered(self.id.as_str())
                .with_answer(answer.status, wire::keep(&answer.body))
                .with_request_id(answer.request_id.clone())
                .with_attempts(answer.attempts);
            self.pipeline.tokens.hide_current(error)
        })
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        if !self.left {
            self.leave();
        }
    }
}

impl Pipeline {
    pub(crate) fn gets(&self) -> &Gets {
        &self.gets
    }

    /// Makes one get, in a request with others where there are any.
    pub(crate) async fn get_together<T>(
        self: &Arc<Self>,
        get: Together<T>,
        limits: Limits,
    ) -> Result<T, Error> {
        let outcome = self.settle_together(&get, limits).await;
        outcome.map(get.give).map_err(|error| error.during(Get::DESCRIPTOR))
    }

    async fn settle_together<T>(
        self: &Arc<Self>,
        get: &Together<T>,
        limits: Limits,
    ) -> Result<Presence, Error> {
        let end = self.admit(limits)?;
        if let Some(presence) = self.gets.cached(get) {
            self.counters.cached();
            return Ok(presence);
        }
        let mut counted = self.counters.call();
        let outcome = self.wait_together(get, limits, end).await;
        // The attempts belong to the request.
        counted.ended(outcome.as_ref().err(), 0);
        outcome
    }

    async fn wait_together<T>(
        self: &Arc<Self>,
        get: &Together<T>,
        limits: Limits,
        end: End,
    ) -> Result<Presence, Error> {
        let mut lost = 0;
        loop {
            let member = self.join(get, end, limits);
            if self.gets.coalesce {
                yield_now().await;
            }
            let outcome = if let Some(permit) = self.turn_alone(&member.batch) {
                Some(Arc::clone(self).fetch(Arc::clone(&member.batch), limits, Some(permit)).await)
            } else {
                let outcome = member.batch.outcome(|| {
                    InFlight(spawn(Arc::clone(self).fetch(Arc::clone(&member.batch), limits, None))).shared()
                });
                match timeout_at(end.at, outcome).await {
                    Ok(outcome) => outcome,
                    Err(_) => return Err(member.timed_out(limits)),
                }
            };
            match outcome {
                Some(Outcome::Answered(answer)) => return member.read(&answer),
                Some(Outcome::Failed(error)) => return Err(error),
                Some(Outcome::TooLarge) => {}
                None if lost == MOST_LOST => return Err(lost_with_its_runtime()),
                None => {
                    lost += 1;
                    self.gets.remove(&member.batch);
                }
            }
        }
    }

    /// Joins the batch that is open to such calls, or opens one.
    fn join<'a, T>(self: &'a Arc<Self>, get: &'a Together<T>, end: End, limits: Limits) -> Member<'a> {
        let Limits { attempt_timeout, max_attempts, priority, caller, .. } = limits;
        let key = Key { user: get.user.clone(), attempt_timeout, max_attempts, priority, caller };
        let mut open = self.gets.lock();
        let known = open.get(&key).filter(|batch| batch.join(&get.id, end)).cloned();
        let batch = known.unwrap_or_else(|| {
            let room = Room::new(&self.gets.budget);
            let batch = Arc::new(Batch::new(key.clone(), get.id.clone(), end, room));
            if self.gets.coalesce {
                open.insert(key, Arc::clone(&batch));
            }
            batch
        });
        Member { pipeline: self, id: &get.id, batch, left: false }
    }

    /// The turn of a caller who is alone, if it need not wait for that: nobody joins it any more.
    fn turn_alone(&self, batch: &Arc<Batch>) -> Option<Permit> {
        if !batch.is_lone() || !self.tokens.is_at_hand() {
            return None;
        }
        let permit = self.limiter.try_acquire(Get::DESCRIPTOR.endpoint)?;
        if !self.gets.coalesce {
            return Some(permit);
        }
        let mut open = self.gets.lock();
        // Another may have joined in between.
        if !batch.is_lone() {
            return None;
        }
        if open.get(&batch.key).is_some_and(|known| Arc::ptr_eq(known, batch)) {
            open.remove(&batch.key);
        }
        Some(permit)
    }

    /// The request of a batch, to its outcome. With a turn that has been reached it goes at once.
    async fn fetch(self: Arc<Self>, batch: Arc<Batch>, limits: Limits, turn: Option<Permit>) -> Outcome {
        let deadline = Deadline::Latest(Arc::clone(&batch));
        let outcome = tokio::select! {
            biased;
            outcome = self.ask(&batch, &deadline, limits, turn) => outcome,
            () = deadline.passed() => {
                let limits = Limits { timeout: batch.end().timeout, ..limits };
                Err(batch.progress.timed_out(limits, self.transport.never_connected()))
            }
            () = self.closed() => Err(batch.progress.closed(self.transport.never_connected())),
        };
        self.gets.remove(&batch);
        self.counters.attempted(batch.account());
        let outcome = match outcome {
            Ok(answered) => Outcome::Answered(self.keep(&batch, answered)),
            Err(error) => self.failed(&batch, error.during(Get::DESCRIPTOR)),
        };
        batch.done(&outcome);
        outcome
    }

    fn failed(&self, batch: &Batch, error: Error) -> Outcome {
        let (asked, _) = batch.close();
        if error.status() != Some(413) || asked.len() < 2 {
            return Outcome::Failed(error);
        }
        self.gets.too_large(&asked);
        Outcome::TooLarge
    }

    async fn ask(
        self: &Arc<Self>,
        batch: &Arc<Batch>,
        deadline: &Deadline,
        limits: Limits,
        turn: Option<Permit>,
    ) -> Result<Answered<Presences>, Error> {
        if self.gets.coalesce && turn.is_none() {
            batch.fill().await;
        }
        let settle = {
            let (pipeline, batch) = (Arc::clone(self), Arc::clone(batch));
            move || {
                pipeline.gets.remove(&batch);
                let (asked, callers) = batch.close();
                pipeline.counters.coalesced(callers.saturating_sub(1) as u64);
                asked
            }
        };
        let operation = GetTogether::new(batch.key.user.clone(), settle);
        let request = operation.request()?;
        self.run(operation, request, limits, deadline, &batch.progress, turn).await
    }

    fn keep(&self, batch: &Batch, answered: Answered<Presences>) -> Arc<Answer> {
        let Answered { value: presences, status, request_id, body } = answered;
        if let (Some(cache), Some(as_of)) = (&self.gets.cache, batch.closed_at()) {
            cache.put(&batch.key.user, &presences, as_of);
        }
        Arc::new(Answer { presences, status, request_id, body, attempts: batch.progress.attempts() })
    }
}

fn lost_with_its_runtime() -> Error {
    Error::new(ErrorKind::Closed, "the tokio runtime that made the call has been shut down")
        .with_sent(Sent::Maybe)
}
