//! Answers whose bytes are not as HTTP wants them, or unusual.

use serde_json::json;

use crate::peer::{Ending, Scene, ok};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const BODY: &str = r#"{"result":"ok"}"#;

#[test]
fn a_wrong_length_is_announced_and_the_connection_kept() {
    for (delta, length) in [(3, 18), (-3, 12), (-100, 0)] {
        let scene = Scene::once(json!({"type": "length", "delta": delta}));
        let mut peer = scene.asked();
        let expected = format!("{HEAD}content-length: {length}\r\n\r\n{BODY}");
        assert_eq!(peer.take(expected.len()), expected);
        peer.send(&scene.set());
        assert_eq!(peer.answer().1, BODY);
    }
}

#[test]
fn a_slow_or_sliced_answer_is_whole_in_the_end() {
    for fault in [
        json!({"type": "slow", "part": "head", "bytes": 16, "every_ms": 1}),
        json!({"type": "slow", "part": "body", "every_ms": 1}),
        json!({"type": "slices"}),
        json!({"type": "slices", "bytes": 65_536}),
    ] {
        let scene = Scene::once(fault);
        let mut peer = scene.asked();
        assert_eq!(peer.take(ok().len()), ok());
        peer.send(&scene.set());
        assert_eq!(peer.answer().1, BODY);
        assert_eq!(scene.statuses(), [Some(200), Some(200)]);
    }
}

#[test]
fn a_slow_part_takes_its_time_and_the_other_does_not() {
    // An hour between bytes: what comes at all comes without waiting.
    let head = Scene::once(json!({"type": "slow", "part": "head", "bytes": 4, "every_ms": 3_600_000}));
    assert_eq!(head.asked().take(4), "HTTP");
    let body = Scene::once(json!({"type": "slow", "part": "body", "every_ms": 3_600_000}));
    let expected = format!("{HEAD}content-length: 15\r\n\r\n{{");
    let mut peer = body.asked();
    assert_eq!(peer.take(expected.len()), expected);
    peer.0.set_read_timeout(Some(std::time::Duration::from_millis(20))).unwrap();
    assert!(std::io::Read::read(&mut peer.0, &mut [0]).is_err());
}

#[test]
fn garbage_and_interim_answers_come_before_the_real_one() {
    for (fault, before) in [
        (json!({"type": "garbage", "text": "?!\r\n"}), "?!\r\n".to_owned()),
        (json!({"type": "garbage", "hex": "2a00"}), "*\0".to_owned()),
        (json!({"type": "interim", "status": 103, "count": 2}), "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(2)),
        (json!({"type": "interim", "status": 100}), "HTTP/1.1 100 Continue\r\n\r\n".to_owned()),
    ] {
        let scene = Scene::once(fault);
        let mut peer = scene.asked();
        let expected = before + &ok();
        assert_eq!(peer.take(expected.len()), expected);
        peer.send(&scene.set());
        assert_eq!(peer.answer().1, BODY);
    }
}

#[test]
fn chunks_are_well_formed_or_wrong_in_one_way() {
    let chunked = format!("{HEAD}transfer-encoding: chunked\r\n\r\n");
    let both = format!("{HEAD}content-length: 15\r\ntransfer-encoding: chunked\r\n\r\n");
    let halves = "8\r\n{\"result\r\n7\r\n\":\"ok\"}\r\n";
    for (kind, expected) in
        [("ok", format!("{chunked}{halves}0\r\n\r\n")), ("with_length", format!("{both}{halves}0\r\n\r\n"))]
    {
        let scene = Scene::once(json!({"type": "chunked", "kind": kind}));
        let mut peer = scene.asked();
        assert_eq!(peer.take(expected.len()), expected);
        peer.send(&scene.set());
        assert_eq!(peer.answer().1, BODY);
    }
    for (kind, expected) in [
        ("no_last", format!("{chunked}{halves}")),
        ("bad_size", format!("{chunked}xyz\r\n{BODY}\r\n0\r\n\r\n")),
    ] {
        let scene = Scene::once(json!({"type": "chunked", "kind": kind}));
        assert_eq!(scene.exchange(), (expected, Ending::Fin));
    }
}

#[test]
fn chunks_without_end_go_on_until_the_client_leaves() {
    let scene = Scene::once(json!({"type": "chunked", "kind": "endless"}));
    let mut peer = scene.asked();
    let text = peer.take(8 * 1_024 * 1_024);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.ends_with("transfer-encoding: chunked") && body.starts_with("4000\r\n    "), "{head}");
    drop(peer);
    assert_eq!(scene.asked().answer().1, BODY);
}

#[test]
fn an_endless_body_has_so_many_bytes_announced_or_not() {
    let size = 10_000_000;
    let scene = Scene::once(json!({"type": "endless", "bytes": size}));
    let mut peer = scene.asked();
    let head = format!("{HEAD}content-length: {size}\r\n\r\n");
    assert_eq!(peer.take(head.len()), head);
    assert!(peer.take(size).bytes().all(|byte| byte == b' '));
    peer.send(&scene.set());
    assert_eq!(peer.answer().1, BODY);
    let scene = Scene::once(json!({"type": "endless", "bytes": size, "announce": false}));
    let (text, ending) = scene.exchange();
    assert_eq!((text.len(), ending), (format!("{HEAD}\r\n").len() + size, Ending::Fin));
    assert!(!scene.is_set());
    let scene = Scene::once(json!({"type": "endless", "bytes": 1, "applied": true}));
    scene.asked().answer();
    assert!(scene.is_set());
}

#[test]
fn headers_are_many_or_large() {
    let scene = Scene::once(json!({"type": "headers", "count": 3, "bytes": 5}));
    let (head, body) = scene.asked().answer();
    let extra = "x-filler-1: xxxxx\r\nx-filler-2: xxxxx\r\nx-filler-3: xxxxx\r\n";
    assert_eq!(head, format!("{HEAD}{extra}content-length: 15\r\n\r\n"));
    assert_eq!(body, BODY);
    let scene = Scene::once(json!({"type": "headers", "count": 1, "bytes": 1_000_000}));
    assert_eq!(scene.asked().answer().0.len(), HEAD.len() + 12 + 1_000_000 + 2 + 22);
}

#[test]
fn an_encoding_is_named_that_the_body_is_not_in_or_is() {
    let scene = Scene::once(json!({"type": "encoding", "name": "gzip"}));
    let (head, body) = scene.asked().answer_in_bytes();
    assert!(head.contains("\r\ncontent-encoding: gzip\r\n") && body.starts_with(b"\x1f\x8b\x08"), "{head}");
    let scene = Scene::once(json!({"type": "encoding", "name": "br", "hex": "0b0280"}));
    assert_eq!(scene.asked().answer_in_bytes().1, [0x0b, 0x02, 0x80]);
}

#[test]
fn a_client_that_asks_for_the_end_of_the_connection_gets_it() {
    let scene = Scene::once(json!({"type": "slices", "bytes": 7}));
    let mut peer = scene.connect();
    let request = String::from_utf8(scene.set()).unwrap().replace("Host: h", "Host: h\r\nConnection: close");
    peer.send(request.as_bytes());
    assert_eq!(peer.rest_text(), (ok(), Ending::Fin));
}
