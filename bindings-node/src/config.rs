//! The client's options, handed to the core's builder as they are.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use easemob_presence::{Client, ClientBuilder, Error, Options};
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

/// The limits that a call, or a client made by `withOptions`, has of its own.
pub(crate) fn options(timeout_ms: Option<f64>, attempt_timeout_ms: Option<f64>) -> Options {
    let options = match timeout_ms {
        Some(timeout) => Options::new().timeout(millis(timeout)),
        None => Options::new(),
    };
    match attempt_timeout_ms {
        Some(timeout) => options.attempt_timeout(millis(timeout)),
        None => options,
    }
}

/// TypeScript lets only numbers from 0 on pass; one that no duration holds is as good as forever.
pub(crate) fn millis(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1_000.0).unwrap_or(Duration::MAX)
}
