//! The builder: every setting is checked once, here, and the environment is read only by `from_env`.

mod address;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use address::{app_path, origin};
use secrecy::SecretString;

use crate::client::Client;
use crate::error::Error;
use crate::operation::Token;
use crate::pipeline::endpoint::{Endpoint, ProxySetting};
use crate::pipeline::limiter::{Limiter, Priority, RateLimits};
use crate::pipeline::resolver::System;
use crate::pipeline::transport::{Http, Transport};
use crate::pipeline::{AppToken, Caller, Gets, Limits, Pipeline, Random, Source, TokenProvider, Tokens};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const DEFAULT_MAX_ATTEMPTS: u32 = 4;
const DEFAULT_MAX_QUEUED: usize = 10_000;
const DEFAULT_MIN_TOKEN_INTERVAL: Duration = Duration::from_secs(10);

/// What the emulator accepts unless it is told otherwise.
const EMULATOR_APP_KEY: &str = "easemob-demo#test";
const EMULATOR_CLIENT_ID: &str = "emulator-client-id";
const EMULATOR_CLIENT_SECRET: &str = "emulator-secret";

/// Builds a [`Client`]: an address, credentials, and whatever should differ from the defaults.
///
/// Clones build clients that share nothing but a token provider: a process that forks keeps a builder and builds
/// anew in the child, because connections belong to the runtime that made them.
///
/// ```
/// use std::time::Duration;
/// use easemob_presence::Client;
///
/// let client = Client::builder()
///     .host("a1.easemob.com")
///     .app_key("my-org#my-app")
///     .client_credentials("client id", "client secret")
///     .timeout(Duration::from_secs(10))
///     .build()?;
/// # Ok::<(), easemob_presence::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientBuilder {
    host: Option<String>,
    app: Option<App>,
    source: Option<Source>,
    emulator: bool,
    limits: Limits,
    connect_timeout: Duration,
    min_token_interval: Duration,
    rate_limits: RateLimits,
    max_queued: usize,
    coalesce: bool,
    cache: Duration,
    allow_insecure_http: bool,
    proxy: ProxySetting,
    root_certificates: Vec<Vec<u8>>,
}

/// The two addressings of one service.
#[derive(Clone)]
pub(crate) enum App {
    Key(String),
    Id(String),
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            host: None,
            app: None,
            source: None,
            emulator: false,
            limits: Limits {
                timeout: DEFAULT_TIMEOUT,
                attempt_timeout: DEFAULT_ATTEMPT_TIMEOUT,
                max_attempts: DEFAULT_MAX_ATTEMPTS,
                priority: Priority::Normal,
                caller: Caller::Each,
            },
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            min_token_interval: DEFAULT_MIN_TOKEN_INTERVAL,
            rate_limits: RateLimits::documented(),
            max_queued: DEFAULT_MAX_QUEUED,
            coalesce: true,
            cache: Duration::ZERO,
            allow_insecure_http: false,
            proxy: ProxySetting::None,
            root_certificates: Vec::new(),
        }
    }
}

impl ClientBuilder {
    /// The REST host that the console shows for the app, such as `a1.easemob.com` or `a41.chat.agora.io`, with a
    /// port if it needs one. HTTPS unless the host is written with `http://`.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// The App Key, `org_name#app_name`.
    pub fn app_key(mut self, app_key: impl Into<String>) -> Self {
        self.app = Some(App::Key(app_key.into()));
        self
    }

    /// The app id of newer Agora projects, in place of an App Key.
    pub fn app_id(mut self, app_id: impl Into<String>) -> Self {
        self.app = Some(App::Id(app_id.into()));
        self
    }

    /// The client id and secret from the console. App tokens are fetched with them, kept, and renewed.
    pub fn client_credentials(
        mut self,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        let client_secret = SecretString::from(client_secret.into());
        self.source = Some(Source::Credentials(Token { client_id: client_id.into(), client_secret }));
        self
    }

