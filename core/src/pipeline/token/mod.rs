//! App tokens: one request in flight, the answer kept and renewed ahead of its end, a new one after a 401.
//!
//! Requests to the token endpoint keep a distance, whatever becomes of them: a service that refuses every token, or
//! fails, is not asked for another by each call.

mod app_token;
mod issued;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

pub(crate) use app_token::Source;
pub use app_token::{AppToken, ProvidedToken, TokenProvider};
pub(crate) use issued::Issued;

use super::attempt::attempt;
use super::random::Random;
use super::retry::jittered;
use super::sync::{Mutex, MutexGuard, spawn};
use super::transport::{ToSend, Transport};
use super::{Limits, after, closed};
use crate::error::{Error, ErrorKind, Sent};
use crate::operation::{Operation, Token};

/// The first pause after a token request that did not get through.
const UNREACHED_BASE: Duration = Duration::from_millis(50);

/// None if the task went down with its runtime: a client may outlive the one that asked first.
type InFlight = Shared<BoxFuture<'static, Option<Result<Arc<Issued>, Error>>>>;

struct State {
    source: Source,
    current: Option<Arc<Issued>>,
    in_flight: Option<InFlight>,
    /// Held while a request is under way; its end ends the request.
    go_on: Option<oneshot::Sender<()>>,
    generation: u64,
    /// Requests made.
    requests: u64,
    /// Requests in a row that did not get through to the service.
    unreached: u32,
    /// Tokens in a row that the service refused before it had taken them once.
    refusals: u32,
    /// When the next request may be made.
    not_before: Option<Instant>,
    /// Why there is no token; told to callers who cannot wait until the next request.
    failure: Option<Error>,
    /// Whether the next request will most likely fail as well: nobody waits for it.
    hopeless: bool,
    /// Every client secret that was ever in use, to be masked in what the service writes.
    secrets: Vec<SecretString>,
}

/// The token store of one client and its clones.
pub(crate) struct Tokens {
    transport: Arc<dyn Transport>,
    random: Arc<Random>,
    /// For the token's own request.
    limits: Limits,
    /// The least time between two requests to the token endpoint.
    min_interval: Duration,
    state: Mutex<State>,
}

/// What a look at the store gives.
enum Look {
    Token(Arc<Issued>),
    Wait(InFlight),
}

impl Tokens {
    pub(crate) fn new(
        source: Source,
        transport: Arc<dyn Transport>,
        limits: Limits,
        min_interval: Duration,
        random: Random,
    ) -> Result<Self, Error> {
        let (current, secrets) = match &source {
            Source::Credentials(credentials) => (None, vec![credentials.client_secret.clone()]),
            Source::Fixed(token) => (Some(Arc::new(Issued::new(token.clone(), 0, 0.0)?)), Vec::new()),
            Source::Provider(_) => (None, Vec::new()),
        };
        let state = State {
            source,
            current,
            in_flight: None,
            go_on: None,
            generation: 0,
            requests: 0,
            unreached: 0,
            refusals: 0,
            not_before: None,
            failure: None,
            hopeless: false,
            secrets,
        };
        Ok(Self { transport, random: Arc::new(random), limits, min_interval, state: Mutex::new(state) })
    }

    pub(super) fn random(&self) -> &Arc<Random> {
        &self.random
    }

    pub(super) fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// Uses another client secret from the next request on.
    ///
    /// # Errors
    /// `config` if this client does not have one, or it cannot be one.
    pub(crate) fn rotate_secret(&self, client_secret: SecretString) -> Result<(), Error> {
        let mut state = self.lock();
        let Source::Credentials(credentials) = &mut state.source else {
            return Err(Error::config(
                "this client was not given a client secret, so there is none to replace",
            ));
        };
        let rotated = Token { client_secret: client_secret.clone(), ..credentials.clone() };
        rotated.check()?;
        *credentials = rotated;
        state.secrets.push(client_secret);
        state.hopeless = false;
        Ok(())
    }

