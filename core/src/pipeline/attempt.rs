//! One request on the wire, and what its end means.

use std::time::SystemTime;

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderName};
use tokio::time::{Instant, timeout_at};

use super::progress::seconds;
use super::transport::{Failure, FailureKind, Received, ToSend, Transport};
use super::{Limits, after, retry_after};
use crate::error::{Error, ErrorKind, Sent};
use crate::wire;

/// The header in which servers and gateways name a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// An attempt without the answer that was wanted.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: Error,
    /// The connection had served before and broke: most likely it was closed while it lay idle.
    pub(super) reused: bool,
    /// There was an answer, and it could not be used. The next may be better.
    pub(super) unusable: bool,
}

impl Failed {
    pub(super) fn new(error: Error) -> Self {
        Self { error, reused: false, unusable: false }
    }
}

/// Sends once; only an answer with a successful status is one.
pub(super) async fn attempt(
    transport: &dyn Transport,
    to_send: ToSend,
    limits: Limits,
    deadline: Instant,
) -> Result<Received, Failed> {
    let end = after(limits.attempt_timeout).min(deadline);
    match timeout_at(end, transport.send(to_send)).await {
        Ok(Ok(answer)) if (200..300).contains(&answer.status) => readable(answer),
        Ok(Ok(answer)) => Err(Failed::new(refused(&answer))),
        Ok(Err(failure)) => Err(without_answer(failure)),
        Err(_) => {
            let (name, limit) = if end < deadline {
                ("attempt timeout", limits.attempt_timeout)
            } else {
                ("timeout", limits.timeout)
            };
            let message = format!("no complete answer within the {name} of {} s", seconds(limit));
            let sent = if transport.never_connected() { Sent::No } else { Sent::Maybe };
            Err(Failed::new(Error::new(ErrorKind::Timeout, message).with_sent(sent).with_retry(true, None)))
        }
    }
}

/// The answer, unless it is packed in a way that was not asked for.
fn readable(answer: Received) -> Result<Received, Failed> {
    let encoding = answer.headers.get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity");
    let Some(encoding) = encoding else { return Ok(answer) };
    let encoding = wire::excerpt(&String::from_utf8_lossy(encoding.as_bytes()));
    let error = Error::new(
        ErrorKind::Decode,
        format!("the answer is encoded as {encoding}, which was not asked for"),
    )
    .with_answer(answer.status, String::new())
    .with_request_id(request_id(&answer.headers));
    Err(Failed { unusable: true, ..Failed::new(error) })
}

/// The error for an answer whose status is not a success.
fn refused(answer: &Received) -> Error {
    let error = wire::refused(answer.status, &answer.body).with_request_id(request_id(&answer.headers));
    let retryable = error.retryable();
    error.with_retry(retryable, retry_after::read(&answer.headers, SystemTime::now()))
}

/// The error for an attempt that brought no answer.
fn without_answer(failure: Failure) -> Failed {
    let (kind, retryable, hint) = match failure.kind {
        FailureKind::Connect => (ErrorKind::Connect, true, None),
        FailureKind::Stalled => (ErrorKind::Timeout, true, None),
        FailureKind::Protocol => (
            ErrorKind::Decode,
            false,
            Some(
                "Something between here and the service may answer in its place; check the host and the proxy.",
            ),
        ),
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
    let error = match failure.source {
        Some(source) => error.with_source(source),
        None => error,
    };
    Failed { error, reused: failure.reused, unusable: failure.kind == FailureKind::Protocol }
}

pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    const SHOWN_BYTES: usize = 128;
    let id = headers.get(REQUEST_ID)?.to_str().ok()?.trim();
    (1..=SHOWN_BYTES).contains(&id.len()).then(|| wire::redact(id))
}
