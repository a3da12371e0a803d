//! The client's options, handed to the core's builder as they are.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use easemob_presence::{Client, ClientBuilder, Endpoint, Error, Options, Priority, RateLimits};
use napi::bindgen_prelude::Either3;
use napi_derive::napi;

use crate::bridge::Shared;
use crate::token_provider::{JsTokenProvider, Questions};

/// What `PresenceClient` was given; see `ClientOptions` in `../ts/options.ts`.
#[napi(object, object_to_js = false)]
pub struct ClientConfig {
    /// The environment's variables, for `fromEnv`.
    pub variables: Option<HashMap<String, String>>,
    pub host: Option<String>,
    pub emulator: Option<String>,
    pub app_key: Option<String>,
    pub app_id: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    pub app_token: Option<String>,
    /// The number under which the client asks JavaScript for tokens, if it has a token provider.
    pub token_client: Option<u32>,
    pub timeout_ms: Option<f64>,
    pub attempt_timeout_ms: Option<f64>,
    pub connect_timeout_ms: Option<f64>,
    pub max_attempts: Option<u32>,
    /// "documented", "off", one rate, or rates by the names of endpoints.
    pub rate_limits: Option<Either3<String, u32, HashMap<String, u32>>>,
    pub rate_share: Option<f64>,
    pub max_queued: Option<u32>,
    pub coalesce: Option<bool>,
    pub cache_ms: Option<f64>,
    pub min_token_interval_ms: Option<f64>,
    pub allow_insecure_http: Option<bool>,
    pub proxy: Option<String>,
    pub root_certificates: Option<Vec<String>>,
}

impl ClientConfig {
    /// Builds the client; `questions` is where its token provider's answers arrive.
    ///
    /// # Errors
    /// What the core's builder says.
    pub(crate) fn build(self, shared: &Arc<Shared>, questions: &Arc<Questions>) -> Result<Client, Error> {
        let mut builder = Client::builder();
        if let Some(variables) = self.variables {
            builder = builder.with_variables(|name| variables.get(name).cloned())?;
        }
        builder = with(builder, self.host, ClientBuilder::host);
        builder = with(builder, self.emulator, ClientBuilder::emulator);
        builder = with(builder, self.app_key, ClientBuilder::app_key);
        builder = with(builder, self.app_id, ClientBuilder::app_id);
        if self.client_id.is_some() || self.client_secret.is_some() {
            let (id, secret) = (self.client_id.unwrap_or_default(), self.client_secret.unwrap_or_default());
            builder = builder.client_credentials(id, secret);
        }
        builder = with(builder, self.app_token, ClientBuilder::app_token);
        if let Some(client) = self.token_client {
            let (shared, questions) = (Arc::clone(shared), Arc::clone(questions));
            builder = builder.token_provider(JsTokenProvider { shared, client, questions });
        }
        builder = with(builder, self.timeout_ms.map(millis), ClientBuilder::timeout);
        builder = with(builder, self.attempt_timeout_ms.map(millis), ClientBuilder::attempt_timeout);
        builder = with(builder, self.connect_timeout_ms.map(millis), ClientBuilder::connect_timeout);
        builder = with(builder, self.max_attempts, ClientBuilder::max_attempts);
        builder = with(builder, rate_limits(self.rate_limits, self.rate_share), ClientBuilder::rate_limits);
        builder = with(builder, self.max_queued.map(|most| most as usize), ClientBuilder::max_queued);
        builder = with(builder, self.coalesce, ClientBuilder::coalesce);
        builder = with(builder, self.cache_ms.map(millis), ClientBuilder::cache);
        let min_token_interval = self.min_token_interval_ms.map(millis);
        builder = with(builder, min_token_interval, ClientBuilder::min_token_interval);
        builder = with(builder, self.allow_insecure_http, ClientBuilder::allow_insecure_http);
        builder = with(builder, self.proxy, ClientBuilder::proxy);
        for pem in self.root_certificates.unwrap_or_default() {
            builder = builder.add_root_certificates(pem);
        }
        builder.build()
    }
}

fn with<T>(
    builder: ClientBuilder,
    value: Option<T>,
    set: impl FnOnce(ClientBuilder, T) -> ClientBuilder,
) -> ClientBuilder {
    match value {
        Some(value) => set(builder, value),
        None => builder,
    }
}

/// The rates and the share of them, which are two options here and one value in the core. TypeScript lets only known
/// names pass.
fn rate_limits(
    given: Option<Either3<String, u32, HashMap<String, u32>>>,
    share: Option<f64>,
) -> Option<RateLimits> {
    let limits = given.map(|given| match given {
        Either3::A(name) if name == "off" => RateLimits::off(),
        Either3::A(_) => RateLimits::documented(),
        Either3::B(rate) => RateLimits::uniform(rate),
        Either3::C(rates) => {
            let known =
                rates.into_iter().filter_map(|(name, rate)| Some((Endpoint::from_name(&name)?, rate)));
            known.fold(RateLimits::documented(), |limits, (endpoint, rate)| limits.with(endpoint, rate))
        }
    });
    match share {
        Some(share) => Some(limits.unwrap_or_default().share(share)),
        None => limits,
    }
}

/// The options that a call, or a client made by `withOptions`, has of its own.
pub(crate) fn options(
    timeout_ms: Option<f64>,
    attempt_timeout_ms: Option<f64>,
    max_attempts: Option<u32>,
    background: Option<bool>,
    grouped: Option<bool>,
) -> Options {
    let options = Options::new();
    let options = timeout_ms.into_iter().fold(options, |options, ms| options.timeout(millis(ms)));
    let options = attempt_timeout_ms.into_iter().fold(options, |o, ms| o.attempt_timeout(millis(ms)));
    let options = max_attempts.into_iter().fold(options, Options::max_attempts);
    let priority = background.map(|yes| if yes { Priority::Background } else { Priority::Normal });
    let options = priority.into_iter().fold(options, Options::priority);
    grouped.into_iter().fold(options, Options::grouped)
}

/// TypeScript lets only numbers from 0 on pass; one that no duration holds is as good as forever.
pub(crate) fn millis(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1_000.0).unwrap_or(Duration::MAX)
}
