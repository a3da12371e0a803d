//! Why there is no answer, told by the types in the chain of causes and never by their words.

use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;

use http::Extensions;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpInfo;
use tokio::time::error::Elapsed;

use super::connections::Served;
use super::resolver::Unresolved;
use crate::error::Sent;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) sent: Sent,
    /// The connection had served before and broke without an answer.
    pub(crate) reused: bool,
    pub(crate) message: String,
    pub(crate) source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// No connection, or a broken one.
    Connect,
    /// An answer that stopped in the middle.
    Stalled,
    /// An answer that is not HTTP, or beyond the bounds of what is taken for it.
    Protocol,
    /// A certificate that is not acceptable.
    Tls,
    /// An answer beyond the cap.
    TooLarge,
    /// A request that cannot be written.
    Request,
}

/// No answer to a request.
pub(super) fn unanswered(error: legacy::Error, served: &Served) -> Failure {
    let cause = innermost(&error);
    let hyper = find::<hyper::Error>(&error);
    let mut reused = false;
    let (kind, sent, message) = if error.is_connect() {
        match find::<rustls::Error>(&error) {
            Some(tls) if is_verdict(tls) => {
                (FailureKind::Tls, Sent::No, format!("the server's certificate is not acceptable: {tls}"))
            }
            _ if is_timeout(&error) => (FailureKind::Connect, Sent::No, "connecting timed out".to_owned()),
            _ if find::<Unresolved>(&error).is_some() => {
                (FailureKind::Connect, Sent::No, format!("the host's name cannot be resolved: {cause}"))
            }
            _ => (FailureKind::Connect, Sent::No, format!("cannot connect: {cause}")),
        }
    } else if hyper.is_some_and(hyper::Error::is_parse) {
        (FailureKind::Protocol, Sent::Yes, format!("the answer is not HTTP: {cause}"))
    } else if hyper.is_some_and(hyper::Error::is_canceled) {
        (FailureKind::Connect, Sent::No, format!("the connection was closed before the request: {cause}"))
    } else {
        reused = used_connection(&error).is_some_and(|connection| served.forget(connection));
        (FailureKind::Connect, Sent::Maybe, format!("the connection broke before the answer: {cause}"))
    };
    Failure { kind, sent, reused, message, source: Some(error.into()) }
}

/// The answer began and did not end well: whether the call was carried out is anyone's guess.
pub(super) fn broken_answer(error: hyper::Error) -> Failure {
    let message = format!("the connection broke inside the answer: {}", innermost(&error));
    Failure {
        kind: FailureKind::Connect,
        sent: Sent::Maybe,
        reused: false,
        message,
        source: Some(error.into()),
    }
}

/// This end of the connection that an answer or an error came on.
pub(super) fn connection(extensions: &Extensions) -> Option<SocketAddr> {
    extensions.get::<HttpInfo>().map(HttpInfo::local_addr)
}

/// This end of the connection on which the error happened.
fn used_connection(error: &legacy::Error) -> Option<SocketAddr> {
    let mut extensions = Extensions::new();
    error.connect_info()?.get_extras(&mut extensions);
    connection(&extensions)
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        // An io::Error's own `source` skips the error it wraps.
        Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
        None => error.source(),
    })
}

fn innermost(error: &(dyn StdError + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// Ours, or the system's, which gives up too.
fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    find::<Elapsed>(error).is_some()
        || find::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
}

/// Whether the handshake failed because of who the server is, which trying again does not change; a handshake that
/// was cut or garbled is a broken connection.
fn is_verdict(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::InvalidCertificate(_)
            | rustls::Error::InvalidCertRevocationList(_)
            | rustls::Error::NoCertificatesPresented
            | rustls::Error::UnsupportedNameType
            | rustls::Error::PeerIncompatible(_)
    )
}
