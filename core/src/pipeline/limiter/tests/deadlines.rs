use futures_util::future::join_all;
use tokio::time::advance;

use super::*;

async fn acquire_within(limiter: &Arc<Limiter>, turn: Turn, within: Duration) -> Result<(), Refused> {
    limiter.acquire(Endpoint::Get, turn, Instant::now() + within).await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_cannot_end_in_time_is_refused_at_once_with_the_wait_it_needs() {
    let limiter = limiter(RateLimits::uniform(10));
    let mut queue: Vec<_> = (0..41).map(|_| call(&limiter, turn(1)).boxed()).collect();
    for call in &mut queue {
        assert!(call.now_or_never().is_none());
    }
    let mine = acquire_within(&limiter, turn(1), Duration::from_secs(3)).now_or_never();
    let Some(Err(Refused::Deadline { wait })) = mine else { panic!("{mine:?}") };
    assert!((Duration::from_secs(4)..=Duration::from_millis(4_100)).contains(&wait), "{wait:?}");
    // Another caller's turn comes sooner.
    let mut other = acquire_within(&limiter, turn(2), Duration::from_secs(3)).boxed();
    assert!((&mut other).now_or_never().is_none());
    let (answer, _) = futures_util::future::join(other, join_all(queue)).await;
    assert_eq!(answer, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_did_not_end_is_refused_at_its_deadline() {
    let limiter = limiter(RateLimits::uniform(10));
    let held = join_all((0..10).map(|_| acquire(&limiter, turn(1)))).await;
    let begin = Instant::now();
    let refused = acquire_within(&limiter, turn(2), Duration::from_millis(1_500)).await;
    assert!(matches!(refused, Err(Refused::Deadline { .. })));
    assert_eq!(begin.elapsed(), Duration::from_millis(1_500));
    assert_eq!(stats(&limiter).waiting, 0);
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn a_pause_beyond_the_deadline_ends_the_wait_when_it_begins() {
    let limiter = limiter(RateLimits::uniform(1));
    let mut permit = acquire(&limiter, turn(1)).await;
    permit.sending();
    let short = tokio::spawn({
        let limiter = Arc::clone(&limiter);
        async move { acquire_within(&limiter, turn(2), Duration::from_secs(20)).await }
    });
    let long = tokio::spawn({
        let limiter = Arc::clone(&limiter);
        async move { acquire_within(&limiter, turn(3), Duration::from_secs(90)).await }
    });
    tokio::task::yield_now().await;
    let begin = Instant::now();
    permit.answered(Seen::Limited { retry_after: Some(Duration::from_secs(60)) });
    assert_eq!(stats(&limiter).paused_for, Some(Duration::from_secs(60)));
    let refused = short.await.unwrap();
    assert_eq!(refused, Err(Refused::Deadline { wait: Duration::from_secs(60) }));
    assert_eq!(begin.elapsed(), Duration::ZERO);
    let new = acquire_within(&limiter, turn(4), Duration::from_secs(60)).now_or_never();
    let Some(Err(Refused::Deadline { wait })) = new else { panic!("{new:?}") };
    // The pause, and the call that waits already.
    assert!(wait > Duration::from_secs(60) && wait <= Duration::from_secs(61), "{wait:?}");
    assert_eq!(long.await.unwrap(), Ok(()));
    assert!(begin.elapsed() >= Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_queue_has_a_cap_and_gives_room_back() {
    let limiter = Arc::new(Limiter::new(&RateLimits::uniform(1), 2));
    call(&limiter, turn(1)).await;
    let mut queued: Vec<_> = (0..2).map(|_| acquire(&limiter, turn(1)).boxed()).collect();
    for queued in &mut queued {
        assert!(queued.now_or_never().is_none());
    }
    let full = acquire_within(&limiter, turn(2), FAR).now_or_never();
    assert_eq!(full, Some(Err(Refused::Full { queued: 2 })));
    queued.pop();
    assert!(acquire_within(&limiter, turn(2), FAR).now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_has_passed_admits_nothing() {
    let limiter = limiter(RateLimits::off());
    let deadline = Instant::now();
    advance(Duration::from_millis(1)).await;
    let refused = limiter.acquire(Endpoint::Get, turn(1), deadline).await.map(drop);
    assert_eq!(refused, Err(Refused::Deadline { wait: Duration::ZERO }));
}
