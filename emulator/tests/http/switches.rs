//! What each setting changes.

use std::time::Duration;

use easemob_presence_emulator::{Emulator, Settings};
use serde_json::json;

use crate::peer::{NOW, Scene};

fn scene(change: impl FnOnce(&mut Settings)) -> Scene {
    Scene::of(Emulator::builder().configure(change))
}

#[test]
fn numbers_come_as_numbers() {
    let mut scene = scene(|settings| settings.numbers_as_strings = false);
    scene.post("/users/c1/presence/android/105", json!({"ext": ""})).ok();
    // No number can hold these without losing something.
    scene.post("/users/c1/presence/web/007", json!({"ext": ""})).ok();
    scene.post("/users/c1/presence/ios/99999999999999999999", json!({"ext": ""})).ok();
    let item = &scene.post("/users/wzy/presence/60", json!({"usernames": ["c1"]})).ok()["result"][0];
    assert_eq!(item["last_time"], NOW);
    assert_eq!(item["expiry"], NOW + 60);
    assert_eq!(item["status"], json!({"android": 105, "web": "007", "ios": "99999999999999999999"}));
    let list = scene.get("/users/wzy/presence/sublist").ok();
    assert_eq!(list, json!({"result": {"totalnum": 1, "sublist": [{"uid": "c1", "expiry": NOW + 60}]}}));
    // Never online: still nothing, not the year 1970.
    let never = scene.post("/users/wzy/presence", json!({"usernames": ["x"]})).ok();
    assert_eq!(never["result"][0]["last_time"], "");
}

#[test]
fn a_larger_page_than_the_cap_is_cut_to_it() {
    let mut scene = scene(|settings| settings.page_size_cap = 2);
    scene.post("/users/wzy/presence/60", json!({"usernames": ["a", "b", "c"]})).ok();
    assert_eq!(scene.listed("wzy"), ["a", "b"]);
    for wrong in ["pageSize=0", "pageSize=x", "pageNum=x", "pageNum=-1"] {
        assert_eq!(scene.get(&format!("/users/wzy/presence/sublist?{wrong}")).status, 400, "{wrong}");
    }
}

#[test]
fn registration_can_be_required() {
    let mut scene = scene(|settings| settings.require_registration = true);
    let one = || json!({"usernames": ["c1"]});
    let mut statuses = || {
        [
            scene.post("/users/wzy/presence/android/1", json!({"ext": ""})).status,
            scene.post("/users/wzy/presence/60", one()).status,
            scene.post("/users/wzy/presence", one()).status,
            scene.delete("/users/wzy/presence", json!(["c1"])).status,
            scene.get("/users/wzy/presence/sublist").status,
        ]
    };
    assert_eq!(statuses(), [404, 404, 404, 404, 200]);
    scene.emulator.state().register("Wzy");
    assert_eq!(scene.post("/users/wzy/presence/60", one()).status, 200);
}

#[test]
fn set_and_subscribe_create_the_user_otherwise() {
    let mut scene = Scene::new();
    scene.post("/users/a/presence/android/1", json!({"ext": ""})).ok();
    scene.post("/users/b/presence/60", json!({"usernames": ["c"]})).ok();
    scene.post("/users/d/presence", json!({"usernames": ["c"]})).ok();
    let known: Vec<u16> =
        ["a", "b", "c", "d"].iter().map(|id| scene.get(&format!("/users/{id}/status")).status).collect();
    assert_eq!(known, [200, 200, 404, 404]);
}

#[test]
fn the_subscription_list_lags_by_the_clock() {
    let mut scene = scene(|settings| settings.list_lag = Duration::from_secs(10));
    scene.post("/users/wzy/presence/600", json!({"usernames": ["a"]})).ok();
    scene.advance(9_999);
    assert!(scene.listed("wzy").is_empty());
    scene.advance(1);
    assert_eq!(scene.listed("wzy"), ["a"]);
    scene.delete("/users/wzy/presence", json!(["a"])).ok();
    assert_eq!(scene.listed("wzy"), ["a"]);
    scene.advance(10_000);
    assert!(scene.listed("wzy").is_empty());
}

#[test]
fn unsubscribe_takes_objects_only_if_lenient() {
    let mut scene = Scene::new();
    scene.post("/users/wzy/presence/60", json!({"usernames": ["a", "b"]})).ok();
    assert_eq!(scene.delete("/users/wzy/presence", json!({"users": ["a"]})).status, 400);
    scene.emulator.configure(|settings| settings.lenient_delete_body = true);
    scene.delete("/users/wzy/presence", json!({"users": ["a"]})).ok();
    assert_eq!(scene.listed("wzy"), ["b"]);
    scene.delete("/users/wzy/presence", json!({"usernames": ["b"]})).ok();
    assert!(scene.listed("wzy").is_empty());
}

#[test]
fn token_lives_can_be_milliseconds() {
    let mut scene = scene(|settings| settings.token_millis = true);
    let mut body = json!({"grant_type": "client_credentials", "client_id": "emulator-client-id",
        "client_secret": "emulator-secret"});
    assert_eq!(scene.post("/token", body.clone()).ok()["expires_in"], 60_u64 * 24 * 3_600 * 1_000);
    body["ttl"] = json!(1_500);
    scene.token = scene.post("/token", body).ok()["access_token"].as_str().unwrap().to_owned();
    scene.advance(1_499);
    assert_eq!(scene.post("/users/a/presence", json!({"usernames": ["b"]})).status, 200);
    scene.advance(1);
    assert_eq!(scene.post("/users/a/presence", json!({"usernames": ["b"]})).status, 401);
}

#[test]
fn the_app_and_its_credentials_can_be_chosen() {
    let builder = Emulator::builder().app_key("1100#shop").app_id("my-id").credentials("me", "hush");
    let mut scene = Scene::of(builder);
    let body =
        json!({"grant_type": "client_credentials", "client_id": "me", "client_secret": "hush"}).to_string();
    let headers = "Content-Type: application/json\r\n";
    assert_eq!(scene.peer.exchange("POST", "/1100/shop/token", headers, &body).status, 200);
    assert_eq!(scene.peer.exchange("POST", "/app-id/my-id/token", headers, &body).status, 200);
    assert_eq!(scene.peer.exchange("POST", &Scene::url("/token"), headers, &body).status, 404);
    assert!(Emulator::builder().app_key("no-hash").start().is_err());
}
