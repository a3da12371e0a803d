//! How a connection is made: a name's addresses, a socket, TLS, and a proxy in between.

use std::error::Error as StdError;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::header::USER_AGENT;
use http::{HeaderMap, HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_service::Service;

use super::endpoint::Endpoint;
use super::proxy::Route;
use super::resolver::Resolver;

/// When a connection over which nothing comes is asked whether it lives, how long after that again, and how often.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_RETRIES: u32 = 3;
/// How long what was sent may stay unacknowledged.
#[cfg(any(target_os = "android", target_os = "linux"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

type BoxError = Box<dyn StdError + Send + Sync>;
type Https = HttpsConnector<HttpConnector<Resolver>>;
/// TLS is in the inner one with the service or a proxy, in the outer one with the service behind a tunnel.
type Stream = MaybeHttpsStream<MaybeHttpsStream<TokioIo<TcpStream>>>;

#[derive(Clone)]
pub(super) struct Connector(Arc<Inner>);

struct Inner {
    way: Way,
    /// For names, socket, proxy and TLS together.
    timeout: Duration,
    /// Whether there ever was a connection.
    connected: AtomicBool,
}

enum Way {
    Direct(Https),
    Forward(Https, Uri),
    Tunnel(HttpsConnector<Tunnel<Https>>),
}

impl Connector {
    pub(super) fn new(
        endpoint: &Endpoint,
        route: &Route,
        tls: rustls::ClientConfig,
        user_agent: HeaderValue,
    ) -> Self {
        let tls = Arc::new(tls);
        let https = HttpsConnector::from((socket(endpoint), Arc::clone(&tls)));
        let way = match route {
            Route::Direct => Way::Direct(https),
            Route::Forward(proxy) => Way::Forward(https, proxy.uri.clone()),
            Route::Tunnel(proxy) => {
                let headers = HeaderMap::from_iter([(USER_AGENT, user_agent)]);
                let tunnel = Tunnel::new(proxy.uri.clone(), https).with_headers(headers);
                let tunnel = match &proxy.authorization {
                    Some(authorization) => tunnel.with_auth(authorization.clone()),
                    None => tunnel,
                };
                Way::Tunnel(HttpsConnector::from((tunnel, tls)))
            }
        };
        Self(Arc::new(Inner { way, timeout: endpoint.connect_timeout, connected: AtomicBool::new(false) }))
    }

    pub(super) fn ever_connected(&self) -> bool {
        self.0.connected.load(Ordering::Acquire)
    }
}

fn socket(endpoint: &Endpoint) -> HttpConnector<Resolver> {
    let mut socket = HttpConnector::new_with_resolver(Resolver(Arc::clone(&endpoint.resolver)));
    socket.enforce_http(false);
    socket.set_nodelay(true);
    socket.set_keepalive(Some(KEEPALIVE));
    socket.set_keepalive_interval(Some(KEEPALIVE));
    socket.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
    #[cfg(any(target_os = "android", target_os = "linux"))]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
    socket
}

impl Way {
    async fn connect(&self, service: Uri) -> Result<Stream, BoxError> {
        match self {
            Self::Direct(https) => https.clone().call(service).await.map(Stream::Http),
            Self::Forward(https, proxy) => https.clone().call(proxy.clone()).await.map(Stream::Http),
            Self::Tunnel(tunnel) => tunnel.clone().call(service).await,
        }
    }
}

impl Service<Uri> for Connector {
    type Response = Line;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Line, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, service: Uri) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let stream = timeout(inner.timeout, inner.way.connect(service)).await??;
            inner.connected.store(true, Ordering::Release);
            Ok(Line { stream, forwarded: matches!(inner.way, Way::Forward(..)) })
        })
    }
}

/// One connection.
pub(super) struct Line {
    stream: Stream,
    /// To a proxy that wants the full address in each request.
    forwarded: bool,
}

impl Connection for Line {
    fn connected(&self) -> Connected {
        self.stream.connected().proxy(self.forwarded)
    }
}

impl Read for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl Write for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }
}

#[cfg(test)]
mod tests {
    use socket2::SockRef;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_socket_waits_for_nothing_and_notices_a_peer_that_is_gone() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let endpoint = Endpoint::for_tests(&base);
        let tls = crate::pipeline::tls::client_config(&endpoint).unwrap();
        let mut connector =
            Connector::new(&endpoint, &Route::Direct, tls, HeaderValue::from_static("canary"));
        assert!(!connector.ever_connected());
        let line = connector.call(base.parse().unwrap()).await.unwrap();
        assert!(connector.ever_connected());
        let Stream::Http(MaybeHttpsStream::Http(tcp)) = line.stream else { panic!("TLS") };
        let socket = SockRef::from(tcp.inner());
        assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
        #[cfg(target_os = "linux")]
        {
            let seconds = Duration::from_secs;
            assert_eq!(socket.tcp_keepalive_time().unwrap(), seconds(15));
            assert_eq!(socket.tcp_keepalive_interval().unwrap(), seconds(15));
            assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
            assert_eq!(socket.tcp_user_timeout().unwrap(), Some(seconds(30)));
        }
    }
}
