//! An emulator with a plan, and connections to it without any HTTP library.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use easemob_presence_emulator::{Emulator, Fault, Plan};
use serde_json::{Value, json};

const OK: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{\"result\":\"ok\"}";

/// What an ordinary set is answered when a script writes it.
pub(crate) fn ok() -> String {
    OK.to_owned()
}

/// The first bytes of it.
pub(crate) fn first(count: usize) -> String {
    ok().chars().take(count).collect()
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Fin,
    Rst,
}

pub(crate) struct Peer(pub(crate) TcpStream);

impl Peer {
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// Exactly so many bytes.
    pub(crate) fn take(&mut self, count: usize) -> String {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// All bytes to the end, and the end.
    pub(crate) fn rest(&mut self) -> (Vec<u8>, Ending) {
        let mut bytes = Vec::new();
        let mut buffer = [0; 8 * 1_024];
        loop {
            match self.0.read(&mut buffer) {
                Ok(0) => return (bytes, Ending::Fin),
                Ok(read) => bytes.extend_from_slice(&buffer[..read]),
                Err(problem) if problem.kind() == ErrorKind::ConnectionReset => return (bytes, Ending::Rst),
                Err(problem) => panic!("{problem} after {:?}", String::from_utf8_lossy(&bytes)),
            }
        }
    }

    pub(crate) fn rest_text(&mut self) -> (String, Ending) {
        let (bytes, ending) = self.rest();
        (String::from_utf8(bytes).unwrap(), ending)
    }

    /// The next answer that announces its length: head and body.
    pub(crate) fn answer(&mut self) -> (String, String) {
        let (head, body) = self.answer_in_bytes();
        (head, String::from_utf8(body).unwrap())
    }

    pub(crate) fn answer_in_bytes(&mut self) -> (String, Vec<u8>) {
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            self.0.read_exact(&mut byte).unwrap();
            head.extend_from_slice(&byte);
        }
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        (head, body)
    }
}

/// An emulator with a token.
pub(crate) struct Scene {
    pub(crate) emulator: Emulator,
    pub(crate) token: String,
}

impl Scene {
    pub(crate) fn new(plan: Value) -> Self {
        let emulator = Emulator::start().unwrap();
        let token = emulator.issue_token(Duration::from_secs(1_000));
        emulator.journal().clear();
        emulator.faults().install(Plan::try_from(plan).unwrap());
        Self { emulator, token }
    }

    /// With one rule that always does this.
    #[expect(clippy::needless_pass_by_value, reason = "called with `json!` on the spot")]
    pub(crate) fn with(fault: Value) -> Self {
        Self::new(json!({ "faults": [{ "fault": fault }] }))
    }

    /// With one rule that does this once.
    #[expect(clippy::needless_pass_by_value, reason = "called with `json!` on the spot")]
    pub(crate) fn once(fault: Value) -> Self {
        Self::new(json!({ "faults": [{ "count": 1, "fault": fault }] }))
    }

    pub(crate) fn connect(&self) -> Peer {
        let stream = TcpStream::connect(self.emulator.host()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.set_nodelay(true).unwrap();
        Peer(stream)
    }

    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let (token, length) = (&self.token, body.len());
        format!(
            "{method} /easemob-demo/test{path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    /// The request that sets c1's presence.
    pub(crate) fn set(&self) -> Vec<u8> {
        self.request("POST", "/users/c1/presence/ios_1/1", r#"{"ext":""}"#)
    }

    pub(crate) fn token_call(&self) -> Vec<u8> {
        let body = json!({"grant_type": "client_credentials", "client_id": self.emulator.client_id(),
            "client_secret": self.emulator.client_secret()});
        self.request("POST", "/token", &body.to_string())
    }

    /// A connection on which c1's presence was asked to be set.
    pub(crate) fn asked(&self) -> Peer {
        let mut peer = self.connect();
        peer.send(&self.set());
        peer
    }

    /// All that comes for one set, and the end of the connection.
    pub(crate) fn exchange(&self) -> (String, Ending) {
        self.asked().rest_text()
    }

    /// Whether c1's presence was set.
    pub(crate) fn is_set(&self) -> bool {
        self.emulator.state().snapshot()["users"]["c1"]["devices"]["ios_1"] == "1"
    }

    /// The status of each request in the journal.
    pub(crate) fn statuses(&self) -> Vec<Option<u16>> {
        self.emulator.journal().requests().iter().map(|request| request.status).collect()
    }

    pub(crate) fn fault(&self) -> Fault {
        let faults = self.emulator.journal().faults();
        assert_eq!(faults.len(), 1, "{faults:?}");
        faults[0].clone()
    }
}
