//! The builder: every setting is checked once, here, and the environment is read only by `from_env`.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

use crate::client::Client;
use crate::error::Error;
use crate::operation::{Token, encoded};
use crate::pipeline::transport::Http;
use crate::pipeline::{AppToken, Limits, Pipeline, Source, TokenProvider};
use crate::wire::excerpt;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// What the emulator accepts unless it is told otherwise.
const EMULATOR_APP_KEY: &str = "easemob-demo#test";
const EMULATOR_CLIENT_ID: &str = "emulator-client-id";
const EMULATOR_CLIENT_SECRET: &str = "emulator-secret";

/// Builds a [`Client`]: an address, credentials, and whatever should differ from the defaults.
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
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientBuilder {
    host: Option<String>,
    app: Option<App>,
    source: Option<Source>,
    emulator: bool,
    limits: Limits,
    connect_timeout: Duration,
    allow_insecure_http: bool,
    proxy: ProxySetting,
    root_certificates: Vec<Vec<u8>>,
}

/// The two addressings of one service.
enum App {
    Key(String),
    Id(String),
}

/// Where requests go and how connections are made.
pub(crate) struct Endpoint {
    /// Scheme, authority and the app's path, without a slash at the end.
    pub(crate) base: String,
    pub(crate) plain_http: bool,
    pub(crate) connect_timeout: Duration,
    pub(crate) proxy: ProxySetting,
    pub(crate) root_certificates: Vec<Vec<u8>>,
}

