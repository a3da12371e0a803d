//! How long making a connection may take.

use http::Method;
use tokio::net::TcpListener;

use super::super::endpoint::{Endpoint, ProxySetting};
use super::super::resolver::{Resolve, Resolving};
use super::super::transport::Http;
use super::*;

/// Never knows.
struct Silent;

impl Resolve for Silent {
    fn resolve(&self, _: &str) -> Resolving {
        Box::pin(std::future::pending())
    }
}

async fn assert_times_out(endpoint: Endpoint) {
    let (start, limit) = (Instant::now(), endpoint.connect_timeout);
    let http = Http::new(&endpoint).unwrap();
    let path = "/users/canary/status".into();
    let to_send = ToSend { method: Method::GET, path, authorization: None, body: None, afresh: false };
    let failure = http.send(to_send).await.unwrap_err();
    assert_eq!((failure.kind, failure.sent), (FailureKind::Connect, Sent::No));
    assert_eq!(failure.message, "connecting timed out");
    assert!(start.elapsed() >= limit && start.elapsed() < limit * 2, "{:?}", start.elapsed());
    assert!(http.never_connected());
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_not_answered_ends_with_the_connect_timeout() {
    let resolver = Arc::new(Silent);
    assert_times_out(Endpoint { resolver, ..Endpoint::for_tests("http://presence.invalid") }).await;
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_not_answered_ends_with_the_connect_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    assert_times_out(Endpoint { plain_http: false, ..Endpoint::for_tests(&base) }).await;
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_does_not_answer_ends_with_the_connect_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = ProxySetting::Url(format!("http://{}", listener.local_addr().unwrap()));
    assert_times_out(Endpoint {
        plain_http: false,
        proxy,
        ..Endpoint::for_tests("https://presence.invalid")
    })
    .await;
}
