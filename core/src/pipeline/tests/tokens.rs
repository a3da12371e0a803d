//! App tokens: how many are asked for, when, and what calls do meanwhile.

use futures_util::future::join_all;

use super::*;

const REFUSED: Step =
    Step::Answer(400, r#"{"error":"invalid_grant","error_description":"invalid username or password"}"#);

#[tokio::test(start_paused = true)]
async fn a_thousand_calls_at_once_fetch_one_token() {
    let script = Script::new(vec![token(1)], vec![OK; 1000]);
    let pipeline = pipeline(&script, credentials());
    for result in join_all((0..1000).map(|_| run(&pipeline))).await {
        result.unwrap();
    }
    assert_eq!(script.token_requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_401_is_answered_with_a_new_token_once() {
    let script = Script::new(vec![token(1), token(2)], vec![UNAUTHORIZED, OK]);
    run(&pipeline(&script, credentials())).await.unwrap();
    assert_eq!(script.seen(), ["token", "Bearer one", "token", "Bearer two"]);

    let script = Script::new(vec![token(1), token(2)], vec![UNAUTHORIZED, UNAUTHORIZED]);
    let error = run(&pipeline(&script, credentials())).await.unwrap_err();
    assert_eq!((error.kind(), error.status(), error.attempts()), (ErrorKind::Auth, Some(401), 2));
    assert_eq!(script.seen().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn many_401s_of_one_token_fetch_one_new_token() {
    let gate = Arc::new(Notify::new());
    let Step::Answer(status, body) = UNAUTHORIZED else { unreachable!() };
    let calls = [vec![OK], vec![Step::Gate(gate.clone(), status, body); 1000], vec![OK; 1000]].concat();
    let script = Script::new(vec![token(1), token(2)], calls);
    let pipeline = pipeline(&script, credentials());
    run(&pipeline).await.unwrap();
    let all_sent = async {
        while script.seen().len() < 1002 {
            tokio::task::yield_now().await;
        }
        gate.notify_waiters();
    };
    let (results, ()) = tokio::join!(join_all((0..1000).map(|_| run(&pipeline))), all_sent);
    for result in results {
        result.unwrap();
    }
    assert_eq!((script.token_requests(), script.seen().len()), (2, 2003));
}

#[tokio::test(start_paused = true)]
async fn requests_for_a_token_keep_their_distance() {
    let script = Arc::new(Script::plan(vec![token(1); 20], vec![], Some(UNAUTHORIZED)));
    let pipeline = pipeline(&script, credentials());
    let begin = Instant::now();
    let (mut calls, mut refused_at_once) = (0, 0);
    while begin.elapsed() < Duration::from_secs(60) {
        let call = Instant::now();
        assert_eq!(run(&pipeline).await.unwrap_err().kind(), ErrorKind::Auth);
        calls += 1;
        refused_at_once += u32::from(call.elapsed().is_zero());
        tokio::time::advance(Duration::from_millis(500)).await;
    }
    let times: Vec<_> =
        script.times().into_iter().zip(script.seen()).filter(|(_, what)| what == "token").collect();
    assert!(times.windows(2).all(|pair| pair[1].0 >= pair[0].0 + FLOOR), "{times:?}");
    assert!(times.len() >= 5, "and it is asked for again: {times:?}");
    assert!(
        refused_at_once * 10 > calls * 8,
        "nobody waits for what will not help: {refused_at_once} of {calls}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_401_that_no_token_cures_and_a_fixed_token_are_not_tried_again() {
    let denied = Step::Answer(401, r#"{"error_description":"Subject does not have permission [x]"}"#);
    let script = Script::new(vec![token(1)], vec![denied]);
    assert_eq!(run(&pipeline(&script, credentials())).await.unwrap_err().kind(), ErrorKind::Permission);
    assert_eq!(script.seen().len(), 2);

    let script = Script::new(vec![], vec![UNAUTHORIZED]);
    let source = Source::Fixed(AppToken::new("fixed"));
    assert_eq!(run(&pipeline(&script, source)).await.unwrap_err().attempts(), 1);
    assert_eq!(script.seen(), ["Bearer fixed"]);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_ahead_of_its_end_while_the_old_one_serves() {
    let gate = Arc::new(Notify::new());
    let second = Step::Gate(gate.clone(), 200, r#"{"access_token":"two","expires_in":1000}"#);
    let script = Script::new(vec![token(1), second], vec![OK; 5]);
    let pipeline = pipeline(&script, credentials());
    run(&pipeline).await.unwrap();
    tokio::time::advance(Duration::from_secs(649)).await;
    run(&pipeline).await.unwrap();
    tokio::time::advance(Duration::from_secs(52)).await;
    for _ in 0..2 {
        run(&pipeline).await.unwrap();
        tokio::task::yield_now().await;
    }
    gate.notify_one();
    while pipeline.tokens.is_current_generation(1) {
        tokio::task::yield_now().await;
    }
    run(&pipeline).await.unwrap();
    let expected = ["token", "Bearer one", "Bearer one", "Bearer one", "token", "Bearer one", "Bearer two"];
    assert_eq!(script.seen(), expected);
}

#[tokio::test(start_paused = true)]
async fn the_old_token_serves_while_the_token_endpoint_is_down() {
    let tokens = [vec![token(1)], vec![UNAVAILABLE; 4], vec![token(2)]].concat();
    let script = Arc::new(Script::plan(tokens, vec![], Some(OK)));
    let pipeline = pipeline(&script, credentials());
    run(&pipeline).await.unwrap();
    tokio::time::advance(Duration::from_secs(705)).await;
    for _ in 0..65 {
        run(&pipeline).await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(script.token_requests(), 6);
    assert_eq!(script.seen().last().unwrap(), "Bearer two");
}

#[tokio::test(start_paused = true)]
async fn a_token_endpoint_that_fails_is_asked_again_at_its_distance_by_those_who_can_wait() {
    let script = Script::new(vec![UNAVAILABLE, UNAVAILABLE, token(1)], vec![OK; 3]);
    let pipeline = pipeline(&script, credentials());
    let hurried = Limits { timeout: Duration::from_secs(5), ..LIMITS };
    let (patient, hurried) = tokio::join!(run(&pipeline), pipeline.execute(another(), hurried));
    patient.unwrap();
    let error = hurried.unwrap_err();
    assert_eq!(
        (error.kind(), error.operation(), error.status()),
        (ErrorKind::Server, Some("token"), Some(503))
    );
    assert_eq!((error.sent(), error.retry_after().map(|wait| wait.as_secs())), (Sent::No, Some(10)));
    assert_eq!(script.times()[..3], [0, 10, 20].map(Duration::from_secs));
}

#[tokio::test(start_paused = true)]
async fn a_token_endpoint_out_of_reach_is_tried_like_any_call() {
    let script = Script::new(vec![UNREACHABLE, UNREACHABLE, token(1)], vec![OK]);
    run(&pipeline(&script, credentials())).await.unwrap();
    assert!(*script.times().last().unwrap() <= Duration::from_millis(150));
    let script = Script::new(vec![UNREACHABLE; 4], vec![]);
    let error = run(&pipeline(&script, credentials())).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Connect, Sent::No));
    assert_eq!(script.token_requests(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_gives_up_takes_the_token_from_no_other() {
    let gate = Arc::new(Notify::new());
    let answer = Step::Gate(gate.clone(), 200, r#"{"access_token":"one"}"#);
    let script = Script::new(vec![answer], vec![OK]);
    let pipeline = pipeline(&script, credentials());
    let mut first = run(&pipeline).boxed();
    let second = run(&pipeline);
    assert!((&mut first).now_or_never().is_none());
    drop(first);
    gate.notify_one();
    second.await.unwrap();
    assert_eq!(script.seen(), ["token", "Bearer one"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_client_secret_is_told_at_once_until_the_next_request_and_does_not_stick() {
    let script = Script::new(vec![REFUSED, token(1)], vec![OK]);
    let pipeline = pipeline(&script, credentials());
    for _ in 0..3 {
        let error = run(&pipeline).await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Auth, Some("token")));
        assert_eq!((error.code(), error.sent()), (Some("invalid_grant"), Sent::No));
    }
    assert_eq!(script.token_requests(), 1);
    tokio::time::advance(FLOOR).await;
    run(&pipeline).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_rotated_secret_is_used_from_the_next_request_on_and_both_are_masked() {
    let script = Script::new(
        vec![REFUSED, token(1)],
        vec![Step::Answer(400, r#"{"error_description":"secret and canary-2 and one"}"#)],
    );
    let pipeline = pipeline(&script, credentials());
    run(&pipeline).await.unwrap_err();
    pipeline.tokens().rotate_secret("canary-2".to_owned().into()).unwrap();
    let error = run(&pipeline).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains("canary-2") && !text.contains("secret"), "{text}");
    assert_eq!(pipeline.tokens().rotate_secret(" ".to_owned().into()).unwrap_err().kind(), ErrorKind::Config);
    let fixed = calls_only(&script);
    assert_eq!(fixed.tokens().rotate_secret("x".to_owned().into()).unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_token_counts_towards_the_deadline_and_sends_nothing() {
    let script = Script::new(vec![Step::Hang], vec![]);
    let pipeline = pipeline(&script, credentials());
    let begin = Instant::now();
    let limits = Limits { timeout: Duration::from_secs(2), ..LIMITS };
    let error = pipeline.execute(set(), limits).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), begin.elapsed()), (ErrorKind::Timeout, Sent::No, limits.timeout));
    assert_eq!(error.attempts(), 0);
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
    let pipeline = pipeline(&script, Source::Provider(Arc::new(provider)));
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
    let pipeline = pipeline(&script, Source::Provider(Arc::new(provider)));
    let error = run(&pipeline).await.unwrap_err();
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "vault is down");
    assert_eq!(run(&pipeline).await.unwrap_err().kind(), ErrorKind::Auth);
    assert_eq!(run(&pipeline).await.unwrap_err().kind(), ErrorKind::Timeout);
    run(&pipeline).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_hangs_ends_with_the_client() {
    struct Told(Arc<Notify>);
    impl Drop for Told {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    for close in [true, false] {
        let ended = Arc::new(Notify::new());
        let told = ended.clone();
        let provider = move || {
            let told = Told(told.clone());
            async move {
                let _told = told;
                std::future::pending::<Result<AppToken, std::io::Error>>().await
            }
        };
        let pipeline = pipeline(&Script::new(vec![], vec![]), Source::Provider(Arc::new(provider)));
        assert!(run(&pipeline).now_or_never().is_none());
        tokio::task::yield_now().await;
        let begin = Instant::now();
        if close {
            pipeline.close();
        }
        drop(pipeline);
        ended.notified().await;
        assert_eq!(begin.elapsed(), Duration::ZERO, "closed: {close}");
    }
}

#[test]
fn a_token_request_that_went_down_with_its_runtime_is_made_again_in_the_next() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (script, pipeline) = runtime().block_on(async {
        let script = Script::new(vec![Step::Hang, token(1)], vec![OK]);
        let source = credentials();
        let transport: Arc<dyn Transport> = script.clone();
        // No distance: it is real time that passes here.
        let tokens =
            Tokens::new(source, Arc::clone(&transport), LIMITS, Duration::ZERO, Random::seeded(7)).unwrap();
        let limiter = Limiter::shared("two runtimes", &RateLimits::off(), 10).unwrap();
        let pipeline = Pipeline::new(transport, tokens, limiter);
        let mut call = run(&pipeline).boxed();
        while script.seen().is_empty() {
            assert!((&mut call).now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        drop(call);
        (script, pipeline)
    });
    runtime().block_on(run(&pipeline)).unwrap();
    assert_eq!(script.seen(), ["token", "token", "Bearer one"]);
}
