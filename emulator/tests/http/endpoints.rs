//! Each documented call, answered as documented.

use serde_json::{Value, json};

use crate::peer::{NOW, Scene};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn set_answers_ok_and_get_shows_it() {
    let mut scene = Scene::new();
    let answer = scene.post("/users/c1/presence/android/0", json!({"ext": "123"})).ok();
    assert_eq!(answer, json!({"result": "ok"}));
    let seen = scene.post("/users/wzy/presence", json!({"usernames": ["c1"]})).ok();
    let expected =
        json!({"uid": "c1", "last_time": NOW.to_string(), "ext": "123", "status": {"android": "0"}});
    assert_eq!(seen, json!({"result": [expected]}));
    assert_eq!(keys(&seen["result"][0]), ["uid", "last_time", "ext", "status"]);
}

#[test]
fn ext_belongs_to_the_user_and_status_to_the_device() {
    let mut scene = Scene::new();
    scene.post("/users/c1/presence/android_1/1", json!({"ext": "busy"})).ok();
    scene.post("/users/c1/presence/web_1/105", json!({"ext": ""})).ok();
    let seen = scene.post("/users/wzy/presence", json!({"usernames": ["c1"]})).ok();
    assert_eq!(seen["result"][0]["ext"], "");
    assert_eq!(seen["result"][0]["status"], json!({"android_1": "1", "web_1": "105"}));
}

#[test]
fn get_answers_each_id_once_in_the_order_asked_known_or_not() {
    let mut scene = Scene::new();
    scene.post("/users/c3/presence/android/1", json!({"ext": ""})).ok();
    let seen = scene.post("/users/wzy/presence", json!({"usernames": ["U10000", "c3", "u10000"]})).ok();
    let unknown = json!({"uid": "u10000", "last_time": "", "ext": "", "status": []});
    assert_eq!(seen["result"][0], unknown);
    assert_eq!(seen["result"][1]["uid"], "c3");
    assert_eq!(seen["result"].as_array().unwrap().len(), 2);
}

#[test]
fn subscribe_answers_presence_and_the_end() {
    let mut scene = Scene::new();
    scene.post("/users/c2/presence/android/1", json!({"ext": "123"})).ok();
    let answer = scene.post("/users/wzy/presence/1000", json!({"usernames": ["c2", "c3"]})).ok();
    let end = (NOW + 1_000).to_string();
    let now = NOW.to_string();
    let expected = json!([
        {"uid": "c2", "last_time": now, "expiry": end, "ext": "123", "status": {"android": "1"}},
        {"uid": "c3", "last_time": "", "expiry": end, "ext": "", "status": []},
    ]);
    assert_eq!(answer, json!({"result": expected}));
}

#[test]
fn subscribing_again_replaces_the_end() {
    let mut scene = Scene::new();
    scene.post("/users/wzy/presence/1000", json!({"usernames": ["c2"]})).ok();
    scene.post("/users/wzy/presence/10", json!({"usernames": ["C2"]})).ok();
    let list = scene.get("/users/wzy/presence/sublist?pageNum=1&pageSize=100").ok();
    let item = json!({"uid": "c2", "expiry": (NOW + 10).to_string()});
    assert_eq!(list, json!({"result": {"totalnum": "1", "sublist": [item]}}));
}

#[test]
fn unsubscribe_answers_ok_also_for_oneself_and_strangers() {
    let mut scene = Scene::new();
    scene.post("/users/wzy/presence/1000", json!({"usernames": ["c1", "c2"]})).ok();
    let answer = scene.delete("/users/wzy/presence", json!(["c1", "wzy", "stranger"])).ok();
    assert_eq!(answer, json!({"result": "ok"}));
    assert_eq!(scene.listed("wzy"), ["c2"]);
}

#[test]
fn the_subscription_list_has_pages_of_one_unless_asked() {
    let mut scene = Scene::new();
    scene.post("/users/wzy/presence/1000", json!({"usernames": ["a", "b", "c"]})).ok();
    let mut page = |query: &str| {
        let body = scene.get(&format!("/users/wzy/presence/sublist{query}")).ok();
        assert_eq!(body["result"]["totalnum"], "3");
        let list = body["result"]["sublist"].as_array().unwrap().clone();
        list.iter().map(|item| item["uid"].as_str().unwrap().to_owned()).collect::<String>()
    };
    assert_eq!(page(""), "a");
    assert_eq!(page("?pageNum=2"), "b");
    assert_eq!(page("?pageNum=0&pageSize=2"), "ab");
    assert_eq!(page("?pageNum=1&pageSize=2"), "ab");
    assert_eq!(page("?pageSize=2&pageNum=2"), "c");
    assert_eq!(page("?pageNum=9&pageSize=2"), "");
    assert_eq!(page("?pageNum=18446744073709551615&pageSize=500"), "");
}

#[test]
fn the_subscription_list_of_an_unknown_user_is_empty() {
    let mut scene = Scene::new();
    let list = scene.get("/users/nobody/presence/sublist?pageNum=1&pageSize=100").ok();
    assert_eq!(list, json!({"result": {"totalnum": "0", "sublist": []}}));
}

#[test]
fn the_group_online_count_is_a_number() {
    let mut scene = Scene::new();
    scene.emulator.state().set_group_online_count("g1", 1, 100);
    assert_eq!(scene.get("/presence/online/g1/type/1").ok(), json!({"result": 100}));
    assert_eq!(scene.get("/presence/online/g1/type/0").ok(), json!({"result": 0}));
    assert_eq!(scene.get("/presence/online/g1/type/2").status, 400);
}

