//! A connection's socket, which remembers the request line as it came.
//!
//! hyper reads the target as a URI and drops what follows a `#`. The journal promises the target exactly as sent:
//! a client that forgets to encode a `#` must be able to see that it did.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http::socket::Socket;

const LONGEST_LINE: usize = 64 * 1_024;

/// The first line read since the last write; that is a request line unless requests are pipelined.
#[derive(Clone, Debug, Default)]
pub(crate) struct FirstLine {
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl FirstLine {
    /// The target of the request line, provided that it is the one that hyper read as `uri`.
    pub(crate) fn target_of(&self, uri: &str) -> Option<String> {
        let bytes = self.lock();
        let line = String::from_utf8_lossy(&bytes);
        let target = line.split(' ').nth(1)?;
        let without_fragment = target.split_once('#').map_or(target, |(before, _)| before);
        (without_fragment == uri).then(|| target.to_owned())
    }

    fn restart(&self) {
        self.lock().clear();
    }

    fn read(&self, new: &[u8]) {
        let mut bytes = self.lock();
        if bytes.last() == Some(&b'\n') || bytes.len() >= LONGEST_LINE {
            return;
        }
        let end = new.iter().position(|byte| *byte == b'\n').map_or(new.len(), |at| at + 1);
        bytes.extend(new.iter().take(end));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(crate) struct Wire {
    socket: Socket,
    /// Read from the socket by a reader before this one.
    unread: Bytes,
    first_line: FirstLine,
}

impl Wire {
    pub(crate) fn new(socket: Socket, unread: Bytes) -> Self {
        Self { socket, unread, first_line: FirstLine::default() }
    }

    pub(crate) fn into_socket(self) -> Socket {
        self.socket
    }

    pub(crate) fn first_line(&self) -> FirstLine {
        self.first_line.clone()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if self.unread.is_empty() {
            ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        } else {
            let size = self.unread.len().min(buffer.remaining());
            buffer.put_slice(&self.unread.split_to(size));
        }
        self.first_line.read(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.first_line.restart();
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.first_line.restart();
        Pin::new(&mut self.socket).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_read_in_any_pieces_and_only_once() {
        let line = FirstLine::default();
        for piece in ["GET /a#", "b HTT", "P/1.1\r\nHost: x\r\n", "GET /other HTTP/1.1\r\n"] {
            line.read(piece.as_bytes());
        }
        assert_eq!(line.target_of("/a").as_deref(), Some("/a#b"));
        line.restart();
        line.read(b"GET /c HTTP/1.1\r\n");
        assert_eq!(line.target_of("/c").as_deref(), Some("/c"));
    }

    #[test]
    fn another_requests_line_is_not_taken() {
        let line = FirstLine::default();
        line.read(b"GET /a HTTP/1.1\r\n");
        assert_eq!(line.target_of("/b"), None);
    }
}
