//! The only file that knows the HTTP library.

use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{Extensions, HeaderMap, HeaderValue, Method};
use hyper_util::client::legacy::connect::HttpInfo;
use reqwest::Url;
use tokio::time::{Instant, timeout};

use super::connections::{Connected, Served};
use super::endpoint::{Endpoint, ProxySetting};
use super::random::Random;
use crate::error::{Error, Sent};
use crate::operation::Request;

/// The largest answer that is read.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// How long a connection waits in the pool for its next request.
const POOL_IDLE: Duration = Duration::from_secs(15);
/// The largest head of an answer that is taken, names and values together.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// How long an answer that has begun may bring nothing.
const STALL: Duration = Duration::from_secs(5);
/// How long connections are used before new ones are made, so that traffic follows a change of the service's
/// addresses; up to a fifth more or less.
const POOL_AGE: Duration = Duration::from_secs(300);

/// One request as it goes out.
pub(crate) struct ToSend {
    pub(crate) method: Method,
    /// Behind the app's address: `/users/…`, percent-encoded, with the query.
    pub(crate) path: String,
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) body: Option<Bytes>,
    /// On a connection made for it: those in the pool are in doubt.
    pub(crate) afresh: bool,
}

impl ToSend {
    pub(super) fn new(request: &Request, authorization: Option<HeaderValue>) -> Self {
        Self {
            method: request.operation.method.clone(),
            path: request.path.clone(),
            authorization,
            body: request.body.clone(),
            afresh: false,
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
    /// The connection had served before and broke without an answer.
    pub(crate) reused: bool,
    pub(crate) message: String,
    pub(crate) source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// No connection, or a broken one.
    Connect,
    /// An answer that stopped in the middle.
    Stalled,
    /// An answer that is not HTTP, or beyond the bounds of what is taken for it.
    Protocol,
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

    /// Whether no connection was ever made, so that nothing can have been sent.
    fn never_connected(&self) -> bool {
        false
    }
}

/// reqwest, configured for exactly this service.
pub(crate) struct Http {
    endpoint: Endpoint,
    /// The endpoint's base with a slash behind it, to which paths are joined: host and port are read once.
    base: Url,
    tls: rustls::ClientConfig,
    random: Random,
    pool: Mutex<Pool>,
    connected: Arc<AtomicBool>,
    served: Served,
}

/// A client with its connections, and when another takes over.
struct Pool {
    client: reqwest::Client,
    /// Keeps no connection, so that each of its requests has a new one. Made when it is first needed.
    without: Option<reqwest::Client>,
    until: Instant,
}

impl Http {
    pub(crate) fn new(endpoint: Endpoint) -> Result<Self, Error> {
        let base = Url::parse(&format!("{}/", endpoint.base))
            .map_err(|error| Error::config("the address is not a URL").with_source(error))?;
        let (tls, random) = (super::tls::client_config(&endpoint)?, Random::new());
        let connected = Arc::default();
        let client = client(&endpoint, tls.clone(), Connected::new(&connected), usize::MAX)?;
        let until = Instant::now() + age(&random);
        let pool = Mutex::new(Pool { client, without: None, until });
        Ok(Self { endpoint, base, tls, random, pool, connected, served: Served::default() })
    }

    /// The client of the hour. The one before keeps its requests under way and drops its idle connections.
    fn client(&self, afresh: bool) -> reqwest::Client {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if afresh {
            // What could be built once can be built again; if not, the pool has to do.
            pool.without = pool.without.take().or_else(|| self.build(0).ok());
            return pool.without.as_ref().unwrap_or(&pool.client).clone();
        }
        let now = Instant::now();
        if now >= pool.until {
            pool.until = now + age(&self.random);
            if let Ok(client) = self.build(usize::MAX) {
                pool.client = client;
            }
        }
        pool.client.clone()
    }

    fn build(&self, most_idle: usize) -> Result<reqwest::Client, Error> {
        client(&self.endpoint, self.tls.clone(), Connected::new(&self.connected), most_idle)
    }

    /// The full URL, if it still is what was put together: a parser that resolved a segment away would have turned
    /// one call into another.
    fn url(&self, path: &str) -> Result<Url, Failure> {
        let url = path.strip_prefix('/').and_then(|path| self.base.join(path).ok());
        match url {
            Some(url) if url.as_str().strip_prefix(&self.endpoint.base) == Some(path) => Ok(url),
            _ => Err(Failure {
                kind: FailureKind::Request,
                sent: Sent::No,
                reused: false,
                message: "the address would change on its way; the call was not made".into(),
                source: None,
            }),
        }
    }
}

impl Transport for Http {
    fn send(&self, to_send: ToSend) -> BoxFuture<'_, Result<Received, Failure>> {
        Box::pin(async move {
            let client = self.client(to_send.afresh);
            let mut request = reqwest::Request::new(to_send.method, self.url(&to_send.path)?);
            if let Some(authorization) = to_send.authorization {
                request.headers_mut().insert(AUTHORIZATION, authorization);
            }
            if let Some(body) = to_send.body {
                request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                *request.body_mut() = Some(body.into());
            }
            let response = client.execute(request).await.map_err(|error| failure(error, &self.served))?;
            if let Some(connection) = connection(response.extensions()) {
                self.served.note(connection);
            }
            receive(response).await
        })
    }

    fn never_connected(&self) -> bool {
        !self.connected.load(Ordering::Acquire)
    }
}

fn age(random: &Random) -> Duration {
    POOL_AGE.mul_f64(0.8 + 0.4 * random.fraction())
}

fn client(
    endpoint: &Endpoint,
    tls: rustls::ClientConfig,
    connected: Connected,
    most_idle: usize,
) -> Result<reqwest::Client, Error> {
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
        .connector_layer(connected)
        .pool_idle_timeout(POOL_IDLE)
        .pool_max_idle_per_host(most_idle)
        .tcp_nodelay(true)
        .tls_backend_preconfigured(tls);
    let builder = match &endpoint.proxy {
        ProxySetting::None => builder.no_proxy(),
        ProxySetting::System => builder,
        ProxySetting::Url(url) => {
            builder.no_proxy().proxy(reqwest::Proxy::all(url.as_str()).map_err(|_| {
                Error::config("the proxy is not a valid URL (it is not shown: it may hold a password)")
            })?)
        }
    };
    #[cfg(test)]
    let builder = match &endpoint.resolver {
        Some(resolver) => builder.dns_resolver(Arc::clone(resolver)),
        None => builder,
    };
    builder
        .build()
        .map_err(|error| Error::config("the HTTP client cannot be built").with_source(error.without_url()))
}

/// This end of the connection that an answer or an error came on.
fn connection(extensions: &Extensions) -> Option<SocketAddr> {
    extensions.get::<HttpInfo>().map(HttpInfo::local_addr)
}

/// Reads the answer up to the cap.
async fn receive(mut response: reqwest::Response) -> Result<Received, Failure> {
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let head: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if head > MAX_HEAD_BYTES {
        let message = format!("the answer's head is larger than {MAX_HEAD_BYTES} bytes");
        return Err(answered(FailureKind::Protocol, message));
    }
    let announced = response.content_length().unwrap_or_default();
    if announced > MAX_ANSWER_BYTES as u64 {
        return Err(too_large());
    }
    let Some(first) = chunk(&mut response).await? else {
        return Ok(Received { status, headers, body: Bytes::new() });
    };
    // Most answers come in one piece, which then needs no copy.
    let Some(second) = chunk(&mut response).await? else {
        return Ok(Received { status, headers, body: first });
    };
    let mut body = BytesMut::with_capacity(
        usize::try_from(announced).unwrap_or_default().max(first.len() + second.len()),
    );
    body.extend_from_slice(&first);
    body.extend_from_slice(&second);
    while let Some(more) = chunk(&mut response).await? {
        if body.len() + more.len() > MAX_ANSWER_BYTES {
            return Err(too_large());
        }
        body.extend_from_slice(&more);
    }
    Ok(Received { status, headers, body: body.freeze() })
}

async fn chunk(response: &mut reqwest::Response) -> Result<Option<Bytes>, Failure> {
    match timeout(STALL, response.chunk()).await {
        Ok(chunk) => chunk.map_err(broken_answer),
        Err(_) => Err(Failure {
            kind: FailureKind::Stalled,
            sent: Sent::Maybe,
            reused: false,
            message: format!("the answer began and then brought nothing for {} s", STALL.as_secs()),
            source: None,
        }),
    }
}

fn answered(kind: FailureKind, message: String) -> Failure {
    Failure { kind, sent: Sent::Yes, reused: false, message, source: None }
}

fn too_large() -> Failure {
    answered(FailureKind::TooLarge, format!("the answer is larger than {MAX_ANSWER_BYTES} bytes"))
}

/// The answer began and did not end well: whether the call was carried out is anyone's guess.
fn broken_answer(error: reqwest::Error) -> Failure {
    let message = format!("the connection broke inside the answer: {}", innermost(&error));
    Failure {
        kind: FailureKind::Connect,
        sent: Sent::Maybe,
        reused: false,
        message,
        source: Some(error.without_url().into()),
    }
}

/// Classifies by the types in the chain of causes, never by their words.
fn failure(error: reqwest::Error, served: &Served) -> Failure {
    let cause = innermost(&error);
    let hyper = find::<hyper::Error>(&error);
    let mut reused = false;
    let (kind, sent, message) = if error.is_builder() {
        (FailureKind::Request, Sent::No, format!("the request cannot be written: {cause}"))
    } else if error.is_connect() {
        match find::<rustls::Error>(&error) {
            Some(tls) if is_verdict(tls) => {
                (FailureKind::Tls, Sent::No, format!("the server's certificate is not acceptable: {tls}"))
            }
            _ if error.is_timeout() => (FailureKind::Connect, Sent::No, "connecting timed out".to_owned()),
            _ if error.is_dns() => {
                (FailureKind::Connect, Sent::No, format!("the host's name cannot be resolved: {cause}"))
            }
            _ => (FailureKind::Connect, Sent::No, format!("cannot connect: {cause}")),
        }
    } else if hyper.is_some_and(hyper::Error::is_parse) {
        (FailureKind::Protocol, Sent::Yes, format!("the answer is not HTTP: {cause}"))
    } else if hyper.is_some_and(hyper::Error::is_canceled) {
        (FailureKind::Connect, Sent::No, format!("the connection was closed before the request: {cause}"))
    } else {
        reused = used_connection(&error).is_some_and(|connection| served.forget(connection));
        (FailureKind::Connect, Sent::Maybe, format!("the connection broke before the answer: {cause}"))
    };
    Failure { kind, sent, reused, message, source: Some(error.without_url().into()) }
}

/// This end of the connection on which the error happened.
fn used_connection(error: &reqwest::Error) -> Option<SocketAddr> {
    let mut extensions = Extensions::new();
    find::<hyper_util::client::legacy::Error>(error)?.connect_info()?.get_extras(&mut extensions);
    connection(&extensions)
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

fn find<E: StdError + 'static>(error: &reqwest::Error) -> Option<&E> {
    chain(error).find_map(|error| error.downcast_ref())
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
        let http = Http::new(Endpoint::for_tests("http://127.0.0.1:1/org/app")).unwrap();
        assert_eq!(http.url("/users/a%2Fb/presence").unwrap().path(), "/org/app/users/a%2Fb/presence");
        assert_eq!(http.url("/users/a?page=1&size=2").unwrap().query(), Some("page=1&size=2"));
        for path in [
            "/users/../presence",
            "/users/%2e%2e/presence",
            "/users/a b",
            "/users/\u{e9}",
            "//elsewhere/users/a",
            "///elsewhere/users/a",
            "/http://elsewhere/users/a",
            "/?a#b ",
            "users/a",
            "",
        ] {
            assert_eq!(http.url(path).unwrap_err().kind, FailureKind::Request, "{path}");
        }
    }

    #[tokio::test]
    async fn a_refused_connection_is_told_as_not_sent_and_names_no_address() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let http = Http::new(Endpoint::for_tests(&format!("http://127.0.0.1:{port}"))).unwrap();
        let to_send = ToSend {
            method: Method::GET,
            path: "/users/canary/status".into(),
            authorization: None,
            body: None,
            afresh: false,
        };
        let failure = http.send(to_send).await.unwrap_err();
        assert_eq!((failure.kind, failure.sent), (FailureKind::Connect, Sent::No));
        assert!(failure.message.starts_with("cannot connect: "), "{}", failure.message);
        assert!(!format!("{failure:?}").contains("canary"));
    }
}
