//! The floor: bytes made beforehand, one socket for each caller, and only the length of the answer is read.

use std::cell::RefCell;

use easemob_presence_bench_measure::{DEVICE, EXT, Job, Problem, Workload, asked};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LENGTH: &[u8] = b"Content-Length: ";

pub(crate) struct Raw {
    address: String,
    request: Vec<u8>,
    idle: RefCell<Vec<(TcpStream, Vec<u8>)>>,
}

impl Raw {
    pub(crate) fn new(job: &Job) -> Result<Self, Problem> {
        let address = job.url.strip_prefix("http://").ok_or("the floor is over plain HTTP")?.to_owned();
        let (path, body) = match job.workload {
            Workload::Set => (format!("/{DEVICE}/1"), format!(r#"{{"ext":"{EXT}"}}"#)),
            Workload::Get => (String::new(), r#"{"usernames":["user000000"]}"#.to_owned()),
            Workload::Get100 => (String::new(), format!(r#"{{"usernames":["{}"]}}"#, asked().join(r#"",""#))),
            Workload::Touched => return Err("the floor reads nothing".into()),
        };
        let head = format!(
            "POST /org/app/users/user000000/presence{path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer \
             YWMtBenchmarkBenchmarkBenchmark\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        Ok(Self { address, request: (head + &body).into_bytes(), idle: RefCell::default() })
    }

    pub(crate) async fn call(&self, _caller: usize) -> Result<(), Problem> {
        let idle = self.idle.borrow_mut().pop();
        let (mut stream, mut buffer) = match idle {
            Some(idle) => idle,
            None => {
                let stream = TcpStream::connect(&self.address).await?;
                stream.set_nodelay(true)?;
                (stream, Vec::with_capacity(64 * 1024))
            }
        };
        stream.write_all(&self.request).await?;
        buffer.clear();
        while !whole(&buffer)? {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Err("the connection ended".into());
            }
        }
        self.idle.borrow_mut().push((stream, buffer));
        Ok(())
    }
}

/// Whether all of the answer is there.
fn whole(received: &[u8]) -> Result<bool, Problem> {
    // Longer than any head of the mock, so that no body is searched.
    let start = received.get(..received.len().min(256)).unwrap_or_default();
    let Some(head) = start.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(false) };
    if !received.starts_with(b"HTTP/1.1 200 ") {
        return Err("refused".into());
    }
    let at = start.windows(LENGTH.len()).position(|part| part == LENGTH).ok_or("no length")?;
    let digits = start.get(at + LENGTH.len()..head).unwrap_or_default();
    let end = digits.iter().position(|byte| *byte == b'\r').unwrap_or(digits.len());
    let length: usize = std::str::from_utf8(digits.get(..end).unwrap_or_default())?.parse()?;
    Ok(received.len() >= head + 4 + length)
}
