//! An answer as it goes out: status, headers and bytes.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::{Response, StatusCode};

use crate::http::exchange::Answer;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
    /// Beside the content type, which is JSON unless it is among these.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

/// How a head announces the body's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
    Both(u64),
    /// The body ends with the connection, or there is none.
    Unannounced,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, body: body.into(), headers: Vec::new() }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// For hyper to write.
    pub(crate) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }

    /// For scripts that write it themselves, down to the empty line.
    pub(crate) fn head(&self, framing: Framing) -> Vec<u8> {
        let mut head = status_line(self.status).into_bytes();
        let mut line = |name: &HeaderName, value: &[u8]| {
            for part in [name.as_str().as_bytes(), b": ", value, b"\r\n"] {
                head.extend_from_slice(part);
            }
        };
        if self.headers.iter().all(|(name, _)| name != CONTENT_TYPE) {
            line(&CONTENT_TYPE, b"application/json");
        }
        for (name, value) in &self.headers {
            line(name, value.as_bytes());
        }
        if let Framing::Length(length) | Framing::Both(length) = framing {
            line(&CONTENT_LENGTH, length.to_string().as_bytes());
        }
        if matches!(framing, Framing::Chunked | Framing::Both(_)) {
            line(&TRANSFER_ENCODING, b"chunked");
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    /// The length of the body that there is.
    pub(crate) fn length(&self) -> u64 {
        self.body.len() as u64
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self::new(answer.status, answer.body.to_string())
    }
}

/// A header's name and value from text; none if they cannot be sent. Bytes above ASCII can.
pub(crate) fn header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    HeaderName::from_bytes(name.as_bytes()).ok().zip(header_value(value))
}

pub(crate) fn header_value(value: &str) -> Option<HeaderValue> {
    HeaderValue::from_bytes(value.as_bytes()).ok()
}

pub(crate) fn status_line(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    format!("HTTP/1.1 {status} {}\r\n", reason.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use hyper::header::RETRY_AFTER;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_keeps_its_status_and_is_json() {
        let response = Reply::from(Answer { status: 429, body: json!({}) }).into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        let impossible = Reply::new(7, "").into_response();
        assert_eq!(impossible.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn headers_are_added_and_the_content_type_is_replaced() {
        let reply = Reply::new(299, "<p>")
            .with(RETRY_AFTER, HeaderValue::from_static("5"))
            .with(CONTENT_TYPE, HeaderValue::from_static("text/html"));
        let written = String::from_utf8(reply.head(Framing::Length(3))).unwrap();
        assert_eq!(
            written,
            "HTTP/1.1 299 \r\nretry-after: 5\r\ncontent-type: text/html\r\ncontent-length: 3\r\n\r\n"
        );
        let response = reply.into_response();
        assert_eq!(
            (response.status().as_u16(), &response.headers()[RETRY_AFTER]),
            (299, &"5".parse().unwrap())
        );
        assert_eq!(response.headers().get_all(CONTENT_TYPE).iter().collect::<Vec<_>>(), ["text/html"]);
    }

    #[test]
    fn a_length_is_announced_in_one_way_in_two_or_not_at_all() {
        let head = |framing| String::from_utf8(Reply::new(200, "").head(framing)).unwrap();
        let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
        assert_eq!(head(Framing::Chunked), format!("{json}transfer-encoding: chunked\r\n\r\n"));
        let both = "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n";
        assert_eq!(head(Framing::Both(2)), format!("{json}{both}"));
        assert_eq!(head(Framing::Unannounced), format!("{json}\r\n"));
    }
}
