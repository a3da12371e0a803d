//! The only file that knows the HTTP library.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use reqwest::Url;

use super::endpoint::{Endpoint, ProxySetting};
use crate::error::{Error, Sent};
use crate::operation::Request;

/// The largest answer that is read.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// How long a connection waits in the pool for its next request.
const POOL_IDLE: Duration = Duration::from_secs(15);

/// One request as it goes out.
pub(crate) struct ToSend {
    pub(crate) method: Method,
    /// Behind the app's address: `/users/…`, percent-encoded, with the query.
    pub(crate) path: String,
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) body: Option<Bytes>,
}

impl ToSend {
    pub(super) fn new(request: &Request, authorization: Option<HeaderValue>) -> Self {
        Self {
            method: request.operation.method.clone(),
            path: request.path.clone(),
            authorization,
            body: request.body.clone(),
        }
    }
}

/// One answer as it came in.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) sent: Sent,
    pub(crate) message: String,
    pub(crate) source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// No connection, or a broken one.
    Connect,
    /// A certificate that is not acceptable.
    Tls,
    /// An answer beyond the cap.
    TooLarge,
    /// A request that cannot be written.
    Request,
}

/// Sends one request. Dropping the future aborts it.
pub(crate) trait Transport: Send + Sync {
    fn send(&self, request: ToSend) -> BoxFuture<'_, Result<Received, Failure>>;
}

/// reqwest, configured for exactly this service.
pub(crate) struct Http {
    client: reqwest::Client,
    base: String,
}

impl Http {
    pub(crate) fn new(endpoint: &Endpoint) -> Result<Self, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let builder = reqwest::Client::builder()
            .user_agent(concat!("easemob-presence/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .http1_only()
            .https_only(!endpoint.plain_http)
            .connect_timeout(endpoint.connect_timeout)
            .pool_idle_timeout(POOL_IDLE)
            .tcp_nodelay(true)
            .tls_backend_preconfigured(super::tls::client_config(endpoint)?);
        let builder = match &endpoint.proxy {
            ProxySetting::None => builder.no_proxy(),
            ProxySetting::System => builder,
            ProxySetting::Url(url) => {
                builder.no_proxy().proxy(reqwest::Proxy::all(url.as_str()).map_err(|_| {
                    Error::config("the proxy is not a valid URL (it is not shown: it may hold a password)")
                })?)
            }
        };
        let client = builder.build().map_err(|error| {
            Error::config("the HTTP client cannot be built").with_source(error.without_url())
        })?;
        Ok(Self { client, base: endpoint.base.clone() })
    }

    /// The full URL, if it still is what was put together: a parser that resolved a segment away would have turned
    /// one call into another.
    fn url(&self, path: &str) -> Result<Url, Failure> {
        let wanted = format!("{}{path}", self.base);
        match Url::parse(&wanted) {
            Ok(url) if url.as_str() == wanted => Ok(url),
            _ => Err(Failure {
                kind: FailureKind::Request,
                sent: Sent::No,
                message: "the address would change on its way; the call was not made".into(),
                source: None,
            }),
        }
    }
}

impl Transport for Http {
    fn send(&self, to_send: ToSend) -> BoxFuture<'_, Result<Received, Failure>> {
        Box::pin(async move {
            let mut request = reqwest::Request::new(to_send.method, self.url(&to_send.path)?);
            if let Some(authorization) = to_send.authorization {
                request.headers_mut().insert(AUTHORIZATION, authorization);
            }
            if let Some(body) = to_send.body {
                request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                *request.body_mut() = Some(body.into());
            }
            let response = self.client.execute(request).await.map_err(failure)?;
            receive(response).await
        })
    }
}

