//! The one error type of the crate.
//!
//! Every failure, wherever it happens, is an [`Error`]: there is nothing else to catch. Callers branch on
//! [`Error::kind`] (what to do about it) and [`Error::sent`] (whether the service may have seen the call), never on
//! the text.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::many::PartialFailure;
use crate::operation::Descriptor;
use crate::wire::hide;

/// Declares the kinds once: variant, wire name and documentation stay together.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// What went wrong, by what a caller can do about it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$doc])* $variant,)+
        }

        impl ErrorKind {
            /// Every kind, in the order of their documentation.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$variant,)+];

            /// The kind's name, the same in every language: `invalid_input`, `rate_limited`, …
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(ErrorKind::$variant => $name,)+
                }
            }
        }
    };
}

kinds! {
    /// An argument breaks a documented rule. Found before any socket is opened.
    InvalidInput = "invalid_input",
    /// The client cannot be built, or used, as configured.
    Config = "config",
    /// The service does not accept the token, or the client id and secret.
    Auth = "auth",
    /// The token is accepted but does not allow this call; a new token would not help.
    Permission = "permission",
    /// The app, the user or the presence asked for does not exist.
    NotFound = "not_found",
    /// The app has not switched the feature on in the console.
    FeatureDisabled = "feature_disabled",
    /// The service understood the call and refuses it.
    BadRequest = "bad_request",
    /// Too many calls in a short time (`reach_limit`); the same call succeeds later.
    RateLimited = "rate_limited",
    /// The plan's quota is used up (`resource_limited`); waiting does not help.
    QuotaExceeded = "quota_exceeded",
    /// The request or the answer is larger than allowed.
    TooLarge = "too_large",
    /// The service failed, or answered something that HTTP gives no meaning here.
    Server = "server",
    /// A successful status with a body that is not what the call returns; or a callback that is none.
    Decode = "decode",
    /// A callback is not signed with a known secret, or is too far from the present, or is another app's.
    InvalidSignature = "invalid_signature",
    /// No connection could be made, or it broke.
    Connect = "connect",
    /// The server's certificate is not acceptable.
    Tls = "tls",
    /// A deadline passed.
    Timeout = "timeout",
    /// The rate limit gives the call no turn before its deadline. Nothing was sent, or nothing more.
    QueueTimeout = "queue_timeout",
    /// Too many calls wait for their turn already.
    Overloaded = "overloaded",
    /// A newer set of the same device took this one's place.
    Superseded = "superseded",
    /// Of a call on many users, a part succeeded and a part failed; [`Error::partial`] has both.
    Partial = "partial",
    /// The client was closed, before the call or during it.
    Closed = "closed",
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether the service may have received the call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sent {
    /// Not one byte of the request left, or it certainly did not arrive: nothing changed at the service.
    No,
    /// The request may have arrived and may have been carried out.
    Maybe,
    /// The service answered.
    Yes,
}

impl Sent {
    /// The name in every language: `no`, `maybe`, `yes`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Sent::No => "no",
            Sent::Maybe => "maybe",
            Sent::Yes => "yes",
        }
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a call failed.
///
/// [`Display`](fmt::Display) is one line that names the operation, the endpoint, the status, the service's code and
/// words, and what to do.
///
/// ```
/// # tokio_test(async {
/// use easemob_presence::{Client, ErrorKind, Sent};
/// # let emulator = easemob_presence_emulator::Emulator::start()?;
/// # let client = Client::builder().emulator(emulator.host()).build()?;
/// let error = client.user("wzy")?.subscribe(["c2", "WZY"]).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidInput);
/// assert_eq!(error.sent(), Sent::No);
/// assert_eq!(
///     error.to_string(),
///     "subscribe: invalid_input: \"WZY\" is the subscribing user itself. Leave it out of the list.",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(()) });
/// # fn tokio_test(f: impl Future<Output = Result<(), Box<dyn std::error::Error>>>) {
/// #     tokio::runtime::Runtime::new().unwrap().block_on(f).unwrap();
/// # }
/// ```
#[derive(Clone)]
pub struct Error {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    operation: Option<&'static Descriptor>,
    status: Option<u16>,
    code: Option<String>,
    message: String,
    hint: Option<&'static str>,
    request_id: Option<String>,
    retryable: bool,
    retry_after: Option<Duration>,
    sent: Sent,
    attempts: u32,
    body: Option<String>,
    partial: Option<Arc<PartialFailure>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            inner: Arc::new(Inner {
                kind,
                operation: None,
                status: None,
                code: None,
                message: message.into(),
                hint: None,
                request_id: None,
                retryable: false,
                retry_after: None,
                sent: Sent::No,
                attempts: 0,
                body: None,
                partial: None,
                source: None,
            }),
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    fn set(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.inner));
        self
    }

    /// Names the operation, unless a deeper layer (the token call) has named its own.
    pub(crate) fn during(self, operation: &'static Descriptor) -> Self {
        self.set(|e| e.operation = e.operation.or(Some(operation)))
    }

    pub(crate) fn with_hint(self, hint: Option<&'static str>) -> Self {
        self.set(|e| e.hint = hint)
    }

    pub(crate) fn with_answer(self, status: u16, body: String) -> Self {
        self.set(|e| {
            e.status = Some(status);
            e.body = Some(body);
            e.sent = Sent::Yes;
        })
    }

    pub(crate) fn with_code(self, code: Option<String>) -> Self {
        self.set(|e| e.code = code)
    }

    pub(crate) fn with_request_id(self, request_id: Option<String>) -> Self {
        self.set(|e| e.request_id = request_id)
    }

    pub(crate) fn with_retry(self, retryable: bool, retry_after: Option<Duration>) -> Self {
        self.set(|e| {
            e.retryable = retryable;
            e.retry_after = retry_after;
        })
    }

    /// Masks these secrets in everything that the service wrote.
    pub(crate) fn hiding(self, secrets: &[&str]) -> Self {
        self.set(|e| {
            e.message = hide(&e.message, secrets);
            for text in [&mut e.code, &mut e.request_id, &mut e.body].into_iter().flatten() {
                *text = hide(text, secrets);
            }
        })
    }

    pub(crate) fn with_sent(self, sent: Sent) -> Self {
        self.set(|e| e.sent = sent)
    }

    pub(crate) fn with_attempts(self, attempts: u32) -> Self {
        self.set(|e| e.attempts = attempts)
    }

    pub(crate) fn with_partial(self, partial: PartialFailure) -> Self {
        self.set(|e| e.partial = Some(Arc::new(partial)))
    }

    /// Whether both are one and the same failure.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    pub(crate) fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let source = source.into();
        self.set(|e| e.source = Some(Arc::from(source)))
    }

    /// What went wrong, by what a caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The operation's name (`set`, `get_many`, …); none while a client is being built.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.inner.operation.map(|operation| operation.name)
    }

    /// The HTTP status, if the service answered.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.inner.status
    }

    /// The service's own code (`illegal_argument`, `reach_limit`, …), as sent.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.inner.code.as_deref()
    }

    /// The service's own words where it answered, else what happened here.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.inner.hint
    }

    /// The answer's `x-request-id` header, for a support ticket.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.inner.request_id.as_deref()
    }

    /// Whether the same call can succeed later with nothing else changed.
    #[must_use]
    pub fn retryable(&self) -> bool {
        self.inner.retryable
    }

    /// How long the service asked to wait (`Retry-After`).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// Whether the service may have received the call.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.inner.sent
    }

    /// How many times the request was sent or tried; 0 if it never came to that.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.inner.attempts
    }

    /// What succeeded and what failed, user by user, of a call on many users that took more than one request, and of
    /// each failed item of [`iter_many`](crate::User::iter_many).
    ///
    /// With the kind [`Partial`](ErrorKind::Partial) something succeeded. With any other kind nothing did, and the
    /// error is the first cause.
    #[must_use]
    pub fn partial(&self) -> Option<&PartialFailure> {
        self.inner.partial.as_deref()
    }

    /// The first 2 KiB of the answer's text as it came, with anything shaped like a token masked.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.inner.body.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e = &*self.inner;
        if let Some(operation) = e.operation {
            write!(f, "{}: ", operation.name)?;
        }
        write!(f, "{}: ", e.kind)?;
        match (e.operation, e.status) {
            (Some(operation), Some(status)) => {
                write!(f, "{} {} answered {status}", operation.method, operation.template)?;
                if let Some(code) = &e.code {
                    // A code is one word; what a stranger writes there must not break the line.
                    write!(f, " {}", code.escape_debug())?;
                }
                write!(f, ": {:?}", e.message)?;
            }
            (Some(operation), None) if e.kind != ErrorKind::InvalidInput => {
                write!(f, "{} {}: {}", operation.method, operation.template, e.message)?;
            }
            _ => f.write_str(&e.message)?,
        }
        if let Some(request_id) = &e.request_id {
            write!(f, ", request id {request_id}")?;
        }
        if let Some(wait) = e.retry_after {
            write!(f, ", retry after {} s", wait.as_secs_f64())?;
        }
        if e.attempts > 1 {
            write!(f, ", {} attempts", e.attempts)?;
        }
        if e.attempts > 0 && e.sent == Sent::Maybe {
            f.write_str(", may have been carried out")?;
        }
        if let Some(hint) = e.hint {
            write!(f, ". {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e = &*self.inner;
        f.debug_struct("Error")
            .field("kind", &e.kind)
            .field("operation", &self.operation())
            .field("status", &e.status)
            .field("code", &e.code)
            .field("message", &e.message)
            .field("hint", &e.hint)
            .field("request_id", &e.request_id)
            .field("retryable", &e.retryable)
            .field("retry_after", &e.retry_after)
            .field("sent", &e.sent)
            .field("attempts", &e.attempts)
            .field("body", &e.body)
            .field("partial", &e.partial)
            .field("source", &e.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Operation, Subscribe};

    #[test]
    fn the_message_is_one_line_with_everything_that_is_known() {
        let error = Error::new(ErrorKind::RateLimited, "This request\nhas reached api limit")
            .with_answer(429, String::new())
            .with_code(Some("reach_limit".into()))
            .with_request_id(Some("r-1".into()))
            .with_retry(true, Some(Duration::from_millis(1500)))
            .with_hint(Some("Wait."))
            .with_attempts(2)
            .during(Subscribe::DESCRIPTOR);
        assert_eq!(
            error.to_string(),
            "subscribe: rate_limited: POST /users/{username}/presence/{expiry} answered 429 reach_limit: \
             \"This request\\nhas reached api limit\", request id r-1, retry after 1.5 s, 2 attempts. Wait."
        );
    }

    #[test]
    fn the_first_operation_named_stays() {
        let error =
            Error::invalid("x").during(Subscribe::DESCRIPTOR).during(crate::operation::Set::DESCRIPTOR);
        assert_eq!(error.operation(), Some("subscribe"));
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ErrorKind::ALL.len());
    }

    #[test]
    fn the_cause_stays_reachable() {
        let error = Error::config("x").with_source(std::io::Error::other("disk"));
        assert_eq!(StdError::source(&error).map(ToString::to_string).as_deref(), Some("disk"));
    }
}
