//! An answer as it comes in, up to the caps.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

use super::failure::{Failure, FailureKind, broken_answer};
use crate::error::Sent;

/// The largest answer that is read.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// The largest head of an answer that is taken, names and values together.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// How long an answer that has begun may bring nothing.
const STALL: Duration = Duration::from_secs(5);

/// One answer as it came in.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Reads the answer up to the cap.
pub(super) async fn receive(response: Response<Incoming>) -> Result<Received, Failure> {
    let (head, mut incoming) = response.into_parts();
    let size: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size > MAX_HEAD_BYTES {
        let message = format!("the answer's head is larger than {MAX_HEAD_BYTES} bytes");
        return Err(answered(FailureKind::Protocol, message));
    }
    let announced = incoming.size_hint().exact().unwrap_or_default();
    if announced > MAX_ANSWER_BYTES as u64 {
        return Err(too_large());
    }
    let body = whole(&mut incoming, usize::try_from(announced).unwrap_or_default()).await?;
    Ok(Received { status: head.status.as_u16(), headers: head.headers, body })
}

async fn whole(incoming: &mut Incoming, announced: usize) -> Result<Bytes, Failure> {
    let Some(first) = piece(incoming).await? else { return Ok(Bytes::new()) };
    // Most answers come in one piece, which then needs no copy.
    let Some(second) = piece(incoming).await? else { return Ok(first) };
    let mut body = BytesMut::with_capacity(announced.max(first.len() + second.len()));
    body.extend_from_slice(&first);
    body.extend_from_slice(&second);
    while let Some(more) = piece(incoming).await? {
        if body.len() + more.len() > MAX_ANSWER_BYTES {
            return Err(too_large());
        }
        body.extend_from_slice(&more);
    }
    Ok(body.freeze())
}

/// The next bytes, or none behind the last.
async fn piece(incoming: &mut Incoming) -> Result<Option<Bytes>, Failure> {
    while !incoming.is_end_stream() {
        // A clock is needed only for what is not there yet.
        let frame = match incoming.frame().now_or_never() {
            Some(frame) => frame,
            None => timeout(STALL, incoming.frame()).await.map_err(|_| stalled())?,
        };
        match frame.transpose().map_err(broken_answer)? {
            // What is no data are trailers.
            Some(frame) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            None => break,
        }
    }
    Ok(None)
}

fn stalled() -> Failure {
    Failure {
        kind: FailureKind::Stalled,
        sent: Sent::Maybe,
        reused: false,
        message: format!("the answer began and then brought nothing for {} s", STALL.as_secs()),
        source: None,
    }
}

fn answered(kind: FailureKind, message: String) -> Failure {
    Failure { kind, sent: Sent::Yes, reused: false, message, source: None }
}

fn too_large() -> Failure {
    answered(FailureKind::TooLarge, format!("the answer is larger than {MAX_ANSWER_BYTES} bytes"))
}
