//! App tokens: one request in flight, the answer cached, a new one after a 401.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::transport::{ToSend, Transport};
use super::{Limits, after, attempt};
use crate::error::{Error, ErrorKind};
use crate::operation::{Operation, Token};

/// An app token, with its lifetime where that is known. Never prints itself.
///
/// ```
/// use std::time::Duration;
/// use easemob_presence::AppToken;
///
/// let token = AppToken::new("YWMt…").expires_in(Duration::from_secs(3600));
/// assert_eq!(format!("{token:?}"), "AppToken([redacted])");
/// ```
#[derive(Clone)]
pub struct AppToken {
    secret: SecretString,
    expires_in: Option<Duration>,
}

impl AppToken {
    /// A token of unknown lifetime: used until the service refuses it.
    pub fn new(token: impl Into<String>) -> Self {
        Self { secret: SecretString::from(token.into()), expires_in: None }
    }

    /// How long the token lives from now on. A little before the end a new one is asked for.
    #[must_use]
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.expires_in = Some(lifetime);
        self
    }

    /// Whether a header can hold the token; the token is not shown where it cannot.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let token = self.expose();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::config(
                "the app token is empty or holds a character that no header may hold (it is not shown)",
            ));
        }
        Ok(())
    }

    /// The token itself, for a call of your own. Keep it out of logs.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.secret.expose_secret()
    }

    /// How long the token still lived when it was handed out, where that is known.
    #[must_use]
    pub fn lifetime(&self) -> Option<Duration> {
        self.expires_in
    }
}

impl fmt::Debug for AppToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppToken([redacted])")
    }
}

/// Gives app tokens that your own system keeps. Called when the client has no token, a little before the end of one
/// with a known lifetime, and after the service has refused one; never twice at a time.
///
/// Any function that returns a future of `Result<AppToken, _>` is one.
///
/// ```
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// use easemob_presence::{AppToken, Client, Status};
/// # let emulator = easemob_presence_emulator::Emulator::start()?;
/// # let vault = emulator.issue_token(std::time::Duration::from_secs(60));
///
/// let client = Client::builder()
/// #     .emulator(emulator.host())
///     .token_provider(move || {
///         let token = vault.clone();
///         async move { Ok::<_, std::io::Error>(AppToken::new(token)) }
///     })
///     .build()?;
/// client.user("c1")?.set("android", Status::Online).await?;
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait TokenProvider: Send + Sync + 'static {
    /// A token that the service accepts.
    fn token(&self) -> ProvidedToken<'_>;
}

/// The future of a [`TokenProvider`].
pub type ProvidedToken<'a> =
    Pin<Box<dyn Future<Output = Result<AppToken, Box<dyn std::error::Error + Send + Sync>>> + Send + 'a>>;

impl<F, Fut, E> TokenProvider for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<AppToken, E>> + Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn token(&self) -> ProvidedToken<'_> {
        let token = self();
        Box::pin(async move { token.await.map_err(Into::into) })
    }
}

/// Where tokens come from.
#[derive(Clone)]
pub(crate) enum Source {
    /// `POST /token` with the client id and secret.
    Credentials(Token),
    /// One token, for as long as the service takes it.
    Fixed(AppToken),
    /// The caller's own function.
    Provider(Arc<dyn TokenProvider>),
}

/// A token in use.
#[derive(Debug)]
pub(crate) struct Issued {
    header: HeaderValue,
    token: AppToken,
    generation: u64,
    renew_at: Option<Instant>,
    expires_at: Option<Instant>,
}

impl Issued {
    fn new(token: AppToken, generation: u64) -> Result<Self, Error> {
        token.check()?;
        let mut header = HeaderValue::try_from(format!("Bearer {}", token.expose()))
            .map_err(|_| Error::config("the app token cannot be written as a header (it is not shown)"))?;
        header.set_sensitive(true);
        let now = Instant::now();
        let at = |wait: Duration| now.checked_add(wait);
        let renew_at = token.expires_in.and_then(|life| at(life.saturating_sub(margin(life))));
        let expires_at = token.expires_in.and_then(at);
        Ok(Self { header, token, generation, renew_at, expires_at })
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    pub(crate) fn app_token(&self) -> AppToken {
        let left = self.expires_at.map(|end| end.saturating_duration_since(Instant::now()));
        AppToken { secret: self.token.secret.clone(), expires_in: left }
    }

    fn is_fresh(&self) -> bool {
        self.renew_at.is_none_or(|at| Instant::now() < at)
    }
}

/// How long before its end a token is renewed: a fifth of its life, at most five minutes.
fn margin(life: Duration) -> Duration {
    (life / 5).min(Duration::from_secs(300))
}

/// None if the task went down with its runtime: a client may outlive the one that asked first.
type InFlight = Shared<BoxFuture<'static, Option<Result<Arc<Issued>, Error>>>>;

#[derive(Default)]
struct State {
    current: Option<Arc<Issued>>,
    in_flight: Option<InFlight>,
    generation: u64,
}

/// The token store of one client and its clones.
pub(crate) struct Tokens {
    source: Source,
    transport: Arc<dyn Transport>,
    limits: Limits,
    state: Mutex<State>,
}

impl Tokens {
    pub(super) fn new(source: Source, transport: Arc<dyn Transport>, limits: Limits) -> Self {
        Self { source, transport, limits, state: Mutex::default() }
    }

