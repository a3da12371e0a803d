//! An address where connecting gets no answer: a listener whose queue is full and that accepts nobody.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use tokio::net::TcpSocket;

/// As long as nothing more fits in: a connection over loopback takes no time.
const FULL: Duration = Duration::from_millis(300);
/// More than any system lets into a queue of one.
const MOST: usize = 64;

/// Swallows whoever connects until it is dropped.
#[derive(Debug)]
pub struct Blackhole {
    address: SocketAddr,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl Blackhole {
    /// Makes one and fills its queue.
    ///
    /// # Errors
    /// If nothing can be bound, or the queue takes everybody.
    pub fn dig() -> io::Result<Self> {
        // The standard library's queues are long ones.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let listener = {
            let _entered = runtime.enter();
            let socket = TcpSocket::new_v4()?;
            socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
            socket.listen(1)?.into_std()?
        };
        let address = listener.local_addr()?;
        let mut queued = Vec::new();
        loop {
            match TcpStream::connect_timeout(&address, FULL) {
                Ok(stream) if queued.len() < MOST => queued.push(stream),
                Ok(_) => return Err(io::Error::other("a queue of one takes everybody")),
                Err(problem) if problem.kind() == io::ErrorKind::TimedOut => break,
                Err(problem) => return Err(problem),
            }
        }
        Ok(Self { address, _listener: listener, _queued: queued })
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_connects_gets_no_answer() {
        let hole = Blackhole::dig().unwrap();
        let problem = TcpStream::connect_timeout(&hole.address, Duration::from_millis(200)).unwrap_err();
        assert_eq!(problem.kind(), io::ErrorKind::TimedOut);
        assert!(hole.url().starts_with("http://127.0.0.1:"));
    }
}