pub(crate) enum ProxySetting {
    None,
    /// `HTTPS_PROXY`, `NO_PROXY` and their like; chosen by `from_env` only.
    System,
    Url(String),
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            host: None,
            app: None,
            source: None,
            emulator: false,
            limits: Limits { timeout: DEFAULT_TIMEOUT, attempt_timeout: DEFAULT_ATTEMPT_TIMEOUT },
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
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
        self.source = Some(Source::Provider(Box::new(provider)));
        self
    }

    /// An emulator at `host:port`, over plain HTTP, with its own app and credentials unless others are given.
    pub fn emulator(mut self, host: impl AsRef<str>) -> Self {
        let host = host.as_ref();
        self.host = Some(if host.contains("://") { host.to_owned() } else { format!("http://{host}") });
        self.emulator = true;
        self
    }

    /// The most time a whole call may take, in which everything happens: waiting for a token, every attempt and
    /// every pause. 30 seconds if not given; it never multiplies.
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
        self.with_variables(|name| match std::env::var(name) {
            Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(Error::config(format!("{name} is not Unicode"))),
        })
    }

    fn with_variables(mut self, get: impl Fn(&str) -> Result<Option<String>, Error>) -> Result<Self, Error> {
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
        let app = self.app.or_else(|| self.emulator.then(|| App::Key(EMULATOR_APP_KEY.into())));
        let emulator_credentials = || {
            let client_secret = SecretString::from(EMULATOR_CLIENT_SECRET);
            Source::Credentials(Token { client_id: EMULATOR_CLIENT_ID.into(), client_secret })
        };
        let source = self.source.or_else(|| self.emulator.then(emulator_credentials)).ok_or_else(|| {
            Error::config("no credentials").with_hint(Some(
                "Give the client id and secret from the console with client_credentials(), or a token with app_token() \
                 or token_provider().",
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
        let (origin, plain_http) = origin(self.host.as_deref(), self.allow_insecure_http)?;
        let endpoint = Endpoint {
            base: origin + &app_path(app.as_ref())?,
            plain_http,
            connect_timeout: self.connect_timeout,
            proxy: self.proxy,
            root_certificates: self.root_certificates,
        };
        let transport = Arc::new(Http::new(&endpoint)?);
        Ok(Client::new(Pipeline::new(transport, source, self.limits), self.limits))
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

/// The app's part of every path: `/org/app` or `/app-id/{app_id}`.
fn app_path(app: Option<&App>) -> Result<String, Error> {
    let segment = |what: &str, value: &str| {
        let bad = value.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '/' | '#'));
        if bad || value.is_empty() {
            return Err(Error::config(format!("{what} {} is not one name", excerpt(value))));
        }
        encoded(value).map_err(|error| Error::config(error.message()))
    };
    match app {
        None => Err(Error::config("no App Key").with_hint(Some(
            "Give it with app_key(\"org#app\"), or an app id with app_id(\"…\"); the console shows both.",
        ))),
        Some(App::Id(id)) => Ok(format!("/app-id/{}", segment("the app id", id)?)),
        Some(App::Key(key)) => match key.split('#').collect::<Vec<_>>()[..] {
            [org, app] => Ok(format!(
                "/{}/{}",
                segment("the App Key's org name", org)?,
                segment("the App Key's app name", app)?
            )),
            _ => Err(Error::config(format!("the App Key {} is not written org#app", excerpt(key)))
                .with_hint(Some(
                    "Write the two names with one '#' between them, as in \"easemob-demo#chatdemoui\".",
                ))),
        },
    }
}

/// Scheme and authority, and whether it is plain HTTP.
fn origin(host: Option<&str>, allow_insecure_http: bool) -> Result<(String, bool), Error> {
    let host = host.ok_or_else(|| {
        Error::config("no host")
            .with_hint(Some("Give the REST host that the console shows, such as \"a1.easemob.com\"."))
    })?;
    // User information in front of the host would be a secret: a host that does not parse is not shown.
    let wrong = |what: &str| {
        Error::config(format!("the host {what}")).with_hint(Some(
            "Write the name alone, such as \"a1.easemob.com\" or \"a1-test.easemob.com:8089\".",
        ))
    };
    if host.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(wrong("holds a space, a backslash or a control character"));
    }
    let full = if host.contains("://") { host.to_owned() } else { format!("https://{host}") };
    let url = Url::parse(&full).map_err(|error| wrong(&format!("is not one: {error}")))?;
    let plain_http = match url.scheme() {
        "https" => false,
        "http" => true,
        _ => return Err(wrong("has a scheme other than https and http")),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a user name or password"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("holds more than a name and a port"));
    }
    let name = url.host_str().ok_or_else(|| wrong("has no name"))?;
    if plain_http && !allow_insecure_http && !is_loopback(name) {
        return Err(Error::config(format!(
            "plain http to {} would show the token to everyone on the way",
            excerpt(name)
        ))
        .with_hint(Some("Write the host without http://, or allow it with allow_insecure_http(true).")));
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Ok((format!("{}://{name}{port}", url.scheme()), plain_http))
}

fn is_loopback(name: &str) -> bool {
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address
        .map_or_else(|_| name == "localhost" || name.ends_with(".localhost"), |address| address.is_loopback())
}

fn check_source(source: &Source) -> Result<(), Error> {
    match source {
        Source::Credentials(token) => token.check(),
        Source::Fixed(token) => token.check(),
        Source::Provider(_) => Ok(()),
    }
}

#[cfg(test)]
impl Endpoint {
    pub(crate) fn for_tests(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            plain_http: true,
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            proxy: ProxySetting::None,
            root_certificates: Vec::new(),
        }
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
    fn what_is_missing_is_named_with_what_to_write() {
        assert!(refusal(Client::builder().host("h").app_token("t")).contains("app_key(\"org#app\")"));
        assert!(refusal(Client::builder().app_key("o#a").app_token("t")).contains("a1.easemob.com"));
        assert!(refusal(Client::builder().host("h").app_key("o#a")).contains("client_credentials()"));
    }

    #[test]
    fn an_app_key_has_two_names() {
        for key in
            ["", "#", "org", "org/app", "org#", "#app", "a#b#c", "o rg#app", "or/g#app", "..#app", "a\r\n#b"]
        {
            assert!(refusal(builder().app_key(key)).contains("App Key") || key == "..#app", "{key}");
        }
        for id in ["", "a/b", "..", "a b"] {
            refusal(builder().app_id(id));
        }
        assert_eq!(app_path(Some(&App::Key("1-2#a&b".into()))).unwrap(), "/1-2/a%26b");
        assert_eq!(app_path(Some(&App::Id("4f".into()))).unwrap(), "/app-id/4f");
    }

    #[test]
    fn a_host_is_a_name_and_a_port_over_https() {
        for (host, base) in [
            ("a1.easemob.com", "https://a1.easemob.com"),
            ("a1-test.easemob.com:8089", "https://a1-test.easemob.com:8089"),
            ("https://a1.easemob.com/", "https://a1.easemob.com"),
            ("http://127.0.0.1:8088", "http://127.0.0.1:8088"),
            ("http://[::1]:8088", "http://[::1]:8088"),
            ("http://localhost", "http://localhost"),
        ] {
            assert_eq!(origin(Some(host), false).unwrap().0, base, "{host}");
        }
        for host in [
            "",
            "a b",
            "a\r\nb",
            "u:canary@h",
            "h/path",
            "h?q",
            "h#f",
            "ftp://h",
            "https://",
            "h\\x",
            "http://a1.easemob.com",
        ] {
            refusal(builder().host(host));
        }
        assert!(builder().host("http://a1.easemob.com").allow_insecure_http(true).build().is_ok());
        assert!(refusal(builder().host("http://a1.easemob.com")).contains("allow_insecure_http(true)"));
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
            Client::builder().with_variables(|name| Ok(map.get(name).cloned())).and_then(ClientBuilder::build)
        };
        let app = [("EASEMOB_HOST", "h"), ("EASEMOB_APP_KEY", "o#a")];
        let (id, secret, token) =
            (("EASEMOB_CLIENT_ID", "i"), ("EASEMOB_CLIENT_SECRET", "s"), ("EASEMOB_APP_TOKEN", "t"));
        assert!(with(&[app[0], app[1], id, secret]).is_ok());
        assert!(with(&[app[0], app[1], token]).is_ok());
        assert!(with(&[("EASEMOB_EMULATOR_HOST", "127.0.0.1:1")]).is_ok());
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
