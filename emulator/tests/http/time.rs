//! What the clock does.

use serde_json::json;

use crate::peer::{NOW, Scene};

fn token_body(ttl: u64) -> serde_json::Value {
    json!({"grant_type": "client_credentials", "client_id": "emulator-client-id",
        "client_secret": "emulator-secret", "ttl": ttl})
}

#[test]
fn a_subscription_ends_with_its_second() {
    let mut scene = Scene::new();
    scene.post("/users/wzy/presence/60", json!({"usernames": ["a"]})).ok();
    scene.advance(59_999);
    assert_eq!(scene.listed("wzy"), ["a"]);
    assert_eq!(scene.emulator.state().counts().subscriptions, 1);
    scene.advance(1);
    assert!(scene.listed("wzy").is_empty());
    assert_eq!(scene.emulator.state().counts().subscriptions, 0);
}

#[test]
fn a_token_ends_with_its_ttl() {
    let mut scene = Scene::new();
    scene.token = scene.post("/token", token_body(100)).ok()["access_token"].as_str().unwrap().to_owned();
    scene.advance(99_999);
    assert_eq!(scene.post("/users/a/presence", json!({"usernames": ["b"]})).status, 200);
    scene.advance(1);
    let (status, code, _) = scene.post("/users/a/presence", json!({"usernames": ["b"]})).error();
    assert_eq!((status, code.as_str()), (401, "unauthorized"));
}

#[test]
fn a_ttl_of_zero_never_ends() {
    let mut scene = Scene::new();
    let answer = scene.post("/token", token_body(0)).ok();
    assert_eq!(answer["expires_in"], 0);
    scene.token = answer["access_token"].as_str().unwrap().to_owned();
    scene.advance(1_000 * 365 * 24 * 3_600 * 1_000);
    assert_eq!(scene.post("/users/a/presence", json!({"usernames": ["b"]})).status, 200);
}

#[test]
fn several_tokens_are_valid_at_once() {
    let mut scene = Scene::new();
    let first = scene.token.clone();
    scene.post("/token", token_body(100)).ok();
    scene.token = first;
    assert_eq!(scene.post("/users/a/presence", json!({"usernames": ["b"]})).status, 200);
}

#[test]
fn last_time_is_the_clocks() {
    let mut scene = Scene::new();
    scene.advance(12_345);
    scene.post("/users/a/presence/ios/1", json!({"ext": ""})).ok();
    scene.advance(60_000);
    let seen = scene.post("/users/b/presence", json!({"usernames": ["a"]})).ok();
    assert_eq!(seen["result"][0]["last_time"], (NOW + 12).to_string());
}
