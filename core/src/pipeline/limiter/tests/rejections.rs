use tokio::time::{advance, sleep};

use super::*;

const NOT_ASKED_FOR: Seen = Seen::Limited { retry_after: None };

/// Sends one call and leaves it unanswered.
async fn send(limiter: &Arc<Limiter>) -> Permit {
    let mut permit = acquire(limiter, turn(1)).await;
    permit.sending();
    permit
}

fn rate(limiter: &Limiter) -> f64 {
    stats(limiter).rate.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_rejection_lowers_the_rate_and_pauses_its_endpoint_alone() {
    let limiter = limiter(RateLimits::uniform(100));
    send(&limiter).await.answered(NOT_ASKED_FOR);
    assert!((rate(&limiter) - 70.0).abs() < 1e-9);
    assert_eq!(stats(&limiter).paused_for, Some(Duration::from_secs(1)));
    assert_eq!((stats(&limiter).limited, stats(&limiter).limit), (1, Some(100.0)));
    let others = limiter.stats().into_iter().filter(|stats| stats.endpoint != Endpoint::Get);
    assert!(others.map(|stats| (stats.rate, stats.paused_for)).all(|other| other == (Some(100.0), None)));
    let begin = Instant::now();
    drop(acquire(&limiter, turn(1)).await);
    assert_eq!(begin.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn the_rejections_of_one_burst_count_once() {
    let limiter = limiter(RateLimits::uniform(100));
    let mut burst = Vec::new();
    for _ in 0..20 {
        burst.push(send(&limiter).await);
    }
    for permit in burst {
        permit.answered(NOT_ASKED_FOR);
        advance(Duration::from_millis(100)).await;
    }
    // 2 s later the pause is over, and the rate on its way up from 70.
    assert!((70.0..90.0).contains(&rate(&limiter)), "{}", rate(&limiter));
    assert_eq!((stats(&limiter).limited, stats(&limiter).paused_for), (20, None));
    send(&limiter).await.answered(NOT_ASKED_FOR);
    assert!(rate(&limiter) < 70.0, "{}", rate(&limiter));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_asked_for_is_kept_and_never_longer_than_five_minutes() {
    for (asked_for, kept) in [(2, 2), (0, 0), (7_200, 300)] {
        let limiter = limiter(RateLimits::uniform(100));
        send(&limiter).await.answered(Seen::Limited { retry_after: Some(Duration::from_secs(asked_for)) });
        let paused_for = stats(&limiter).paused_for.unwrap_or_default();
        assert_eq!(paused_for, Duration::from_secs(kept));
        assert!(rate(&limiter) < 71.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_answer_of_the_burst_prolongs_the_pause_that_it_asks_for() {
    let limiter = limiter(RateLimits::uniform(100));
    let (first, second, third) = (send(&limiter).await, send(&limiter).await, send(&limiter).await);
    let asks_for = |seconds| Seen::Limited { retry_after: Some(Duration::from_secs(seconds)) };
    first.answered(asks_for(3));
    second.answered(asks_for(9));
    third.answered(asks_for(1));
    assert_eq!(stats(&limiter).paused_for, Some(Duration::from_secs(9)));
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_to_eight_seconds_while_nothing_passes() {
    let limiter = limiter(RateLimits::uniform(100));
    let mut pauses = Vec::new();
    for _ in 0..6 {
        send(&limiter).await.answered(NOT_ASKED_FOR);
        pauses.push(stats(&limiter).paused_for.unwrap().as_secs());
    }
    assert_eq!(pauses, [1, 2, 4, 8, 8, 8]);
}

#[tokio::test(start_paused = true)]
async fn the_same_ceiling_again_costs_little() {
    let limiter = limiter(RateLimits::uniform(100));
    send(&limiter).await.answered(NOT_ASKED_FOR);
    // Back at the rate that was rejected: the same again.
    while rate(&limiter) < 100.0 {
        call(&limiter, turn(1)).await;
    }
    send(&limiter).await.answered(NOT_ASKED_FOR);
    assert!((rate(&limiter) - 93.0).abs() < 1e-9, "{}", rate(&limiter));
    assert_eq!(stats(&limiter).paused_for, Some(Duration::from_millis(100)));
}

#[tokio::test(start_paused = true)]
async fn the_rate_comes_back_in_a_minute_and_stops_at_the_configured_one() {
    let limiter = limiter(RateLimits::uniform(100));
    for _ in 0..8 {
        send(&limiter).await.answered(NOT_ASKED_FOR);
    }
    let mut before = 0.0;
    for _ in 0..68 {
        sleep(Duration::from_secs(1)).await;
        assert!(rate(&limiter) >= before);
        before = rate(&limiter);
    }
    assert!((before - 100.0).abs() < 1e-9, "{before}");
}

#[tokio::test(start_paused = true)]
async fn another_limit_forgets_what_was_learned() {
    let shared = |limits| Limiter::shared("https://forgets/a/b", &limits, 10).unwrap();
    let limiter = shared(RateLimits::uniform(100));
    send(&limiter).await.answered(Seen::Limited { retry_after: Some(FAR) });
    shared(RateLimits::uniform(100));
    assert!(stats(&limiter).paused_for.is_some());
    shared(RateLimits::uniform(200));
    assert_eq!((stats(&limiter).rate, stats(&limiter).paused_for), (Some(200.0), None));
}
