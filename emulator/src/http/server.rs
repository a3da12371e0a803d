//! The accept loop, on a thread of its own.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use crate::http::connection::Host;
use crate::http::crowd::Crowd;
use crate::http::door::{Bell, Command, Door};
use crate::http::socket::{Security, Socket};
use crate::service::Service;

/// A running server: a thread of its own with a runtime of its own, so that it neither needs the caller's runtime
/// nor stands still with it.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    scheme: &'static str,
    bell: Bell,
    running: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
}

impl Server {
    pub(crate) fn start(service: Arc<Service>, address: SocketAddr, security: Security) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let (ready, starting) = sync_channel(1);
        let (bell, commands) = Bell::new();
        let scheme = security.scheme();
        let host = Host { service, security, bell: bell.clone() };
        let thread = thread::Builder::new()
            .name("easemob-presence-emulator".into())
            .spawn(move || run(host, listener, commands, &ready, stopped))?;
        starting.recv().unwrap_or_else(|_| Err(io::Error::other("the emulator's thread ended")))?;
        Ok(Self { address, scheme, bell, running: Mutex::new(Some((stop, thread))) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Closes the port and every connection until it is opened again.
    pub(crate) fn close(&self) {
        // A port that is closed for good is closed.
        let _ = self.bell.ring(Command::Close);
    }

    pub(crate) fn open(&self) -> io::Result<()> {
        self.bell.ring(Command::Open)
    }

    /// Closes the listener and every connection, and waits for the thread; nothing in it ever blocks.
    pub(crate) fn stop(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, thread)) = running {
            // Both fail only if the thread is gone already, which is what is wanted.
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(
    host: Host,
    listener: TcpListener,
    commands: mpsc::UnboundedReceiver<Command>,
    ready: &SyncSender<io::Result<()>>,
    stopped: oneshot::Receiver<()>,
) {
    let started = tokio::runtime::Builder::new_current_thread().enable_all().build().and_then(|runtime| {
        let guard = runtime.enter();
        let address = listener.local_addr()?;
        let door = Door::new(tokio::net::TcpListener::from_std(listener)?, address);
        drop(guard);
        Ok((runtime, door))
    });
    match started {
        Ok((runtime, door)) => {
            let _ = ready.send(Ok(()));
            runtime.block_on(serve(host, door, commands, stopped));
        }
        Err(problem) => drop(ready.send(Err(problem))),
    }
}

async fn serve(
    host: Host,
    mut door: Door,
    mut commands: mpsc::UnboundedReceiver<Command>,
    mut stopped: oneshot::Receiver<()>,
) {
    // Dropped on return, which closes every connection.
    let mut crowd = Crowd::default();
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            Some(()) = crowd.tidy() => {}
            Some(command) = commands.recv() => match command {
                Command::Open(done) => drop(done.send(door.open())),
                Command::Close(done) => {
                    door.close(None);
                    crowd.disperse(None).await;
                    let _ = done.send(Ok(()));
                }
                Command::CloseFor(time, asking, done) => {
                    door.close(Some(time));
                    crowd.disperse(Some(asking)).await;
                    let _ = done.send(());
                }
            },
            socket = door.accept() => crowd.admit(host.clone(), Socket::Plain(socket)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpStream};

    use super::*;
    use crate::identity::Identity;
    use crate::settings::Settings;

    fn start() -> (Arc<Service>, Server) {
        let service = Arc::new(Service::new(Identity::default(), Settings::default()));
        let server =
            Server::start(Arc::clone(&service), (Ipv4Addr::LOCALHOST, 0).into(), Security::None).unwrap();
        (service, server)
    }

    /// All that comes back for one request on a connection of its own.
    fn get(server: &Server, path: &str) -> String {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_request_is_written_down_with_its_connection_and_its_answer() {
        let (service, server) = start();
        let answer = get(&server, "/o/a/users/u/status");
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        get(&server, "/easemob-demo/test/users/u/status");
        let told: Vec<_> = service.journal.requests().iter().map(|r| (r.connection, r.status)).collect();
        assert_eq!(told, [(1, Some(404)), (2, Some(401))]);
    }

    #[test]
    fn the_control_api_is_served_and_not_written_down() {
        let (service, server) = start();
        let answer = get(&server, "/_emulator/health");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(service.journal.is_empty());
    }

    #[test]
    fn stopping_closes_the_port_and_may_be_repeated() {
        let (_, server) = start();
        let mut open = TcpStream::connect(server.address()).unwrap();
        server.stop();
        server.stop();
        assert!(matches!(open.read(&mut [0]), Ok(0) | Err(_)));
        // Taken again: the port was given back.
        TcpListener::bind(server.address()).unwrap();
    }

    #[test]
    fn a_port_that_is_taken_is_told_by_start() {
        let (service, server) = start();
        let problem = Server::start(service, server.address(), Security::None).unwrap_err();
        assert_eq!(problem.kind(), io::ErrorKind::AddrInUse);
    }
}