#[test]
fn online_state_follows_logins_not_presence() {
    let mut scene = Scene::new();
    scene.post("/users/user1/presence/android/1", json!({"ext": ""})).ok();
    let state = scene.get("/users/user1/status").ok();
    assert_eq!(keys(&state), ["action", "uri", "entities", "data", "timestamp", "duration"]);
    assert_eq!(state["data"], json!({"user1": "offline"}));
    assert_eq!(state["uri"], "http://h/easemob-demo/test/users/user1/status");
    scene.emulator.state().login("USER1", "ios_1");
    assert_eq!(scene.get("/users/User1/status").ok()["data"], json!({"user1": "online"}));
    let many = scene.post("/users/batch/status", json!({"usernames": ["user1", "user2"]})).ok();
    assert_eq!(keys(&many), ["action", "data", "timestamp", "duration"]);
    assert_eq!(many["data"], json!([{"user1": "online"}, {"user2": "offline"}]));
    assert_eq!(many["action"], "get batch user status");
}

#[test]
fn devices_are_those_logged_in() {
    let mut scene = Scene::new();
    scene.post("/users/u/presence/android_never_logged_in/1", json!({"ext": ""})).ok();
    scene.emulator.state().login_with("u", "android_1", "2a54", "HUAWEI");
    scene.emulator.state().login("u", "ios_1");
    scene.emulator.state().logout("u", "ios_1");
    let devices = scene.get("/users/u/resources").ok();
    let sample = [
        "path",
        "uri",
        "timestamp",
        "organization",
        "application",
        "entities",
        "action",
        "data",
        "duration",
        "applicationName",
    ];
    assert_eq!(keys(&devices), sample);
    let expected = json!([{"res": "android_1", "device_uuid": "2a54", "device_name": "HUAWEI"}]);
    assert_eq!(devices["data"], expected);
    assert_eq!(devices["path"], "/users/u/resources");
    assert_eq!(devices["organization"], "easemob-demo");
    assert_eq!(devices["applicationName"], "test");
}

#[test]
fn logging_in_and_out_sets_the_devices_presence() {
    let mut scene = Scene::new();
    scene.emulator.state().login("u", "ios_1");
    scene.advance(5_000);
    scene.emulator.state().logout("u", "ios_1");
    let seen = scene.post("/users/wzy/presence", json!({"usernames": ["u"]})).ok();
    assert_eq!(seen["result"][0]["status"], json!({"ios_1": "0"}));
    assert_eq!(seen["result"][0]["last_time"], (NOW + 5).to_string());
}

#[test]
fn the_token_call_needs_no_token_and_its_answer_is_one() {
    let mut scene = Scene::new();
    let asked = json!({
        "grant_type": "client_credentials",
        "client_id": "emulator-client-id",
        "client_secret": "emulator-secret",
        "ttl": 1_024_000,
    });
    let headers = "Content-Type: application/json\r\n";
    let answer = scene.peer.exchange("POST", &Scene::url("/token"), headers, &asked.to_string()).ok();
    assert_eq!(keys(&answer), ["access_token", "expires_in", "application"]);
    assert_eq!(answer["expires_in"], 1_024_000);
    assert_eq!(answer["application"], scene.emulator.app_id());
    let token = answer["access_token"].as_str().unwrap();
    assert!(token.starts_with("YWMt"), "{token}");
    scene.token = token.to_owned();
    scene.post("/users/wzy/presence", json!({"usernames": ["c1"]})).ok();
}

#[test]
fn an_accepted_agora_token_works_as_it_is_and_can_be_exchanged() {
    let mut scene = Scene::new();
    scene.token = "007eJxAgora".into();
    assert_eq!(scene.post("/token", json!({"grant_type": "agora"})).status, 401);
    scene.emulator.accept_token("007eJxAgora", std::time::Duration::from_secs(60));
    scene.post("/users/wzy/presence", json!({"usernames": ["c1"]})).ok();
    let answer = scene.post("/token", json!({"grant_type": "agora"})).ok();
    assert_eq!(answer["expire_timestamp"], (NOW + 60 * 24 * 3600) * 1_000);
    scene.token = answer["access_token"].as_str().unwrap().to_owned();
    scene.post("/users/wzy/presence", json!({"usernames": ["c1"]})).ok();
}

#[test]
fn users_are_registered_one_or_many_and_deleted_with_their_subscriptions() {
    let mut scene = Scene::new();
    let one = scene.post("/users", json!({"username": "A", "password": "x"})).ok();
    assert_eq!(one["entities"][0]["username"], "a");
    let two = json!([{"username": "b", "password": "x"}, {"username": "c", "password": "x"}]);
    assert_eq!(scene.post("/users", two).ok()["entities"].as_array().unwrap().len(), 2);
    scene.post("/users/a/presence/100", json!({"usernames": ["b"]})).ok();
    scene.post("/users/b/presence/100", json!({"usernames": ["c"]})).ok();
    assert_eq!(scene.raw("DELETE", "/users/b", "").ok()["entities"][0]["username"], "b");
    assert!(scene.listed("a").is_empty());
    assert!(scene.listed("b").is_empty());
    assert_eq!(scene.emulator.state().counts().subscriptions, 0);
}

#[test]
fn both_addressings_are_one_app() {
    let mut scene = Scene::new();
    scene.post("/users/c1/presence/android/1", json!({"ext": "x"})).ok();
    let target = format!("/app-id/{}/users/wzy/presence", scene.emulator.app_id());
    let headers = format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", scene.token);
    let seen = scene.peer.exchange("POST", &target, &headers, r#"{"usernames":["c1"]}"#).ok();
    assert_eq!(seen["result"][0]["ext"], "x");
}