    /// The current token, or the one that a single request for all waiting callers brings. Past its renewal a token
    /// serves on while the next is fetched.
    ///
    /// # Errors
    /// What the request for a token ended with, tried as often as the call may be.
    pub(super) async fn get(
        self: &Arc<Self>,
        limits: Limits,
        deadline: Instant,
    ) -> Result<Arc<Issued>, Error> {
        let mut tries = 0;
        loop {
            let in_flight = match self.look(deadline)? {
                Look::Token(token) => return Ok(token),
                Look::Wait(in_flight) => in_flight,
            };
            match in_flight.clone().await {
                Some(Ok(token)) => return Ok(token),
                Some(Err(error)) => {
                    tries += 1;
                    if !error.retryable() || tries >= limits.max_attempts || !self.asks_service() {
                        return Err(error);
                    }
                }
                None => self.forget(&in_flight),
            }
        }
    }

    fn look(self: &Arc<Self>, deadline: Instant) -> Result<Look, Error> {
        let mut state = self.lock();
        let now = Instant::now();
        let at = state.not_before.map_or(now, |at| at.max(now));
        if let Some(current) = state.current.clone().filter(|current| current.is_alive(now)) {
            if !current.is_fresh(now) && state.in_flight.is_none() && at == now {
                let in_flight = self.start(&mut state, now);
                state.in_flight = Some(in_flight);
            }
            return Ok(Look::Token(current));
        }
        if let Some(in_flight) = &state.in_flight {
            return Ok(Look::Wait(in_flight.clone()));
        }
        match &state.failure {
            Some(failure) if at > now && (state.hopeless || at >= deadline) => {
                let wait = failure.retryable().then(|| at - now);
                Err(failure.clone().with_retry(failure.retryable(), wait))
            }
            _ => {
                let in_flight = self.start(&mut state, at);
                state.in_flight = Some(in_flight.clone());
                Ok(Look::Wait(in_flight))
            }
        }
    }

    /// Whether tokens are fetched here; a provider decides by itself what it tries again.
    fn asks_service(&self) -> bool {
        matches!(self.lock().source, Source::Credentials(_))
    }

    fn forget(&self, in_flight: &InFlight) {
        let mut state = self.lock();
        if state.in_flight.as_ref().is_some_and(|current| current.ptr_eq(in_flight)) {
            state.in_flight = None;
        }
    }

    /// Whether the next caller need not wait for a token.
    pub(super) fn is_at_hand(&self) -> bool {
        self.lock().current.as_ref().is_some_and(|current| current.is_alive(Instant::now()))
    }

    /// Whether this is the token that the next caller would get.
    pub(super) fn is_current(&self, token: &Issued) -> bool {
        let state = self.lock();
        let now = Instant::now();
        state
            .current
            .as_ref()
            .is_some_and(|current| current.generation() == token.generation() && current.is_alive(now))
    }

    /// Notes that the service took the token.
    pub(super) fn accepted(&self, token: &Issued) {
        if token.accept() {
            self.lock().refusals = 0;
        }
    }

    /// Gives up the token that the service refused; false if no other is to be had. A token that has been replaced
    /// since then stays.
    pub(super) fn renew_after_refusal(&self, refused: &Issued, error: &Error) -> bool {
        let mut state = self.lock();
        if matches!(state.source, Source::Fixed(_)) {
            return false;
        }
        if state.current.as_ref().is_some_and(|current| current.generation() == refused.generation()) {
            state.current = None;
            state.refusals += 1;
            state.failure = Some(error.clone());
            state.hopeless = state.refusals > 1;
        }
        let due = state.not_before.is_none_or(|at| at <= Instant::now());
        due || !state.hopeless
    }

    /// Masks this client's secrets where the service has echoed them.
    pub(super) fn hide(&self, error: Error, token: &Issued) -> Error {
        self.hide_secrets(error.hiding(&[token.expose()]))
    }

    /// The same where it is not known which token the request carried: the current one is masked.
    pub(super) fn hide_current(&self, error: Error) -> Error {
        let current = self.lock().current.clone();
        let error = match &current {
            Some(token) => error.hiding(&[token.expose()]),
            None => error,
        };
        self.hide_secrets(error)
    }