/// Reads the answer up to the cap.
async fn receive(mut response: reqwest::Response) -> Result<Received, Failure> {
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let announced = response.content_length().unwrap_or_default();
    if announced > MAX_ANSWER_BYTES as u64 {
        return Err(too_large());
    }
    let Some(first) = response.chunk().await.map_err(broken_answer)? else {
        return Ok(Received { status, headers, body: Bytes::new() });
    };
    // Most answers come in one piece, which then needs no copy.
    let Some(second) = response.chunk().await.map_err(broken_answer)? else {
        return Ok(Received { status, headers, body: first });
    };
    let mut body = BytesMut::with_capacity(
        usize::try_from(announced).unwrap_or_default().max(first.len() + second.len()),
    );
    body.extend_from_slice(&first);
    body.extend_from_slice(&second);
    while let Some(more) = response.chunk().await.map_err(broken_answer)? {
        if body.len() + more.len() > MAX_ANSWER_BYTES {
            return Err(too_large());
        }
        body.extend_from_slice(&more);
    }
    Ok(Received { status, headers, body: body.freeze() })
}

fn too_large() -> Failure {
    let message = format!("the answer is larger than {MAX_ANSWER_BYTES} bytes");
    Failure { kind: FailureKind::TooLarge, sent: Sent::Yes, message, source: None }
}

/// The answer began and did not end well: whether the call was carried out is anyone's guess.
fn broken_answer(error: reqwest::Error) -> Failure {
    let message = format!("the connection broke inside the answer: {}", innermost(&error));
    Failure {
        kind: FailureKind::Connect,
        sent: Sent::Maybe,
        message,
        source: Some(error.without_url().into()),
    }
}

/// Classifies by the types in the chain of causes, never by their words.
fn failure(error: reqwest::Error) -> Failure {
    let cause = innermost(&error);
    let (kind, sent, message) = if error.is_builder() {
        (FailureKind::Request, Sent::No, format!("the request cannot be written: {cause}"))
    } else if error.is_connect() {
        match tls_error(&error) {
            Some(tls) if is_verdict(tls) => {
                (FailureKind::Tls, Sent::No, format!("the server's certificate is not acceptable: {tls}"))
            }
            _ if error.is_timeout() => (FailureKind::Connect, Sent::No, "connecting timed out".to_owned()),
            _ => (FailureKind::Connect, Sent::No, format!("cannot connect: {cause}")),
        }
    } else {
        (FailureKind::Connect, Sent::Maybe, format!("the connection broke before the answer: {cause}"))
    };
    Failure { kind, sent, message, source: Some(error.without_url().into()) }
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        // An io::Error's own `source` skips the error it wraps.
        Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
        None => error.source(),
    })
}

fn innermost(error: &reqwest::Error) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

fn tls_error(error: &reqwest::Error) -> Option<&rustls::Error> {
    chain(error).find_map(|error| error.downcast_ref::<rustls::Error>())
}

/// Whether the handshake failed because of who the server is, which trying again does not change; a handshake that
/// was cut or garbled is a broken connection.
fn is_verdict(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::InvalidCertificate(_)
            | rustls::Error::InvalidCertRevocationList(_)
            | rustls::Error::NoCertificatesPresented
            | rustls::Error::UnsupportedNameType
            | rustls::Error::PeerIncompatible(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_a_parser_would_change_is_not_sent() {
        let http = Http::new(&Endpoint::for_tests("http://127.0.0.1:1/org/app")).unwrap();
        assert_eq!(http.url("/users/a%2Fb/presence").unwrap().path(), "/org/app/users/a%2Fb/presence");
        for path in ["/users/../presence", "/users/%2e%2e/presence", "/users/a b", "/users/\u{e9}"] {
            assert_eq!(http.url(path).unwrap_err().kind, FailureKind::Request, "{path}");
        }
    }

    #[tokio::test]
    async fn a_refused_connection_is_told_as_not_sent_and_names_no_address() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let http = Http::new(&Endpoint::for_tests(&format!("http://127.0.0.1:{port}"))).unwrap();
        let to_send = ToSend {
            method: Method::GET,
            path: "/users/canary/status".into(),
            authorization: None,
            body: None,
        };
        let failure = http.send(to_send).await.unwrap_err();
        assert_eq!((failure.kind, failure.sent), (FailureKind::Connect, Sent::No));
        assert!(failure.message.starts_with("cannot connect: "), "{}", failure.message);
        assert!(!format!("{failure:?}").contains("canary"));
    }
}
