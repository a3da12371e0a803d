//! The keyword arguments of a client, onto the core's builder. Whether they make sense is the core's business.

use easemob_presence::{Client, ClientBuilder};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arguments::{Number, RateLimits, Seconds};
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
    let set = apply(set, settings, "max_attempts", |set, Number(most)| set.max_attempts(most))?;
    let set = apply(set, settings, "max_queued", |set, Number(most)| set.max_queued(most as usize))?;
    let set = apply(set, settings, "coalesce", ClientBuilder::coalesce)?;
    let set = apply(set, settings, "cache", |set, Seconds(fresh_for)| set.cache(fresh_for))?;
    let set =
        apply(set, settings, "min_token_interval", |set, Seconds(least)| set.min_token_interval(least))?;
    let set = rate_limits(set, settings)?;
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

/// The rates and the share of them, which are two settings here and one value in the core.
fn rate_limits(builder: ClientBuilder, settings: &Bound<'_, PyDict>) -> PyResult<ClientBuilder> {
    let limits = read::<RateLimits>(settings, "rate_limits")?.map(|RateLimits(limits)| limits);
    let limits = match read::<f64>(settings, "rate_share")? {
        Some(share) => Some(limits.unwrap_or_default().share(share)),
        None => limits,
    };
    Ok(match limits {
        Some(limits) => builder.rate_limits(limits),
        None => builder,
    })
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
    Ok(match read(settings, name)? {
        Some(value) => set(builder, value),
        None => builder,
    })
}

/// One setting, if it was given.
fn read<T>(settings: &Bound<'_, PyDict>, name: &str) -> PyResult<Option<T>>
where
    T: for<'a, 'py> FromPyObject<'a, 'py>,
{
    let Some(value) = settings.get_item(name)?.filter(|value| !value.is_none()) else { return Ok(None) };
    match value.extract() {
        Ok(value) => Ok(Some(value)),
        Err(error) => {
            let error: PyErr = error.into();
            Err(config(settings.py(), &format!("{name} cannot be read: {}", error.value(settings.py()))))
        }
    }
}