    /// The current token, or the one that a single request for all waiting callers brings.
    pub(super) async fn get(self: &Arc<Self>) -> Result<Arc<Issued>, Error> {
        loop {
            let in_flight = {
                let mut state = self.lock();
                if let Some(current) = state.current.as_ref().filter(|current| current.is_fresh()) {
                    return Ok(Arc::clone(current));
                }
                match &state.in_flight {
                    Some(in_flight) => in_flight.clone(),
                    None => state.in_flight.insert(self.start()).clone(),
                }
            };
            if let Some(outcome) = in_flight.clone().await {
                return outcome;
            }
            let mut state = self.lock();
            if state.in_flight.as_ref().is_some_and(|current| current.ptr_eq(&in_flight)) {
                state.in_flight = None;
            }
        }
    }

    /// Gives up the token that the service refused; false if no other can be had. A token that has been replaced
    /// since then stays.
    pub(super) fn renew_after_refusal(&self, refused: &Issued) -> bool {
        if matches!(self.source, Source::Fixed(_)) {
            return false;
        }
        let mut state = self.lock();
        if state.current.as_ref().is_some_and(|current| current.generation == refused.generation) {
            state.current = None;
        }
        true
    }

    /// Masks this client's secrets where the service has echoed them.
    pub(super) fn hide(&self, error: Error, token: &Issued) -> Error {
        error.hiding(&[token.token.expose(), self.client_secret()])
    }

    fn client_secret(&self) -> &str {
        match &self.source {
            Source::Credentials(credentials) => credentials.client_secret.expose_secret(),
            Source::Fixed(_) | Source::Provider(_) => "",
        }
    }

    /// Fetches in a task of its own, so that a caller who gives up takes the token from no other.
    fn start(self: &Arc<Self>) -> InFlight {
        let tokens = Arc::clone(self);
        let task = tokio::spawn(async move {
            let fetched = AssertUnwindSafe(tokens.fetch()).catch_unwind().await;
            let mut state = tokens.lock();
            state.in_flight = None;
            let token = fetched
                .unwrap_or_else(|_| Err(Error::new(ErrorKind::Auth, "the token provider panicked")))?;
            let issued = Arc::new(Issued::new(token, state.generation + 1)?);
            state.generation += 1;
            state.current = Some(Arc::clone(&issued));
            Ok(issued)
        });
        task.map(Result::ok).boxed().shared()
    }

    async fn fetch(&self) -> Result<AppToken, Error> {
        match &self.source {
            Source::Fixed(token) => Ok(token.clone()),
            Source::Provider(provider) => self.ask_provider(&**provider).await,
            Source::Credentials(credentials) => {
                let named = |error: Error| {
                    error.hiding(&[self.client_secret()]).with_attempts(1).during(Token::DESCRIPTOR)
                };
                self.ask_service(credentials.clone()).await.map_err(named)
            }
        }
    }

    async fn ask_provider(&self, provider: &dyn TokenProvider) -> Result<AppToken, Error> {
        let answer = tokio::time::timeout(self.limits.attempt_timeout, provider.token()).await;
        answer
            .map_err(|_| {
                Error::new(ErrorKind::Timeout, "the token provider gave no token in time")
                    .with_retry(true, None)
            })?
            .map_err(|source| Error::new(ErrorKind::Auth, "the token provider failed").with_source(source))
    }

    async fn ask_service(&self, credentials: Token) -> Result<AppToken, Error> {
        let request = credentials.request()?;
        let deadline = after(self.limits.attempt_timeout);
        let answer = attempt(&*self.transport, ToSend::new(&request, None), self.limits, deadline).await?;
        // Nothing of this body is kept: it holds the token.
        let answered = credentials
            .decode(answer.body)
            .map_err(|error| error.with_answer(answer.status, String::new()))?;
        Ok(AppToken { secret: answered.access_token, expires_in: answered.expires_in })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held; if it ever does, the state is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_is_a_fifth_and_at_most_five_minutes() {
        assert_eq!(margin(Duration::from_secs(100)), Duration::from_secs(20));
        assert_eq!(margin(Duration::from_secs(86_400)), Duration::from_secs(300));
    }

    #[tokio::test]
    async fn a_token_that_no_header_may_hold_is_refused_unseen() {
        for token in ["", "canary\r\nx: y", "canary token", "canary\u{e9}"] {
            let error = Issued::new(AppToken::new(token), 1).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }

    #[tokio::test]
    async fn no_form_of_printing_shows_the_token() {
        let issued = Issued::new(AppToken::new("canary"), 1).unwrap();
        assert!(!format!("{issued:?}").contains("canary"));
    }
}
