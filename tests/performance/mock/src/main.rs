//! Answers benchmarks with bytes made beforehand, at as little cost as a server can have: one thread, no clock, no log.
//!
//! `easemob-presence-bench-mock CA_FILE` listens on two free ports of this machine, plain and TLS, writes the authority of
//! its certificate to the file, and both ports as one line of JSON. It ends when its standard input does.

mod answers;
mod connection;
mod head;
mod tls;

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::exit;
use std::rc::Rc;
use std::thread;

use answers::Answers;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};

fn main() -> io::Result<()> {
    let authority = std::env::args_os().nth(1).map(PathBuf::from);
    let authority =
        authority.ok_or_else(|| io::Error::other("usage: easemob-presence-bench-mock CA_FILE"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    LocalSet::new().block_on(&runtime, async {
        let (acceptor, pem) = tls::acceptor().map_err(io::Error::other)?;
        std::fs::write(&authority, pem)?;
        let (plain, secure) =
            (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
        let (port, tls_port) = (plain.local_addr()?.port(), secure.local_addr()?.port());
        writeln!(io::stdout(), r#"{{"port":{port},"tls_port":{tls_port}}}"#)?;
        end_with_standard_input();
        let answers = Rc::new(Answers::new());
        let secured = Rc::clone(&answers);
        spawn_local(accept(secure, secured, move |stream| acceptor.accept(stream)));
        accept(plain, answers, |stream| async { Ok(stream) }).await
    })
}

/// Whoever started this program holds the other end of its standard input.
fn end_with_standard_input() {
    thread::spawn(|| {
        // Whatever comes, the end of it or an error: nobody is there any more.
        let _ = io::stdin().read_to_end(&mut Vec::new());
        exit(0);
    });
}

async fn accept<S, F>(
    listener: TcpListener,
    answers: Rc<Answers>,
    open: impl Fn(TcpStream) -> F,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    F: Future<Output = io::Result<S>> + 'static,
{
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (opening, answers) = (open(stream), Rc::clone(&answers));
        spawn_local(async move {
            // A client that breaks off is a client that has finished.
            if let Ok(stream) = opening.await {
                let _ = connection::serve(stream, &answers).await;
            }
        });
    }
}
