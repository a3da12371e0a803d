//! Carrying out scripts on a socket.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use crate::fault::kind::Tls;
use crate::fault::script::Step;
use crate::http::socket::Socket;

/// Spaces: a JSON reader that takes them as they come never finds a reason to stop.
const FILLER: [u8; 16 * 1_024] = [b' '; 16 * 1_024];
const CHUNK_HEAD: &[u8] = b"4000\r\n";

/// How long a peer that was sent the end may take to end its side.
const LINGER: Duration = Duration::from_secs(2);

pub(crate) async fn play(socket: &mut Socket, steps: Vec<Step>) -> io::Result<()> {
    for step in steps {
        match step {
            Step::Write(bytes) => socket.write_all(&bytes).await?,
            Step::Drip { bytes, size, every } => {
                for (n, piece) in bytes.chunks(size).enumerate() {
                    if n > 0 {
                        // Without a pause between them, others still get their turn.
                        if every.is_zero() { tokio::task::yield_now().await } else { sleep(every).await }
                    }
                    socket.write_all(piece).await?;
                    socket.flush().await?;
                }
            }
            Step::Filler(mut left) => {
                while left > 0 {
                    let size = usize::try_from(left).unwrap_or(usize::MAX).min(FILLER.len());
                    socket.write_all(FILLER.get(..size).unwrap_or(&FILLER)).await?;
                    left -= size as u64;
                }
            }
            Step::EndlessChunks => loop {
                socket.write_all(CHUNK_HEAD).await?;
                socket.write_all(&FILLER).await?;
                socket.write_all(b"\r\n").await?;
            },
        }
        socket.flush().await?;
    }
    Ok(())
}

/// Ends the connection with a FIN.
///
/// What the peer has still sent is read away until it ends its side too: a socket closed over unread data sends a
/// reset instead.
pub(crate) async fn close(mut socket: Socket) {
    if socket.shutdown().await.is_ok() {
        // Past the limit the peer keeps a half-open connection on purpose; it has had its FIN.
        let _ = timeout(LINGER, until_gone(&mut socket)).await;
    }
}

/// Ends the connection with an RST.
pub(crate) fn reset(socket: &Socket) {
    // Fails only for a socket that is closed already.
    let _ = socket.tcp().set_zero_linger();
}

/// Reads away what comes until the peer is gone.
pub(crate) async fn until_gone(socket: &mut Socket) {
    let mut sink = [0; 4_096];
    while socket.read(&mut sink).await.is_ok_and(|read| read > 0) {}
}

/// Waits for the next bytes; `false` if the peer ended the connection instead.
pub(crate) async fn next_bytes(socket: &mut Socket) -> bool {
    socket.read(&mut [0; 1]).await.is_ok_and(|read| read > 0)
}

/// Answers the beginning of a TLS handshake in a way that no client can go on from.
pub(crate) async fn spoil_handshake(mut socket: Socket, kind: Tls) {
    if next_bytes(&mut socket).await {
        let bytes: &[u8] = match kind {
            // A record that announces 122 bytes of ServerHello, and six of them.
            Tls::Cut => b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03",
            Tls::Garbage => &[0xD5; 64],
            Tls::Plaintext => b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        };
        let _ = socket.write_all(bytes).await;
    }
    close(socket).await;
}
