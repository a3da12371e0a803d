//! The client that a job asks for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use easemob_presence::{AppToken, Client, ClientBuilder, Error, Options as CallOptions, RateLimits};
use easemob_presence_faults_protocol::{Job, Options, Provider};
use serde_json::Value;

/// Where a token provider finds its own client.
pub(crate) type Slot = Arc<Mutex<Option<Client>>>;

pub(crate) fn build(job: &Job, slot: &Slot) -> Result<Client, Error> {
    // One request for each call, which the judge looks for in the journal.
    let mut builder = Client::builder().host(&job.host).app_key(&job.app_key).coalesce(false);
    builder = match (&job.app_token, &job.provider) {
        (Some(token), _) => builder.app_token(token),
        (None, Some(provider)) => provided(builder, provider, slot),
        (None, None) => builder.client_credentials(&job.client_id, &job.client_secret),
    };
    if let Some(proxy) = &job.proxy {
        builder = builder.proxy(proxy);
    }
    if let Some(pem) = &job.root_certificate {
        builder = builder.add_root_certificates(pem.as_bytes());
    }
    let client = limited(builder, &job.options).build()?;
    if job.provider.is_some() {
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(client.clone());
    }
    Ok(client)
}

fn limited(mut builder: ClientBuilder, options: &Options) -> ClientBuilder {
    let ms = |ms: Option<u64>| ms.map(Duration::from_millis);
    if let Some(timeout) = ms(options.timeout_ms) {
        builder = builder.timeout(timeout);
    }
    if let Some(timeout) = ms(options.attempt_timeout_ms) {
        builder = builder.attempt_timeout(timeout);
    }
    if let Some(timeout) = ms(options.connect_timeout_ms) {
        builder = builder.connect_timeout(timeout);
    }
    if let Some(interval) = ms(options.min_token_interval_ms) {
        builder = builder.min_token_interval(interval);
    }
    if let Some(attempts) = options.max_attempts {
        builder = builder.max_attempts(attempts);
    }
    if let Some(calls) = options.max_queued {
        builder = builder.max_queued(calls as usize);
    }
    match &options.rate_limits {
        Some(Value::String(off)) if off == "off" => builder.rate_limits(RateLimits::off()),
        Some(Value::Number(rate)) => {
            let rate = rate.as_u64().and_then(|rate| u32::try_from(rate).ok()).unwrap_or_default();
            builder.rate_limits(RateLimits::uniform(rate))
        }
        _ => builder,
    }
}

/// A provider that may ask the client that it is part of; `slot` is emptied in the end, or neither would ever go.
fn provided(builder: ClientBuilder, provider: &Provider, slot: &Slot) -> ClientBuilder {
    let (behaviour, tokens, slot) = (provider.behaviour.clone(), provider.tokens.clone(), Arc::clone(slot));
    let asked = Arc::new(AtomicUsize::new(0));
    builder.token_provider(move || {
        let times = asked.fetch_add(1, Ordering::Relaxed);
        let turn = times.min(tokens.len().saturating_sub(1));
        let (behaviour, token) = (behaviour.clone(), tokens.get(turn).cloned().unwrap_or_default());
        let client = slot.lock().unwrap_or_else(PoisonError::into_inner).clone();
        async move {
            match (behaviour.as_str(), client) {
                ("raises", _) => return Err("the provider's own failure"),
                ("raises_once", _) if times == 0 => return Err("the provider's own failure"),
                ("nothing", _) => return Ok(AppToken::new("")),
                ("stranger", _) => return Ok(AppToken::new("YWMt-of-somebody-else")),
                ("line_break", _) => return Ok(AppToken::new(format!("{token}\r\nx: y"))),
                ("hangs", _) => std::future::pending::<()>().await,
                ("slow", _) => tokio::time::sleep(Duration::from_millis(300)).await,
                ("reenters", Some(client)) => {
                    let hurried = client.with_options(CallOptions::new().timeout(Duration::from_millis(200)));
                    eprintln!("the provider asked its own client: {:?}", hurried.app_token().await);
                }
                _ => {}
            }
            Ok(AppToken::new(token))
        }
    })
}
