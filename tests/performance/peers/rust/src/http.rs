//! Two HTTP clients, set up as their documents advise.

use std::fs;
use std::time::Duration;

use bytes::Bytes;
use easemob_presence_bench_measure::{Job, Problem};
use http_body_util::{BodyExt, Full};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper_util::client::legacy::Client as Pooled;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

const TIMEOUT: Duration = Duration::from_secs(30);
const AUTHORIZED: HeaderValue = HeaderValue::from_static("Bearer YWMtBenchmarkBenchmarkBenchmark");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Sends one body and reads the answer's, which must be a success.
pub(crate) trait Post {
    async fn post(&self, url: String, body: Vec<u8>) -> Result<Bytes, Problem>;
}

pub(crate) struct Reqwest(reqwest::Client);

impl Reqwest {
    pub(crate) fn new(job: &Job) -> Result<Self, Problem> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder().timeout(TIMEOUT).no_proxy();
        if job.url.starts_with("https") {
            let authority = reqwest::Certificate::from_pem(&fs::read(&job.authority)?)?;
            builder = builder.tls_certs_only([authority]);
        }
        Ok(Self(builder.build()?))
    }
}

impl Post for Reqwest {
    async fn post(&self, url: String, body: Vec<u8>) -> Result<Bytes, Problem> {
        let request =
            self.0.post(url).header(AUTHORIZATION, AUTHORIZED).header(CONTENT_TYPE, JSON).body(body);
        Ok(request.send().await?.error_for_status()?.bytes().await?)
    }
}

/// hyper's own pool, which is as bare as a client with a pool is.
pub(crate) struct Hyper(Pooled<HttpConnector, Full<Bytes>>);

impl Hyper {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self(Pooled::builder(TokioExecutor::new()).build(connector))
    }
}

impl Post for Hyper {
    async fn post(&self, url: String, body: Vec<u8>) -> Result<Bytes, Problem> {
        let request = hyper::Request::post(url)
            .header(AUTHORIZATION, AUTHORIZED)
            .header(CONTENT_TYPE, JSON)
            .body(Full::new(body.into()))?;
        tokio::time::timeout(TIMEOUT, async {
            let response = self.0.request(request).await?;
            if !response.status().is_success() {
                return Err(response.status().to_string().into());
            }
            Ok(response.into_body().collect().await?.to_bytes())
        })
        .await?
    }
}
