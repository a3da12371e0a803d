//! The rate limiter over the wire, with exact counts at the edges of each kind of window.

use easemob_presence_emulator::{Emulator, RateLimit, Window};
use serde_json::json;

use crate::peer::Scene;

/// How many of `calls` gets pass at the present time.
fn passed(scene: &mut Scene, calls: usize) -> usize {
    let statuses = (0..calls).map(|_| scene.post("/users/a/presence", json!({"usernames": ["b"]})).status);
    statuses.filter(|status| *status == 200).count()
}

fn scene(window: Window) -> Scene {
    Scene::of(Emulator::builder().configure(|s| s.rate_limit = RateLimit::uniform(10).counted_by(window)))
}

#[test]
fn the_fifty_first_call_of_a_second_reaches_the_limit() {
    let mut scene = Scene::new();
    assert_eq!(passed(&mut scene, 50), 50);
    let answer = scene.post("/users/a/presence", json!({"usernames": ["b"]}));
    assert_eq!(answer.error(), (429, "reach_limit".into(), "This request has reached api limit".into()));
    // Another endpoint, another count.
    scene.post("/users/a/presence/60", json!({"usernames": ["b"]})).ok();
    scene.advance(1_000);
    assert_eq!(passed(&mut scene, 51), 50);
}

#[test]
fn a_fixed_window_lets_twice_the_rate_through_around_its_edge() {
    let mut scene = scene(Window::Fixed);
    scene.advance(999);
    assert_eq!(passed(&mut scene, 12), 10);
    scene.advance(1);
    assert_eq!(passed(&mut scene, 12), 10);
}

#[test]
fn a_sliding_log_lets_none_through_before_the_oldest_is_a_second_old() {
    let mut scene = scene(Window::SlidingLog);
    assert_eq!(passed(&mut scene, 6), 6);
    scene.advance(500);
    assert_eq!(passed(&mut scene, 6), 4);
    scene.advance(499);
    assert_eq!(passed(&mut scene, 1), 0);
    scene.advance(1);
    assert_eq!(passed(&mut scene, 7), 6);
}

#[test]
fn a_sliding_counter_weighs_the_second_before() {
    let mut scene = scene(Window::SlidingCounter);
    assert_eq!(passed(&mut scene, 12), 10);
    scene.advance(1_000);
    assert_eq!(passed(&mut scene, 1), 0);
    scene.advance(500);
    assert_eq!(passed(&mut scene, 12), 5);
}

#[test]
fn a_bucket_takes_a_burst_and_then_the_rate() {
    let mut scene = scene(Window::Bucket { burst: 3 });
    assert_eq!(passed(&mut scene, 5), 3);
    scene.advance(99);
    assert_eq!(passed(&mut scene, 1), 0);
    scene.advance(1);
    assert_eq!(passed(&mut scene, 2), 1);
}

#[test]
fn off_counts_nothing() {
    let mut scene = scene(Window::Off);
    assert_eq!(passed(&mut scene, 200), 200);
}

#[test]
fn calls_without_a_token_do_not_use_up_the_rate() {
    let mut scene = scene(Window::Fixed);
    for _ in 0..20 {
        assert_eq!(scene.peer.exchange("POST", &Scene::url("/users/a/presence"), "", "").status, 401);
    }
    assert_eq!(passed(&mut scene, 12), 10);
}

#[test]
fn a_call_over_the_rate_has_no_effect() {
    let mut scene = Scene::of(Emulator::builder().configure(|s| s.rate_limit = RateLimit::uniform(1)));
    scene.post("/users/a/presence/ios/1", json!({"ext": "first"})).ok();
    assert_eq!(scene.post("/users/a/presence/ios/0", json!({"ext": "second"})).status, 429);
    assert_eq!(scene.emulator.state().snapshot()["users"]["a"]["ext"], "first");
}