    /// One fixed app token. When it ends, calls fail with [`Auth`](crate::ErrorKind::Auth).
    pub fn app_token(mut self, token: impl Into<String>) -> Self {
        self.source = Some(Source::Fixed(AppToken::new(token)));
        self
    }

    /// A function that gives app tokens; see [`TokenProvider`].
    pub fn token_provider(mut self, provider: impl TokenProvider) -> Self {
        self.source = Some(Source::Provider(Arc::new(provider)));
        self
    }

    /// An emulator at `host:port`, over plain HTTP, with its own app and credentials unless others are given.
    pub fn emulator(mut self, host: impl AsRef<str>) -> Self {
        let host = host.as_ref();
        self.host = Some(if host.contains("://") { host.to_owned() } else { format!("http://{host}") });
        self.emulator = true;
        self
    }

    /// The most time a whole call may take, in which everything happens: its turn in the rate limit, waiting for a
    /// token, every attempt and every pause. 30 seconds if not given; it never multiplies.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// The most time one attempt may take. 10 seconds if not given.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.limits.attempt_timeout = timeout;
        self
    }

    /// The most time connecting may take, TLS included. 3 seconds if not given.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The most attempts of one call, 4 if not given. Neither attempts that the service's rate limit refused count nor
    /// those made again for nothing: after a 401, or when a connection that lay idle had been closed. 1 means no retry,
    /// not even after the service's rate limit refused the call.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.limits.max_attempts = attempts;
        self
    }

    /// How many calls a second are made to each endpoint; the documented rates if not given.
    ///
    /// Token requests are not among them: they keep a distance of their own
    /// ([`min_token_interval`](Self::min_token_interval)).
    ///
    /// All clients of one App Key in this process count together: the rates given last hold for all of them. Calls
    /// beyond the rate wait for their turn, within their timeout.
    ///
    /// ```
    /// use easemob_presence::{Client, Endpoint, RateLimits};
    ///
    /// // A pack raised the rate of get, and two of these processes share it.
    /// let limits = RateLimits::documented().with(Endpoint::Get, 200).share(0.5);
    /// let client = Client::builder().emulator("127.0.0.1:8088").rate_limits(limits).build()?;
    /// # Ok::<(), easemob_presence::Error>(())
    /// ```
    pub fn rate_limits(mut self, limits: RateLimits) -> Self {
        self.rate_limits = limits;
        self
    }

    /// The most calls that may wait for their turn at one endpoint; more fail at once with
    /// [`Overloaded`](crate::ErrorKind::Overloaded). 10,000 if not given.
    pub fn max_queued(mut self, calls: usize) -> Self {
        self.max_queued = calls;
        self
    }

    /// Whether single [`get`](crate::User::get)s that one user makes at the same time go as one request, of up to 100
    /// users and 5,000 bytes. They do if not given.
    ///
    /// Calls go together if they have attempt timeout, attempts, priority and group in common; each keeps its own
    /// timeout, answer and error. A request takes in others until it has its turn in the rate limit, and one that need
    /// not wait goes at once, or a millisecond later at most if others keep coming. A call given
    /// [`with_raw`](crate::Call::with_raw) makes a request of its own.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// use easemob_presence::Client;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// let client = Client::builder().emulator(emulator.host()).build()?;
    /// let wzy = client.user("wzy")?;
    /// let (c2, c3) = tokio::join!(wzy.get("c2").into_future(), wzy.get("c3").into_future());
    /// assert_eq!((c2?.user_id().as_str(), c3?.user_id().as_str()), ("c2", "c3"));
    /// assert_eq!((client.stats().calls, client.stats().attempts), (2, 1));
    ///
    /// let each_alone = Client::builder().emulator(emulator.host()).coalesce(false).build()?;
    /// # let wzy = each_alone.user("wzy")?;
    /// # let (c2, c3) = tokio::join!(wzy.get("c2").into_future(), wzy.get("c3").into_future());
    /// # assert_eq!((c2.is_ok(), c3.is_ok(), each_alone.stats().attempts), (true, true, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn coalesce(mut self, coalesce: bool) -> Self {
        self.coalesce = coalesce;
        self
    }

    /// Gives an answer of [`get`](crate::User::get) again, without a request, while it is at most this old. Off if
    /// not given, and with zero.
    ///
    /// An answer belongs to the user who asked. Its age counts from the moment when its request had its turn. Errors
    /// are not kept. What was read of a user before this client's own [`set`](crate::User::set) of that user is not
    /// given after it. About 65,000 answers are kept at most; answers of other operations are not.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// use std::time::Duration;
    /// use easemob_presence::Client;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// let client = Client::builder().emulator(emulator.host()).cache(Duration::from_secs(2)).build()?;
    /// let wzy = client.user("wzy")?;
    /// assert_eq!(wzy.get("c2").await?, wzy.get("C2").await?);
    /// assert_eq!((client.stats().attempts, client.stats().cached), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cache(mut self, fresh_for: Duration) -> Self {
        self.cache = fresh_for;
        self
    }

    /// The least time between two requests for a token (`POST /token`), whatever becomes of them. 10 seconds if not
    /// given; tests that let tokens end may want none.
    pub fn min_token_interval(mut self, interval: Duration) -> Self {
        self.min_token_interval = interval;
        self
    }

    /// Allows an `http://` host that is not this machine. Tokens then travel readable by all on the way.
    pub fn allow_insecure_http(mut self, allow: bool) -> Self {
        self.allow_insecure_http = allow;
        self
    }

    /// An HTTP proxy for every connection, `http://[user:password@]host:port`. None if not given.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = ProxySetting::Url(url.into());
        self
    }

    /// Trusts the certificate authorities in this PEM text too, beside the platform's. Verification cannot be
    /// switched off.
    pub fn add_root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Takes from the environment what is set there: `EASEMOB_HOST`; `EASEMOB_APP_KEY` (`org#app`) or
    /// `EASEMOB_APP_ID`; `EASEMOB_CLIENT_ID` with `EASEMOB_CLIENT_SECRET`, or `EASEMOB_APP_TOKEN`; or
    /// `EASEMOB_EMULATOR_HOST` in place of the host. The platform's proxy settings (`HTTPS_PROXY`, `NO_PROXY`) hold
    /// too.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) for variables that contradict each other or are not Unicode.
    pub fn from_env(self) -> Result<Self, Error> {
        self.read_variables(|name| match std::env::var(name) {
            Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(Error::config(format!("{name} is not Unicode"))),
        })
    }

    /// As [`from_env`](Self::from_env), with variables from elsewhere: a runtime with an environment of its own (a
    /// worker thread of Node), or a file of settings. An empty one counts as not set.
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use easemob_presence::Client;
    ///
    /// let file = HashMap::from([
    ///     ("EASEMOB_HOST", "a1.easemob.com"),
    ///     ("EASEMOB_APP_KEY", "my-org#my-app"),
    ///     ("EASEMOB_APP_TOKEN", "YWMtokens"),
    /// ]);
    /// let client = Client::builder().with_variables(|name| file.get(name).map(ToString::to_string))?.build()?;
    /// # Ok::<(), easemob_presence::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) for variables that contradict each other.
    pub fn with_variables(self, get: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        self.read_variables(|name| Ok(get(name).filter(|value| !value.is_empty())))
    }

    fn read_variables(mut self, get: impl Fn(&str) -> Result<Option<String>, Error>) -> Result<Self, Error> {
        match (get("EASEMOB_HOST")?, get("EASEMOB_EMULATOR_HOST")?) {
            (Some(_), Some(_)) => {
                return Err(Error::config("EASEMOB_HOST and EASEMOB_EMULATOR_HOST are both set; unset one"));
            }
            (Some(host), None) => {
                self = self.host(host);
                self.proxy = ProxySetting::System;
            }
            (None, Some(emulator)) => self = self.emulator(emulator),
            (None, None) => {}
        }
        match (get("EASEMOB_APP_KEY")?, get("EASEMOB_APP_ID")?) {
            (Some(_), Some(_)) => {
                return Err(Error::config("EASEMOB_APP_KEY and EASEMOB_APP_ID are both set; unset one"));
            }
            (Some(key), None) => self = self.app_key(key),
            (None, Some(id)) => self = self.app_id(id),
            (None, None) => {}
        }
        match (get("EASEMOB_CLIENT_ID")?, get("EASEMOB_CLIENT_SECRET")?, get("EASEMOB_APP_TOKEN")?) {
            (None, None, None) => Ok(self),
            (None, None, Some(token)) => Ok(self.app_token(token)),
            (Some(id), Some(secret), None) => Ok(self.client_credentials(id, secret)),
            (_, _, Some(_)) => {
                Err(Error::config("EASEMOB_APP_TOKEN is set beside client credentials; unset one"))
            }
            (Some(_), None, None) => {
                Err(Error::config("EASEMOB_CLIENT_ID is set without EASEMOB_CLIENT_SECRET"))
            }
            (None, Some(_), None) => {
                Err(Error::config("EASEMOB_CLIENT_SECRET is set without EASEMOB_CLIENT_ID"))
            }
        }
    }

    /// Checks everything and makes the client. Opens no connection.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config), saying what is wrong and what to write.
    pub fn build(self) -> Result<Client, Error> {
        let (origin, plain_http) = origin(self.host.as_deref(), self.allow_insecure_http)?;
        let app = self.app.or_else(|| self.emulator.then(|| App::Key(EMULATOR_APP_KEY.into())));
        let base = origin + &app_path(app.as_ref())?;
        let emulator_credentials = || {
            let client_secret = SecretString::from(EMULATOR_CLIENT_SECRET);
            Source::Credentials(Token { client_id: EMULATOR_CLIENT_ID.into(), client_secret })
        };
        let source = self.source.or_else(|| self.emulator.then(emulator_credentials)).ok_or_else(|| {
            Error::config("no credentials").with_hint(Some(
                "Give the client id and secret from the console, an app token or a token provider, or set \
                 EASEMOB_CLIENT_ID and EASEMOB_CLIENT_SECRET, or EASEMOB_APP_TOKEN.",
            ))
        })?;
        check_source(&source)?;
        for (name, timeout) in [
            ("timeout", self.limits.timeout),
            ("attempt_timeout", self.limits.attempt_timeout),
            ("connect_timeout", self.connect_timeout),
        ] {
            if timeout.is_zero() {
                return Err(Error::config(format!("{name} is zero, which leaves no time for any call")));
            }
        }
        if self.limits.max_attempts == 0 {
            return Err(Error::config("max_attempts is zero, which allows no call at all"));
        }
        let limiter = Limiter::shared(&base, &self.rate_limits, self.max_queued)?;
        let endpoint = Endpoint {
            base,
            plain_http,
            connect_timeout: self.connect_timeout,
            proxy: self.proxy,
            root_certificates: self.root_certificates,
            resolver: Arc::new(System),
        };
        let transport: Arc<dyn Transport> = Arc::new(Http::new(&endpoint)?);
        let tokens =
            Tokens::new(source, Arc::clone(&transport), self.limits, self.min_token_interval, Random::new())?;
        let gets = Gets::new(self.coalesce, self.cache);
        Ok(Client::new(Pipeline::new(transport, tokens, limiter).with_gets(gets), self.limits))
    }
}

