//! Each documented error, with its status, code and words.

use easemob_presence_emulator::{Emulator, PresenceErrors};
use serde_json::{Value, json};

use crate::peer::{Peer, Scene};

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("u{n}")).collect()
}

fn reason_of_post(path: &str, body: Value) -> (u16, String) {
    Scene::new().post(path, body).reason()
}

#[test]
fn set_refuses_what_is_documented() {
    let set = |body: Value| reason_of_post("/users/c1/presence/android/1", body);
    assert_eq!(set(json!({})), (400, "ext cannot be null".into()));
    assert_eq!(set(json!({"ext": null})), (400, "ext cannot be null".into()));
    assert_eq!(set(json!({"ext": "x".repeat(1_025)})), (400, "ext is too big".into()));
    // Bytes, not characters.
    assert_eq!(set(json!({"ext": "é".repeat(513)})), (400, "ext is too big".into()));
    assert_eq!(set(json!({"ext": "x".repeat(1_024)})), (200, "ok".into()));
}

#[test]
fn status_and_expiry_are_digits_within_bounds() {
    let mut scene = Scene::new();
    for status in ["-1", "online", "1.0", "+1", "%31x"] {
        let path = format!("/users/c1/presence/android/{status}");
        assert_eq!(scene.post(&path, json!({"ext": ""})).status, 400, "{status}");
    }
    for expiry in ["0", "-1", "2592001", "1e3", "android", "99999999999999999999"] {
        let path = format!("/users/wzy/presence/{expiry}");
        assert_eq!(scene.post(&path, json!({"usernames": ["c1"]})).status, 400, "{expiry}");
    }
    for expiry in ["1", "2592000", "0060"] {
        scene.post(&format!("/users/wzy/presence/{expiry}"), json!({"usernames": ["c1"]})).ok();
    }
}

#[test]
fn lists_of_ids_have_their_own_reasons() {
    let get = |body: Value| reason_of_post("/users/wzy/presence", body);
    assert_eq!(get(json!({"usernames": []})), (400, "usernames is empty".into()));
    assert_eq!(get(json!({})), (400, "usernames cannot be null".into()));
    assert_eq!(get(json!({"usernames": ids(101)})), (400, "too many get presences".into()));
    let subscribe = |body: Value| reason_of_post("/users/wzy/presence/10", body);
    assert_eq!(subscribe(json!({"usernames": ids(101)})), (400, "too many sub presence".into()));
    assert_eq!(subscribe(json!({"usernames": ["c1", "WZY"]})), (400, "you can't sub yourself".into()));
    let unsubscribe = Scene::new().delete("/users/wzy/presence", json!(ids(101))).reason();
    assert_eq!(unsubscribe, (400, "too many unsub presences".into()));
}

#[test]
fn a_refused_call_changes_nothing() {
    let mut scene = Scene::new();
    scene.post("/users/wzy/presence/10", json!({"usernames": ["c1", "wzy"]}));
    scene.post("/users/wzy/presence/android/1", json!({}));
    assert_eq!(scene.emulator.state().snapshot()["users"], json!({}));
    assert!(scene.emulator.journal().changes().is_empty());
}

#[test]
fn a_service_that_is_switched_off_says_so() {
    let mut scene = Scene::new();
    scene.emulator.configure(|settings| settings.presence_enabled = false);
    let answer = scene.post("/users/c1/presence/android/1", json!({"ext": ""})).reason();
    assert_eq!(answer, (400, "the app not open presence".into()));
    let answer = scene.get("/users/c1/presence/sublist").reason();
    assert_eq!(answer, (400, "the app not open presence".into()));
    scene.get("/presence/online/g/type/1").ok();
    scene.emulator.configure(|settings| settings.group_count_enabled = false);
    let answer = scene.get("/presence/online/g/type/1").reason();
    assert_eq!(answer, (400, "this appkey not open rest group online service".into()));
}

#[test]
fn presence_errors_come_in_the_envelope_if_asked() {
    let mut scene =
        Scene::of(Emulator::builder().configure(|s| s.presence_errors = PresenceErrors::Envelope));
    let answer = scene.post("/users/c1/presence/android/1", json!({}));
    assert_eq!(answer.error(), (400, "illegal_argument".into(), "ext cannot be null".into()));
    scene.emulator.configure(|settings| settings.presence_enabled = false);
    let answer = scene.post("/users/c1/presence/android/1", json!({}));
    assert_eq!(answer.error(), (400, "service open exception".into(), "the app not open presence".into()));
}

#[test]
fn tokens_are_missing_unknown_or_expired() {
    let mut scene = Scene::new();
    let url = Scene::url("/users/c1/status");
    let none = scene.peer.exchange("GET", &url, "", "").error();
    assert_eq!(none, (401, "unauthorized".into(), "Unable to authenticate (OAuth)".into()));
    let unknown = scene.peer.exchange("GET", &url, "Authorization: Bearer YWMtnope\r\n", "").error();
    let words = "Unable to authenticate due to corrupt access token";
    assert_eq!(unknown, (401, "auth_bad_access_token".into(), words.into()));
    scene.emulator.expire_tokens();
    let words = "Unable to authenticate due to expired access token";
    assert_eq!(scene.get("/users/c1/status").error(), (401, "unauthorized".into(), words.into()));
}

