//! Answers that come late or never. What is waited for is an event; the times are only long or short.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use easemob_presence_emulator::Operation;
use serde_json::json;

use crate::peer::{Ending, Scene};

const LONG: u64 = 3_600_000;
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn a_delay_passes_before_the_decision() {
    let scene = Scene::once(json!({"type": "delay", "ms": 60}));
    let begun = Instant::now();
    let mut peer = scene.asked();
    assert_eq!(peer.answer().1, "{\"result\":\"ok\"}");
    assert!(begun.elapsed() >= Duration::from_millis(60));
    assert_eq!(scene.fault().detail, "60 ms");
}

#[test]
fn a_delayed_request_whose_client_leaves_is_not_decided() {
    let scene = Scene::new(
        json!({"faults": [{"match": {"operation": "set"}, "fault": {"type": "delay", "ms": LONG}}]}),
    );
    let peer = scene.asked();
    assert!(scene.emulator.journal().wait_for(|journal| journal.faults().len() == 1, PATIENCE));
    assert!(!scene.is_set());
    drop(peer);
    assert_eq!(scene.statuses(), [None]);
}

#[test]
fn jitter_adds_up_to_so_much_and_the_seed_decides_how_much() {
    let delays = || {
        let scene =
            Scene::new(json!({"seed": 5, "faults": [{"fault": {"type": "delay", "ms": 2, "jitter_ms": 8}}]}));
        let mut peer = scene.connect();
        for _ in 0..20 {
            peer.send(&scene.set());
            peer.answer();
        }
        scene.emulator.journal().faults().into_iter().map(|fault| fault.detail).collect::<Vec<_>>()
    };
    let one = delays();
    assert_eq!(one, delays());
    let millis: Vec<u64> =
        one.iter().map(|told| told.strip_suffix(" ms").unwrap().parse().unwrap()).collect();
    assert!(millis.iter().all(|ms| (2..10).contains(ms)), "{millis:?}");
    assert!(millis.iter().any(|ms| *ms != millis[0]), "{millis:?}");
}

#[test]
fn a_held_answer_is_decided_at_once() {
    let scene = Scene::once(json!({"type": "hold", "ms": LONG}));
    let _peer = scene.asked();
    assert!(scene.emulator.journal().wait_for(|journal| !journal.changes().is_empty(), PATIENCE));
    assert!(scene.is_set());
    assert_eq!(scene.statuses(), [None]);
}

#[test]
fn a_held_answer_comes_after_its_time() {
    let scene = Scene::once(json!({"type": "hold", "ms": 60}));
    let begun = Instant::now();
    assert_eq!(scene.asked().answer().1, "{\"result\":\"ok\"}");
    assert!(begun.elapsed() >= Duration::from_millis(60));
    assert_eq!(scene.statuses(), [Some(200)]);
}

#[test]
fn a_late_request_whose_client_waits_is_answered() {
    let scene = Scene::once(json!({"type": "late", "ms": 1}));
    assert_eq!(scene.asked().answer().1, "{\"result\":\"ok\"}");
    assert_eq!(scene.statuses(), [Some(200)]);
}

#[test]
fn a_request_that_hangs_is_never_answered_and_applied_only_if_so_planned() {
    for applied in [false, true] {
        let scene = Scene::once(json!({"type": "hang", "applied": applied}));
        let mut peer = scene.asked();
        assert!(scene.emulator.journal().wait_for(|journal| journal.faults().len() == 1, PATIENCE));
        // Another connection is served meanwhile, and what it does comes after the decision.
        let mut other = scene.connect();
        other.send(&scene.request("GET", "/users/c1/status", ""));
        other.answer();
        assert_eq!(scene.is_set(), applied);
        peer.0.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let nothing = std::io::Read::read(&mut peer.0, &mut [0]).unwrap_err();
        assert!(matches!(nothing.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{nothing}");
        assert_eq!(scene.emulator.journal().requests()[0].status, None);
        // It ends when the client ends it.
        peer.0.set_read_timeout(Some(PATIENCE)).unwrap();
        peer.0.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(peer.rest_text(), (String::new(), Ending::Fin));
    }
}

#[test]
fn a_window_is_measured_on_the_emulators_clock_from_the_installation() {
    let scene = Scene::new(json!({"faults": [
        {"match": {"from_ms": 1_000, "until_ms": 2_000}, "fault": {"type": "quota"}},
    ]}));
    scene.emulator.clock().freeze();
    let mut peer = scene.connect();
    let mut status = || {
        peer.send(&scene.set());
        peer.answer().0.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(status(), "200");
    scene.emulator.clock().advance(Duration::from_secs(1));
    assert_eq!(status(), "429");
    scene.emulator.clock().advance(Duration::from_secs(1));
    assert_eq!(status(), "200");
    assert_eq!(scene.emulator.journal().count(Operation::Set), 3);
}
