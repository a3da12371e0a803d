//! Faults of connections, before any byte.

use serde_json::json;

use crate::peer::{Ending, Scene};

#[test]
fn a_connection_is_reset_or_closed_as_soon_as_it_is_there() {
    for (kind, ending) in [("reset", Ending::Rst), ("close", Ending::Fin)] {
        let scene = Scene::once(json!({"type": kind, "at": "accept"}));
        assert_eq!(scene.connect().rest_text(), (String::new(), ending));
        let fault = scene.fault();
        assert_eq!((fault.request, fault.connection), (None, 1));
        assert!(scene.emulator.journal().requests().is_empty());
        // The next connection is not the plan's business any more.
        assert_eq!(scene.asked().answer().1, "{\"result\":\"ok\"}");
    }
}

#[test]
fn a_connection_may_be_taken_and_never_served() {
    let scene =
        Scene::new(json!({"faults": [{"match": {"operation": "connect"}, "fault": {"type": "hang"}}]}));
    let mut peer = scene.asked();
    peer.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(peer.rest_text(), (String::new(), Ending::Fin));
    assert!(scene.emulator.journal().requests().is_empty());
}

#[test]
fn a_connection_may_be_served_later() {
    let delay = json!({"match": {"operation": "connect"}, "fault": {"type": "delay", "ms": 30}});
    let scene = Scene::new(json!({ "faults": [delay] }));
    let begun = std::time::Instant::now();
    assert_eq!(scene.asked().answer().1, "{\"result\":\"ok\"}");
    assert!(begun.elapsed() >= std::time::Duration::from_millis(30));
}

#[test]
fn a_tls_handshake_is_spoilt_after_its_first_bytes() {
    for (kind, begins) in
        [("cut", &b"\x16\x03\x03\x00\x7a\x02"[..]), ("garbage", &[0xD5; 64]), ("plaintext", b"HTTP/1.1 400 ")]
    {
        let scene = Scene::once(json!({"type": "tls", "kind": kind}));
        let mut peer = scene.connect();
        peer.send(b"\x16\x03\x01\x00\x05hello");
        let (bytes, ending) = peer.rest();
        assert!(bytes.starts_with(begins), "{kind}: {bytes:?}");
        assert_eq!(ending, Ending::Fin);
        assert_eq!(scene.fault().fault, "tls");
    }
}
