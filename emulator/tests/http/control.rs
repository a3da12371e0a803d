//! The control API.

use serde_json::json;

use crate::peer::{NOW, Scene};

#[test]
fn health_names_the_app() {
    let mut scene = Scene::new();
    let health = scene.control("GET", "health", "").ok();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["app_key"], "easemob-demo#test");
    assert_eq!(health["app_id"], scene.emulator.app_id());
}

#[test]
fn the_journal_is_read_from_where_one_left_off_and_cleared() {
    let mut scene = Scene::new();
    scene.emulator.state().register("a");
    let all = scene.control("GET", "journal", "").ok();
    let last = all["last_seq"].as_u64().unwrap();
    assert_eq!(all["entries"][0]["type"], "change");
    assert_eq!(all["entries"][0]["kind"], "registered");
    assert_eq!(all["dropped"], 0);
    scene.get("/users/%FF/status");
    let later = scene.control("GET", &format!("journal?since={last}"), "").ok();
    assert_eq!(later["entries"].as_array().unwrap().len(), 1);
    assert_eq!(later["entries"][0]["type"], "request");
    assert_eq!(later["entries"][0]["operation"], "online_state");
    assert_eq!(later["entries"][0]["segments"], json!(["users", [255], "status"]));
    scene.control("DELETE", "journal", "").ok();
    // Nor are these calls in it themselves.
    assert_eq!(scene.control("GET", "journal", "").ok()["entries"], json!([]));
    assert_eq!(scene.control("GET", "journal?since=x", "").status, 400);
}

#[test]
fn a_callback_is_made_signed_and_nothing_changes() {
    let mut scene = Scene::new();
    let event = r#"{"user":"a\u005fb","resource":"ios_1","reason":"login","secret":"s"}"#;
    let (one, other) = (scene.control("POST", "callbacks", event), scene.control("POST", "callbacks", event));
    let (one, other) = (one.ok(), other.ok());
    assert_eq!(one["user"], "easemob-demo#test_a_b@easemob.com/ios_1");
    assert_eq!(one["status"], "online");
    assert_eq!(one["security"].as_str().unwrap().len(), 32);
    assert_ne!(one["callId"], other["callId"]);
    assert_eq!(scene.control("POST", "callbacks", r#"{"user":"a"}"#).status, 400);
    assert_eq!(scene.control("GET", "callbacks", "").status, 405);
    assert_eq!(scene.emulator.state().counts().users, 0);
}

#[test]
fn devices_groups_and_state() {
    let mut scene = Scene::new();
    scene.control("POST", "devices", r#"{"user":"U","resource":"ios_1","device_name":"phone"}"#).ok();
    assert_eq!(scene.get("/users/u/resources").ok()["data"][0]["device_name"], "phone");
    assert_eq!(
        scene.control("DELETE", "devices", r#"{"user":"u","resource":"ios_1"}"#).ok(),
        json!({"ok": true})
    );
    assert_eq!(
        scene.control("DELETE", "devices", r#"{"user":"u","resource":"ios_1"}"#).ok(),
        json!({"ok": false})
    );
    scene.control("POST", "groups", r#"{"group_id":"g","count":3}"#).ok();
    scene.control("POST", "groups", r#"{"group_id":"g","query_type":0,"count":4}"#).ok();
    assert_eq!(scene.get("/presence/online/g/type/1").ok()["result"], 3);
    let state = scene.control("GET", "state", "").ok();
    assert_eq!(state, scene.emulator.state().snapshot());
    assert_eq!(state["users"]["u"]["devices"], json!({"ios_1": "0"}));
    assert_eq!(state["groups"][0], json!({"group_id": "g", "query_type": 0, "count": 4}));
}

#[test]
fn settings_are_read_and_patched() {
    let mut scene = Scene::new();
    let patch = r#"{"page_size_cap":5,"rate_limit":{"per_second":{"get":1},"window":"sliding_log"}}"#;
    let patched = scene.control("PATCH", "settings", patch).ok();
    assert_eq!(patched, scene.control("GET", "settings", "").ok());
    assert_eq!(patched["rate_limit"]["per_second"]["get"], 1);
    assert_eq!(patched["rate_limit"]["per_second"]["set"], 50);
    assert_eq!(scene.emulator.settings().page_size_cap, 5);
    let refused = scene.control("PATCH", "settings", r#"{"page_size_cup":5}"#);
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("page_size_cup"), "{}", refused.text);
}

#[test]
fn the_clock_is_moved() {
    let mut scene = Scene::new();
    let at = |ms: u64, frozen: bool| json!({"unix_ms": ms, "frozen": frozen});
    assert_eq!(scene.control("GET", "clock", "").ok(), at(NOW * 1_000, true));
    assert_eq!(scene.control("POST", "clock", r#"{"advance_ms":5}"#).ok(), at(NOW * 1_000 + 5, true));
    assert_eq!(scene.control("POST", "clock", r#"{"set_ms":7,"advance_ms":1}"#).ok(), at(8, true));
    assert_eq!(scene.control("POST", "clock", r#"{"resume":true}"#).ok()["frozen"], false);
    assert_eq!(scene.control("POST", "clock", r#"{"freeze":true,"set_ms":9}"#).ok(), at(9, true));
    assert_eq!(scene.control("POST", "clock", "{}").status, 400);
}

#[test]
fn tokens_are_made_accepted_and_expired() {
    let mut scene = Scene::new();
    let made = scene.control("POST", "tokens", r#"{"ttl_ms":1000}"#).ok();
    scene.token = made["access_token"].as_str().unwrap().to_owned();
    assert_eq!(scene.get("/users/a/presence/sublist").status, 200);
    scene.control("POST", "tokens", r#"{"token":"007mine"}"#).ok();
    scene.token = "007mine".into();
    assert_eq!(scene.get("/users/a/presence/sublist").status, 200);
    scene.control("POST", "tokens/expire", "").ok();
    assert_eq!(scene.get("/users/a/presence/sublist").status, 401);
}

#[test]
fn reset_and_what_is_not_there() {
    let mut scene = Scene::new();
    scene.emulator.state().register("a");
    scene.control("POST", "reset", "").ok();
    assert_eq!(scene.emulator.state().counts().users, 0);
    assert_eq!(scene.control("GET", "nothing", "").status, 404);
    assert_eq!(scene.control("PUT", "health", "").status, 405);
    assert_eq!(scene.control("POST", "devices", "{").status, 400);
}
