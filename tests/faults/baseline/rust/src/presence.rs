//! A client as a careful engineer writes it in an afternoon: reqwest, backon, governor. For comparison only.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use easemob_presence_faults_protocol::Job;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// A call failed.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) kind: &'static str,
    pub(crate) sent: &'static str,
    pub(crate) status: Option<u16>,
    pub(crate) message: String,
    wait: Option<Duration>,
}

impl ApiError {
    pub(crate) fn new(kind: &'static str, sent: &'static str, message: String) -> Self {
        Self { kind, sent, status: None, message, wait: None }
    }

    fn retryable(&self) -> bool {
        match self.status {
            Some(429) => !self.message.contains("resource_limited"),
            Some(status) => matches!(status, 408 | 425 | 500 | 502 | 503 | 504),
            None => matches!(self.kind, "connect" | "timeout"),
        }
    }
}

impl From<reqwest::Error> for ApiError {
    fn from(error: reqwest::Error) -> Self {
        let (kind, sent) = match () {
            () if error.is_connect() => ("connect", "no"),
            () if error.is_timeout() => ("timeout", "maybe"),
            () if error.is_decode() => ("decode", "yes"),
            () => ("connect", "maybe"),
        };
        Self::new(kind, sent, format!("{error:?}"))
    }
}

pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    credentials: Value,
    token: Mutex<Option<String>>,
    rate: Option<NonZeroU32>,
    limiters: std::sync::Mutex<HashMap<&'static str, Arc<DefaultDirectRateLimiter>>>,
    timeout: Duration,
    attempts: u32,
}

impl Client {
    pub(crate) fn new(job: &Job) -> Result<Self, Box<dyn std::error::Error>> {
        let (options, ms) = (&job.options, Duration::from_millis);
        let mut http = reqwest::Client::builder()
            .timeout(ms(options.attempt_timeout_ms.unwrap_or(10_000)))
            .connect_timeout(ms(options.connect_timeout_ms.unwrap_or(3_000)))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if let Some(pem) = &job.root_certificate {
            http = http.tls_certs_merge([reqwest::Certificate::from_pem(pem.as_bytes())?]);
        }
        let rate = match &options.rate_limits {
            Some(Value::String(off)) if off == "off" => None,
            Some(Value::Number(rate)) => NonZeroU32::new(rate.as_u64().unwrap_or(50).try_into()?),
            _ => NonZeroU32::new(50),
        };
        Ok(Self {
            http: http.build()?,
            base: format!("{}/{}", job.host, job.app_key.replace('#', "/")),
            credentials: json!({
                "grant_type": "client_credentials", "client_id": job.client_id, "client_secret": job.client_secret,
            }),
            token: Mutex::new(job.app_token.clone()),
            rate,
            limiters: std::sync::Mutex::default(),
            timeout: ms(options.timeout_ms.unwrap_or(30_000)),
            attempts: options.max_attempts.unwrap_or(4),
        })
    }

    async fn fetch(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        token: Option<&str>,
    ) -> Result<Value, ApiError> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .header(header::ACCEPT, "application/json");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        if status != StatusCode::OK {
            let wait = response
                .headers()
                .get(header::RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.parse().ok());
            let kind = match status.as_u16() {
                401 => "auth",
                429 => "rate_limited",
                _ => "http",
            };
            let message = response.text().await.unwrap_or_default();
            let wait = wait.map(Duration::from_secs);
            return Err(ApiError {
                status: Some(status.as_u16()),
                wait,
                ..ApiError::new(kind, "yes", message)
            });
        }
        Ok(response.json().await?)
    }

    pub(crate) async fn token(&self, refused: Option<&str>) -> Result<String, ApiError> {
        let mut token = self.token.lock().await;
        if let Some(token) = token.as_deref().filter(|token| Some(*token) != refused) {
            return Ok(token.to_owned());
        }
        let answer = self.fetch(Method::POST, "/token", Some(&self.credentials), None).await?;
        let new = answer["access_token"].as_str().unwrap_or_default().to_owned();
        *token = Some(new.clone());
        Ok(new)
    }

    async fn once(
        &self,
        endpoint: &'static str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ApiError> {
        if let Some(rate) = self.rate {
            let limiter = Arc::clone(
                self.limiters
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .entry(endpoint)
                    .or_insert_with(|| Arc::new(RateLimiter::direct(Quota::per_second(rate)))),
            );
            limiter.until_ready().await;
        }
        let token = self.token(None).await?;
        match self.fetch(method.clone(), path, body, Some(&token)).await {
            Err(error) if error.status == Some(401) => {
                let token = self.token(Some(&token)).await?;
                self.fetch(method, path, body, Some(&token)).await
            }
            ended => ended,
        }
    }

    /// Makes a call, again where that may help, within one deadline.
    pub(crate) async fn call(
        &self,
        endpoint: &'static str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, ApiError> {
        let backoff = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(50))
            .with_max_delay(Duration::from_secs(8))
            .with_max_times(self.attempts.saturating_sub(1) as usize);
        let again = (|| async { self.once(endpoint, method.clone(), path, body.as_ref()).await })
            .retry(backoff)
            .when(ApiError::retryable)
            .adjust(|error, wait| wait.map(|wait| error.wait.unwrap_or(wait)));
        let ended = tokio::time::timeout(self.timeout, again).await;
        let ended =
            ended.unwrap_or_else(|_| Err(ApiError::new("timeout", "maybe", "the call timed out".into())));
        ended.map(|mut answer| answer["result"].take())
    }
}

pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
