//! The keyword arguments of a client, onto the core's builder. Whether they make sense is the core's business.

use easemob_presence::{Client, ClientBuilder};
use pyo3::prelude::*;

use crate::arguments::Seconds;
use crate::errors::Failure;
use crate::provider::Provider;

/// Everything a client can be told, as the Python side collects it; `None` where it was not said.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Settings {
    environment: bool,
    host: Option<String>,
    app_key: Option<String>,
    app_id: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    app_token: Option<String>,
    token_provider: Option<Py<PyAny>>,
    emulator: Option<String>,
    timeout: Option<Seconds>,
    attempt_timeout: Option<Seconds>,
    connect_timeout: Option<Seconds>,
    allow_insecure_http: bool,
    proxy: Option<String>,
    root_certificates: Vec<Vec<u8>>,
}

impl Settings {
    /// The builder, with the environment read now: a process may clear it later and fork after that.
    pub(crate) fn into_builder(self) -> Result<ClientBuilder, Failure> {
        let set = apply(Client::builder(), self.host, ClientBuilder::host);
        let set = apply(set, self.app_key, ClientBuilder::app_key);
        let set = apply(set, self.app_id, ClientBuilder::app_id);
        let set = apply(set, self.emulator, ClientBuilder::emulator);
        let set = apply(set, self.app_token, ClientBuilder::app_token);
        let set = apply(set, self.token_provider.map(Provider::new), ClientBuilder::token_provider);
        let credentials = self.client_id.zip(self.client_secret);
        let set = apply(set, credentials, |builder, (id, secret)| builder.client_credentials(id, secret));
        let set = apply(set, self.timeout, |builder, Seconds(timeout)| builder.timeout(timeout));
        let set =
            apply(set, self.attempt_timeout, |builder, Seconds(timeout)| builder.attempt_timeout(timeout));
        let set =
            apply(set, self.connect_timeout, |builder, Seconds(timeout)| builder.connect_timeout(timeout));
        let set = apply(set, self.proxy, ClientBuilder::proxy).allow_insecure_http(self.allow_insecure_http);
        let set = self.root_certificates.into_iter().fold(set, ClientBuilder::add_root_certificates);
        Ok(if self.environment { set.from_env()? } else { set })
    }
}

fn apply<T>(
    builder: ClientBuilder,
    value: Option<T>,
    set: impl FnOnce(ClientBuilder, T) -> ClientBuilder,
) -> ClientBuilder {
    match value {
        Some(value) => set(builder, value),
        None => builder,
    }
}
