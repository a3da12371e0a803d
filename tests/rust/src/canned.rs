//! A server that answers exact bytes and remembers what it was asked.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// One request as it came.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// The method.
    pub method: String,
    /// The target, still encoded.
    pub target: String,
    /// Names in lower case, values as sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Recorded {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// What the server does with a request. Every connection carries one.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Writes these bytes, then closes.
    Send(Vec<u8>),
    /// Closes without a byte.
    Close,
    /// Writes nothing and waits for the peer to close.
    Hold,
}

/// What the server has seen so far.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Connections accepted.
    pub connections: usize,
    /// Connections that the peer closed while the server held them.
    pub closed_by_peer: usize,
    /// Requests, in the order in which they came.
    pub requests: Vec<Recorded>,
}

/// A running server on a free port of 127.0.0.1; dropping it closes everything.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    seen: watch::Receiver<Seen>,
    accepting: JoinHandle<()>,
}

type Handler = Arc<dyn Fn(&Recorded) -> Reply + Send + Sync>;

impl Server {
    /// Starts one that replies as the function says.
    ///
    /// # Errors
    /// If no port can be bound.
    pub async fn start(reply: impl Fn(&Recorded) -> Reply + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (see, seen) = watch::channel(Seen::default());
        let accepting = tokio::spawn(accept(listener, Arc::new(see), Arc::new(reply)));
        Ok(Self { address, seen, accepting })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it has seen so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Waits until it has seen what the condition asks for.
    ///
    /// # Errors
    /// If the server has ended.
    pub async fn wait_until(&self, condition: impl FnMut(&Seen) -> bool) -> io::Result<()> {
        let mut seen = self.seen.clone();
        let waited = seen.wait_for(condition).await;
        waited.map(drop).map_err(io::Error::other)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, see: Arc<watch::Sender<Seen>>, reply: Handler) {
    // Dropped with this task, which closes every connection.
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        see.send_modify(|seen| seen.connections += 1);
        let (see, reply) = (Arc::clone(&see), Arc::clone(&reply));
        connections.spawn(async move {
            // A peer that goes away in the middle is what some tests are about.
            let _ = connection(socket, &see, &reply).await;
        });
    }
}

async fn connection(socket: TcpStream, see: &watch::Sender<Seen>, reply: &Handler) -> io::Result<()> {
    let mut socket = BufReader::new(socket);
    let Some(request) = read_request(&mut socket).await? else { return Ok(()) };
    let reply = reply(&request);
    see.send_modify(|seen| seen.requests.push(request));
    match reply {
        Reply::Send(bytes) => {
            socket.write_all(&bytes).await?;
            socket.shutdown().await
        }
        Reply::Close => Ok(()),
        Reply::Hold => {
            // The end of the stream, or a reset: either way the peer is gone.
            let _ = socket.read(&mut [0; 16]).await;
            see.send_modify(|seen| seen.closed_by_peer += 1);
            Ok(())
        }
    }
}

async fn read_request(socket: &mut BufReader<TcpStream>) -> io::Result<Option<Recorded>> {
    let mut request = Recorded::default();
    let Some(first) = read_line(socket).await? else { return Ok(None) };
    let mut words = first.split(' ').map(str::to_owned);
    (request.method, request.target) = words.next().zip(words.next()).unwrap_or_default();
    while let Some(line) = read_line(socket).await?.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    request.body = vec![0; length];
    socket.read_exact(&mut request.body).await?;
    Ok(Some(request))
}

async fn read_line(socket: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if socket.read_until(b'\n', &mut line).await? == 0 {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
}

/// An answer of HTTP/1.1, with the length and the end of the connection announced.
#[must_use]
pub fn http<'a>(status: u16, headers: impl IntoIterator<Item = (&'a str, &'a str)>, body: &[u8]) -> Vec<u8> {
    let mut head =
        format!("HTTP/1.1 {status} Canned\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head += "\r\n";
    [head.as_bytes(), body].concat()
}
