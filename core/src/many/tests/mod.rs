//! Lists of users against a scripted service, on a paused clock.

mod batch;
mod iter;
mod running;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use http::{HeaderMap, Method};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::error::{Error, ErrorKind, Sent};
use crate::pipeline::limiter::{Limiter, Priority, RateLimits};
use crate::pipeline::transport::{Failure, FailureKind, Received, ToSend, Transport};
use crate::pipeline::{AppToken, Caller, Limits, Pipeline, Random, Source, Tokens};
use crate::{Client, Presences, User};

const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(30),
    attempt_timeout: Duration::from_secs(10),
    max_attempts: 1,
    priority: Priority::Normal,
    caller: Caller::Each,
};

/// What the service does with a request.
enum Reaction {
    /// Answers as it should.
    Serve,
    /// The same after a while.
    ServeAfter(Duration),
    ServeWhen(Arc<Notify>),
    Answer(u16, &'static str),
    Break(Sent),
    Hang,
}
use Reaction::{Answer, Break, Hang, Serve, ServeAfter, ServeWhen};

type Rule = dyn Fn(usize, &[String]) -> Reaction + Send + Sync;

/// A service that knows everybody and reacts by rule: to the number of the request and the users in it.
struct Service {
    rule: Box<Rule>,
    seen: Mutex<Vec<Vec<String>>>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

impl Service {
    fn new(rule: impl Fn(usize, &[String]) -> Reaction + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            rule: Box::new(rule),
            seen: Mutex::default(),
            under_way: AtomicUsize::new(0),
            most_under_way: AtomicUsize::new(0),
        })
    }

    fn sizes(&self) -> Vec<usize> {
        self.seen.lock().unwrap().iter().map(Vec::len).collect()
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    fn client(self: &Arc<Self>, rates: &RateLimits) -> Client {
        static APPS: AtomicU64 = AtomicU64::new(0);
        let app = format!("many {}", APPS.fetch_add(1, Ordering::Relaxed));
        let transport: Arc<dyn Transport> = self.clone();
        let source = Source::Fixed(AppToken::new("t"));
        let tokens =
            Tokens::new(source, Arc::clone(&transport), LIMITS, Duration::ZERO, Random::seeded(7)).unwrap();
        let limiter = Limiter::shared(&app, rates, 1_000).unwrap();
        Client::new(Pipeline::new(transport, tokens, limiter), LIMITS)
    }

    fn user(self: &Arc<Self>) -> User {
        self.client(&RateLimits::off()).user("wzy").unwrap()
    }
}

fn served(method: &Method, path: &str, ids: &[String]) -> String {
    let items = |item: &dyn Fn(&String) -> String| ids.iter().map(item).collect::<Vec<_>>().join(",");
    if path == "/users/batch/status" {
        format!(r#"{{"data":[{}]}}"#, items(&|id| format!(r#"{{"{id}":"online"}}"#)))
    } else if method == Method::DELETE {
        r#"{"result":"ok"}"#.to_owned()
    } else {
        format!(r#"{{"result":[{}]}}"#, items(&|id| format!(r#"{{"uid":"{id}","ext":"of {id}"}}"#)))
    }
}

/// Counts a request until its future is dropped.
struct UnderWay<'a>(&'a AtomicUsize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Transport for Service {
    fn send(&self, request: ToSend) -> BoxFuture<'_, Result<Received, Failure>> {
        let body: serde_json::Value = serde_json::from_slice(&request.body.unwrap()).unwrap();
        let list = body.get("usernames").unwrap_or(&body).as_array().unwrap();
        let ids: Vec<String> = list.iter().map(|id| id.as_str().unwrap().to_owned()).collect();
        let number = {
            let mut seen = self.seen.lock().unwrap();
            seen.push(ids.clone());
            seen.len() - 1
        };
        let counted = UnderWay(&self.under_way);
        let now = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_under_way.fetch_max(now, Ordering::Relaxed);
        let reaction = (self.rule)(number, &ids);
        async move {
            let _counted = counted;
            let (status, body) = match reaction {
                Serve => (200, served(&request.method, &request.path, &ids)),
                ServeAfter(delay) => {
                    tokio::time::sleep(delay).await;
                    (200, served(&request.method, &request.path, &ids))
                }
                ServeWhen(gate) => {
                    gate.notified().await;
                    (200, served(&request.method, &request.path, &ids))
                }
                Answer(status, body) => (status, body.to_owned()),
                Break(sent) => {
                    let message = "scripted".into();
                    return Err(Failure {
                        kind: FailureKind::Connect,
                        sent,
                        reused: false,
                        message,
                        source: None,
                    });
                }
                Hang => std::future::pending().await,
            };
            Ok(Received { status, headers: HeaderMap::new(), body: Bytes::from(body) })
        }
        .boxed()
    }
}

fn ids(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("u{i}")).collect()
}

fn order(presences: &Presences) -> Vec<String> {
    presences.iter().map(|presence| presence.user_id().to_string()).collect()
}

/// The law of every outcome: each user is in one of the two lists, and in none twice.
fn every_user_has_one_outcome(error: &Error, asked: &[String]) {
    let partial = error.partial().unwrap();
    let told: Vec<_> = partial.succeeded().iter().chain(partial.failed().map(|(id, _)| id)).collect();
    assert_eq!(told.len(), asked.len());
    let told: HashSet<_> = told.into_iter().map(ToString::to_string).collect();
    assert_eq!(told, asked.iter().cloned().collect());
    let answered = partial.presences().map_or(0, |p| p.len() + p.missing().len());
    assert_eq!(answered, partial.succeeded().len());
}
