//! Names that resolve to nothing, to a dead address first, or to another address later.

use std::io;
use std::net::SocketAddr;

use easemob_presence_emulator::Emulator;
use http::Method;

use super::super::endpoint::Endpoint;
use super::super::resolver::{Resolve, Resolving};
use super::super::transport::Http;
use super::*;

/// Nothing listens there.
const DEAD: &str = "127.0.0.2";
const LIVE: &str = "127.0.0.1";

/// Gives the addresses that it holds now, or fails for want of any.
struct Resolver(Mutex<Vec<&'static str>>);

impl Resolver {
    fn at(addresses: Vec<&'static str>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(addresses)))
    }
}

impl Resolve for Resolver {
    fn resolve(&self, _: &str) -> Resolving {
        let addresses = self.0.lock().unwrap().clone();
        Box::pin(async move {
            if addresses.is_empty() {
                return Err(io::Error::other("SERVFAIL"));
            }
            Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect())
        })
    }
}

fn resolved_by(resolver: &Arc<Resolver>, emulator: &Emulator) -> Http {
    let port = emulator.host().rsplit_once(':').unwrap().1.to_owned();
    let base = format!("http://presence.invalid:{port}/easemob-demo/test");
    let resolver: Arc<dyn Resolve> = resolver.clone();
    Http::new(&Endpoint { resolver, ..Endpoint::for_tests(&base) }).unwrap()
}

fn status() -> ToSend {
    let path = "/users/canary/status".into();
    ToSend { method: Method::GET, path, authorization: None, body: None, afresh: false }
}

#[tokio::test]
async fn a_name_that_cannot_be_resolved_is_told_as_that_and_nothing_was_sent() {
    let emulator = Emulator::start().unwrap();
    let failure = resolved_by(&Resolver::at(vec![]), &emulator).send(status()).await.unwrap_err();
    assert_eq!((failure.kind, failure.sent), (FailureKind::Connect, Sent::No));
    assert!(failure.message.contains("cannot be resolved: SERVFAIL"), "{}", failure.message);
}

#[tokio::test]
async fn where_the_first_address_is_dead_the_next_one_is_tried() {
    let emulator = Emulator::start().unwrap();
    let http = resolved_by(&Resolver::at(vec![DEAD, LIVE]), &emulator);
    assert_eq!(http.send(status()).await.unwrap().status, 401);
}

#[tokio::test]
async fn traffic_follows_a_change_of_address_within_six_minutes() {
    let emulator = Emulator::start().unwrap();
    let resolver = Resolver::at(vec![LIVE]);
    let http = resolved_by(&resolver, &emulator);
    http.send(status()).await.unwrap();
    *resolver.0.lock().unwrap() = vec![DEAD];
    let mut steps = 0;
    while http.send(status()).await.is_ok() {
        steps += 1;
        // Less than a connection may lie idle: it is its age that ends it.
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(10)).await;
        tokio::time::resume();
    }
    assert!((24..=37).contains(&steps), "{steps} steps of ten seconds");
}
