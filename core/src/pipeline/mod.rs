//! What happens around one request: deadline → token → one attempt → classify → once more after a 401, or return.
//!
//! Time and sockets enter here only: time through tokio's clock, which tests pause, sockets through
//! [`transport::Transport`], which tests script.

pub(crate) mod endpoint;
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the pipeline takes it up next"))]
mod limiter;
mod retry_after;
mod tls;
mod token;
pub(crate) mod transport;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::HeaderMap;
use tokio::time::{Instant, timeout_at};

pub use limiter::{EndpointStats, Priority, RateLimits};
use token::Issued;
pub use token::{AppToken, ProvidedToken, TokenProvider};
pub(crate) use token::{Source, Tokens};
use transport::{Failure, FailureKind, Received, ToSend, Transport};

use crate::error::{Error, ErrorKind, Sent};
use crate::operation::{Operation, Request};
use crate::wire;

/// What the clones of one client share.
pub(crate) struct Pipeline {
    transport: Arc<dyn Transport>,
    tokens: Arc<Tokens>,
    closed: AtomicBool,
}

/// What may differ from call to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The whole call: waiting for a token, every attempt, every pause.
    pub(crate) timeout: Duration,
    /// One attempt, from the first byte sent to the last byte received.
    pub(crate) attempt_timeout: Duration,
}

/// A decoded answer with what came around it.
#[derive(Debug)]
pub(crate) struct Answered<T> {
    pub(crate) value: T,
    pub(crate) status: u16,
    pub(crate) request_id: Option<String>,
    pub(crate) body: Bytes,
}

/// An answer with a successful status, and what it took.
struct Sending {
    answer: Received,
    token: Arc<Issued>,
    attempts: u32,
}

/// The header in which servers and gateways name a request.
const REQUEST_ID: &str = "x-request-id";

impl Pipeline {
    pub(crate) fn new(transport: Arc<dyn Transport>, source: Source, limits: Limits) -> Self {
        let tokens = Arc::new(Tokens::new(source, Arc::clone(&transport), limits));
        Self { transport, tokens, closed: AtomicBool::new(false) }
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Runs one operation to its typed answer.
    pub(crate) async fn execute<O: Operation>(
        &self,
        operation: O,
        limits: Limits,
    ) -> Result<Answered<O::Output>, Error> {
        let descriptor = O::DESCRIPTOR;
        self.run(operation, limits).await.map_err(|error| error.during(descriptor))
    }

    async fn run<O: Operation>(&self, operation: O, limits: Limits) -> Result<Answered<O::Output>, Error> {
        let deadline = self.admit(limits)?;
        let request = operation.request()?;
        if let Some(value) = operation.immediate() {
            return Ok(Answered { value, status: 200, request_id: None, body: Bytes::new() });
        }
        let Sending { answer, token, attempts } = self.send(request, limits, deadline).await?;
        let (status, request_id, body) = (answer.status, request_id(&answer.headers), answer.body);
        match operation.decode(body.clone()) {
            Ok(value) => Ok(Answered { value, status, request_id, body }),
            Err(error) => {
                let error = error.with_answer(status, wire::keep(&body)).with_request_id(request_id);
                Err(self.tokens.hide(error, &token).with_attempts(attempts))
            }
        }
    }

    /// The app token that the next call would use.
    pub(crate) async fn app_token(&self, limits: Limits) -> Result<AppToken, Error> {
        let deadline = self.admit(limits)?;
        let token = timeout_at(deadline, self.tokens.get()).await.map_err(|_| token_timed_out(limits))??;
        Ok(token.app_token())
    }

    /// The deadline of a call that may begin.
    fn admit(&self, limits: Limits) -> Result<Instant, Error> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::new(ErrorKind::Closed, "the client is closed")
                .with_hint(Some("Build a new client, or close this one later.")));
        }
        if limits.timeout.is_zero() || limits.attempt_timeout.is_zero() {
            return Err(Error::invalid("a timeout of zero leaves no time for any call"));
        }
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::config("the call was awaited outside a tokio runtime")
                .with_hint(Some("Await it in #[tokio::main], or inside Runtime::block_on.")));
        }
        Ok(after(limits.timeout))
    }

    /// Sends until there is an answer with a successful status.
    async fn send(&self, request: Request, limits: Limits, deadline: Instant) -> Result<Sending, Error> {
        let mut attempts = 0;
        loop {
            let token =
                timeout_at(deadline, self.tokens.get()).await.map_err(|_| token_timed_out(limits))??;
            attempts += 1;
            let to_send = ToSend::new(&request, Some(token.header()));
            let error = match attempt(&*self.transport, to_send, limits, deadline).await {
                Ok(answer) => return Ok(Sending { answer, token, attempts }),
                Err(error) => self.tokens.hide(error, &token).with_attempts(attempts),
            };
            let refused = error.kind() == ErrorKind::Auth && error.status() == Some(401);
            if !refused || attempts > 1 || !self.tokens.renew_after_refusal(&token) {
                return Err(error);
            }
        }
    }
}

