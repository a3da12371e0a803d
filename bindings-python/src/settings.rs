//! The keyword arguments of a client, onto the core's builder. Whether they make sense is the core's business.

use easemob_presence::{Client, ClientBuilder};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arguments::Seconds;
use crate::errors::{Failure, config};
use crate::provider::Provider;

/// The builder for what was said; `None` stands for what was not. The environment is read now: a process may clear it
/// later, and fork after that.
pub(crate) fn builder(settings: &Bound<'_, PyDict>) -> PyResult<ClientBuilder> {
    let set = apply::<String>(Client::builder(), settings, "host", ClientBuilder::host)?;
    let set = apply::<String>(set, settings, "app_key", ClientBuilder::app_key)?;
    let set = apply::<String>(set, settings, "app_id", ClientBuilder::app_id)?;
    let set = apply::<String>(set, settings, "emulator", ClientBuilder::emulator)?;
    let set = apply::<String>(set, settings, "app_token", ClientBuilder::app_token)?;
    let set = apply(set, settings, "credentials", |set, (id, secret): (String, String)| {
        set.client_credentials(id, secret)
    })?;
    let set = apply(set, settings, "token_provider", |set, start| set.token_provider(Provider::new(start)))?;
    let set = apply(set, settings, "timeout", |set, Seconds(timeout)| set.timeout(timeout))?;
    let set = apply(set, settings, "attempt_timeout", |set, Seconds(timeout)| set.attempt_timeout(timeout))?;
    let set = apply(set, settings, "connect_timeout", |set, Seconds(timeout)| set.connect_timeout(timeout))?;
    let set = apply(set, settings, "allow_insecure_http", ClientBuilder::allow_insecure_http)?;
    let set = apply::<String>(set, settings, "proxy", ClientBuilder::proxy)?;
    let set = apply(set, settings, "root_certificates", |set, certificates: Vec<Vec<u8>>| {
        certificates.into_iter().fold(set, ClientBuilder::add_root_certificates)
    })?;
    if settings.contains("environment")? {
        return set.from_env().map_err(|error| Failure::from(error).into_exception(settings.py()));
    }
    Ok(set)
}

/// Sets one setting, if it was given.
fn apply<T>(
    builder: ClientBuilder,
    settings: &Bound<'_, PyDict>,
    name: &str,
    set: impl FnOnce(ClientBuilder, T) -> ClientBuilder,
) -> PyResult<ClientBuilder>
where
    T: for<'a, 'py> FromPyObject<'a, 'py>,
{
    let Some(value) = settings.get_item(name)?.filter(|value| !value.is_none()) else { return Ok(builder) };
    match value.extract() {
        Ok(value) => Ok(set(builder, value)),
        Err(error) => {
            let error: PyErr = error.into();
            Err(config(settings.py(), &format!("{name} cannot be read: {}", error.value(settings.py()))))
        }
    }
}
