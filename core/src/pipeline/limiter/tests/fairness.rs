use futures_util::future::{join, join_all};
use tokio::time::{advance, sleep};

use super::*;

async fn timed(limiter: &Arc<Limiter>, turn: Turn, begin: Instant) -> Duration {
    call(limiter, turn).await - begin
}

#[tokio::test(start_paused = true)]
async fn one_caller_with_a_thousand_calls_holds_up_no_other_for_more_than_a_round() {
    let limiter = limiter(RateLimits::uniform(50));
    let begin = Instant::now();
    let large = join_all((0..1000).map(|_| timed(&limiter, turn(1), begin)));
    let small = async {
        sleep(Duration::from_secs(2)).await;
        join_all((2..101).map(|caller| timed(&limiter, turn(caller), begin))).await
    };
    let (large, small) = join(large, small).await;
    let slowest = small.iter().max().unwrap();
    // A round is 100 calls: 2 s.
    assert!(*slowest <= Duration::from_millis(4_050), "{slowest:?}");
    assert!(large.iter().any(|at| (Duration::from_secs(2)..Duration::from_secs(4)).contains(at)));
}

#[tokio::test(start_paused = true)]
async fn normal_calls_go_before_background_calls_which_never_starve() {
    let limiter = limiter(RateLimits::uniform(50));
    let begin = Instant::now();
    let background = Turn { caller: 1, priority: Priority::Background };
    let (background, normal) = join(
        join_all((0..10).map(|_| timed(&limiter, background, begin))),
        join_all((0..200).map(|_| timed(&limiter, turn(2), begin))),
    )
    .await;
    let before = |at: &Duration| normal.iter().filter(|normal| *normal < at).count();
    // The first one found nobody waiting.
    let waited: Vec<_> = background.iter().skip(1).map(before).collect();
    assert_eq!(waited, [9, 18, 27, 36, 45, 54, 63, 72, 81]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_leaves_its_place_to_the_next() {
    let limiter = limiter(RateLimits::uniform(1));
    let mut first = acquire(&limiter, turn(1)).await;
    first.sending();
    first.answered(Seen::Accepted);
    let mut gone = acquire(&limiter, turn(2)).boxed();
    let mut next = acquire(&limiter, turn(3)).boxed();
    assert!((&mut gone).now_or_never().is_none());
    assert!((&mut next).now_or_never().is_none());
    assert_eq!(stats(&limiter).waiting, 2);
    let begin = Instant::now();
    drop(gone);
    drop(next.await);
    assert!(begin.elapsed() <= Duration::from_millis(1_003), "{:?}", begin.elapsed());
    assert_eq!(stats(&limiter).waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_kept_and_not_polled_holds_up_no_other() {
    let limiter = limiter(RateLimits::uniform(10));
    call(&limiter, turn(1)).await;
    let mut kept: Vec<_> = (0..5).map(|_| acquire(&limiter, turn(2)).boxed()).collect();
    for kept in &mut kept {
        assert!(kept.now_or_never().is_none());
    }
    let begin = Instant::now();
    join_all((3..13).map(|caller| call(&limiter, turn(caller)))).await;
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    assert_eq!(stats(&limiter).waiting, 5);
    drop(join_all(kept).await);
    assert_eq!(stats(&limiter).waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_dropped_when_its_moment_comes_passes_the_moment_on() {
    let limiter = limiter(RateLimits::uniform(1));
    call(&limiter, turn(1)).await;
    let mut head = acquire(&limiter, turn(2)).boxed();
    assert!((&mut head).now_or_never().is_none());
    let next = tokio::spawn({
        let limiter = Arc::clone(&limiter);
        async move { call(&limiter, turn(3)).await }
    });
    tokio::task::yield_now().await;
    advance(Duration::from_secs(2)).await;
    let begin = Instant::now();
    drop(head);
    assert!(next.await.unwrap() <= begin + Duration::from_millis(1));
}

#[test]
fn a_lane_goes_on_in_another_runtime() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let limiter = limiter(RateLimits::uniform(1));
    let ended = runtime();
    ended.block_on(async {
        call(&limiter, turn(1)).await;
        for caller in 2..5 {
            let limiter = Arc::clone(&limiter);
            tokio::spawn(async move { call(&limiter, turn(caller)).await });
        }
        tokio::task::yield_now().await;
        assert_eq!(stats(&limiter).waiting, 3);
    });
    drop(ended);
    assert_eq!(stats(&limiter).waiting, 0);
    let began = std::time::Instant::now();
    runtime().block_on(call(&limiter, turn(1)));
    assert!(began.elapsed() < Duration::from_secs(5));
}
