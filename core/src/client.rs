use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::call::Call;
use crate::config::ClientBuilder;
use crate::error::Error;
use crate::many::Many;
use crate::model::UserId;
use crate::operation::{Batch, GetOnlineStates, GroupKind, GroupOnlineCount};
use crate::pipeline::limiter::Priority;
use crate::pipeline::{AppToken, Caller, Limits, Pipeline, Stats};
use crate::user::User;

/// A client of one app.
///
/// Cheap to clone and safe to share between tasks and threads; clones share connections and token. Keep one for the
/// life of the process.
///
/// ```
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// # let emulator = easemob_presence_emulator::Emulator::start()?;
/// use easemob_presence::{Client, Status};
///
/// let client = Client::builder()
///     .host(emulator.url())
///     .app_key(emulator.app_key())
///     .client_credentials(emulator.client_id(), emulator.client_secret())
///     .build()?;
/// client.user("c1")?.set("android_123423453246", Status::Online).ext("busy").await?;
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Client {
    pipeline: Arc<Pipeline>,
    limits: Limits,
}

impl Client {
    pub(crate) fn new(pipeline: Pipeline, limits: Limits) -> Self {
        Self { pipeline: Arc::new(pipeline), limits }
    }

    pub(crate) fn pipeline(&self) -> &Arc<Pipeline> {
        &self.pipeline
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Starts a client's configuration.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client configured by the environment alone; the variables are listed at
    /// [`ClientBuilder::from_env`].
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) if something is missing, contradicts itself or is not valid.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().from_env()?.build()
    }

    /// The same client with other limits for its calls. Connections, token, rate limits and closing are shared.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// use std::time::Duration;
    /// use easemob_presence::{Client, Options};
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// let hurried = client.with_options(Options::new().timeout(Duration::from_millis(900)));
    /// hurried.user("wzy")?.get("c2").await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_options(&self, options: Options) -> Self {
        let limits = Limits {
            timeout: options.timeout.unwrap_or(self.limits.timeout),
            attempt_timeout: options.attempt_timeout.unwrap_or(self.limits.attempt_timeout),
            max_attempts: options.max_attempts.unwrap_or(self.limits.max_attempts),
            priority: options.priority.unwrap_or(self.limits.priority),
            caller: options.caller.unwrap_or(self.limits.caller),
        };
        Self { pipeline: Arc::clone(&self.pipeline), limits }
    }

    /// The operations that one user performs. Makes no call; the user need not exist yet.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if the id breaks a rule of [`UserId`].
    pub fn user(&self, user_id: impl AsRef<str>) -> Result<User, Error> {
        Ok(User::new(self.clone(), UserId::new(user_id)?))
    }

    /// Whether each of any number of users is logged in somewhere: `POST /users/batch/status`, for each 100 of them.
    ///
    /// This is the login state, not the presence that users set. The service calls ids it does not know offline.
    /// Limit: 50 requests a second per App Key. No ids: an empty answer without a request.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) for a bad id; [`Partial`](crate::ErrorKind::Partial) if some
    /// requests succeeded and others failed; see [`Error`] for the rest.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use easemob_presence::Client;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// # emulator.state().login("user2", "ios_1");
    /// let states = client.online_states(["user1", "user2"]).await?;
    /// assert_eq!(states.get("user1"), Some(false));
    /// assert_eq!(states.get("User2"), Some(true));
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn online_states<I>(&self, ids: I) -> Many<GetOnlineStates>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        Many::new(self, Batch::collect(ids).map(|batch| GetOnlineStates { batch }))
    }

    /// How many members of a group are online: `GET /presence/online/{group_id}/type/{query_type}`.
    ///
    /// For a server of a super community add `.kind(GroupKind::SuperCommunityServer)`. The service activates this
    /// count for an App Key on request; limit: 100 calls a second per App Key.
    ///
    /// # Errors
    /// [`FeatureDisabled`](crate::ErrorKind::FeatureDisabled) where it is not activated,
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) for an id that cannot travel; see [`Error`] for the rest.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use easemob_presence::Client;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// # emulator.state().set_group_online_count("66016455491585", 1, 100);
    /// assert_eq!(client.group_online_count("66016455491585").await?, 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn group_online_count(&self, group_id: impl Into<String>) -> Call<GroupOnlineCount> {
        Call::new(self, Ok(GroupOnlineCount { group_id: group_id.into(), kind: GroupKind::default() }))
    }

    /// The app token that the client's next call would use, for other calls of your own to the same app.
    ///
    /// Fetches one (`POST /token`) only if there is none, or its end is near.
    ///
    /// # Errors
    /// [`Auth`](crate::ErrorKind::Auth) if the service refuses the client id and secret, or the token provider fails;
    /// see [`Error`] for the rest.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use easemob_presence::Client;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// let token = client.app_token().await?;
    /// assert!(token.expose().starts_with("YWMt"));
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn app_token(&self) -> Result<AppToken, Error> {
        self.pipeline.app_token(self.limits).await
    }

    /// What this client and its clones have done so far, and the state of their rate limits.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use easemob_presence::Client;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// client.user("wzy")?.get("c2").await?;
    /// let stats = client.stats();
    /// assert_eq!((stats.succeeded, stats.attempts, stats.token_requests), (1, 1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.pipeline.stats()
    }

    /// Uses another client secret from the next token request on, after a rotation in the console. The token in use
    /// stays until its time.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) if the secret is empty, or the client was built without client id and
    /// secret.
    ///
    /// ```
    /// # use easemob_presence::Client;
    /// # let client = Client::builder().emulator("127.0.0.1:8088").build()?;
    /// client.rotate_client_secret("the new secret")?;
    /// # Ok::<(), easemob_presence::Error>(())
    /// ```
    pub fn rotate_client_secret(&self, client_secret: impl Into<String>) -> Result<(), Error> {
        self.pipeline.tokens().rotate_secret(SecretString::from(client_secret.into()))
    }

    /// Ends every call under way with [`Closed`](crate::ErrorKind::Closed), down to the socket, and refuses every
    /// later one of this client and its clones. May be repeated. To let calls end first, await them first.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use easemob_presence::{Client, ErrorKind};
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// client.close();
    /// let error = client.user("wzy")?.get("c2").await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Closed);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&self) {
        self.pipeline.close();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Limits that replace a client's; see [`Client::with_options`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Options {
    timeout: Option<Duration>,
    attempt_timeout: Option<Duration>,
    max_attempts: Option<u32>,
    priority: Option<Priority>,
    caller: Option<Caller>,
}

impl Options {
    /// Everything as the client has it.
    pub fn new() -> Self {
        Self::default()
    }

    /// The most time a whole call may take; see [`ClientBuilder::timeout`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The most time one attempt may take; see [`ClientBuilder::attempt_timeout`].
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// The most attempts of one call; see [`ClientBuilder::max_attempts`].
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// Whether calls go before or after others when the rate limit makes them wait.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Counts all calls made through the client as one caller. Callers take turns, so a job of a hundred thousand
    /// calls leaves every other call its place; without this each call is a caller of its own.
    ///
    /// ```
    /// use easemob_presence::{Client, Options, Priority};
    /// # let client = Client::builder().emulator("127.0.0.1:8088").build()?;
    /// let nightly = client.with_options(Options::new().grouped(true).priority(Priority::Background));
    /// # Ok::<(), easemob_presence::Error>(())
    /// ```
    pub fn grouped(mut self, grouped: bool) -> Self {
        self.caller = Some(if grouped { Caller::group() } else { Caller::Each });
        self
    }
}
