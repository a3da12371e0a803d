//! Deadlines, what is known about sending, closing, counting.

use super::*;

#[tokio::test(start_paused = true)]
async fn the_attempt_timeout_ends_an_attempt_and_the_deadline_the_call_at_their_moment() {
    let pipeline = calls_only(&Script::always(Step::Hang));
    let begin = Instant::now();
    let limits = Limits { max_attempts: 1, ..LIMITS };
    let error = pipeline.execute(set(), limits).await.unwrap_err();
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
async fn the_deadline_never_multiplies() {
    for step in [Step::Hang, BROKEN, UNAVAILABLE, LIMITED, UNREACHABLE, Step::Stale, UNAUTHORIZED] {
        let script = Arc::new(Script::plan(vec![token(1), token(2), token(3)], vec![], Some(step)));
        let pipeline = pipeline(&script, credentials());
        for timeout in [Duration::from_millis(100), Duration::from_secs(12), LIMITS.timeout] {
            let begin = Instant::now();
            run_within(&pipeline, timeout).await.unwrap_err();
            assert!(begin.elapsed() <= timeout);
        }
    }
}

async fn run_within(pipeline: &Pipeline, timeout: Duration) -> Result<(), Error> {
    pipeline.execute(another(), Limits { timeout, ..LIMITS }).await.map(|answered| answered.value)
}

#[tokio::test(start_paused = true)]
async fn failures_of_the_wire_keep_what_is_known_about_sending() {
    for (kind, sent, expected, retryable) in [
        (FailureKind::Connect, Sent::No, ErrorKind::Connect, true),
        (FailureKind::Connect, Sent::Maybe, ErrorKind::Connect, true),
        (FailureKind::Stalled, Sent::Maybe, ErrorKind::Timeout, true),
        (FailureKind::Protocol, Sent::Yes, ErrorKind::Decode, false),
        (FailureKind::Tls, Sent::No, ErrorKind::Tls, false),
        (FailureKind::TooLarge, Sent::Yes, ErrorKind::TooLarge, false),
        (FailureKind::Request, Sent::No, ErrorKind::Config, false),
    ] {
        let pipeline = calls_only(&Script::new(vec![], vec![Step::Fail(kind, sent)]));
        let error = pipeline.execute(set(), Limits { max_attempts: 1, ..LIMITS }).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.retryable()), (expected, sent, retryable));
        assert_eq!((error.operation(), error.attempts()), (Some("set"), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_had_a_connection_was_not_sent() {
    struct Unconnected;
    impl Transport for Unconnected {
        fn send(&self, _: ToSend) -> BoxFuture<'_, Result<Received, Failure>> {
            std::future::pending().boxed()
        }
        fn never_connected(&self) -> bool {
            true
        }
    }
    let transport: Arc<dyn Transport> = Arc::new(Unconnected);
    let source = Source::Fixed(AppToken::new("t"));
    let tokens = Tokens::new(source, Arc::clone(&transport), LIMITS, FLOOR, Random::seeded(7)).unwrap();
    let limiter = Limiter::shared("unconnected", &RateLimits::off(), 10).unwrap();
    let pipeline = Pipeline::new(transport, tokens, limiter);
    for timeout in [Duration::from_secs(1), LIMITS.timeout] {
        let error = run_within(&pipeline, timeout).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Timeout, Sent::No), "{timeout:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_the_calls_keeps_status_and_text() {
    let pipeline = calls_only(&Script::always(Step::Answer(200, "<html>")));
    let error = run(&pipeline).await.unwrap_err();
    assert_eq!((error.kind(), error.status(), error.body()), (ErrorKind::Decode, Some(200), Some("<html>")));
    assert_eq!(error.sent(), Sent::Yes);
}

#[tokio::test(start_paused = true)]
async fn an_answer_packed_in_a_way_not_asked_for_is_refused() {
    let packed = Step::With(200, "content-encoding", "gzip", r#"{"result":"ok"}"#);
    let error = run(&calls_only(&Script::always(packed))).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.status()), (ErrorKind::Decode, Sent::Yes, Some(200)));
    assert!(error.message().contains("gzip"), "{error}");
    let plain = Step::With(200, "content-encoding", "identity", r#"{"result":"ok"}"#);
    run(&calls_only(&Script::always(plain))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn bad_input_and_a_closed_client_send_nothing() {
    let script = Script::new(vec![], vec![]);
    let pipeline = pipeline(&script, credentials());
    let bad = Set { ext: "x".repeat(2000), ..set() };
    assert_eq!(pipeline.execute(bad, LIMITS).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    for limits in [
        Limits { timeout: Duration::ZERO, ..LIMITS },
        Limits { attempt_timeout: Duration::ZERO, ..LIMITS },
        Limits { max_attempts: 0, ..LIMITS },
    ] {
        assert_eq!(pipeline.execute(set(), limits).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    pipeline.close();
    let error = run(&pipeline).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Closed, Sent::No));
    assert_eq!(pipeline.app_token(LIMITS).await.unwrap_err().kind(), ErrorKind::Closed);
    assert!(script.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn closing_ends_calls_wherever_they_are_and_tells_what_was_sent() {
    let ended = async |script: Arc<Script>, source: Source| {
        let pipeline = pipeline(&script, source);
        let mut call = Box::pin(run(&pipeline));
        while script.seen().is_empty() {
            assert!((&mut call).now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        assert!((&mut call).now_or_never().is_none());
        pipeline.close();
        pipeline.close();
        let error = call.now_or_never().expect("ended at once").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        (error.sent(), error.attempts())
    };
    let fixed = || Source::Fixed(AppToken::new("t"));
    assert_eq!(ended(Script::always(Step::Hang), fixed()).await, (Sent::Maybe, 1));
    assert_eq!(ended(Script::always(UNAVAILABLE), fixed()).await, (Sent::Yes, 1), "in a pause");
    assert_eq!(ended(Script::always(UNREACHABLE), fixed()).await, (Sent::No, 1), "in a pause");
    assert_eq!(ended(Script::new(vec![Step::Hang], vec![]), credentials()).await, (Sent::No, 0));
}

#[tokio::test(start_paused = true)]
async fn calls_are_counted() {
    let script = Script::then_ok(vec![UNAVAILABLE, OK, Step::Stale, OK, Step::Answer(400, "")]);
    let pipeline = calls_only(&script);
    for _ in 0..2 {
        run(&pipeline).await.unwrap();
    }
    run(&pipeline).await.unwrap_err();
    let waiting = Box::pin(run(&pipeline));
    let stats = pipeline.stats();
    drop(waiting);
    assert_eq!((stats.calls, stats.succeeded, stats.failed, stats.active), (3, 2, 1, 0));
    assert_eq!((stats.attempts, stats.retries, stats.replays), (5, 1, 1));
    // The retry took 14 and gave it back; nothing is earned beyond a full quota.
    assert_eq!((stats.retry_quota, stats.token_requests), (500, 0));
}

#[test]
fn a_call_outside_a_runtime_says_so() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let script = runtime.block_on(async { Script::new(vec![], vec![]) });
    let error = run(&calls_only(&script)).now_or_never().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("tokio runtime"));
}
