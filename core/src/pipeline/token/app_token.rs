use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::error::Error;
use crate::operation::Token;

/// The largest token that servers take in a header.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

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
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Error::config(format!(
                "the app token has {} bytes; at most {MAX_TOKEN_BYTES} fit into a request's head (it is not shown)",
                token.len()
            )));
        }
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
