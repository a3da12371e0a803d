use futures_util::future::join_all;
use tokio::time::{advance, sleep};

use super::*;

#[tokio::test(start_paused = true)]
async fn calls_go_evenly_and_never_more_than_the_rate_in_a_second() {
    let limiter = limiter(RateLimits::uniform(50));
    let begin = Instant::now();
    let mut sent = join_all((0..500).map(|_| call(&limiter, turn(1)))).await;
    sent.sort();
    assert!(most_in_a_second(&sent) <= 50);
    let gaps = sent.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(gaps.clone().all(|gap| gap >= Duration::from_millis(10)), "{:?}", gaps.min());
    assert!(begin.elapsed() < Duration::from_millis(10_100), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_place_of_an_answered_call_comes_back_a_window_after_the_answer() {
    let limiter = limiter(RateLimits::uniform(1));
    let mut permit = acquire(&limiter, turn(1)).await;
    permit.sending();
    advance(Duration::from_millis(100)).await;
    permit.answered(Seen::Accepted);
    // One call says nothing about the next one's round trip.
    advance(Duration::from_millis(1_001)).await;
    assert!(!has_room(&limiter));
    advance(Duration::from_millis(1)).await;
    assert!(has_room(&limiter));
}

#[tokio::test(start_paused = true)]
async fn of_a_round_trip_that_is_known_nine_tenths_are_counted_on_and_half_a_second_at_most() {
    // A window and 2 ms, less 90 ms, or 500 ms.
    for (round_trip, returns) in [(100, 912), (900, 502)] {
        let limiter = limiter(RateLimits::uniform(20));
        let mut permits = Vec::new();
        for _ in 0..20 {
            let mut permit = acquire(&limiter, turn(1)).await;
            permit.sending();
            permits.push(permit);
        }
        // The last one's round trip is the least.
        advance(Duration::from_millis(round_trip)).await;
        for permit in permits {
            permit.answered(Seen::Accepted);
        }
        advance(Duration::from_millis(returns - 1)).await;
        assert!(!has_room(&limiter), "{round_trip}");
        advance(Duration::from_millis(1)).await;
        assert!(has_room(&limiter), "{round_trip}");
    }
}

#[tokio::test(start_paused = true)]
async fn first_round_trips_that_opened_connections_are_not_taken_for_the_later_ones() {
    let limiter = limiter(RateLimits::uniform(50));
    let mut arrived = Vec::new();
    let mut calls = Vec::new();
    for n in 0..100 {
        let mut permit = acquire(&limiter, turn(1)).await;
        permit.sending();
        // The first ten reach the service late, and every answer takes 20 ms.
        let there = if n < 10 { 300 } else { 20 };
        arrived.push(Instant::now() + Duration::from_millis(there));
        calls.push(tokio::spawn(async move {
            sleep(Duration::from_millis(there + 20)).await;
            permit.answered(Seen::Accepted);
        }));
    }
    arrived.sort();
    assert!(most_in_a_second(&arrived) <= 50, "{}", most_in_a_second(&arrived));
    for call in calls {
        call.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_permit_dropped_unused_is_back_at_once() {
    let limiter = limiter(RateLimits::uniform(2));
    for _ in 0..10 {
        drop(acquire(&limiter, turn(1)).await);
        assert_eq!(stats(&limiter).in_flight, 0);
    }
    let first = acquire(&limiter, turn(1)).await;
    let second = acquire(&limiter, turn(1)).await;
    sleep(Duration::from_secs(5)).await;
    assert!(!has_room(&limiter));
    drop(second);
    assert!(has_room(&limiter));
    drop(first);
    assert_eq!((stats(&limiter).in_flight, stats(&limiter).sent), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_permit_dropped_after_sending_is_back_a_window_later() {
    let limiter = limiter(RateLimits::uniform(1));
    let mut permit = acquire(&limiter, turn(1)).await;
    permit.sending();
    sleep(Duration::from_secs(3)).await;
    drop(permit);
    assert_eq!(stats(&limiter).in_flight, 0);
    advance(Duration::from_millis(1_001)).await;
    assert!(!has_room(&limiter));
    advance(Duration::from_millis(1)).await;
    assert!(has_room(&limiter));
}

#[tokio::test(start_paused = true)]
async fn a_round_trip_that_is_known_does_not_bring_back_sooner_what_was_dropped() {
    let limiter = limiter(RateLimits::uniform(20));
    let send = async || {
        let mut permit = acquire(&limiter, turn(1)).await;
        permit.sending();
        permit
    };
    for _ in 0..20 {
        let permit = send().await;
        advance(Duration::from_millis(100)).await;
        permit.answered(Seen::Accepted);
    }
    advance(Duration::from_secs(2)).await;
    let begin = Instant::now();
    drop(send().await);
    let mut others = Vec::new();
    for _ in 0..19 {
        others.push(send().await);
    }
    advance(Duration::from_millis(1_001).saturating_sub(begin.elapsed())).await;
    assert!(!has_room(&limiter));
    advance(Duration::from_millis(1)).await;
    assert!(has_room(&limiter));
}

#[tokio::test(start_paused = true)]
async fn after_a_gap_nothing_is_caught_up() {
    let limiter = limiter(RateLimits::uniform(50));
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let limiter = Arc::clone(&limiter);
            tokio::spawn(async move { call(&limiter, turn(1)).await })
        })
        .collect();
    sleep(Duration::from_millis(500)).await;
    // As after a suspend: every timer is late by ten minutes.
    advance(Duration::from_secs(600)).await;
    let mut sent: Vec<_> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
    sent.sort();
    assert!(most_in_a_second(&sent) <= 50);
    let resumed = sent.partition_point(|&at| at - sent[0] < Duration::from_secs(600));
    assert!((24..=26).contains(&resumed), "{resumed}");
    let gaps = sent[resumed..].windows(2).map(|pair| pair[1] - pair[0]);
    assert!(gaps.clone().all(|gap| gap >= Duration::from_millis(10)), "{:?}", gaps.min());
}

#[tokio::test(start_paused = true)]
async fn rates_above_what_a_timer_measures_are_reached() {
    let limiter = limiter(RateLimits::uniform(10_000));
    let begin = Instant::now();
    let mut sent = join_all((0..30_000).map(|_| call(&limiter, turn(1)))).await;
    assert!(begin.elapsed() < Duration::from_millis(3_030), "{:?}", begin.elapsed());
    sent.sort();
    assert!(most_in_a_second(&sent) <= 10_000);
}

#[tokio::test(start_paused = true)]
async fn rates_below_one_a_second_stretch_the_window() {
    let limiter = limiter(RateLimits::uniform(1).share(0.1));
    let mut sent = join_all((0..4).map(|_| call(&limiter, turn(1)))).await;
    sent.sort();
    assert!(sent.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_secs(10)));
    assert!(sent[3] - sent[0] < Duration::from_millis(30_020));
}

#[tokio::test(start_paused = true)]
async fn no_limit_admits_all_at_once_and_counts() {
    let limiter = limiter(RateLimits::off());
    let permits = join_all((0..1000).map(|_| acquire(&limiter, turn(1)))).now_or_never().unwrap();
    assert_eq!(stats(&limiter).in_flight, 1000);
    for (n, mut permit) in permits.into_iter().enumerate() {
        permit.sending();
        permit.answered(if n == 0 { Seen::Limited { retry_after: Some(FAR) } } else { Seen::Accepted });
    }
    let stats = stats(&limiter);
    assert_eq!((stats.limit, stats.rate, stats.in_flight), (None, None, 0));
    assert_eq!((stats.sent, stats.limited, stats.paused_for), (1000, 1, None));
    assert!(has_room(&limiter));
}

#[tokio::test(start_paused = true)]
async fn endpoints_do_not_wait_for_each_other() {
    let limiter = limiter(RateLimits::uniform(1));
    let _held = acquire(&limiter, turn(1)).await;
    assert!(!has_room(&limiter));
    let other = limiter.acquire(Endpoint::Set, turn(1), Instant::now() + FAR).now_or_never();
    assert!(other.unwrap().is_ok());
}