/// The moment when a timeout passes. One of centuries is a way of saying "none"; the clock cannot hold it.
fn after(timeout: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(86_400 * 365);
    Instant::now() + timeout.min(YEAR)
}

/// One request on the wire and its answer, if the status is a success.
async fn attempt(
    transport: &dyn Transport,
    to_send: ToSend,
    limits: Limits,
    deadline: Instant,
) -> Result<Received, Error> {
    let end = after(limits.attempt_timeout).min(deadline);
    match timeout_at(end, transport.send(to_send)).await {
        Ok(Ok(answer)) if (200..300).contains(&answer.status) => Ok(answer),
        Ok(Ok(answer)) => Err(refused(&answer)),
        Ok(Err(failure)) => Err(unreachable_service(failure)),
        Err(_) => {
            let message = if end < deadline {
                format!(
                    "no complete answer within the attempt timeout of {} s",
                    limits.attempt_timeout.as_secs_f64()
                )
            } else {
                format!("no complete answer within the timeout of {} s", limits.timeout.as_secs_f64())
            };
            Err(Error::new(ErrorKind::Timeout, message).with_sent(Sent::Maybe).with_retry(true, None))
        }
    }
}

/// The error for an answer whose status is not a success.
fn refused(answer: &Received) -> Error {
    let error = wire::refused(answer.status, &answer.body).with_request_id(request_id(&answer.headers));
    let retryable = error.retryable();
    error.with_retry(retryable, retry_after::read(&answer.headers, SystemTime::now()))
}

/// The error for an attempt that brought no answer.
fn unreachable_service(failure: Failure) -> Error {
    let (kind, retryable, hint) = match failure.kind {
        FailureKind::Connect => (ErrorKind::Connect, true, None),
        FailureKind::Tls => (
            ErrorKind::Tls,
            false,
            Some("Check the host; a private certificate authority is added in the configuration."),
        ),
        FailureKind::TooLarge => (ErrorKind::TooLarge, false, None),
        FailureKind::Request => (ErrorKind::Config, false, None),
    };
    let error =
        Error::new(kind, failure.message).with_sent(failure.sent).with_retry(retryable, None).with_hint(hint);
    match failure.source {
        Some(source) => error.with_source(source),
        None => error,
    }
}

fn token_timed_out(limits: Limits) -> Error {
    let message = format!("no app token within the timeout of {} s", limits.timeout.as_secs_f64());
    Error::new(ErrorKind::Timeout, message).with_retry(true, None)
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    const SHOWN_BYTES: usize = 128;
    let id = headers.get(REQUEST_ID)?.to_str().ok()?.trim();
    (1..=SHOWN_BYTES).contains(&id.len()).then(|| wire::redact(id))
}

#[cfg(test)]
mod tests;
