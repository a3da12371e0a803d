use super::*;
use crate::error::ErrorKind;

fn limit(limiter: &Limiter) -> Option<f64> {
    stats(limiter).limit
}

#[test]
fn clients_of_one_app_share_a_limiter_and_others_do_not() {
    let one = Limiter::shared("https://one/a/b", &RateLimits::documented(), 1).unwrap();
    let same = Limiter::shared("https://one/a/b", &RateLimits::documented(), 1).unwrap();
    let other = Limiter::shared("https://one/a/c", &RateLimits::documented(), 1).unwrap();
    assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
}

#[test]
fn a_new_app_leaves_the_limiters_in_use_and_clears_those_that_are_not() {
    let shared = |app| Limiter::shared(app, &RateLimits::documented(), 1).unwrap();
    let one = shared("https://seven/a/b");
    drop(shared("https://seven/a/gone"));
    let other = shared("https://seven/a/c");
    assert!(
        Arc::ptr_eq(&one, &shared("https://seven/a/b")) && Arc::ptr_eq(&other, &shared("https://seven/a/c"))
    );
    assert!(registry::is_known("https://seven/a/b") && !registry::is_known("https://seven/a/gone"));
}

#[test]
fn the_last_rates_that_were_chosen_hold() {
    let shared = |limits| Limiter::shared("https://two/a/b", &limits, 1).unwrap();
    let one = shared(RateLimits::documented().with(Endpoint::Get, 200));
    assert_eq!(limit(&shared(RateLimits::documented())), Some(200.0));
    shared(RateLimits::uniform(20).share(0.5));
    assert_eq!(limit(&one), Some(10.0));
    shared(RateLimits::off());
    assert_eq!(limit(&one), None);
}

#[tokio::test(start_paused = true)]
async fn the_last_clients_queue_length_holds() {
    let limiter = Limiter::shared("https://six/a/b", &RateLimits::uniform(1), 10).unwrap();
    call(&limiter, turn(1)).await;
    Limiter::shared("https://six/a/b", &RateLimits::documented(), 0).unwrap();
    let refused = limiter.acquire(Endpoint::Get, turn(1), Instant::now() + FAR).await.unwrap_err();
    assert_eq!(refused, Refused::Full { queued: 0 });
}

#[test]
fn a_limiter_goes_with_its_last_client() {
    let one = Limiter::shared("https://three/a/b", &RateLimits::uniform(7), 1).unwrap();
    let kept = Arc::downgrade(&one);
    drop(one);
    assert!(kept.upgrade().is_none());
    let next = Limiter::shared("https://three/a/b", &RateLimits::documented(), 1).unwrap();
    assert_eq!(limit(&next), Some(50.0));
}

#[test]
fn limits_that_admit_nothing_are_refused() {
    let error = Limiter::shared("https://four/a/b", &RateLimits::uniform(0), 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test(start_paused = true)]
async fn calls_that_wait_go_when_the_limit_is_lifted() {
    let limiter = Limiter::shared("https://five/a/b", &RateLimits::uniform(1).share(0.01), 10).unwrap();
    call(&limiter, turn(1)).await;
    let mut waiting = acquire(&limiter, turn(1)).boxed();
    assert!((&mut waiting).now_or_never().is_none());
    let begin = Instant::now();
    Limiter::shared("https://five/a/b", &RateLimits::off(), 10).unwrap();
    drop(waiting.await);
    assert_eq!(begin.elapsed(), Duration::ZERO);
}