#[test]
fn wrong_credentials_are_an_invalid_grant() {
    let mut scene = Scene::new();
    let right = json!({"grant_type": "client_credentials", "client_id": "emulator-client-id",
        "client_secret": "emulator-secret"});
    for (field, wrong) in [("client_id", "x"), ("client_secret", "x"), ("grant_type", "password")] {
        let mut body = right.clone();
        body[field] = wrong.into();
        let (status, code, _) = scene.post("/token", body).error();
        assert_eq!((status, code.as_str()), (400, "invalid_grant"), "{field}");
    }
    let mut negative = right;
    negative["ttl"] = json!(-1);
    assert_eq!(scene.post("/token", negative).status, 400);
}

#[test]
fn another_app_is_not_found_as_in_the_sample() {
    let mut scene = Scene::new();
    let answer = scene.peer.exchange("POST", "/1182170609115040/billiardss/token", "", "");
    let words = "Could not find application for 1182170609115040/billiardss from URI: \
                 1182170609115040/billiardss/token";
    assert_eq!(answer.error(), (404, "organization_application_not_found".into(), words.into()));
    let keys: Vec<_> = answer.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["error", "exception", "timestamp", "duration", "error_description"]);
    assert!(answer.head.contains("application/json"), "{}", answer.head);
}

#[test]
fn unknown_users_are_not_found_where_documented() {
    let mut scene = Scene::new();
    let missing = (404, "service_resource_not_found".to_owned(), "Service resource not found".to_owned());
    assert_eq!(scene.get("/users/nobody/status").error(), missing);
    assert_eq!(scene.get("/users/nobody/resources").error(), missing);
    assert_eq!(scene.raw("DELETE", "/users/nobody", "").error(), missing);
}

#[test]
fn a_duplicate_registration_registers_nobody() {
    let mut scene = Scene::new();
    let user = |id: &str| json!({"username": id, "password": "x"});
    scene.post("/users", user("a")).ok();
    for body in [user("A"), json!([user("b"), user("a")]), json!([user("b"), user("B")])] {
        let (status, code, _) = scene.post("/users", body).error();
        assert_eq!((status, code.as_str()), (400, "duplicate_unique_property_exists"));
    }
    assert_eq!(scene.emulator.state().counts().users, 1);
    assert_eq!(scene.post("/users", json!({"username": "c"})).status, 400);
}

#[test]
fn bodies_must_be_json_of_the_right_type_and_size() {
    let mut scene = Scene::new();
    let (status, code, _) = scene.raw("POST", "/users/wzy/presence", "{").error();
    assert_eq!((status, code.as_str()), (400, "json_parse"));
    let bearer = format!("Authorization: Bearer {}\r\n", scene.token);
    for content_type in ["", "Content-Type: text/plain\r\n"] {
        let headers = format!("{bearer}{content_type}");
        let url = Scene::url("/users/wzy/presence");
        assert_eq!(scene.peer.exchange("POST", &url, &headers, r#"{"usernames":["a"]}"#).status, 415);
    }
    let padded = |length: usize| {
        let body = r#"{"usernames":["a"]}"#;
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    scene.raw("POST", "/users/wzy/presence", &padded(5_120)).ok();
    assert_eq!(scene.raw("POST", "/users/wzy/presence", &padded(5_121)).status, 413);
    // The connection is as good as before.
    assert_eq!(scene.raw("POST", "/users/wzy/presence", &padded(1_000_000)).status, 413);
    scene.raw("POST", "/users/wzy/presence", &padded(100)).ok();
}

#[test]
fn a_chunked_body_is_a_body() {
    let mut scene = Scene::new();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
        Scene::url("/users/wzy/presence"),
        scene.token
    );
    scene.peer.send(head.as_bytes());
    scene.peer.send(b"5\r\n{\"use\r\ne\r\nrnames\":[\"a\"]}\r\n0\r\n\r\n");
    assert_eq!(scene.peer.receive().ok()["result"][0]["uid"], "a");
}

#[test]
fn methods_and_paths_that_are_none() {
    let mut scene = Scene::new();
    assert_eq!(scene.get("/users/wzy/presence").status, 405);
    assert_eq!(scene.raw("PUT", "/users/wzy/presence/android/1", "").status, 405);
    assert_eq!(scene.get("/chatrooms").status, 404);
    assert_eq!(Peer::connect(&scene.emulator).exchange("GET", "/", "", "").status, 404);
}

#[test]
fn too_many_online_states_are_refused_in_the_envelope() {
    let answer = Scene::new().post("/users/batch/status", json!({"usernames": ids(101)}));
    assert_eq!(answer.error().0, 400);
    assert_eq!(answer.error().1, "illegal_argument");
}
