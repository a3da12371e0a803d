//! What a path means, byte for byte.

use easemob_presence_emulator::{Operation, Request};
use serde_json::json;

use crate::peer::Scene;

fn last(scene: &Scene) -> Request {
    scene.emulator.journal().requests().pop().unwrap()
}

#[test]
fn an_encoded_slash_is_part_of_its_segment() {
    let mut scene = Scene::new();
    scene.post("/users/a%2Fb/presence/x/1", json!({"ext": ""})).ok();
    let request = last(&scene);
    assert_eq!(request.operation, Operation::Set);
    assert_eq!(request.segments, ["users", "a/b", "presence", "x", "1"]);
    assert_eq!(scene.emulator.state().snapshot()["users"]["a/b"]["devices"], json!({"x": "1"}));
}

#[test]
fn a_raw_slash_turns_one_call_into_another() {
    let mut scene = Scene::new();
    assert_eq!(scene.post("/users/a/presence/x/y/1", json!({"ext": ""})).status, 404);
    assert_eq!(last(&scene).operation, Operation::Unknown);
}

#[test]
fn an_empty_expiry_turns_subscribe_into_get() {
    let mut scene = Scene::new();
    let answer = scene.post("/users/wzy/presence/", json!({"usernames": ["c1"]})).ok();
    assert_eq!(answer["result"][0].get("expiry"), None);
    assert_eq!(last(&scene).operation, Operation::Get);
    assert_eq!(last(&scene).segments, ["users", "wzy", "presence", ""]);
    assert!(scene.listed("wzy").is_empty());
}

#[test]
fn an_empty_resource_turns_set_into_subscribe() {
    let mut scene = Scene::new();
    assert_eq!(
        scene.post("/users/wzy/presence//1", json!({"ext": ""})).reason().1,
        "usernames cannot be null"
    );
    assert_eq!(last(&scene).operation, Operation::Subscribe);
}

#[test]
fn dots_encoded_or_not_are_a_user() {
    let mut scene = Scene::new();
    for path in ["/users/../presence/ios/1", "/users/%2e%2E/presence/ios/1"] {
        scene.post(path, json!({"ext": ""})).ok();
        assert_eq!(last(&scene).segments[1], "..");
        assert_eq!(last(&scene).target, Scene::url(path));
    }
}

#[test]
fn segments_are_decoded_once_and_keep_their_bytes() {
    let mut scene = Scene::new();
    for (sent, bytes) in [
        ("%252F", &b"%2F"[..]),
        ("%00", &[0]),
        ("%ff%FE", &[0xFF, 0xFE]),
        ("a%20b", b"a b"),
        ("%0d%0a", b"\r\n"),
        ("a;b=c", b"a;b=c"),
        ("a+b", b"a+b"),
        ("%e4%b8%ad", "中".as_bytes()),
        ("100%", b"100%"),
    ] {
        scene.post(&format!("/users/{sent}/presence/ios/1"), json!({"ext": ""})).ok();
        assert_eq!(last(&scene).segments[1].as_bytes(), bytes, "{sent}");
    }
}

#[test]
fn what_follows_a_hash_is_lost_to_the_service_but_not_to_the_journal() {
    let mut scene = Scene::new();
    assert_eq!(scene.post("/users/a#b/presence/ios/1", json!({"ext": ""})).status, 405);
    assert_eq!(last(&scene).target, Scene::url("/users/a#b/presence/ios/1"));
    // On the same connection, after an answer and with the head in pieces.
    let head = format!("GET {} HTTP/1.1\r\n", Scene::url("/users/c#d?e"));
    let (one, two) = head.split_at(9);
    scene.peer.send(one.as_bytes());
    scene.peer.send(two.as_bytes());
    scene.peer.send(b"Host: h\r\n\r\n");
    scene.peer.receive();
    assert_eq!(last(&scene).target, Scene::url("/users/c#d?e"));
}

#[test]
fn a_query_is_no_part_of_the_path() {
    let mut scene = Scene::new();
    scene.post("/users/a?x/presence=1", json!({"ext": ""}));
    assert_eq!(last(&scene).segments, ["users", "a"]);
    assert_eq!(last(&scene).target, Scene::url("/users/a?x/presence=1"));
}

#[test]
fn proxies_send_the_absolute_form() {
    let mut scene = Scene::new();
    let target = format!("http://anywhere:80{}", Scene::url("/users/a/presence/sublist"));
    let headers = format!("Authorization: Bearer {}\r\n", scene.token);
    scene.peer.exchange("GET", &target, &headers, "").ok();
    assert_eq!(last(&scene).target, target);
}
