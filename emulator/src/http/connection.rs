//! One connection from accept to close, and the requests on it.

use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use crate::fault::act::{Next, Pending, act};
use crate::fault::engine::{Fired, Subject};
use crate::fault::kind::Kind;
use crate::fault::plan::Target;
use crate::fault::play;
use crate::fault::script::{self, End, Script};
use crate::http::control;
use crate::http::door::Bell;
use crate::http::exchange::Asked;
use crate::http::received::Received;
use crate::http::reply::Reply;
use crate::http::socket::{Security, Socket};
use crate::http::wire::{FirstLine, Wire};
use crate::service::Service;

/// What every connection belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) service: Arc<Service>,
    pub(crate) security: Security,
    pub(crate) bell: Bell,
}

/// What takes the socket out of hyper's hands.
enum Takeover {
    /// A fault; with it the numbers of its request and of its own entry in the journal.
    Script { script: Script, request: u64, entry: u64 },
    /// The port is closed for this time, and then the wish for that is answered.
    CloseFor(Duration, Reply),
}

/// Where a request leaves what takes over; the connection then drops the request.
#[derive(Default)]
struct Slot(Mutex<Option<Takeover>>);

impl Slot {
    fn fill(&self, takeover: Takeover) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(takeover);
    }

    fn take(&self) -> Option<Takeover> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Serves a connection to its end.
pub(crate) async fn serve(host: Host, socket: Socket, number: u64) {
    let Some(socket) = accepted(&host.service, socket, number).await else { return };
    let mut next = host.security.secure(socket).await.map(|socket| (socket, Bytes::new()));
    while let Some((socket, unread)) = next {
        next = converse(&host, socket, unread, number).await;
    }
}

/// What the plan does to the connection before any byte; nothing is left of it, or a socket to serve.
async fn accepted(service: &Service, mut socket: Socket, number: u64) -> Option<Socket> {
    // Answers are single small writes; without this they may wait for the peer's delayed acknowledgement.
    let _ = socket.tcp().set_nodelay(true);
    let Some((fired, entry)) = service.fire(Subject::CONNECT, None, number) else { return Some(socket) };
    match &fired.rule.fault.kind {
        Kind::Delay { ms, jitter_ms } => {
            let ms = fired.delay(*ms, *jitter_ms);
            service.journal.remark(entry, &format!("{ms} ms"));
            tokio::time::sleep(Duration::from_millis(ms)).await;
            return Some(socket);
        }
        Kind::Reset { .. } => play::reset(&socket),
        Kind::Close { .. } => play::close(socket).await,
        Kind::Tls { kind } => play::spoil_handshake(socket, *kind).await,
        // A plan is refused unless it is this: to be silent until the peer goes.
        _ => play::until_gone(&mut socket).await,
    }
    None
}

/// Serves requests until the connection ends, or until a script was played that leaves it open.
async fn converse(host: &Host, socket: Socket, unread: Bytes, number: u64) -> Option<(Socket, Bytes)> {
    let wire = Wire::new(socket, unread);
    let line = wire.first_line();
    let slot = Slot::default();
    let handler = service_fn(|request| respond(&host.service, request, number, &line, &slot));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(wire), handler);
    let takeover = poll_fn(|context| {
        // An error here is a peer that went away or does not speak HTTP: its own business.
        if Pin::new(&mut connection).poll(context).is_ready() {
            return Poll::Ready(None);
        }
        // Filled, if at all, by a request that was polled with the connection; what hyper had to write is written.
        slot.take().map_or(Poll::Pending, |takeover| Poll::Ready(Some(takeover)))
    });
    let takeover = takeover.await?;
    let parts = connection.into_parts();
    let unread = parts.read_buf;
    perform(host, parts.io.into_inner().into_socket(), &unread, takeover).await.map(|socket| (socket, unread))
}

/// One request from its last byte to the first byte of its answer.
async fn respond(
    service: &Arc<Service>,
    request: hyper::Request<Incoming>,
    connection: u64,
    line: &FirstLine,
    slot: &Slot,
) -> hyper::Result<Response<Full<Bytes>>> {
    let received = Received::read(request, connection, line).await?;
    if let Some(controlled) = control::answer(service, &received) {
        let reply = Reply::from(controlled.answer);
        if let Some(time) = controlled.close_for {
            slot.fill(Takeover::CloseFor(time, reply));
            return pending().await;
        }
        return Ok(reply.into_response());
    }
    let asked = Asked::read(&received);
    let seq = service.record(&received, &asked);
    let subject = Subject {
        target: Target::Request(asked.operation()),
        user: asked.user(),
        path: &received.target,
        body: &received.body,
    };
    let Some((fired, entry)) = service.fire(subject, Some(seq), connection) else {
        let answer = service.decide(&received, &asked, seq);
        service.journal.answered(seq, answer.status);
        return Ok(Reply::from(answer).into_response());
    };
    let last = received.is_last;
    match act(service, Pending { received, asked, seq }, &fired, entry).await {
        Next::Reply(reply) => {
            service.journal.answered(seq, reply.status);
            return Ok(reply.into_response());
        }
        Next::Script(mut script) => {
            if last && script.end == End::Keep {
                script.end = End::Close;
            }
            slot.fill(Takeover::Script { script, request: seq, entry });
        }
        Next::Silence => {}
    }
    pending().await
}

/// Plays what took over; the socket, if it is to be served further.
async fn perform(host: &Host, mut socket: Socket, unread: &[u8], takeover: Takeover) -> Option<Socket> {
    let (script, request, entry) = match takeover {
        Takeover::Script { script, request, entry } => (script, request, entry),
        Takeover::CloseFor(time, reply) => {
            host.bell.close_for(time).await;
            let script = script::mangled(&Kind::ConnectionClose {}, reply);
            // The port is closed also for one who does not wait for the answer.
            let _ = play::play(&mut socket, script.steps).await;
            play::close(socket).await;
            return None;
        }
    };
    let journal = &host.service.journal;
    tokio::time::sleep(script.after).await;
    if let Some(status) = script.status {
        journal.answered(request, status);
    }
    // A peer that is gone has ended the script.
    play::play(&mut socket, script.steps).await.ok()?;
    match script.end {
        End::Keep => return Some(socket),
        End::Close => play::close(socket).await,
        End::Reset => play::reset(&socket),
        End::ResetAtNextRequest => {
            if !unread.is_empty() || play::next_bytes(&mut socket).await {
                play::reset(&socket);
                journal.remark(entry, "reset when the next request began");
            }
        }
    }
    None
}

impl Service {
    /// The rule that fires here, if any, with the number of its entry in the journal.
    fn fire(&self, subject: Subject<'_>, request: Option<u64>, connection: u64) -> Option<(Fired, u64)> {
        if !self.faults.is_active() {
            return None;
        }
        let fired = self.faults.choose(subject, self.clock.unix_millis())?;
        let entry = self.journal.fault(&fired, request, connection);
        Some((fired, entry))
    }
}
