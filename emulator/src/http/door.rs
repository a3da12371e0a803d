//! The port: open, or closed for a while without being lost.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::Id;
use tokio::time::Instant;

const BACKLOG: u32 = 1_024;
/// Between two tries to accept, or to open the port again.
const PAUSE: Duration = Duration::from_millis(10);

/// What may be asked of the port, with a place for the outcome where somebody waits for it.
pub(crate) enum Command {
    Close(Sender<io::Result<()>>),
    Open(Sender<io::Result<()>>),
    /// With the connection that asks, which stays open and is told when the others are not.
    CloseFor(Duration, Id, oneshot::Sender<()>),
}

/// Where commands are sent to.
#[derive(Clone, Debug)]
pub(crate) struct Bell(mpsc::UnboundedSender<Command>);

impl Bell {
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Command>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Rings, and waits until it is done.
    pub(crate) fn ring(&self, command: impl FnOnce(Sender<io::Result<()>>) -> Command) -> io::Result<()> {
        let (done, outcome) = channel();
        let stopped = || io::Error::new(io::ErrorKind::NotConnected, "the emulator was stopped");
        self.0.send(command(done)).map_err(|_| stopped())?;
        outcome.recv().unwrap_or_else(|_| Err(stopped()))
    }

    /// Rings on behalf of the connection whose task this is, and waits until it is the only one.
    pub(crate) async fn close_for(&self, time: Duration) {
        let (done, dispersed) = oneshot::channel();
        // Both fail only when the emulator is stopping, which closes the port for good.
        if self.0.send(Command::CloseFor(time, tokio::task::id(), done)).is_ok() {
            let _ = dispersed.await;
        }
    }
}

pub(crate) struct Door {
    address: SocketAddr,
    state: State,
    opens_at: Option<Instant>,
}

enum State {
    Open(TcpListener),
    /// Bound and not listening: who connects is refused, and the system gives the port to no outgoing connection, which
    /// a client that tries again and again could otherwise make to itself.
    Held(TcpSocket),
    Lost,
}

impl Door {
    pub(crate) fn new(listener: TcpListener, address: SocketAddr) -> Self {
        Self { address, state: State::Open(listener), opens_at: None }
    }

    /// The next connection. Never ends while the port is closed.
    pub(crate) async fn accept(&mut self) -> TcpStream {
        loop {
            match &self.state {
                State::Open(listener) => match listener.accept().await {
                    Ok((socket, _)) => return socket,
                    // Out of file descriptors, most likely: others must end before another can come.
                    Err(_) => tokio::time::sleep(PAUSE).await,
                },
                State::Held(_) | State::Lost => match self.opens_at {
                    None => return std::future::pending().await,
                    Some(at) => {
                        tokio::time::sleep_until(at).await;
                        if self.open().is_err() {
                            self.opens_at = Some(Instant::now() + PAUSE);
                        }
                    }
                },
            }
        }
    }

    pub(crate) fn close(&mut self, time: Option<Duration>) {
        self.opens_at = time.and_then(|time| Instant::now().checked_add(time));
        if matches!(self.state, State::Open(_)) {
            // First given back: a port that somebody listens on cannot be bound a second time.
            self.state = State::Lost;
            self.state = bound(self.address).map_or(State::Lost, State::Held);
        }
    }

    pub(crate) fn open(&mut self) -> io::Result<()> {
        self.opens_at = None;
        let socket = match std::mem::replace(&mut self.state, State::Lost) {
            State::Held(socket) => socket,
            State::Lost => bound(self.address)?,
            open @ State::Open(_) => {
                self.state = open;
                return Ok(());
            }
        };
        self.state = State::Open(socket.listen(BACKLOG)?);
        Ok(())
    }
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Connections of before may still be ending. On Windows the same option would let others take the port.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(address)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[tokio::test]
    async fn a_closed_port_refuses_and_is_held_and_opens_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut door = Door::new(listener, address);
        for _ in 0..3 {
            door.close(None);
            door.close(None);
            assert!(matches!(door.state, State::Held(_)));
            let refused = TcpStream::connect(address).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            door.open().unwrap();
            door.open().unwrap();
            let (client, _) = tokio::join!(TcpStream::connect(address), door.accept());
            client.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_port_closed_for_a_time_opens_by_itself_or_earlier_when_told() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut door = Door::new(listener, address);
        door.close(Some(Duration::from_secs(60)));
        let closed = tokio::time::timeout(Duration::from_secs(59), door.accept()).await;
        assert!(closed.is_err() && matches!(door.state, State::Held(_)));
        let opened = tokio::time::timeout(Duration::from_secs(2), door.accept()).await;
        assert!(opened.is_err() && matches!(door.state, State::Open(_)));
        door.close(Some(Duration::from_secs(60)));
        door.open().unwrap();
        assert!(door.opens_at.is_none() && matches!(door.state, State::Open(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_port_that_cannot_be_opened_is_tried_again() {
        let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = other.local_addr().unwrap();
        let mut door = Door { address, state: State::Lost, opens_at: Some(Instant::now()) };
        assert!(tokio::time::timeout(10 * PAUSE, door.accept()).await.is_err());
        assert!(matches!(door.state, State::Lost));
        drop(other);
        assert!(tokio::time::timeout(10 * PAUSE, door.accept()).await.is_err());
        assert!(matches!(door.state, State::Open(_)));
    }
}
