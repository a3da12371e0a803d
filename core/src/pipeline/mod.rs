//! What happens around one request: deadline → token → turn → one attempt → classify → again, or return.
//!
//! Time, chance and sockets enter here only: time through tokio's clock, which tests pause, chance through
//! [`random::Random`], which tests seed, sockets through [`transport::Transport`], which tests script.

mod address;
mod answer;
mod attempt;
mod connections;
mod connector;
mod deadline;
pub(crate) mod endpoint;
mod failure;
mod gets;
mod lanes;
pub(crate) mod limiter;
mod progress;
mod proxy;
mod random;
pub(crate) mod resolver;
mod retry;
pub(crate) mod retry_after;
mod stats;
mod sync;
mod tls;
mod token;
pub(crate) mod transport;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::{Instant, sleep, timeout_at};

use attempt::{Failed, attempt, request_id};
use deadline::{Deadline, End};
pub(crate) use gets::Gets;
use lanes::{Holder, Lanes};
use limiter::{Limiter, Permit, Priority, Refused, Seen, Turn};
pub(crate) use progress::both;
use progress::{Phase, Progress, seconds};
pub(crate) use random::Random;
use retry::{Next, Quota, Retry};
use stats::Counters;
pub use stats::Stats;
use token::Issued;
pub use token::{AppToken, ProvidedToken, TokenProvider};
pub(crate) use token::{Source, Tokens};
use transport::{Received, ToSend, Transport};

use crate::error::{Error, ErrorKind};
use crate::operation::{Endpoint, Operation, Request};
use crate::wire;

/// What the clones of one client share.
pub(crate) struct Pipeline {
    transport: Arc<dyn Transport>,
    tokens: Arc<Tokens>,
    limiter: Arc<Limiter>,
    lanes: Arc<Lanes>,
    gets: Gets,
    quota: Quota,
    random: Arc<Random>,
    counters: Counters,
    closed: AtomicBool,
    closing: Notify,
}

/// What may differ from call to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The whole call: queueing, waiting for a token, every attempt, every pause.
    pub(crate) timeout: Duration,
    /// One attempt, from connecting to the last byte received.
    pub(crate) attempt_timeout: Duration,
    /// The most attempts that count; rate-limited ones and free replays do not.
    pub(crate) max_attempts: u32,
    pub(crate) priority: Priority,
    pub(crate) caller: Caller,
}

/// Whom the limiter counts a call for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
    /// Each call is a caller of its own.
    Each,
    /// All calls with this number are one caller.
    Group(u64),
}

impl Caller {
    /// A group that nothing else is in.
    pub(crate) fn group() -> Self {
        Self::Group(Self::unused())
    }

    fn number(self) -> u64 {
        match self {
            Self::Each => Self::unused(),
            Self::Group(number) => number,
        }
    }

    fn unused() -> u64 {
        static CALLERS: AtomicU64 = AtomicU64::new(0);
        CALLERS.fetch_add(1, Ordering::Relaxed)
    }
}

/// What a call shares with others that are made for the same caller.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// When all of them end, in place of the call's own deadline.
    pub(crate) deadline: Option<Instant>,
    /// A place among those that wait for their first turn; given back when the call has it.
    pub(crate) waiting: Option<OwnedSemaphorePermit>,
}

/// A decoded answer with what came around it.
#[derive(Debug)]
pub(crate) struct Answered<T> {
    pub(crate) value: T,
    pub(crate) status: u16,
    pub(crate) request_id: Option<String>,
    pub(crate) body: Bytes,
}

impl Pipeline {
    pub(crate) fn new(transport: Arc<dyn Transport>, tokens: Tokens, limiter: Arc<Limiter>) -> Self {
        Self {
            random: Arc::clone(tokens.random()),
            transport,
            tokens: Arc::new(tokens),
            limiter,
            lanes: Arc::default(),
            gets: Gets::default(),
            quota: Quota::new(),
            counters: Counters::default(),
            closed: AtomicBool::new(false),
            closing: Notify::new(),
        }
    }

    /// The same with another way to make single gets.
    pub(crate) fn with_gets(mut self, gets: Gets) -> Self {
        self.gets = gets;
        self
    }

