//! A TCP proxy that is far away: bytes take a while in each direction, in order, at any rate.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Chunks on their way in one direction.
const UNDER_WAY: usize = 1024;

/// Forwards connections to `to`, for as long as the runtime lives; the address to connect to.
pub(crate) async fn forward(to: String, one_way: Duration) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let Ok(far) = TcpStream::connect(&to).await else { continue };
            // Small requests and answers: without this they would wait for each other's acknowledgements.
            if near.set_nodelay(true).and(far.set_nodelay(true)).is_err() {
                continue;
            }
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::spawn(delay(near_in, far_out, one_way));
            tokio::spawn(delay(far_in, near_out, one_way));
        }
    });
    Ok(address)
}

/// Reads and writes on their own, so that one chunk's delay does not hold up reading the next.
async fn delay(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, one_way: Duration) {
    let (sender, mut receiver) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    tokio::spawn(async move {
        while let Some((arrives, bytes)) = receiver.recv().await {
            sleep_until(arrives).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let bytes = buffer.iter().take(length).copied().collect();
        if sender.send((Instant::now() + one_way, bytes)).await.is_err() {
            return;
        }
    }
}
