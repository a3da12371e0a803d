//! What is written to a socket in place of an ordinary answer: steps, and what becomes of the connection.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{CONNECTION, HeaderValue};

use crate::fault::kind::{Chunked, Kind, Part, Place};
use crate::http::reply::{Framing, Reply, header, status_line};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Write(Bytes),
    /// Pieces of this size, each flushed, with so much time between them.
    Drip {
        bytes: Bytes,
        size: usize,
        every: Duration,
    },
    /// So many bytes of filler, made while they are written.
    Filler(u64),
    /// Chunks of filler until the peer is gone.
    EndlessChunks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Keep,
    Close,
    Reset,
    /// Kept until the first bytes of the next request, which get a reset.
    ResetAtNextRequest,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Script {
    /// How long nothing happens before; nothing is read either.
    pub(crate) after: Duration,
    pub(crate) steps: Vec<Step>,
    pub(crate) end: End,
    /// The status that these bytes tell the peer; none if they tell none.
    pub(crate) status: Option<u16>,
}

impl Script {
    /// Nothing is said.
    pub(crate) fn silent(end: End) -> Self {
        Self { after: Duration::ZERO, steps: Vec::new(), end, status: None }
    }

    pub(crate) fn of(reply: &Reply, steps: Vec<Step>, end: End) -> Self {
        Self { steps, status: Some(reply.status), ..Self::silent(end) }
    }

    /// These bytes and no others.
    pub(crate) fn raw(bytes: Vec<u8>, end: End) -> Self {
        let status = told_by(&bytes);
        Self { steps: vec![Step::Write(bytes.into())], status, ..Self::silent(end) }
    }
}

/// The status of a whole status line at the beginning of these bytes.
fn told_by(bytes: &[u8]) -> Option<u16> {
    let line = bytes.split(|byte| *byte == b'\n').next().filter(|line| line.len() < bytes.len())?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    words.next()?.parse().ok()
}

/// An ordinary answer, written in the way that this fault asks for.
pub(crate) fn mangled(kind: &Kind, mut reply: Reply) -> Script {
    let kept = |reply: &Reply, steps| Script::of(reply, steps, End::Keep);
    match kind {
        Kind::Reset { at, bytes } => cut(*at, *bytes, &reply, End::Reset),
        Kind::Close { at, bytes } => cut(*at, *bytes, &reply, End::Close),
        Kind::HalfClose { ms } => {
            let after = Duration::from_millis(*ms);
            Script { after, ..Script::of(&reply, vec![whole(&reply)], End::Close) }
        }
        Kind::Truncate { missing } => {
            let head = reply.head(Framing::Length(reply.length()));
            let body = reply.body.slice(..reply.body.len().saturating_sub(*missing));
            Script::of(&reply, vec![joined(head, &body)], End::Close)
        }
        Kind::Length { delta } => {
            let head = reply.head(Framing::Length(reply.length().saturating_add_signed(*delta)));
            kept(&reply, vec![joined(head, &reply.body)])
        }
        Kind::Slow { part, bytes, every_ms } => {
            let head = Bytes::from(reply.head(Framing::Length(reply.length())));
            let drip = |bytes: &Bytes, size: usize| {
                let every = Duration::from_millis(*every_ms);
                Step::Drip { bytes: bytes.clone(), size, every }
            };
            kept(
                &reply,
                match part {
                    Part::Head => vec![drip(&head, *bytes), Step::Write(reply.body.clone())],
                    Part::Body => vec![Step::Write(head), drip(&reply.body, *bytes)],
                },
            )
        }
        Kind::Slices { bytes } => {
            let head = reply.head(Framing::Length(reply.length()));
            let all = Bytes::from([head.as_slice(), &reply.body].concat());
            kept(&reply, vec![Step::Drip { bytes: all, size: *bytes, every: Duration::ZERO }])
        }
        Kind::Garbage { text, hex } => {
            kept(&reply, vec![Step::Write(given(text.as_deref(), hex.as_deref()).into()), whole(&reply)])
        }
        Kind::Interim { status, count } => {
            let interim = format!("{}\r\n", status_line(*status)).repeat(*count);
            kept(&reply, vec![Step::Write(interim.into()), whole(&reply)])
        }
        Kind::Chunked { kind } => chunked(*kind, &reply),
        Kind::Headers { count, bytes } => {
            let value = "x".repeat(*bytes);
            reply.headers.extend((1..=*count).filter_map(|n| header(&format!("x-filler-{n}"), &value)));
            kept(&reply, vec![whole(&reply)])
        }
        Kind::Encoding { name, hex } => {
            reply.body = hex.clone().map_or_else(|| Bytes::from_static(CORRUPT), Bytes::from);
            reply.headers.extend(header("content-encoding", name));
            kept(&reply, vec![whole(&reply)])
        }
        Kind::Endless { bytes, announce, .. } => {
            let (framing, end) = if *announce {
                (Framing::Length(*bytes), End::Keep)
            } else {
                (Framing::Unannounced, End::Close)
            };
            Script::of(&reply, vec![Step::Write(reply.head(framing).into()), Step::Filler(*bytes)], end)
        }
        Kind::KeepAliveClose {} => Script::of(&reply, vec![whole(&reply)], End::ResetAtNextRequest),
        Kind::ConnectionClose {} => {
            let reply = reply.with(CONNECTION, HeaderValue::from_static("close"));
            Script::of(&reply, vec![whole(&reply)], End::Close)
        }
        // The others change what is answered, not how it is written.
        _ => kept(&reply, vec![whole(&reply)]),
    }
}

