//! The pipeline on a scripted transport and a paused clock.

use std::collections::VecDeque;
use std::sync::Mutex;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::Notify;

use super::*;
use crate::model::{Resource, Status, UserId};
use crate::operation::{Set, Token};

const LIMITS: Limits = Limits { timeout: Duration::from_secs(30), attempt_timeout: Duration::from_secs(10) };

/// What the scripted wire does with one request.
enum Step {
    Answer(u16, &'static str),
    Fail(FailureKind, Sent),
    Hang,
    /// Answers when the gate opens.
    Gate(Arc<Notify>, u16, &'static str),
}

/// Plays steps, one per request, and keeps what was sent: `token` or the Authorization header of a call.
#[derive(Default)]
struct Script {
    tokens: Mutex<VecDeque<Step>>,
    calls: Mutex<VecDeque<Step>>,
    seen: Mutex<Vec<String>>,
}

impl Script {
    fn new(tokens: Vec<Step>, calls: Vec<Step>) -> Arc<Self> {
        Arc::new(Self {
            tokens: Mutex::new(tokens.into()),
            calls: Mutex::new(calls.into()),
            ..Self::default()
        })
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

impl Transport for Script {
    fn send(&self, request: ToSend) -> BoxFuture<'_, Result<Received, Failure>> {
        let is_token = request.path == "/token";
        let entry =
            request.authorization.map_or("token".into(), |header| header.to_str().unwrap().to_owned());
        self.seen.lock().unwrap().push(entry);
        let steps = if is_token { &self.tokens } else { &self.calls };
        let step = steps.lock().unwrap().pop_front().expect("a step for every request");
        async move {
            let answer = |status, body: &'static str| {
                Ok(Received { status, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) })
            };
            match step {
                Step::Answer(status, body) => answer(status, body),
                Step::Fail(kind, sent) => {
                    Err(Failure { kind, sent, message: "scripted".into(), source: None })
                }
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

const OK: Step = Step::Answer(200, r#"{"result":"ok"}"#);
const UNAUTHORIZED: Step = Step::Answer(401, r#"{"error_description":"Unable to authenticate (OAuth)"}"#);

fn token(n: u8) -> Step {
    Step::Answer(
        200,
        match n {
            1 => r#"{"access_token":"one","expires_in":1000}"#,
            _ => r#"{"access_token":"two","expires_in":1000}"#,
        },
    )
}

fn credentials() -> Source {
    Source::Credentials(Token { client_id: "id".into(), client_secret: "secret".to_owned().into() })
}

fn set() -> Set {
    Set {
        user: UserId::new("c1").unwrap(),
        resource: Resource::new("android").unwrap(),
        status: Status::Online,
        ext: String::new(),
    }
}

async fn run(pipeline: &Pipeline) -> Result<(), Error> {
    pipeline.execute(set(), LIMITS).await.map(|answered| answered.value)
}

#[tokio::test(start_paused = true)]
async fn a_thousand_calls_at_once_fetch_one_token() {
    let script = Script::new(vec![token(1)], (0..1000).map(|_| OK).collect());
    let pipeline = Pipeline::new(script.clone(), credentials(), LIMITS);
    for result in join_all((0..1000).map(|_| run(&pipeline))).await {
        result.unwrap();
    }
    assert_eq!(script.seen().iter().filter(|entry| *entry == "token").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_401_is_answered_with_a_new_token_once() {
    let script = Script::new(vec![token(1), token(2)], vec![UNAUTHORIZED, OK]);
    let pipeline = Pipeline::new(script.clone(), credentials(), LIMITS);
    run(&pipeline).await.unwrap();
    assert_eq!(script.seen(), ["token", "Bearer one", "token", "Bearer two"]);

    let script = Script::new(vec![token(1), token(2)], vec![UNAUTHORIZED, UNAUTHORIZED]);
    let pipeline = Pipeline::new(script.clone(), credentials(), LIMITS);
    let error = run(&pipeline).await.unwrap_err();
    assert_eq!((error.kind(), error.status(), error.attempts()), (ErrorKind::Auth, Some(401), 2));
    assert_eq!(script.seen().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn many_401s_of_one_token_fetch_one_new_token() {
    let calls = (0..1000).map(|_| UNAUTHORIZED).chain((0..1000).map(|_| OK)).collect();
    let script = Script::new(vec![token(1), token(2)], calls);
    let pipeline = Pipeline::new(script.clone(), credentials(), LIMITS);
    for result in join_all((0..1000).map(|_| run(&pipeline))).await {
        result.unwrap();
    }
    assert_eq!(script.seen().iter().filter(|entry| *entry == "token").count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_401_that_no_token_cures_and_a_fixed_token_are_not_tried_again() {
    let denied = Step::Answer(401, r#"{"error_description":"Subject does not have permission [x]"}"#);
    let script = Script::new(vec![token(1)], vec![denied]);
    let pipeline = Pipeline::new(script.clone(), credentials(), LIMITS);
    assert_eq!(run(&pipeline).await.unwrap_err().kind(), ErrorKind::Permission);
    assert_eq!(script.seen().len(), 2);

    let script = Script::new(vec![], vec![UNAUTHORIZED]);
    let pipeline = Pipeline::new(script.clone(), Source::Fixed(AppToken::new("fixed")), LIMITS);
    assert_eq!(run(&pipeline).await.unwrap_err().attempts(), 1);
    assert_eq!(script.seen(), ["Bearer fixed"]);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_a_fifth_before_its_end() {
    let script = Script::new(vec![token(1), token(2)], vec![OK, OK, OK]);
    let pipeline = Pipeline::new(script.clone(), credentials(), LIMITS);
    run(&pipeline).await.unwrap();
    tokio::time::advance(Duration::from_secs(799)).await;
    run(&pipeline).await.unwrap();
    tokio::time::advance(Duration::from_secs(2)).await;
    run(&pipeline).await.unwrap();
    assert_eq!(script.seen(), ["token", "Bearer one", "Bearer one", "token", "Bearer two"]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_gives_up_takes_the_token_from_no_other() {
    let gate = Arc::new(Notify::new());
    let answer = Step::Gate(gate.clone(), 200, r#"{"access_token":"one"}"#);
    let script = Script::new(vec![answer], vec![OK]);
    let pipeline = Pipeline::new(script.clone(), credentials(), LIMITS);
    let mut first = run(&pipeline).boxed();
    let second = run(&pipeline);
    assert!((&mut first).now_or_never().is_none());
    drop(first);
    gate.notify_one();
    second.await.unwrap();
    assert_eq!(script.seen(), ["token", "Bearer one"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_client_secret_is_told_as_the_token_calls_failure_and_does_not_stick() {
    let refused =
        Step::Answer(400, r#"{"error":"invalid_grant","error_description":"invalid username or password"}"#);
    let script = Script::new(vec![refused, token(1)], vec![OK]);
    let pipeline = Pipeline::new(script.clone(), credentials(), LIMITS);
    let error = run(&pipeline).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.operation(), error.code()),
        (ErrorKind::Auth, Some("token"), Some("invalid_grant"))
    );
    run(&pipeline).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_attempt_timeout_and_the_deadline_end_a_call_at_their_moment() {
    let script = Script::new(vec![token(1)], vec![Step::Hang, Step::Hang]);
    let pipeline = Pipeline::new(script, credentials(), LIMITS);
    let begin = Instant::now();
    let error = run(&pipeline).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent(), begin.elapsed()),
        (ErrorKind::Timeout, Sent::Maybe, LIMITS.attempt_timeout)
    );
    assert!(error.message().contains("attempt timeout of 10 s") && error.retryable(), "{error}");

    let begin = Instant::now();
    let limits = Limits { timeout: Duration::from_secs(2), ..LIMITS };
    let error = pipeline.execute(set(), limits).await.unwrap_err();
    assert_eq!((error.sent(), begin.elapsed()), (Sent::Maybe, limits.timeout));
    assert!(error.message().contains("timeout of 2 s"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_token_counts_towards_the_deadline_and_sends_nothing() {
    let script = Script::new(vec![Step::Hang], vec![]);
    let pipeline = Pipeline::new(script, credentials(), LIMITS);
    let begin = Instant::now();
    let limits = Limits { timeout: Duration::from_secs(2), ..LIMITS };
    let error = pipeline.execute(set(), limits).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), begin.elapsed()), (ErrorKind::Timeout, Sent::No, limits.timeout));
    assert_eq!(error.attempts(), 0);
}

#[tokio::test(start_paused = true)]
async fn failures_of_the_wire_keep_what_is_known_about_sending() {
    for (kind, sent, expected, retryable) in [
        (FailureKind::Connect, Sent::No, ErrorKind::Connect, true),
        (FailureKind::Connect, Sent::Maybe, ErrorKind::Connect, true),
        (FailureKind::Tls, Sent::No, ErrorKind::Tls, false),
        (FailureKind::TooLarge, Sent::Yes, ErrorKind::TooLarge, false),
    ] {
        let script = Script::new(vec![], vec![Step::Fail(kind, sent)]);
        let pipeline = Pipeline::new(script, Source::Fixed(AppToken::new("t")), LIMITS);
        let error = run(&pipeline).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.retryable()), (expected, sent, retryable));
        assert_eq!((error.operation(), error.attempts()), (Some("set"), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_the_calls_keeps_status_and_text() {
    let script = Script::new(vec![], vec![Step::Answer(200, "<html>")]);
    let pipeline = Pipeline::new(script, Source::Fixed(AppToken::new("t")), LIMITS);
    let error = run(&pipeline).await.unwrap_err();
    assert_eq!((error.kind(), error.status(), error.body()), (ErrorKind::Decode, Some(200), Some("<html>")));
    assert_eq!(error.sent(), Sent::Yes);
}

#[tokio::test(start_paused = true)]
async fn bad_input_and_a_closed_client_send_nothing() {
    let script = Script::new(vec![], vec![]);
    let pipeline = Pipeline::new(script.clone(), credentials(), LIMITS);
    let bad = Set { ext: "x".repeat(2000), ..set() };
    assert_eq!(pipeline.execute(bad, LIMITS).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    pipeline.close();
    let error = run(&pipeline).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Closed, Sent::No));
    assert!(script.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_asked_once_at_a_time_and_again_after_a_401() {
    let asked = Arc::new(Mutex::new(0));
    let count = asked.clone();
    let provider = move || {
        let n = {
            let mut count = count.lock().unwrap();
            *count += 1;
            *count
        };
        async move { Ok::<_, std::io::Error>(AppToken::new(format!("t{n}"))) }
    };
    let script = Script::new(vec![], vec![UNAUTHORIZED, OK, OK]);
    let pipeline = Pipeline::new(script.clone(), Source::Provider(Arc::new(provider)), LIMITS);
    run(&pipeline).await.unwrap();
    run(&pipeline).await.unwrap();
    assert_eq!(script.seen(), ["Bearer t1", "Bearer t2", "Bearer t2"]);
    assert_eq!(*asked.lock().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_fails_panics_or_hangs_is_an_error_and_the_next_call_asks_again() {
    let steps = Arc::new(Mutex::new(0));
    let provider = move || {
        let n = {
            let mut steps = steps.lock().unwrap();
            *steps += 1;
            *steps
        };
        async move {
            match n {
                1 => Err(std::io::Error::other("vault is down")),
                2 => panic!("provider bug"),
                3 => std::future::pending().await,
                _ => Ok(AppToken::new("t")),
            }
        }
    };
    let script = Script::new(vec![], vec![OK]);
    let pipeline = Pipeline::new(script, Source::Provider(Arc::new(provider)), LIMITS);
    let error = run(&pipeline).await.unwrap_err();
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "vault is down");
    assert_eq!(run(&pipeline).await.unwrap_err().kind(), ErrorKind::Auth);
    assert_eq!(run(&pipeline).await.unwrap_err().kind(), ErrorKind::Timeout);
    run(&pipeline).await.unwrap();
}

#[test]
fn a_token_request_that_went_down_with_its_runtime_is_made_again_in_the_next() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let script = Script::new(vec![Step::Hang, token(1)], vec![OK]);
    let pipeline = Pipeline::new(script.clone(), credentials(), LIMITS);
    runtime().block_on(async {
        let mut call = run(&pipeline).boxed();
        while script.seen().is_empty() {
            assert!((&mut call).now_or_never().is_none());
            tokio::task::yield_now().await;
        }
    });
    runtime().block_on(run(&pipeline)).unwrap();
    assert_eq!(script.seen(), ["token", "token", "Bearer one"]);
}

#[test]
fn a_call_outside_a_runtime_says_so() {
    let pipeline = Pipeline::new(Script::new(vec![], vec![]), credentials(), LIMITS);
    let error = run(&pipeline).now_or_never().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("tokio runtime"));
}
