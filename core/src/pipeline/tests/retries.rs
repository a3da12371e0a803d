//! What is tried again, when, and how often.

use futures_util::future::join_all;

use super::*;

#[tokio::test(start_paused = true)]
async fn transient_failures_are_tried_again_until_one_succeeds() {
    for failure in [
        BROKEN,
        UNREACHABLE,
        UNAVAILABLE,
        Step::Answer(500, ""),
        Step::Answer(408, ""),
        Step::Answer(425, ""),
    ] {
        let script = Script::then_ok(vec![failure; 3]);
        run(&calls_only(&script)).await.unwrap();
        assert_eq!(script.seen().len(), 4);
        assert!(*script.times().last().unwrap() <= Duration::from_millis(350));
    }
}

#[tokio::test(start_paused = true)]
async fn permanent_failures_are_not_tried_again() {
    for failure in [
        Step::Answer(400, ""),
        Step::Answer(404, ""),
        Step::Answer(501, ""),
        Step::Answer(302, ""),
        Step::Answer(500, r#"{"error":"no_full_text_index"}"#),
        Step::Answer(429, r#"{"error":"resource_limited"}"#),
        Step::Answer(200, r#"{"result":"the app not open presence"}"#),
        Step::Fail(FailureKind::Tls, Sent::No),
        Step::Fail(FailureKind::TooLarge, Sent::Yes),
    ] {
        let script = Script::always(failure);
        let error = run(&calls_only(&script)).await.unwrap_err();
        assert_eq!((error.attempts(), script.seen().len()), (1, 1), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_attempts_are_as_many_as_allowed_and_told() {
    for (allowed, made) in [(1, 1), (2, 2), (4, 4), (7, 7)] {
        let script = Script::always(UNAVAILABLE);
        let limits = Limits { max_attempts: allowed, ..LIMITS };
        let error = calls_only(&script).execute(set(), limits).await.unwrap_err();
        assert_eq!((error.attempts(), script.seen().len()), (made, made as usize));
    }
}

#[tokio::test(start_paused = true)]
async fn an_unusable_answer_is_asked_for_once_more() {
    let script = Script::then_ok(vec![Step::Answer(200, "<html>")]);
    run(&calls_only(&script)).await.unwrap();
    for unusable in
        [Step::Answer(200, "<html>"), Step::Answer(204, ""), Step::Fail(FailureKind::Protocol, Sent::Yes)]
    {
        let script = Script::always(unusable);
        let error = run(&calls_only(&script)).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Decode, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_used_connection_that_breaks_is_replayed_at_once() {
    let script = Script::then_ok(vec![Step::Stale]);
    let pipeline = calls_only(&script);
    run(&pipeline).await.unwrap();
    assert_eq!(script.times(), [Duration::ZERO; 2]);
    assert_eq!((pipeline.stats().replays, pipeline.stats().retries), (1, 0));
    // A call with one attempt has its replay too: it says nothing about the service.
    let script = Script::then_ok(vec![Step::Stale]);
    calls_only(&script).execute(set(), Limits { max_attempts: 1, ..LIMITS }).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_rate_limited_call_waits_as_long_as_it_is_asked_to_and_does_not_count() {
    let wait = Step::With(429, "retry-after", "2", r#"{"error":"reach_limit"}"#);
    let script = Script::then_ok(vec![wait; 6]);
    run(&calls_only(&script)).await.unwrap();
    let steps: Vec<_> = script.times().windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    assert!(steps.iter().all(|step| step.as_secs_f64() > 1.999 && step.as_secs_f64() < 2.2), "{steps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_says_come_back_at_once_is_not_overrun() {
    let at_once = Step::With(429, "retry-after", "0", r#"{"error":"reach_limit"}"#);
    let script = Script::always(at_once);
    assert_eq!(run(&calls_only(&script)).await.unwrap_err().kind(), ErrorKind::RateLimited);
    assert!(script.seen().len() < 30, "{} requests in 30 s", script.seen().len());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_rejected_and_gets_no_other_turn_says_that_it_was_rejected() {
    let script = Script::always(LIMITED);
    let source = Source::Fixed(AppToken::new("t"));
    let pipeline = limited(&script, source, &RateLimits::uniform(50));
    let error = run(&pipeline).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::RateLimited, Sent::Yes), "{error}");
    assert!(error.attempts() > 1 && error.retryable(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_ends_the_call_now_and_is_told() {
    for status in [429, 503] {
        let step = Step::With(status, "retry-after", "60", "");
        let begin = Instant::now();
        let error = run(&calls_only(&Script::always(step))).await.unwrap_err();
        assert_eq!(begin.elapsed(), Duration::ZERO);
        assert_eq!((error.retry_after(), error.attempts()), (Some(Duration::from_secs(60)), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn doubt_about_an_earlier_attempt_stays() {
    for (steps, sent) in [
        (vec![UNREACHABLE, UNREACHABLE], Sent::No),
        (vec![BROKEN, UNREACHABLE], Sent::Maybe),
        (vec![UNAVAILABLE, UNREACHABLE], Sent::Yes),
        (vec![BROKEN, UNAVAILABLE], Sent::Maybe),
        (vec![Step::Stale, UNREACHABLE, UNREACHABLE], Sent::Maybe),
    ] {
        let pipeline = calls_only(&Script::new(vec![], steps));
        let error = pipeline.execute(set(), Limits { max_attempts: 2, ..LIMITS }).await.unwrap_err();
        assert_eq!(error.sent(), sent, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn when_everything_fails_the_load_grows_by_less_than_a_fifth() {
    for failure in [BROKEN, UNREACHABLE, UNAVAILABLE, Step::Answer(200, "<html>")] {
        let script = Script::always(failure);
        let pipeline = calls_only(&script);
        let outcomes = join_all((0..1000).map(|_| run(&pipeline))).await;
        assert!(outcomes.iter().all(Result::is_err));
        assert!(script.seen().len() <= 1200, "{}", script.seen().len());
        // The service is back: the first successes pay for retries again.
        assert!(pipeline.stats().retry_quota < 14);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_comes_back_is_served_at_once() {
    let script = Script::then_ok(vec![UNAVAILABLE; 300]);
    let pipeline = calls_only(&script);
    while run(&pipeline).await.is_err() {}
    for _ in 0..500 {
        run(&pipeline).await.unwrap();
    }
    assert_eq!(pipeline.stats().retry_quota, 500);
}
