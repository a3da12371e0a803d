//! The program, started for real.

#![cfg(feature = "cli")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

struct Program(Child);

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_easemob-presence-emulator"));
        Self(command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// The lines of the block that it prints when it is ready.
    fn block(&mut self) -> Vec<String> {
        let out = BufReader::new(self.0.stdout.take().unwrap());
        let mut lines = Vec::new();
        for line in out.lines() {
            lines.push(line.unwrap());
            if lines.last().is_some_and(|line| line.starts_with("Ctrl-C")) {
                break;
            }
        }
        lines
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn value(block: &[String], name: &str) -> String {
    let line = block.iter().find_map(|line| line.trim().strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name} in {block:?}")).trim().to_owned()
}

fn get(url: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn prints_where_it_is_and_answers_there() {
    let mut program = Program::start(&["--port", "0", "--app-key", "1100#shop", "--rate", "7"]);
    let block = program.block();
    assert_eq!(value(&block, "app key"), "1100#shop");
    assert_eq!(value(&block, "client id"), "emulator-client-id");
    let url = value(&block, "url");
    assert!(value(&block, "control").starts_with(&url));
    let settings = get(&url, "/_emulator/settings");
    assert!(settings.contains(r#""get":7"#), "{settings}");
}

#[test]
fn a_plan_of_faults_is_in_force_from_the_first_request_on() {
    let file = std::env::temp_dir().join(format!("emulator-faults-{}.json", std::process::id()));
    std::fs::write(&file, r#"{"faults":[{"count":1,"fault":{"type":"answer","status":503}}]}"#).unwrap();
    let mut program = Program::start(&["--port", "0", "--faults", file.to_str().unwrap()]);
    let url = value(&program.block(), "url");
    let first = get(&url, "/easemob-demo/test/users/a/status");
    let second = get(&url, "/easemob-demo/test/users/a/status");
    std::fs::write(&file, r#"{"faults":[{"fault":{"type":"delay"}}]}"#).unwrap();
    let mut refused = Program::start(&["--port", "0", "--faults", file.to_str().unwrap()]);
    let mut said = String::new();
    refused.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(first.starts_with("HTTP/1.1 503 ") && second.starts_with("HTTP/1.1 401 "), "{first} {second}");
    assert!(
        said.contains("emulator-faults-") && said.contains("faults[0].fault: missing field `ms`"),
        "{said}"
    );
    assert!(!refused.0.wait().unwrap().success());
}

#[cfg(feature = "tls")]
#[test]
fn with_tls_it_prints_the_authority_to_trust() {
    let mut program = Program::start(&["--port", "0", "--tls", "wrong-host"]);
    let block = program.block();
    assert!(value(&block, "url").starts_with("https://127.0.0.1:"));
    assert!(block.iter().any(|line| line == "-----BEGIN CERTIFICATE-----"), "{block:?}");
    assert!(block.iter().any(|line| line == "-----END CERTIFICATE-----"), "{block:?}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_cleanly_as_soon_as_it_says_that_it_is_ready() {
    let mut program = Program::start(&["--port", "0"]);
    program.block();
    let id = program.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert!(program.0.wait().unwrap().success());
}

#[test]
fn says_what_is_wrong_and_fails() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (arguments, word) in [
        (&["--port", &port][..], "is taken"),
        (&["--port", "0", "--bind", "0.0.0.0"], "--allow-remote"),
        (&["--port", "0", "--app-key", "shop"], "org#app"),
        (&["--port", "0", "--settings", "/nowhere.json"], "/nowhere.json"),
    ] {
        let mut program = Program::start(arguments);
        let mut said = String::new();
        program.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(said.contains(word), "{arguments:?}: {said}");
        assert!(!program.0.wait().unwrap().success());
    }
}
