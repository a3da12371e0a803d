//! Starting and stopping.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};

use easemob_presence_emulator::Emulator;

use crate::peer::{Peer, Scene};

#[test]
fn when_start_returns_the_first_connection_and_the_first_request_succeed() {
    for _ in 0..20 {
        let emulator = Emulator::start().unwrap();
        let address = emulator.url().strip_prefix("http://").unwrap().to_owned();
        assert!(address.starts_with("127.0.0.1:"), "{address}");
        // One attempt, no retry: a port that is not open yet refuses it.
        let mut peer = Peer::to(&address);
        let health = peer.exchange("GET", "/_emulator/health", "", "").ok();
        assert_eq!((&health["status"], &health["app_id"]), (&"ok".into(), &emulator.app_id().into()));
    }
}

#[test]
fn stopping_closes_the_port_and_the_connections_and_keeps_the_journal() {
    let mut scene = Scene::new();
    scene.get("/users/a/status");
    let host = scene.emulator.host();
    scene.emulator.stop();
    scene.emulator.stop();
    assert!(TcpStream::connect(&host).is_err());
    assert!(scene.peer.is_closed());
    assert_eq!(scene.emulator.journal().requests().len(), 1);
}

#[test]
fn dropping_stops_also_with_a_request_half_sent() {
    let emulator = Emulator::start().unwrap();
    let host = emulator.host();
    let mut peer = Peer::connect(&emulator);
    peer.send(b"POST /easemob-demo/test/token HTTP/1.1\r\nContent-Le");
    drop(emulator);
    assert!(peer.is_closed());
    TcpListener::bind(&host).unwrap();
}

#[test]
fn other_machines_are_kept_out_unless_allowed() {
    let everywhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let refused = Emulator::builder().bind(everywhere).start().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    assert!(refused.to_string().contains("allow_remote"), "{refused}");
    Emulator::builder().bind(everywhere).allow_remote(true).start().unwrap();
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let first = Emulator::start().unwrap();
    let port = first.host().rsplit(':').next().unwrap().parse().unwrap();
    let refused = Emulator::builder().port(port).start().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AddrInUse);
}

#[test]
fn it_lives_beside_a_runtime_that_stands_still() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let emulator = Emulator::start().unwrap();
        Peer::connect(&emulator).exchange("GET", "/_emulator/health", "", "").ok();
    });
}

#[test]
fn emulators_are_independent() {
    let (mut one, two) = (Scene::new(), Scene::new());
    one.emulator.state().register("a");
    assert_eq!(two.emulator.state().counts().users, 0);
    one.token.clone_from(&two.token);
    assert_eq!(one.get("/users/a/status").status, 401);
}

#[test]
fn many_connections_are_served_at_once() {
    let scene = Scene::new();
    let mut peers: Vec<_> = (0..100).map(|_| Peer::connect(&scene.emulator)).collect();
    let request = format!("GET {} HTTP/1.1\r\nHost: h\r\n\r\n", Scene::url("/users/a/status"));
    for peer in &mut peers {
        peer.send(request.as_bytes());
    }
    assert!(peers.iter_mut().all(|peer| peer.receive().status == 401));
    assert_eq!(scene.emulator.journal().requests().len(), 100);
}

#[test]
fn handles_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    let emulator = Emulator::start().unwrap();
    shared(&emulator);
    shared(emulator.journal());
    shared(emulator.clock());
    shared(&emulator.state());
}
