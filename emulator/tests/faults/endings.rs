//! Connections that end too early.

use std::time::Duration;

use serde_json::json;

use crate::peer::{Ending, Scene, first, ok};

#[test]
fn an_end_before_the_decision_says_nothing_and_changes_nothing() {
    for (kind, ending) in [("reset", Ending::Rst), ("close", Ending::Fin)] {
        let scene = Scene::with(json!({"type": kind, "at": "before"}));
        assert_eq!(scene.exchange(), (String::new(), ending));
        assert!(!scene.is_set());
        assert_eq!(scene.statuses(), [None]);
    }
}

#[test]
fn an_end_after_the_decision_says_nothing_and_the_change_is_made() {
    for (kind, ending) in [("reset", Ending::Rst), ("close", Ending::Fin)] {
        let scene = Scene::with(json!({"type": kind, "at": "after"}));
        assert_eq!(scene.exchange(), (String::new(), ending));
        assert!(scene.is_set());
        assert_eq!(scene.statuses(), [None]);
    }
}

#[test]
fn a_head_is_cut_where_the_plan_says() {
    for (kind, ending) in [("reset", Ending::Rst), ("close", Ending::Fin)] {
        let scene = Scene::with(json!({"type": kind, "at": "head", "bytes": 20}));
        assert_eq!(scene.exchange(), (first(20), ending));
        assert!(scene.is_set());
        assert_eq!(scene.statuses(), [None]);
    }
}

#[test]
fn a_head_that_is_cut_is_never_whole() {
    let scene = Scene::with(json!({"type": "close", "at": "head", "bytes": 1_000}));
    let head = ok().find('{').unwrap();
    assert_eq!(scene.exchange(), (first(head - 1), Ending::Fin));
}

#[test]
fn a_body_is_cut_after_so_many_bytes() {
    for (kind, ending) in [("reset", Ending::Rst), ("close", Ending::Fin)] {
        let scene = Scene::with(json!({"type": kind, "at": "body", "bytes": 4}));
        let (text, end) = scene.exchange();
        assert!(text.ends_with("content-length: 15\r\n\r\n{\"re"), "{text}");
        assert_eq!(end, ending);
        assert_eq!(scene.statuses(), [Some(200)]);
    }
}

#[test]
fn a_truncated_body_lacks_so_many_bytes_of_what_was_announced() {
    let scene = Scene::with(json!({"type": "truncate", "missing": 3}));
    assert_eq!(scene.exchange(), (first(ok().len() - 3), Ending::Fin));
    assert!(scene.is_set());
}

#[test]
fn a_connection_announced_as_closing_closes() {
    let scene = Scene::with(json!({"type": "connection_close"}));
    let (text, ending) = scene.exchange();
    assert!(text.contains("\r\nconnection: close\r\n") && text.ends_with("{\"result\":\"ok\"}"), "{text}");
    assert_eq!((ending, scene.statuses()), (Ending::Fin, vec![Some(200)]));
}

#[test]
fn a_connection_promised_to_stay_is_reset_when_the_next_request_begins() {
    let scene = Scene::once(json!({"type": "keep_alive_close"}));
    let mut peer = scene.asked();
    assert_eq!(peer.answer().1, "{\"result\":\"ok\"}");
    assert_eq!(scene.fault().detail, "");
    peer.send(&scene.set()[..1]);
    assert_eq!(peer.rest_text(), (String::new(), Ending::Rst));
    let seen = |journal: &easemob_presence_emulator::Journal| !journal.faults()[0].detail.is_empty();
    assert!(scene.emulator.journal().wait_for(seen, Duration::from_secs(10)));
    assert_eq!(scene.statuses(), [Some(200)]);
}

#[test]
fn a_next_request_that_has_already_come_is_reset_at_once() {
    let scene = Scene::once(json!({"type": "keep_alive_close"}));
    let mut peer = scene.connect();
    peer.send(&[scene.set(), scene.set()].concat());
    assert_eq!(peer.rest_text(), (ok(), Ending::Rst));
    assert_eq!(scene.statuses(), [Some(200)]);
}

#[test]
fn a_connection_that_the_client_ends_is_not_reset() {
    let scene = Scene::once(json!({"type": "keep_alive_close"}));
    let mut peer = scene.asked();
    peer.answer();
    peer.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(peer.rest_text(), (String::new(), Ending::Fin));
    assert_eq!(scene.fault().detail, "");
}

#[test]
fn a_half_closed_connection_answers_late_and_reads_nothing_more() {
    let scene = Scene::once(json!({"type": "half_close", "ms": 20}));
    let mut peer = scene.asked();
    peer.send(&scene.set());
    assert_eq!(peer.rest_text(), (ok(), Ending::Fin));
    assert_eq!(scene.statuses(), [Some(200)]);
}

#[test]
fn the_client_may_still_be_sending_when_it_is_sent_the_end() {
    let scene = Scene::with(json!({"type": "close", "at": "after"}));
    let mut peer = scene.asked();
    peer.send(&[b'x'; 10_000]);
    assert_eq!(peer.rest_text(), (String::new(), Ending::Fin));
}
