//! What the journal says about what happened.

use std::time::Duration;

use easemob_presence_emulator::{ChangeKind, Entry, Operation};
use serde_json::json;

use crate::peer::{NOW, Peer, Scene};

#[test]
fn a_request_is_followed_by_its_changes_which_name_it() {
    let mut scene = Scene::new();
    scene.post("/users/WZY/presence/60", json!({"usernames": ["c1", "c2"]})).ok();
    let entries = scene.emulator.journal().entries();
    let [Entry::Request(request), Entry::Change(one), Entry::Change(two)] = entries.as_slice() else {
        panic!("{entries:?}");
    };
    assert_eq!(request.method, "POST");
    assert_eq!(request.operation, Operation::Subscribe);
    assert_eq!(request.segments, ["users", "WZY", "presence", "60"]);
    assert_eq!(request.body, r#"{"usernames":["c1","c2"]}"#);
    assert_eq!((request.status, request.connection, request.authorization), (Some(200), 1, true));
    assert_eq!(request.at_ms, NOW * 1_000);
    for (change, target) in [(one, "c1"), (two, "c2")] {
        assert_eq!(change.kind, ChangeKind::Subscribed);
        assert_eq!((change.user.as_str(), change.subject.as_deref()), ("wzy", Some(target)));
        assert_eq!(change.details["expiry"], NOW + 60);
        assert_eq!(change.cause, Some(request.seq));
    }
    assert_eq!((one.seq, two.seq), (request.seq + 1, request.seq + 2));
}

#[test]
fn refused_requests_are_there_with_their_status() {
    let mut scene = Scene::new();
    scene.post("/users/a/presence", json!({}));
    scene.peer.exchange("GET", "/other/app/chatrooms", "", "");
    Peer::connect(&scene.emulator).exchange("PUT", &Scene::url("/token"), "", "");
    let requests = scene.emulator.journal().requests();
    let told: Vec<_> =
        requests.iter().map(|r| (r.operation, r.status, r.connection, r.authorization)).collect();
    let expected = [
        (Operation::Get, Some(400), 1, true),
        (Operation::Unknown, Some(404), 1, false),
        (Operation::Unknown, Some(405), 2, false),
    ];
    assert_eq!(told, expected);
}

#[test]
fn no_secret_is_in_it() {
    let mut scene = Scene::new();
    let canary = "canary-7f3a";
    scene.post(
        "/token",
        json!({"grant_type": "client_credentials", "client_id": "x", "client_secret": canary}),
    );
    scene.raw("POST", "/token", &format!("client_secret={canary}"));
    scene.post("/users", json!([{"username": "a", "password": canary}]));
    scene.post("/users/a/presence/ios/1", json!({"ext": "emulator-secret"}));
    let answer = scene.post(
        "/token",
        json!({"grant_type": "client_credentials", "client_id": "emulator-client-id",
            "client_secret": "emulator-secret"}),
    );
    let issued = answer.ok()["access_token"].as_str().unwrap().to_owned();
    let all = serde_json::to_string(&scene.emulator.journal().requests()).unwrap();
    for secret in [canary, "emulator-secret", scene.token.as_str(), issued.as_str()] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
    let printed = format!("{:?} {:?}", scene.emulator, scene.emulator.journal());
    assert!(!printed.contains(&scene.token) && !printed.contains("emulator-secret"), "{printed}");
}

#[test]
fn changes_by_the_test_have_no_cause() {
    let scene = Scene::new();
    let state = scene.emulator.state();
    state.register("A");
    state.login("a", "ios_1");
    state.logout("a", "ios_1");
    state.set_group_online_count("g", 1, 5);
    state.delete("a");
    scene.emulator.expire_tokens();
    let changes = scene.emulator.journal().changes();
    let kinds: Vec<_> = changes.iter().map(|change| change.kind).collect();
    let expected = [
        ChangeKind::Registered,
        ChangeKind::LoggedIn,
        ChangeKind::LoggedOut,
        ChangeKind::GroupCountSet,
        ChangeKind::Deleted,
        ChangeKind::TokensExpired,
    ];
    assert_eq!(kinds, expected);
    assert!(changes.iter().all(|change| change.cause.is_none()));
}

#[test]
fn an_incomplete_request_is_not_in_it() {
    let mut scene = Scene::new();
    let mut broken = Peer::connect(&scene.emulator);
    broken.send(
        format!("POST {} HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n{{", Scene::url("/token"))
            .as_bytes(),
    );
    drop(broken);
    scene.get("/users/a/status");
    assert_eq!(scene.emulator.journal().requests().len(), 1);
}

#[test]
fn a_test_waits_for_what_another_thread_sends() {
    let scene = Scene::new();
    let journal = scene.emulator.journal().clone();
    let mut peer = Peer::connect(&scene.emulator);
    let sender = std::thread::spawn(move || {
        for _ in 0..3 {
            peer.exchange("GET", &Scene::url("/users/a/status"), "", "");
        }
    });
    let came = journal.wait_for(|j| j.count(Operation::OnlineState) == 3, Duration::from_secs(10));
    sender.join().unwrap();
    assert!(came);
}

#[test]
fn reset_forgets_everything_but_the_settings() {
    let mut scene = Scene::new();
    scene.emulator.configure(|settings| settings.page_size_cap = 7);
    scene.post("/users/a/presence/ios/1", json!({"ext": ""})).ok();
    scene.emulator.reset();
    assert!(scene.emulator.journal().is_empty());
    assert_eq!(scene.emulator.state().counts(), easemob_presence_emulator::Counts::default());
    assert_eq!(scene.emulator.settings().page_size_cap, 7);
    assert_eq!(scene.post("/users/a/presence/ios/1", json!({"ext": ""})).error().1, "auth_bad_access_token");
}
