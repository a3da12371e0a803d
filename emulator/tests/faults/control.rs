//! Plans over the control API.

use serde_json::{Value, json};

use crate::peer::{Peer, Scene};

fn control(peer: &mut Peer, method: &str, body: &str) -> (String, Value) {
    let length = body.len();
    peer.send(
        format!("{method} /_emulator/faults HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n{body}")
            .as_bytes(),
    );
    let (head, body) = peer.answer();
    (head.split(' ').nth(1).unwrap().to_owned(), serde_json::from_str(&body).unwrap())
}

#[test]
fn a_plan_is_installed_shown_and_ended_and_does_not_touch_the_control_api() {
    let scene = Scene::new(json!({"faults": []}));
    let mut peer = scene.connect();
    let plan = json!({"seed": 3, "faults": [{"name": "all", "fault": {"type": "reset", "at": "before"}}]});
    assert_eq!(control(&mut peer, "PUT", &plan.to_string()), ("200".into(), json!({"ok": true})));
    assert_eq!(control(&mut peer, "GET", "").1, plan);
    let installed = scene.emulator.faults().installed().unwrap();
    assert_eq!(serde_json::to_value(installed).unwrap(), plan);
    assert_eq!(scene.exchange().0, "");
    assert_eq!(scene.fault().name.as_deref(), Some("all"));
    assert_eq!(control(&mut peer, "DELETE", "").0, "200");
    assert_eq!(control(&mut peer, "GET", "").1, Value::Null);
    assert_eq!(scene.asked().answer().1, "{\"result\":\"ok\"}");
    assert!(scene.emulator.faults().installed().is_none());
}

#[test]
fn a_plan_that_is_refused_leaves_the_one_before() {
    let scene = Scene::with(json!({"type": "quota"}));
    let mut peer = scene.connect();
    let refused = control(&mut peer, "PUT", r#"{"faults":[{"fault":{"type":"delay","ms":-1}}]}"#);
    assert_eq!(refused.0, "400");
    assert!(refused.1["error"].as_str().unwrap().starts_with("faults[0].fault.ms: "), "{refused:?}");
    assert_eq!(control(&mut peer, "POST", "").0, "405");
    assert!(scene.asked().answer().0.starts_with("HTTP/1.1 429 "));
}

#[test]
fn a_plan_may_be_larger_than_a_request_of_the_service() {
    let scene = Scene::new(json!({"faults": []}));
    let nested = "[".repeat(200_000);
    let plan = json!({"faults": [{"fault": {"type": "answer", "status": 200, "text": nested}}]});
    assert_eq!(control(&mut scene.connect(), "PUT", &plan.to_string()).0, "200");
    assert_eq!(scene.asked().answer().1.len(), 200_000);
}