    fn hide_secrets(&self, error: Error) -> Error {
        let secrets = self.lock().secrets.clone();
        error.hiding(&secrets.iter().map(ExposeSecret::expose_secret).collect::<Vec<_>>())
    }

    /// Fetches in a task of its own, so that a caller who gives up takes the token from no other.
    fn start(self: &Arc<Self>, state: &mut State, at: Instant) -> InFlight {
        let tokens = Arc::clone(self);
        let (go_on, ended) = oneshot::channel();
        state.go_on = Some(go_on);
        let task = spawn(async move {
            let request = async {
                if at > Instant::now() {
                    sleep_until(at).await;
                }
                let source = tokens.begin();
                let fetched = AssertUnwindSafe(tokens.fetch(source)).catch_unwind().await;
                fetched.unwrap_or_else(|_| Err(Error::new(ErrorKind::Auth, "the token provider panicked")))
            };
            let fetched = tokio::select! {
                biased;
                fetched = request => fetched,
                _ = ended => Err(closed("the client was closed during the call")),
            };
            tokens.finish(fetched)
        });
        task.map(Result::ok).boxed().shared()
    }

    /// Ends the request under way: a provider that hangs would hang on beyond the client.
    pub(super) fn close(&self) {
        self.lock().go_on = None;
    }

    fn begin(&self) -> Source {
        let mut state = self.lock();
        state.requests += 1;
        if matches!(state.source, Source::Credentials(_)) {
            state.not_before = Some(after(self.min_interval));
        }
        state.source.clone()
    }

    fn finish(&self, fetched: Result<AppToken, Error>) -> Result<Arc<Issued>, Error> {
        let mut state = self.lock();
        state.in_flight = None;
        let early = self.random.fraction();
        match fetched.and_then(|token| Issued::new(token, state.generation + 1, early)) {
            Ok(issued) => {
                let issued = Arc::new(issued);
                state.generation += 1;
                state.current = Some(Arc::clone(&issued));
                (state.unreached, state.failure, state.hopeless) = (0, None, false);
                Ok(issued)
            }
            Err(error) => {
                if matches!(state.source, Source::Credentials(_)) {
                    self.keep_distance(&mut state, &error);
                }
                Err(error)
            }
        }
    }

    /// After a failure: when the next request may be made, and what callers are told until then.
    fn keep_distance(&self, state: &mut State, error: &Error) {
        let now = Instant::now();
        if error.sent() == Sent::No {
            let pause = jittered(UNREACHED_BASE, state.unreached, &self.random);
            state.unreached = state.unreached.saturating_add(1);
            state.not_before = now.checked_add(pause);
        } else {
            state.unreached = 0;
        }
        let asked = error.retry_after().and_then(|wait| now.checked_add(wait));
        state.not_before = state.not_before.max(asked);
        state.failure = Some(error.clone());
        state.hopeless = !error.retryable();
    }

    async fn fetch(&self, source: Source) -> Result<AppToken, Error> {
        match source {
            Source::Fixed(token) => Ok(token),
            Source::Provider(provider) => self.ask_provider(&*provider).await,
            Source::Credentials(credentials) => self
                .ask_service(credentials)
                .await
                .map_err(|error| self.hide_secrets(error).with_attempts(1).during(Token::DESCRIPTOR)),
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

    async fn ask_service(&self, mut credentials: Token) -> Result<AppToken, Error> {
        let request = credentials.request()?;
        let deadline = after(self.limits.attempt_timeout);
        let to_send = ToSend::new(&request, None);
        let answer =
            attempt(&*self.transport, to_send, self.limits, deadline).await.map_err(|failed| failed.error)?;
        // Nothing of this body is kept: it holds the token.
        let answered = credentials
            .decode(answer.body)
            .map_err(|error| error.with_answer(answer.status, String::new()))?;
        let token = AppToken::new(answered.access_token.expose_secret());
        Ok(match answered.expires_in {
            Some(lifetime) => token.expires_in(lifetime),
            None => token,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held; if it ever does, the state is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Tokens {
    pub(super) fn is_current_generation(&self, generation: u64) -> bool {
        self.lock().current.as_ref().is_some_and(|current| current.generation() == generation)
    }
}
