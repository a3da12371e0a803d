//! A forward proxy that misbehaves.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use serde::Deserialize;

/// What the proxy does to those who come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// Passes everything on.
    Pass,
    /// Answers 403.
    Refuse,
    /// Answers 407.
    Unauthenticated,
    /// Closes what it has accepted.
    Close,
    /// Opens the tunnel and closes it after the first bytes.
    Drop,
}

/// Runs until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    stopped: Arc<AtomicBool>,
    accepted: Arc<AtomicU64>,
}

impl Proxy {
    /// Starts one in front of a server.
    ///
    /// # Errors
    /// If no port can be bound.
    pub fn start(behaviour: Behaviour, upstream: String) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let (stopped, accepted) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let proxy = Self { port, stopped: Arc::clone(&stopped), accepted: Arc::clone(&accepted) };
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::Acquire) {
                    return;
                }
                accepted.fetch_add(1, Ordering::Relaxed);
                let upstream = upstream.clone();
                // A peer that goes away is its own business.
                thread::spawn(move || drop(serve(behaviour, socket, &upstream)));
            }
        });
        Ok(proxy)
    }

    /// Its URL, with a user and a password that nobody may show.
    #[must_use]
    pub fn url(&self, password: &str) -> String {
        format!("http://proxy-user:{password}@127.0.0.1:{}", self.port)
    }

    /// How many connections came.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // Wakes the thread that accepts.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

fn serve(behaviour: Behaviour, mut client: TcpStream, upstream: &str) -> io::Result<()> {
    if behaviour == Behaviour::Close {
        return Ok(());
    }
    let head = head(&mut client)?;
    let answer: &[u8] = match behaviour {
        Behaviour::Refuse => b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        Behaviour::Unauthenticated => {
            b"HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=\"x\"\r\n\
              content-length: 0\r\nconnection: close\r\n\r\n"
        }
        _ => return pass(behaviour, client, &head, upstream),
    };
    client.write_all(answer)
}

fn pass(behaviour: Behaviour, mut client: TcpStream, head: &[u8], upstream: &str) -> io::Result<()> {
    let mut server = TcpStream::connect(upstream)?;
    if head.starts_with(b"CONNECT ") {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    } else {
        // Servers take the absolute form that came.
        server.write_all(head)?;
    }
    if behaviour == Behaviour::Drop {
        let mut some = [0; 1];
        let _ = client.read(&mut some)?;
        return Ok(());
    }
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let copied = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
        copied
    });
    io::copy(&mut server, &mut client)?;
    client.shutdown(Shutdown::Both)
}

fn head(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && head.len() < 65_536 {
        client.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(behaviour: Behaviour, request: &str) -> String {
        let upstream = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = upstream.local_addr().unwrap().to_string();
        thread::spawn(move || {
            let (mut socket, _) = upstream.accept().unwrap();
            head(&mut socket).unwrap();
            socket.write_all(b"from the server").unwrap();
        });
        let proxy = Proxy::start(behaviour, address).unwrap();
        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).unwrap();
        client.write_all(request.as_bytes()).unwrap();
        let mut text = Vec::new();
        let _ = client.read_to_end(&mut text);
        assert_eq!(proxy.accepted(), 1);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn it_passes_on_refuses_and_hangs_up() {
        let plain = "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n";
        assert_eq!(ask(Behaviour::Pass, plain), "from the server");
        assert!(ask(Behaviour::Refuse, plain).starts_with("HTTP/1.1 403 "));
        assert!(ask(Behaviour::Unauthenticated, plain).starts_with("HTTP/1.1 407 "));
        assert_eq!(ask(Behaviour::Close, plain), "");
        let tunnel = "CONNECT x:443 HTTP/1.1\r\n\r\nG";
        assert_eq!(ask(Behaviour::Drop, tunnel), "HTTP/1.1 200 Connection established\r\n\r\n");
    }
}
