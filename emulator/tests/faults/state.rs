//! Faults of tokens and of what the service remembers, and what the journal says of faults.

use easemob_presence_emulator::{ChangeKind, Entry};
use serde_json::{Value, json};

use crate::peer::Scene;

#[test]
fn an_expired_token_stays_expired_and_others_do_not() {
    let mut scene = Scene::once(json!({"type": "expire_token"}));
    let mut peer = scene.connect();
    for _ in 0..2 {
        peer.send(&scene.set());
        let (head, body) = peer.answer();
        assert!(head.starts_with("HTTP/1.1 401 ") && body.contains("expired access token"), "{head}{body}");
    }
    let kinds: Vec<_> = scene.emulator.journal().changes().iter().map(|c| (c.kind, c.cause)).collect();
    assert_eq!(kinds, [(ChangeKind::TokensExpired, scene.fault().request)]);
    scene.token = scene.emulator.issue_token(std::time::Duration::from_secs(9));
    peer.send(&scene.set());
    assert!(peer.answer().0.starts_with("HTTP/1.1 200 "));
}

#[test]
fn fields_of_the_token_answer_are_replaced_or_removed() {
    for (fault, check) in [
        (json!({"expires_in": "3600"}), json!({"expires_in": "3600"})),
        (json!({"expires_in": null}), json!({})),
        (json!({"expires_in": 0, "access_token": 5}), json!({"access_token": 5, "expires_in": 0})),
    ] {
        let mut with_type = fault.clone();
        with_type["type"] = "token".into();
        let scene = Scene::new(json!({"faults": [{"match": {"operation": "token"}, "fault": with_type}]}));
        let mut peer = scene.connect();
        peer.send(&scene.token_call());
        let body: Value = serde_json::from_str(&peer.answer().1).unwrap();
        assert_eq!(body.get("expires_in"), check.get("expires_in"), "{fault}");
        if let Some(token) = check.get("access_token") {
            assert_eq!(&body["access_token"], token);
        } else {
            assert!(body["access_token"].is_string(), "{body}");
        }
        assert!(body["application"].is_string(), "{body}");
    }
}

#[test]
fn subscriptions_are_forgotten_before_the_decision() {
    let list =
        json!({"match": {"operation": "subscriptions"}, "count": 1, "fault": {"type": "drop_subscriptions"}});
    let scene = Scene::new(json!({ "faults": [list] }));
    let mut peer = scene.connect();
    peer.send(&scene.request("POST", "/users/a/presence/1000", r#"{"usernames":["b"]}"#));
    peer.answer();
    assert_eq!(scene.emulator.state().counts().subscriptions, 1);
    peer.send(&scene.request("GET", "/users/a/presence/sublist", ""));
    assert_eq!(peer.answer().1, r#"{"result":{"totalnum":"0","sublist":[]}}"#);
    assert_eq!(scene.emulator.state().counts().subscriptions, 0);
    let change = scene.emulator.journal().changes().pop().unwrap();
    assert_eq!((change.kind, change.cause), (ChangeKind::SubscriptionsDropped, scene.fault().request));
}

#[test]
fn a_firing_stands_between_its_request_and_the_changes_and_says_what_it_was() {
    let scene = Scene::new(json!({"faults": [
        {"match": {"user": "nobody"}, "fault": {"type": "hang"}},
        {"name": "gone", "match": {"operation": "set", "user": "C1"}, "fault": {"type": "reset", "at": "after"}},
    ]}));
    scene.exchange();
    let entries = scene.emulator.journal().entries();
    let [Entry::Request(request), Entry::Fault(fault), Entry::Change(change)] = entries.as_slice() else {
        panic!("{entries:?}");
    };
    assert_eq!((fault.rule, fault.name.as_deref(), fault.fault.as_str()), (1, Some("gone"), "reset"));
    assert_eq!((fault.request, fault.connection), (Some(request.seq), request.connection));
    assert_eq!((fault.seq, change.cause), (request.seq + 1, Some(request.seq)));
    assert_eq!(entries[1].seq(), fault.seq);
    assert_eq!(entries[1].at_ms(), fault.at_ms);
}

#[test]
fn a_seed_decides_which_requests_suffer() {
    let suffered = |seed: u64| {
        let scene =
            Scene::new(json!({"seed": seed, "faults": [{"probability": 0.5, "fault": {"type": "quota"}}]}));
        let mut peer = scene.connect();
        for _ in 0..40 {
            peer.send(&scene.set());
            peer.answer();
        }
        scene.statuses().into_iter().map(|status| status == Some(429)).collect::<Vec<_>>()
    };
    assert_eq!(suffered(1), suffered(1));
    assert_ne!(suffered(1), suffered(2));
}
