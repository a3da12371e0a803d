//! The pipeline on a scripted transport and a paused clock.

mod cache;
mod calls;
mod cancelling;
mod connecting;
mod gets;
#[cfg(shuttle)]
mod model;
mod resolving;
mod retries;
mod tokens;
mod writes;

use std::collections::VecDeque;
use std::sync::Mutex;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::limiter::RateLimits;
use super::transport::{Failure, FailureKind};
use super::*;
use crate::error::Sent;
use crate::model::{Resource, Status, UserId};
use crate::operation::{Set, Token};

const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(30),
    attempt_timeout: Duration::from_secs(10),
    max_attempts: 4,
    priority: Priority::Normal,
    caller: Caller::Each,
};
const FLOOR: Duration = Duration::from_secs(10);

/// What the scripted wire does with one request.
#[derive(Clone)]
enum Step {
    Answer(u16, &'static str),
    /// An answer with one header.
    With(u16, &'static str, &'static str, &'static str),
    Fail(FailureKind, Sent),
    /// Breaks a connection that had served before.
    Stale,
    Hang,
    /// Answers when the gate opens.
    Gate(Arc<Notify>, u16, &'static str),
}

const OK: Step = Step::Answer(200, r#"{"result":"ok"}"#);
const UNAUTHORIZED: Step = Step::Answer(401, r#"{"error_description":"Unable to authenticate (OAuth)"}"#);
const UNAVAILABLE: Step = Step::Answer(503, "");
const LIMITED: Step = Step::Answer(429, r#"{"error":"reach_limit"}"#);
const BROKEN: Step = Step::Fail(FailureKind::Connect, Sent::Maybe);
const UNREACHABLE: Step = Step::Fail(FailureKind::Connect, Sent::No);

fn token(n: u8) -> Step {
    Step::Answer(
        200,
        match n {
            1 => r#"{"access_token":"one","expires_in":1000}"#,
            2 => r#"{"access_token":"two","expires_in":1000}"#,
            _ => r#"{"access_token":"three","expires_in":1000}"#,
        },
    )
}

/// Plays steps, one per request, and keeps what was sent and when: `token`, or what a call carried.
struct Script {
    tokens: Mutex<VecDeque<Step>>,
    calls: Mutex<VecDeque<Step>>,
    /// For every call beyond the steps.
    beyond: Option<Step>,
    began: Instant,
    seen: Mutex<Vec<(Duration, String)>>,
}

impl Script {
    fn new(tokens: Vec<Step>, calls: Vec<Step>) -> Arc<Self> {
        Arc::new(Self::plan(tokens, calls, None))
    }

    /// Every call meets this step.
    fn always(step: Step) -> Arc<Self> {
        Arc::new(Self::plan(vec![], vec![], Some(step)))
    }

    /// These steps, then success.
    fn then_ok(calls: Vec<Step>) -> Arc<Self> {
        Arc::new(Self::plan(vec![], calls, Some(OK)))
    }

    fn plan(tokens: Vec<Step>, calls: Vec<Step>, beyond: Option<Step>) -> Self {
        Self {
            tokens: Mutex::new(tokens.into()),
            calls: Mutex::new(calls.into()),
            beyond,
            began: Instant::now(),
            seen: Mutex::default(),
        }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(_, what)| what.clone()).collect()
    }

    /// When requests came, since the script began.
    fn times(&self) -> Vec<Duration> {
        self.seen.lock().unwrap().iter().map(|(at, _)| *at).collect()
    }

    fn token_requests(&self) -> usize {
        self.seen().iter().filter(|what| *what == "token").count()
    }
}

impl Transport for Script {
    fn send(&self, request: ToSend) -> BoxFuture<'_, Result<Received, Failure>> {
        let is_token = request.path == "/token";
        let what = match &request.authorization {
            None => "token".to_owned(),
            Some(header) if header == "Bearer t" => request.path,
            Some(header) => header.to_str().unwrap().to_owned(),
        };
        self.seen.lock().unwrap().push((self.began.elapsed(), what));
        let steps = if is_token { &self.tokens } else { &self.calls };
        let step = steps.lock().unwrap().pop_front().or_else(|| self.beyond.clone());
        let step = step.expect("a step for every request");
        async move {
            let answer = |status, body: &'static str| {
                let body = Bytes::from_static(body.as_bytes());
                Ok(Received { status, headers: HeaderMap::new(), body })
            };
            match step {
                Step::Answer(status, body) => answer(status, body),
                Step::With(status, name, value, body) => answer(status, body).map(|mut answer| {
                    let name = HeaderName::from_static(name);
                    answer.headers.insert(name, HeaderValue::from_static(value));
                    answer
                }),
                Step::Fail(kind, sent) => Err(broken(kind, sent, false)),
                Step::Stale => Err(broken(FailureKind::Connect, Sent::Maybe, true)),
                Step::Hang => std::future::pending().await,
                Step::Gate(gate, status, body) => {
                    gate.notified().await;
                    answer(status, body)
                }
            }
        }
        .boxed()
    }
}

fn broken(kind: FailureKind, sent: Sent, reused: bool) -> Failure {
    Failure { kind, sent, reused, message: "scripted".into(), source: None }
}

fn credentials() -> Source {
    Source::Credentials(Token { client_id: "id".into(), client_secret: "secret".to_owned().into() })
}

/// A pipeline over the script with an unlimited rate.
fn pipeline(script: &Arc<Script>, source: Source) -> Pipeline {
    limited(script, source, &RateLimits::off())
}

/// The same for calls alone: they carry a fixed token.
fn calls_only(script: &Arc<Script>) -> Pipeline {
    pipeline(script, Source::Fixed(AppToken::new("t")))
}

fn limited(script: &Arc<Script>, source: Source, limits: &RateLimits) -> Pipeline {
    static APPS: AtomicU64 = AtomicU64::new(0);
    let app = format!("test {}", APPS.fetch_add(1, Ordering::Relaxed));
    let transport: Arc<dyn Transport> = script.clone();
    let tokens = Tokens::new(source, Arc::clone(&transport), LIMITS, FLOOR, Random::seeded(7)).unwrap();
    Pipeline::new(transport, tokens, Limiter::shared(&app, limits, 1_000).unwrap())
}

fn set() -> Set {
    set_of("c1", Status::Online)
}

fn set_of(user: &str, status: Status) -> Set {
    Set {
        user: UserId::new(user).unwrap(),
        resource: Resource::new("android").unwrap(),
        status,
        ext: String::new(),
    }
}

/// A set of a device that no other call sets.
fn another() -> Set {
    static USERS: AtomicU64 = AtomicU64::new(0);
    set_of(&format!("u{}", USERS.fetch_add(1, Ordering::Relaxed)), Status::Online)
}

async fn run(pipeline: &Pipeline) -> Result<(), Error> {
    pipeline.execute(another(), LIMITS).await.map(|answered| answered.value)
}
