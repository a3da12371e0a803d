//! A port that is closed for a while.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::peer::{Ending, Scene};

fn scene() -> Scene {
    Scene::new(json!({"faults": []}))
}

fn connecting(scene: &Scene) -> Result<TcpStream, ErrorKind> {
    TcpStream::connect(scene.emulator.host()).map_err(|problem| problem.kind())
}

#[test]
fn connections_end_and_new_ones_are_refused_until_it_listens_again_at_the_same_address() {
    let scene = scene();
    let host = scene.emulator.host();
    for _ in 0..3 {
        let mut open = scene.asked();
        open.answer();
        scene.emulator.stop_listening();
        scene.emulator.stop_listening();
        assert_eq!(open.rest_text(), (String::new(), Ending::Fin));
        assert_eq!(connecting(&scene).unwrap_err(), ErrorKind::ConnectionRefused);
        assert!(scene.is_set());
        scene.emulator.listen().unwrap();
        scene.emulator.listen().unwrap();
        assert_eq!(scene.emulator.host(), host);
        assert_eq!(scene.asked().answer().1, "{\"result\":\"ok\"}");
    }
}

#[test]
fn an_emulator_that_was_stopped_does_not_listen_again() {
    let scene = scene();
    scene.emulator.stop();
    scene.emulator.stop_listening();
    assert_eq!(scene.emulator.listen().unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(connecting(&scene).unwrap_err(), ErrorKind::ConnectionRefused);
}

#[test]
fn over_the_control_api_it_is_down_for_a_time() {
    let scene = scene();
    let mut other = scene.asked();
    other.answer();
    let mut peer = scene.connect();
    let down = |ms: u64| {
        let body = json!({ "down_ms": ms }).to_string();
        let length = body.len();
        format!("POST /_emulator/listener HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    peer.send(down(3_600_000).as_bytes());
    // Nobody gets in any more, and all others are out, when the answer is there.
    let (head, body) = peer.answer();
    assert_eq!(connecting(&scene).unwrap_err(), ErrorKind::ConnectionRefused);
    assert_eq!(other.rest_text(), (String::new(), Ending::Fin));
    assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("connection: close"), "{head}");
    assert_eq!((body.as_str(), peer.rest_text()), ("{\"ok\":true}", (String::new(), Ending::Fin)));
    scene.emulator.listen().unwrap();
    // A short time passes by itself.
    let mut peer = scene.connect();
    peer.send(down(1).as_bytes());
    peer.rest();
    let mut tries = 0;
    let mut back = loop {
        match connecting(&scene) {
            Ok(stream) => break stream,
            Err(kind) => assert_eq!(kind, ErrorKind::ConnectionRefused),
        }
        tries += 1;
        assert!(tries < 1_000_000, "it never came back");
        std::thread::yield_now();
    };
    back.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    std::io::Write::write_all(&mut back, b"GET /_emulator/health HTTP/1.1\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut health = String::new();
    back.read_to_string(&mut health).unwrap();
    assert!(health.starts_with("HTTP/1.1 200 "), "{health}");
}

#[test]
fn a_wish_that_is_not_understood_closes_nothing() {
    let scene = scene();
    let mut peer = scene.connect();
    for body in ["{}", "{\"down_ms\":-1}", "{\"down_ms\":1,\"x\":1}"] {
        let length = body.len();
        let head =
            format!("POST /_emulator/listener HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n");
        peer.send(format!("{head}{body}").as_bytes());
        assert!(peer.answer().0.starts_with("HTTP/1.1 400 "));
    }
}
