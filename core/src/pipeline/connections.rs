//! What is remembered of connections: whether there ever was one, and which have served.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

/// Around the connector: notes that a connection was made.
#[derive(Clone)]
pub(super) struct Connected<S = ()> {
    inner: S,
    connected: Arc<AtomicBool>,
}

impl Connected {
    pub(super) fn new(connected: &Arc<AtomicBool>) -> Self {
        Self { inner: (), connected: Arc::clone(connected) }
    }
}

impl<S> Layer<S> for Connected {
    type Service = Connected<S>;

    fn layer(&self, inner: S) -> Connected<S> {
        Connected { inner, connected: Arc::clone(&self.connected) }
    }
}

impl<S, R> Service<R> for Connected<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
    S::Response: 'static,
    S::Error: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (connecting, connected) = (self.inner.call(request), Arc::clone(&self.connected));
        Box::pin(async move {
            let connection = connecting.await?;
            connected.store(true, Ordering::Release);
            Ok(connection)
        })
    }
}

/// The connections that have brought an answer, by the port at this end: one bit for each. A port that comes again
/// with a new connection may still have its bit; that costs one replay too many, never one too few.
pub(super) struct Served(Box<[AtomicU64]>);

impl Default for Served {
    fn default() -> Self {
        Self((0..=u16::MAX / 64).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Served {
    pub(super) fn note(&self, connection: SocketAddr) {
        if let Some((word, bit)) = self.place(connection)
            && word.load(Ordering::Relaxed) & bit == 0
        {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Whether the connection, which is no more, had served.
    pub(super) fn forget(&self, connection: SocketAddr) -> bool {
        self.place(connection).is_some_and(|(word, bit)| word.fetch_and(!bit, Ordering::Relaxed) & bit != 0)
    }

    fn place(&self, connection: SocketAddr) -> Option<(&AtomicU64, u64)> {
        let port = connection.port();
        Some((self.0.get(usize::from(port / 64))?, 1 << (port % 64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_has_served_once_it_was_noted_and_until_it_broke() {
        let served = Served::default();
        for port in [1, 63, 64, 65_535] {
            let connection = SocketAddr::from(([127, 0, 0, 1], port));
            assert!(!served.forget(connection));
            served.note(connection);
            served.note(connection);
            assert!(served.forget(connection));
            assert!(!served.forget(connection));
        }
    }
}