/// Shows which settings are there, never a secret one.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("host", &self.host)
            .field("limits", &self.limits)
            .field("connect_timeout", &self.connect_timeout)
            .field("allow_insecure_http", &self.allow_insecure_http)
            .finish_non_exhaustive()
    }
}

fn check_source(source: &Source) -> Result<(), Error> {
    match source {
        Source::Credentials(token) => token.check(),
        Source::Fixed(token) => token.check(),
        Source::Provider(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn builder() -> ClientBuilder {
        Client::builder().host("a1.easemob.com").app_key("org#app").client_credentials("id", "canary")
    }

    fn refusal(builder: ClientBuilder) -> String {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Config, "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        error.to_string()
    }

    #[test]
    fn a_clone_builds_a_client_of_its_own() {
        let builder = Client::builder().emulator("127.0.0.1:1");
        let (parent, child) = (builder.clone().build().unwrap(), builder.build().unwrap());
        assert!(!std::ptr::eq(parent.pipeline(), child.pipeline()));
    }

    #[test]
    fn clients_of_one_app_share_their_rates_and_those_of_another_do_not() {
        use crate::Endpoint;
        let limit = |client: &Client| {
            client.stats().endpoints.into_iter().find(|stats| stats.endpoint == Endpoint::Get).unwrap().limit
        };
        let app = |key: &str| Client::builder().host("shared.example").app_key(key).app_token("t");
        let raised = RateLimits::documented().with(Endpoint::Get, 200);
        let first = app("org#one").rate_limits(raised).build().unwrap();
        assert_eq!(limit(&app("org#one").build().unwrap()), Some(200.0));
        assert_eq!(limit(&app("org#two").build().unwrap()), Some(50.0));
        assert_eq!(limit(&first), Some(200.0));
    }

    #[test]
    fn what_is_missing_is_named_with_what_to_write() {
        assert!(refusal(Client::builder().host("h").app_token("t")).contains("org#app"));
        assert!(refusal(Client::builder().app_key("o#a").app_token("t")).contains("a1.easemob.com"));
        assert!(refusal(Client::builder().host("h").app_key("o#a")).contains("client id and secret"));
    }

    #[test]
    fn secrets_that_cannot_work_are_refused_unseen() {
        refusal(builder().app_token("canary\r\n"));
        refusal(builder().app_token(""));
        refusal(builder().client_credentials("", "canary"));
        refusal(builder().client_credentials("id", ""));
        refusal(builder().proxy("::canary::"));
        assert!(!format!("{:?} {:?}", builder(), builder().build().unwrap()).contains("canary"));
    }

    #[test]
    fn a_timeout_of_zero_is_refused() {
        for builder in [
            builder().timeout(Duration::ZERO),
            builder().attempt_timeout(Duration::ZERO),
            builder().connect_timeout(Duration::ZERO),
        ] {
            assert!(refusal(builder).contains("is zero"));
        }
    }

    #[test]
    fn the_environment_gives_address_and_credentials_or_says_what_contradicts() {
        let with = |pairs: &[(&str, &str)]| {
            let map: HashMap<String, String> =
                pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
            Client::builder().with_variables(|name| map.get(name).cloned()).and_then(ClientBuilder::build)
        };
        let app = [("EASEMOB_HOST", "h"), ("EASEMOB_APP_KEY", "o#a")];
        let (id, secret, token) =
            (("EASEMOB_CLIENT_ID", "i"), ("EASEMOB_CLIENT_SECRET", "s"), ("EASEMOB_APP_TOKEN", "t"));
        assert!(with(&[app[0], app[1], id, secret]).is_ok());
        assert!(with(&[app[0], app[1], token]).is_ok());
        assert!(with(&[("EASEMOB_EMULATOR_HOST", "127.0.0.1:1")]).is_ok());
        assert!(with(&[("EASEMOB_EMULATOR_HOST", "127.0.0.1:1"), ("EASEMOB_HOST", "")]).is_ok());
        for wrong in [
            vec![],
            vec![app[0], app[1]],
            vec![app[0], app[1], id],
            vec![app[0], app[1], secret],
            vec![app[0], app[1], id, secret, token],
            vec![app[0], app[1], ("EASEMOB_APP_ID", "x"), token],
            vec![app[0], app[1], ("EASEMOB_EMULATOR_HOST", "127.0.0.1:1"), token],
        ] {
            assert!(with(&wrong).is_err(), "{wrong:?}");
        }
    }
}
