//! Answers other than the service's own.

use serde_json::{Value, json};

use crate::peer::{Ending, Scene};

/// Status, head and body of what one set is answered.
fn answered(scene: &Scene) -> (u16, String, Value) {
    let (head, body) = scene.asked().answer();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

#[test]
fn an_answer_takes_the_place_of_the_decision_or_of_the_answer_to_it() {
    for applied in [false, true] {
        let scene = Scene::with(json!({"type": "answer", "status": 503, "headers": {"Retry-After": "1.5"},
            "body": {"error": "busy"}, "applied": applied}));
        let (status, head, body) = answered(&scene);
        assert_eq!((status, body), (503, json!({"error": "busy"})));
        assert!(head.contains("\r\nretry-after: 1.5\r\n") && head.contains("application/json"), "{head}");
        assert_eq!(scene.is_set(), applied);
        assert_eq!(scene.statuses(), [Some(503)]);
    }
}

#[test]
fn an_answer_may_be_any_text_any_bytes_or_nothing() {
    let html = Scene::with(json!({"type": "answer", "status": 200, "text": "<html>",
        "headers": {"content-type": "text/html"}}));
    let (_, head, body) = answered(&html);
    assert!(head.contains("content-type: text/html\r\n") && !head.contains("json"), "{head}");
    assert_eq!(body, "<html>");
    let bytes = Scene::with(json!({"type": "answer", "status": 200, "hex": "efbbbf7b7d"}));
    assert_eq!(answered(&bytes).2, "\u{feff}{}");
    let empty = Scene::with(json!({"type": "answer", "status": 200}));
    assert_eq!(answered(&empty).2, "");
}

#[test]
fn statuses_that_no_one_uses_are_answered_too() {
    for status in [299, 600, 999] {
        let scene = Scene::with(json!({"type": "answer", "status": status, "body": 1}));
        assert_eq!(answered(&scene).0, status);
    }
}

#[test]
fn an_interim_status_stands_alone_and_the_connection_waits() {
    let scene = Scene::with(json!({"type": "answer", "status": 199, "hex": ""}));
    let mut peer = scene.asked();
    let expected = "HTTP/1.1 199 \r\ncontent-type: application/json\r\n\r\n";
    assert_eq!(peer.take(expected.len()), expected);
    drop(peer);
    assert_eq!(scene.statuses(), [Some(199)]);
}

#[test]
fn an_edited_answer_is_the_services_own_but_for_the_edits() {
    let scene = Scene::with(json!({"type": "edit", "status": 202, "headers": {"x-a": "b"}, "ops": [
        {"op": "rename", "path": "/result/0/uid", "to": "user"},
        {"op": "set", "path": "/result/0/ext", "value": 5},
        {"op": "append", "path": "/result", "value": null},
        {"op": "remove", "path": "/nothing"},
    ]}));
    let mut peer = scene.connect();
    peer.send(&scene.request("POST", "/users/c1/presence", r#"{"usernames":["c2"]}"#));
    let (head, body) = peer.answer();
    assert!(head.starts_with("HTTP/1.1 202 Accepted\r\n") && head.contains("\r\nx-a: b\r\n"), "{head}");
    assert!(body.starts_with(r#"{"result":[{"user":"c2","#) && body.ends_with("},null]}"), "{body}");
    assert!(body.contains(r#""ext":5"#), "{body}");
    assert_eq!(scene.fault().detail, "nothing at /nothing");
}

#[test]
fn raw_bytes_are_all_that_is_sent() {
    let text = "HTTP/1.1 200 OK\r\nx: \u{e9}\r\n folded\r\ncontent-length: 2\r\n\r\n{}";
    for (then, ending) in [(None, Ending::Fin), (Some("close"), Ending::Fin), (Some("reset"), Ending::Rst)] {
        let mut fault = json!({"type": "raw", "text": text, "applied": true});
        if let Some(then) = then {
            fault["then"] = then.into();
        }
        let scene = Scene::with(fault);
        assert_eq!(scene.exchange(), (text.to_owned(), ending));
        assert!(scene.is_set());
        assert_eq!(scene.statuses(), [Some(200)]);
    }
    let half = Scene::with(json!({"type": "raw", "text": "HTTP/1.1 200 OK"}));
    assert_eq!(half.exchange(), ("HTTP/1.1 200 OK".to_owned(), Ending::Fin));
    assert_eq!(half.statuses(), [None]);
    let hex = Scene::with(json!({"type": "raw", "hex": "0d0aff00"}));
    assert_eq!(hex.asked().rest(), (vec![13, 10, 255, 0], Ending::Fin));
    assert!(!hex.is_set());
    assert_eq!(hex.statuses(), [None]);
}

#[test]
fn after_raw_bytes_a_kept_connection_serves_the_next_request() {
    let scene =
        Scene::once(json!({"type": "raw", "text": "HTTP/1.1 204 No Content\r\n\r\n", "then": "keep"}));
    let mut peer = scene.connect();
    // Both at once: what was read of the second must not be lost with the first.
    peer.send(&[scene.set(), scene.set()].concat());
    assert_eq!(peer.take(27), "HTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!(peer.answer().1, "{\"result\":\"ok\"}");
    assert_eq!(scene.statuses(), [Some(204), Some(200)]);
    let targets: Vec<_> =
        scene.emulator.journal().requests().into_iter().map(|r| (r.connection, r.target)).collect();
    assert_eq!(targets[0], targets[1]);
}

#[test]
fn refusals_are_in_the_services_words() {
    let scene = Scene::with(json!({"type": "reject", "retry_after": "soön", "retry_after_ms": "1e34"}));
    let (status, head, body) = answered(&scene);
    assert_eq!((status, &body["error"]), (429, &json!("reach_limit")));
    assert_eq!(body["error_description"], "This request has reached api limit");
    assert!(head.contains("\r\nretry-after: soön\r\nretry-after-ms: 1e34\r\n"), "{head}");
    let (status, head, body) = answered(&Scene::with(json!({"type": "quota"})));
    assert_eq!((status, &body["error"]), (429, &json!("resource_limited")));
    assert!(!head.contains("retry-after"), "{head}");
    let scene = Scene::with(json!({"type": "unauthorized"}));
    let (status, _, body) = answered(&scene);
    assert_eq!((status, &body["error_description"]), (401, &json!("Unable to authenticate (OAuth)")));
    assert!(!scene.is_set());
}

#[test]
fn a_redirect_names_its_target() {
    let (status, head, _) =
        answered(&Scene::with(json!({"type": "redirect", "location": "http://other.test/x"})));
    assert_eq!(status, 302);
    assert!(head.contains("\r\nlocation: http://other.test/x\r\n"), "{head}");
    assert_eq!(answered(&Scene::with(json!({"type": "redirect", "status": 308, "location": "/"}))).0, 308);
}
