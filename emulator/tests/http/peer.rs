//! A connection to an emulator, without any HTTP library.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use easemob_presence_emulator::{Builder, Emulator};
use serde_json::Value;

/// 2023-11-14T22:13:20Z: the time at which every test's clock stands.
pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// Asserts a 200 and answers the body.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// The reason of a presence error in its default shape, with the status.
    pub(crate) fn reason(&self) -> (u16, String) {
        (self.status, self.json()["result"].as_str().unwrap_or("(no result)").to_owned())
    }

    /// The code and the text of an error in the envelope, with the status.
    pub(crate) fn error(&self) -> (u16, String, String) {
        let body = self.json();
        let text = |key: &str| body[key].as_str().unwrap_or("(none)").to_owned();
        (self.status, text("error"), text("error_description"))
    }
}

/// One keep-alive connection.
pub(crate) struct Peer {
    stream: BufReader<TcpStream>,
}

impl Peer {
    pub(crate) fn connect(emulator: &Emulator) -> Self {
        Self::to(&emulator.host())
    }

    pub(crate) fn to(host: &str) -> Self {
        let stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    pub(crate) fn receive(&mut self) -> Reply {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(self.stream.read_line(&mut head).unwrap(), 0, "closed after {head:?}");
        }
        let field = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        let length = field("content-length").unwrap().parse().unwrap();
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, text: String::from_utf8(body).unwrap(), head }
    }

    pub(crate) fn exchange(&mut self, method: &str, target: &str, headers: &str, body: &str) -> Reply {
        let length = body.len();
        let head =
            format!("{method} {target} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n{headers}\r\n");
        self.send(format!("{head}{body}").as_bytes());
        self.receive()
    }

    /// Whether the other side closed the connection.
    pub(crate) fn is_closed(&mut self) -> bool {
        matches!(self.stream.read(&mut [0]), Ok(0) | Err(_))
    }
}

/// An emulator whose clock stands still, a connection to it and a token.
pub(crate) struct Scene {
    pub(crate) emulator: Emulator,
    pub(crate) peer: Peer,
    pub(crate) token: String,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::of(Emulator::builder())
    }

    pub(crate) fn of(builder: Builder) -> Self {
        let emulator = builder.start().unwrap();
        emulator.clock().freeze();
        emulator.clock().set(NOW * 1_000);
        let token = emulator.issue_token(Duration::from_secs(1_000_000_000));
        emulator.journal().clear();
        Self { peer: Peer::connect(&emulator), emulator, token }
    }

    pub(crate) fn url(path: &str) -> String {
        format!("/easemob-demo/test{path}")
    }

    /// With the token and, if there is a body, its content type. The path is what follows the app.
    pub(crate) fn raw(&mut self, method: &str, path: &str, body: &str) -> Reply {
        let content_type = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let headers = format!("Authorization: Bearer {}\r\n{content_type}", self.token);
        self.peer.exchange(method, &Self::url(path), &headers, body)
    }

    #[expect(clippy::needless_pass_by_value, reason = "called with `json!` on the spot")]
    pub(crate) fn post(&mut self, path: &str, body: Value) -> Reply {
        self.raw("POST", path, &body.to_string())
    }

    #[expect(clippy::needless_pass_by_value, reason = "called with `json!` on the spot")]
    pub(crate) fn delete(&mut self, path: &str, body: Value) -> Reply {
        self.raw("DELETE", path, &body.to_string())
    }

    pub(crate) fn get(&mut self, path: &str) -> Reply {
        self.raw("GET", path, "")
    }

    /// Without a token, to the control API.
    pub(crate) fn control(&mut self, method: &str, path: &str, body: &str) -> Reply {
        self.peer.exchange(method, &format!("/_emulator/{path}"), "", body)
    }

    pub(crate) fn advance(&self, milliseconds: u64) {
        self.emulator.clock().advance(Duration::from_millis(milliseconds));
    }

    /// The subscriptions that the list shows of a user, in order.
    pub(crate) fn listed(&mut self, user: &str) -> Vec<String> {
        let body = self.get(&format!("/users/{user}/presence/sublist?pageNum=1&pageSize=500")).ok();
        let list = body["result"]["sublist"].as_array().unwrap();
        list.iter().map(|item| item["uid"].as_str().unwrap().to_owned()).collect()
    }
}
