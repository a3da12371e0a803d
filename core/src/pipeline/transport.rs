//! Requests on the wire. The HTTP library is known here, and in what this is made of: connector.rs, answer.rs,
//! failure.rs.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, PROXY_AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use http_body_util::Full;
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::Instant;

use super::address::Address;
pub(crate) use super::answer::Received;
use super::answer::receive;
use super::connections::Served;
use super::connector::Connector;
use super::endpoint::Endpoint;
pub(crate) use super::failure::{Failure, FailureKind};
use super::failure::{connection, unanswered};
use super::proxy::Route;
use super::random::Random;
use crate::error::{Error, Sent};
use crate::operation::Request;

/// How long a connection waits in the pool for its next request.
const POOL_IDLE: Duration = Duration::from_secs(15);
/// How long connections are used before new ones are made, so that traffic follows a change of the service's
/// addresses; up to a fifth more or less.
const POOL_AGE: Duration = Duration::from_secs(300);
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("easemob-presence/", env!("CARGO_PKG_VERSION")));

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

/// Sends one request. Dropping the future aborts it.
pub(crate) trait Transport: Send + Sync {
    fn send(&self, request: ToSend) -> BoxFuture<'_, Result<Received, Failure>>;

    /// Whether no connection was ever made, so that nothing can have been sent.
    fn never_connected(&self) -> bool {
        false
    }
}

/// hyper's client, configured for exactly this service: HTTP/1.1, and nothing that would change a request or follow
/// an answer elsewhere.
pub(crate) struct Http {
    address: Address,
    /// What every request says.
    headers: HeaderMap,
    connector: Connector,
    random: Random,
    pool: Mutex<Pool>,
    served: Served,
}

type Pooled = Client<Connector, Full<Bytes>>;

/// A client with its connections, and when another takes over.
struct Pool {
    client: Pooled,
    /// Keeps no connection, so that each of its requests has a new one.
    without: Pooled,
    until: Instant,
}

impl Http {
    pub(crate) fn new(endpoint: &Endpoint) -> Result<Self, Error> {
        let address = Address::new(&endpoint.base, endpoint.plain_http)?;
        let route = Route::new(&endpoint.proxy, &address.origin()?)?;
        let mut headers =
            HeaderMap::from_iter([(ACCEPT, JSON), (USER_AGENT, AGENT), (HOST, address.host()?)]);
        if let Route::Forward(proxy) = &route
            && let Some(authorization) = &proxy.authorization
        {
            headers.insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        let connector = Connector::new(endpoint, &route, super::tls::client_config(endpoint)?, AGENT);
        let random = Random::new();
        let pool = Mutex::new(Pool {
            client: client(&connector, usize::MAX),
            without: client(&connector, 0),
            until: Instant::now() + age(&random),
        });
        Ok(Self { address, headers, connector, random, pool, served: Served::default() })
    }

    /// Hands the request to the client of the hour. The one before keeps its requests under way and drops its idle
    /// connections.
    fn begin(&self, request: http::Request<Full<Bytes>>, afresh: bool) -> ResponseFuture {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if afresh {
            return pool.without.request(request);
        }
        let now = Instant::now();
        if now >= pool.until {
            pool.until = now + age(&self.random);
            pool.client = client(&self.connector, usize::MAX);
        }
        pool.client.request(request)
    }

    fn request(&self, to_send: ToSend) -> Result<http::Request<Full<Bytes>>, Failure> {
        let uri = self.address.uri(&to_send.path).ok_or_else(|| Failure {
            kind: FailureKind::Request,
            sent: Sent::No,
            reused: false,
            message: "the address would change on its way; the call was not made".into(),
            source: None,
        })?;
        let mut headers = self.headers.clone();
        if let Some(authorization) = to_send.authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        if to_send.body.is_some() {
            headers.insert(CONTENT_TYPE, JSON);
        }
        let mut request = http::Request::new(Full::new(to_send.body.unwrap_or_default()));
        *request.method_mut() = to_send.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

impl Transport for Http {
    fn send(&self, to_send: ToSend) -> BoxFuture<'_, Result<Received, Failure>> {
        Box::pin(async move {
            let afresh = to_send.afresh;
            let answering = self.begin(self.request(to_send)?, afresh);
            let response = answering.await.map_err(|error| unanswered(error, &self.served))?;
            if let Some(connection) = connection(response.extensions()) {
                self.served.note(connection);
            }
            receive(response).await
        })
    }

    fn never_connected(&self) -> bool {
        !self.connector.ever_connected()
    }
}

fn age(random: &Random) -> Duration {
    POOL_AGE.mul_f64(0.8 + 0.4 * random.fraction())
}

fn client(connector: &Connector, most_idle: usize) -> Pooled {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE)
        .pool_max_idle_per_host(most_idle)
        // The header is among those of every request.
        .set_host(false)
        // Requests are small: one copy is cheaper than a list of pieces for the system to read.
        .http1_writev(false)
        .build(connector.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_send(path: &str) -> ToSend {
        ToSend { method: Method::GET, path: path.into(), authorization: None, body: None, afresh: false }
    }

    #[tokio::test]
    async fn an_address_that_would_change_on_its_way_is_refused_before_any_socket() {
        let http = Http::new(&Endpoint::for_tests("http://127.0.0.1:1/org/app")).unwrap();
        let failure = http.send(to_send("/users/../presence")).await.unwrap_err();
        assert_eq!((failure.kind, failure.sent), (FailureKind::Request, Sent::No));
    }

    #[tokio::test]
    async fn a_refused_connection_is_told_as_not_sent_and_names_no_address() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let http = Http::new(&Endpoint::for_tests(&format!("http://127.0.0.1:{port}"))).unwrap();
        let failure = http.send(to_send("/users/canary/status")).await.unwrap_err();
        assert_eq!((failure.kind, failure.sent), (FailureKind::Connect, Sent::No));
        assert!(failure.message.starts_with("cannot connect: "), "{}", failure.message);
        assert!(!format!("{failure:?}").contains("canary"));
    }
}
