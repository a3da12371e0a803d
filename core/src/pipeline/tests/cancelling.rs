//! A call is dropped at every point where it can wait; nothing may stay behind.

use std::task::{Context, Poll, Waker};

use super::*;

/// A story with every kind of wait: token, 401, replay, pauses, an unusable answer, success.
fn story() -> Arc<Script> {
    let wait = Step::With(429, "retry-after", "1", "");
    let calls = vec![UNAUTHORIZED, Step::Stale, UNAVAILABLE, wait, Step::Answer(200, "<html>"), OK];
    Arc::new(Script::plan(vec![token(1), token(2)], calls, Some(OK)))
}

/// Polls the call `polls` times, letting the rest of the world and the clock go on between, then drops it. Whether it
/// was ready before.
async fn poll_and_drop(call: impl Future<Output = Result<(), Error>>, polls: usize) -> bool {
    let mut call = Box::pin(call);
    for _ in 0..polls {
        if let Poll::Ready(outcome) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            outcome.unwrap();
            return true;
        }
        tokio::time::advance(Duration::from_millis(100)).await;
        tokio::task::yield_now().await;
    }
    false
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_at_any_point_leaves_no_lane_no_place_and_no_count() {
    let mut dropped = 0;
    for polls in 0.. {
        let script = story();
        let pipeline = limited(&script, credentials(), &RateLimits::uniform(50));
        let limits = Limits { timeout: Duration::from_secs(60), ..LIMITS };
        let call = async { pipeline.execute(set(), limits).await.map(|answered| answered.value) };
        let ready = poll_and_drop(call, polls).await;
        let stats = pipeline.stats();
        assert_eq!(stats.active, 0);
        assert!(stats.endpoints.iter().all(|endpoint| endpoint.waiting == 0), "after {polls} polls");
        // The same device and the same token serve the next caller, whatever is left of the story.
        pipeline.execute(set(), limits).await.unwrap();
        assert!(script.token_requests() <= 2, "after {polls} polls");
        if ready {
            break;
        }
        dropped += 1;
    }
    assert!(dropped > 20, "the story has more waits than that: {dropped}");
}

#[tokio::test(start_paused = true)]
async fn waiters_dropped_at_any_point_take_nothing_from_those_who_stay() {
    for polls in 0..8 {
        let script = Arc::new(Script::plan(vec![token(1)], vec![], Some(OK)));
        let pipeline = limited(&script, credentials(), &RateLimits::uniform(5));
        let stay: Vec<_> = (0..8).map(|_| run(&pipeline)).collect();
        let leave = (0..8).map(|n| poll_and_drop(run(&pipeline), (polls + n) % 8));
        let (stayed, _) =
            tokio::join!(futures_util::future::join_all(stay), futures_util::future::join_all(leave));
        assert!(stayed.iter().all(Result::is_ok));
        assert_eq!(script.token_requests(), 1);
        let begin = Instant::now();
        run(&pipeline).await.unwrap();
        assert!(begin.elapsed() <= Duration::from_secs(5), "places came back: {:?}", begin.elapsed());
    }
}