    /// Ends what is under way and refuses what comes later.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.closing.notify_waiters();
        self.tokens.close();
    }

    pub(crate) fn stats(&self) -> Stats {
        self.counters.read(self.tokens.requests(), self.quota.left(), self.limiter.stats())
    }

    /// The rate of one endpoint now, in calls a second; none if there is no limit.
    pub(crate) fn rate(&self, endpoint: Endpoint) -> Option<f64> {
        self.limiter.rate(endpoint)
    }

    pub(crate) fn random(&self) -> &Random {
        &self.random
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Runs one operation to its typed answer.
    pub(crate) async fn execute<O: Operation>(
        &self,
        operation: O,
        limits: Limits,
    ) -> Result<Answered<O::Output>, Error> {
        self.execute_sharing(operation, limits, Shared::default()).await
    }

    /// The same for one of several calls.
    pub(crate) async fn execute_sharing<O: Operation>(
        &self,
        operation: O,
        limits: Limits,
        shared: Shared,
    ) -> Result<Answered<O::Output>, Error> {
        let descriptor = O::DESCRIPTOR;
        self.settle(operation, limits, shared).await.map_err(|error| error.during(descriptor))
    }

    /// The call between its deadline and the client's close.
    async fn settle<O: Operation>(
        &self,
        operation: O,
        limits: Limits,
        shared: Shared,
    ) -> Result<Answered<O::Output>, Error> {
        let end = self.admit(limits)?;
        let end = End { at: shared.deadline.unwrap_or(end.at), ..end };
        let request = operation.request()?;
        let _written = operation.target().and_then(|(user, _)| self.gets.written(user));
        let (deadline, progress) = (Deadline::Fixed(end), Progress::waiting(shared.waiting));
        let mut counted = self.counters.call();
        let run = self.run(operation, request, limits, &deadline, &progress, None);
        let outcome = tokio::select! {
            biased;
            outcome = timeout_at(end.at, run) => {
                outcome.unwrap_or_else(|_| Err(progress.timed_out(limits, self.transport.never_connected())))
            }
            () = self.closed() => Err(progress.closed(self.transport.never_connected())),
        };
        counted.ended(outcome.as_ref().err(), progress.attempts());
        outcome
    }

    /// The app token that the next call would use.
    pub(crate) async fn app_token(&self, limits: Limits) -> Result<AppToken, Error> {
        let deadline = self.admit(limits)?.at;
        let no_token = || {
            let message = format!("no app token within the timeout of {} s", seconds(limits.timeout));
            Error::new(ErrorKind::Timeout, message).with_retry(true, None)
        };
        tokio::select! {
            biased;
            token = timeout_at(deadline, self.tokens.get(limits, deadline)) => {
                Ok(token.map_err(|_| no_token())??.app_token())
            }
            () = self.closed() => Err(closed("the client was closed during the call")),
        }
    }

    /// The end of a call that may begin.
    pub(crate) fn admit(&self, limits: Limits) -> Result<End, Error> {
        if self.closed.load(Ordering::Acquire) {
            return Err(closed("the client is closed"));
        }
        if limits.timeout.is_zero() || limits.attempt_timeout.is_zero() {
            return Err(Error::invalid("a timeout of zero leaves no time for any call"));
        }
        if limits.max_attempts == 0 {
            return Err(Error::invalid("max_attempts is zero, which allows no call at all"));
        }
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::config("the call was awaited outside a tokio runtime")
                .with_hint(Some("Await it in #[tokio::main], or inside Runtime::block_on.")));
        }
        Ok(End { at: after(limits.timeout), timeout: limits.timeout })
    }

    /// Ends when the client is closed, with the error that says so.
    pub(crate) async fn until_closed(&self) -> Error {
        self.closed().await;
        closed("the client is closed")
    }

    /// Ends when the client is closed.
    async fn closed(&self) {
        let closing = self.closing.notified();
        if !self.closed.load(Ordering::Acquire) {
            closing.await;
        }
    }

    /// Attempts until one succeeds or another would not help. `turn`: a place in the queue that has been reached.
    async fn run<O: Operation>(
        &self,
        mut operation: O,
        mut request: Request,
        limits: Limits,
        deadline: &Deadline,
        progress: &Progress,
        mut turn: Option<Permit>,
    ) -> Result<Answered<O::Output>, Error> {
        let mut lane = match operation.target() {
            None => None,
            Some(target) => Some(self.lanes.enter(target).await.ok_or_else(superseded)?),
        };
        let mut retry = Retry::default();
        let mut renewed = false;
        let mut afresh = false;
        loop {
            let turn = || turn.take().or_else(|| lane.as_mut().and_then(Holder::take_permit));
            let (token, permit) =
                self.ready(O::DESCRIPTOR.endpoint, limits, deadline, progress, turn).await?;
            if let Some(holder) = lane.take_if(|holder| holder.is_superseded()) {
                holder.hand_over(permit);
                return Err(progress.before_sending(superseded()));
            }
            // Before the request takes its last form: who then learns that it has cannot take it for not sent.
            progress.enter(Phase::Wire);
            if let Some(last) = operation.at_turn() {
                request = last?;
            }
            let to_send = ToSend { afresh, ..ToSend::new(&request, Some(token.header())) };
            let failed = match self.send(to_send, &token, permit, limits, deadline.end()).await {
                Ok(answer) => match read(&mut operation, answer) {
                    Ok(answered) => {
                        retry.succeeded(&self.quota);
                        return Ok(answered);
                    }
                    Err(failed) => failed,
                },
                Err(failed) => failed,
            };
            let error = progress.attempt_failed(self.tokens.hide(failed.error.clone(), &token));
            if error.status() == Some(401) && error.kind() == ErrorKind::Auth {
                if renewed || !self.tokens.renew_after_refusal(&token, &error) {
                    return Err(error);
                }
                renewed = true;
                self.counters.replayed();
                continue;
            }
            let left = deadline.end().at.saturating_duration_since(Instant::now());
            let next = retry.next(&failed, limits.max_attempts, left, &self.quota, &self.random);
            afresh = next == Next::Replay;
            match next {
                Next::GiveUp => return Err(error),
                Next::Replay => self.counters.replayed(),
                Next::After(pause) => {
                    self.counters.retried();
                    if pause_unless_superseded(pause, lane.as_ref()).await {
                        return Err(progress.before_sending(superseded()));
                    }
                }
            }
        }
    }

    /// A token, and a turn to send. The token comes first, so that nobody who waits for one holds up the queue; it is
    /// looked at again after the queue, which may have been long.
    async fn ready(
        &self,
        endpoint: Endpoint,
        limits: Limits,
        deadline: &Deadline,
        progress: &Progress,
        turn: impl FnOnce() -> Option<Permit>,
    ) -> Result<(Arc<Issued>, Permit), Error> {
        progress.enter(Phase::Token);
        let token = self
            .tokens
            .get(limits, deadline.end().at)
            .await
            .map_err(|error| progress.before_sending(error))?;
        progress.enter(Phase::Queue);
        let permit = if let Some(permit) = turn() {
            permit
        } else {
            let turn = Turn { caller: limits.caller.number(), priority: limits.priority };
            let turn = self.limiter.acquire(endpoint, turn, deadline).await;
            turn.map_err(|refused| progress.no_turn(no_turn(refused, deadline.end())))?
        };
        progress.turn();
        if self.tokens.is_current(&token) {
            return Ok((token, permit));
        }
        progress.enter(Phase::Token);
        let token = self
            .tokens
            .get(limits, deadline.end().at)
            .await
            .map_err(|error| progress.before_sending(error))?;
        Ok((token, permit))
    }

    /// One attempt, told to the limiter and the token store.
    async fn send(
        &self,
        to_send: ToSend,
        token: &Issued,
        mut permit: Permit,
        limits: Limits,
        end: End,
    ) -> Result<Received, Failed> {
        permit.sending();
        let limits = Limits { timeout: end.timeout, ..limits };
        let outcome = attempt(&*self.transport, to_send, limits, end.at).await;
        match &outcome {
            Ok(_) => permit.answered(Seen::Accepted),
            Err(failed) if failed.error.kind() == ErrorKind::RateLimited => {
                permit.answered(Seen::Limited { retry_after: failed.error.retry_after() });
            }
            Err(failed) if failed.error.status().is_some() => permit.answered(Seen::Accepted),
            // Whether and when it arrived is not known: dropped, it counts for a whole window from now.
            Err(_) => drop(permit),
        }
        if outcome.is_ok() {
            self.tokens.accepted(token);
        }
        outcome
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.tokens.close();
    }
}