/// Begins as gzip does, and goes on as nothing does.
const CORRUPT: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xff\xff\xff\xffnot compressed";

pub(crate) fn given(text: Option<&str>, hex: Option<&[u8]>) -> Vec<u8> {
    hex.or(text.map(str::as_bytes)).unwrap_or_default().to_vec()
}

/// A status that HTTP gives no body is written without a length, which it may not have.
pub(crate) fn whole(reply: &Reply) -> Step {
    let bodiless = reply.body.is_empty() && matches!(reply.status, 100..=199 | 204 | 304);
    let framing = if bodiless { Framing::Unannounced } else { Framing::Length(reply.length()) };
    joined(reply.head(framing), &reply.body)
}

fn joined(mut head: Vec<u8>, body: &[u8]) -> Step {
    head.extend_from_slice(body);
    Step::Write(head.into())
}

fn cut(at: Place, bytes: Option<usize>, reply: &Reply, end: End) -> Script {
    let mut head = reply.head(Framing::Length(reply.length()));
    match at {
        Place::Accept | Place::Before | Place::After => Script::silent(end),
        Place::Head => {
            // Not to its last byte: that would be a whole head.
            head.truncate(bytes.unwrap_or(head.len() / 2).min(head.len().saturating_sub(1)));
            Script { steps: vec![Step::Write(head.into())], ..Script::silent(end) }
        }
        Place::Body => {
            let sent = bytes.unwrap_or(reply.body.len() / 2).min(reply.body.len());
            Script::of(reply, vec![joined(head, &reply.body.slice(..sent))], end)
        }
    }
}

fn chunked(kind: Chunked, reply: &Reply) -> Script {
    let chunk = |body: &[u8]| [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n"].concat();
    let half = reply.body.len().div_ceil(2);
    // An empty chunk would be the last one.
    let halves = reply.body.chunks(half.max(1)).map(chunk).collect::<Vec<_>>().concat();
    let last = b"0\r\n\r\n".as_slice();
    let written = |framing, body: &[&[u8]], end| {
        let head = reply.head(framing);
        Script::of(reply, vec![joined(head, &body.concat())], end)
    };
    match kind {
        Chunked::Ok => written(Framing::Chunked, &[&halves, last], End::Keep),
        Chunked::WithLength => written(Framing::Both(reply.length()), &[&halves, last], End::Keep),
        Chunked::NoLast => written(Framing::Chunked, &[&halves], End::Close),
        Chunked::BadSize => written(Framing::Chunked, &[b"xyz\r\n", &reply.body, b"\r\n", last], End::Close),
        Chunked::Endless => {
            let head = Step::Write(reply.head(Framing::Chunked).into());
            Script::of(reply, vec![head, Step::EndlessChunks], End::Close)
        }
    }
}
