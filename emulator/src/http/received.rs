//! A request as it came off the wire, read to its end.

use http_body_util::BodyExt;
use hyper::Version;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderName};

use crate::http::control::PREFIX;
use crate::http::exchange::LARGEST_BODY;
use crate::http::wire::FirstLine;

/// How much of an oversized body is read away, so that the caller is ready to read the answer.
const LARGEST_DRAINED: usize = 8 * 1_024 * 1_024;

/// The largest body that the control API takes: a plan may hold long answers.
pub(crate) const LARGEST_CONTROL: usize = LARGEST_DRAINED;

pub(crate) struct Received {
    pub(crate) connection: u64,
    pub(crate) method: String,
    /// The target exactly as sent; `uri` is what was understood of it.
    pub(crate) target: String,
    uri: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) oversized: bool,
    /// Whether the connection ends with this exchange.
    pub(crate) is_last: bool,
    host: String,
    pub(crate) content_type: Option<String>,
}

impl Received {
    /// Fails if the connection does before the request is complete.
    pub(crate) async fn read(
        request: hyper::Request<Incoming>,
        connection: u64,
        line: &FirstLine,
    ) -> hyper::Result<Self> {
        let (head, mut body) = request.into_parts();
        let header = |name: HeaderName| {
            head.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let uri = head.uri.to_string();
        let mut received = Self {
            connection,
            method: head.method.to_string(),
            target: line.target_of(&uri).unwrap_or_else(|| uri.clone()),
            uri,
            authorization: header(AUTHORIZATION),
            body: Vec::new(),
            oversized: false,
            is_last: ends_connection(head.version, header(CONNECTION).as_deref()),
            host: header(HOST).unwrap_or_default(),
            content_type: header(CONTENT_TYPE),
        };
        let largest = if received.path().starts_with(PREFIX) { LARGEST_CONTROL } else { LARGEST_BODY };
        let mut total = 0;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            total += data.len();
            let room = largest.saturating_sub(received.body.len());
            received.body.extend(data.iter().take(room));
            received.oversized = total > largest;
            if total > LARGEST_DRAINED {
                received.is_last = true;
                break;
            }
        }
        Ok(received)
    }

    pub(crate) fn path(&self) -> &str {
        let absolute = self.uri.strip_prefix("http://").and_then(|rest| rest.split_once('/'));
        // A proxy's absolute form: the path starts at the first slash after the authority.
        let path = match absolute {
            Some((authority, _)) => self.uri.get("http://".len() + authority.len()..).unwrap_or_default(),
            None => &self.uri,
        };
        path.split_once('?').map_or(path, |(path, _)| path)
    }

    pub(crate) fn query(&self) -> &str {
        self.uri.split_once('?').map_or("", |(_, query)| query)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.host, self.path())
    }

    pub(crate) fn is_json(&self) -> bool {
        let media_type = self.content_type.as_deref().and_then(|value| value.split(';').next());
        media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
    }
}

fn ends_connection(version: Version, header: Option<&str>) -> bool {
    let says =
        |word| header.is_some_and(|said| said.split(',').any(|said| said.trim().eq_ignore_ascii_case(word)));
    if version == Version::HTTP_11 { says("close") } else { !says("keep-alive") }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Received {
        pub(crate) fn without_body(method: &str, target: &str) -> Self {
            Self {
                connection: 1,
                method: method.into(),
                target: target.into(),
                uri: target.into(),
                authorization: None,
                body: Vec::new(),
                oversized: false,
                is_last: false,
                host: "localhost:1".into(),
                content_type: None,
            }
        }
    }

    #[test]
    fn path_and_query_of_either_form_of_target() {
        for target in ["/o/a/users?x=1?2", "http://proxied:80/o/a/users?x=1?2"] {
            let received = Received::without_body("GET", target);
            assert_eq!((received.path(), received.query()), ("/o/a/users", "x=1?2"));
            assert_eq!(received.url(), "http://localhost:1/o/a/users");
        }
    }

    #[test]
    fn a_connection_ends_when_the_version_or_the_header_says_so() {
        for (version, header, ends) in [
            (Version::HTTP_11, None, false),
            (Version::HTTP_11, Some("Upgrade, Close"), true),
            (Version::HTTP_11, Some("closer"), false),
            (Version::HTTP_10, None, true),
            (Version::HTTP_10, Some("Keep-Alive"), false),
        ] {
            assert_eq!(ends_connection(version, header), ends, "{version:?} {header:?}");
        }
    }

    #[test]
    fn json_is_recognised_by_its_media_type() {
        let is_json = |content_type: Option<&str>| {
            let content_type = content_type.map(str::to_owned);
            Received { content_type, ..Received::without_body("POST", "/") }.is_json()
        };
        for json in ["application/json", "Application/JSON; charset=utf-8"] {
            assert!(is_json(Some(json)), "{json}");
        }
        for other in [None, Some(""), Some("text/plain"), Some("application/jsonp")] {
            assert!(!is_json(other), "{other:?}");
        }
    }
}