/// Reads the answer; an error keeps status, text and request id.
fn read<O: Operation>(operation: &mut O, answer: Received) -> Result<Answered<O::Output>, Failed> {
    let Received { status, headers, body } = answer;
    let request_id = request_id(&headers);
    match operation.decode(body.clone()) {
        Ok(value) => Ok(Answered { value, status, request_id, body }),
        Err(error) => {
            let unusable = error.kind() == ErrorKind::Decode;
            let error = error.with_answer(status, wire::keep(&body)).with_request_id(request_id);
            Err(Failed { unusable, ..Failed::new(error) })
        }
    }
}

/// Whether a newer write to the same device came during the pause.
async fn pause_unless_superseded(pause: Duration, lane: Option<&Holder>) -> bool {
    let Some(lane) = lane else {
        sleep(pause).await;
        return false;
    };
    tokio::select! {
        biased;
        () = lane.superseded() => true,
        () = sleep(pause) => false,
    }
}

/// The moment when a timeout passes. One of centuries is a way of saying "none"; the clock cannot hold it.
fn after(timeout: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(86_400 * 365);
    Instant::now() + timeout.min(YEAR)
}

fn closed(message: &str) -> Error {
    Error::new(ErrorKind::Closed, message).with_hint(Some("Build a new client, or close this one later."))
}

fn superseded() -> Error {
    Error::new(ErrorKind::Superseded, "a newer set of the same device took this one's place")
}

fn no_turn(refused: Refused, end: End) -> Error {
    match refused {
        Refused::Deadline { wait } => Error::new(
            ErrorKind::QueueTimeout,
            format!(
                "the rate limit allows this call in {:.3} s at the earliest, beyond the timeout of {} s",
                seconds(wait),
                seconds(end.timeout)
            ),
        )
        .with_retry(true, Some(wait)),
        Refused::Full { queued } => {
            Error::new(ErrorKind::Overloaded, format!("{queued} calls wait for this endpoint already"))
                .with_retry(true, None)
                .with_hint(Some(
                    "Make fewer calls at a time, or raise the rate limits if the app's are higher.",
                ))
        }
    }
}

#[cfg(test)]
mod tests;
