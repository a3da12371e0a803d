//! Where requests go: an address that is sent, byte for byte, as it was put together.

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Uri, uri};
use percent_encoding::percent_decode_str;

use crate::error::Error;

/// Scheme and host, read once, and the app's part of every path.
pub(super) struct Address {
    scheme: Scheme,
    authority: Authority,
    path: String,
}

impl Address {
    pub(super) fn new(base: &str, plain_http: bool) -> Result<Self, Error> {
        let uri: Uri =
            base.parse().map_err(|error| Error::config("the address is not a URL").with_source(error))?;
        let uri::Parts { scheme: Some(scheme), authority: Some(authority), .. } = uri.into_parts() else {
            return Err(Error::config("the address lacks its scheme or its host"));
        };
        if scheme != Scheme::HTTPS && !plain_http {
            return Err(Error::config("the address is not one of HTTPS"));
        }
        match base.strip_prefix(&format!("{scheme}://{authority}")) {
            Some(path) if path.is_empty() || is_plain(path) => {
                Ok(Self { scheme, authority, path: path.to_owned() })
            }
            _ => Err(Error::config("the address would change on its way")),
        }
    }

    /// What the header `Host` says.
    pub(super) fn host(&self) -> Result<HeaderValue, Error> {
        HeaderValue::from_str(self.authority.as_str())
            .map_err(|error| Error::config("the host is not one").with_source(error))
    }

    /// Scheme and host alone.
    pub(super) fn origin(&self) -> Result<Uri, Error> {
        self.join(PathAndQuery::from_static("/"))
            .ok_or_else(|| Error::config("the address lacks its scheme or its host"))
    }

    /// The full URL, unless something on its way may read it as another: a parser that resolved a segment away would
    /// turn one call into another.
    pub(super) fn uri(&self, path: &str) -> Option<Uri> {
        if !is_plain(path) {
            return None;
        }
        let whole = [&self.path, path].concat();
        let whole = PathAndQuery::from_maybe_shared(bytes::Bytes::from(whole)).ok()?;
        if whole.as_str().strip_prefix(&self.path) != Some(path) {
            return None;
        }
        self.join(whole)
    }

    fn join(&self, path_and_query: PathAndQuery) -> Option<Uri> {
        let mut parts = uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path_and_query);
        Uri::from_parts(parts).ok()
    }
}

/// Whether every reader of URLs takes this path for what is written: only bytes that none of them changes, and no
/// segment that any of them resolves, encoded or not.
fn is_plain(path: &str) -> bool {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let Some(segments) = path.strip_prefix('/') else { return false };
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
    segments.bytes().all(|byte| unreserved(byte) || byte == b'/')
        && query.bytes().all(|byte| unreserved(byte) || b"=&,".contains(&byte))
        && !segments.split('/').any(is_resolved)
}

fn is_resolved(segment: &str) -> bool {
    segment.is_empty()
        || percent_decode_str(segment).eq(b".".iter().copied())
        || percent_decode_str(segment).eq(b"..".iter().copied())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn an_address_that_a_parser_would_change_is_not_sent() {
        let address = Address::new("http://127.0.0.1:1/org/app", true).unwrap();
        assert_eq!(address.uri("/users/a%2Fb/presence").unwrap().path(), "/org/app/users/a%2Fb/presence");
        assert_eq!(address.uri("/users/a?page=1&size=2").unwrap().query(), Some("page=1&size=2"));
        for path in [
            "/users/../presence",
            "/users/./presence",
            "/users/%2e%2e/presence",
            "/users/.%2E/presence",
            "/users/%2E/presence",
            "/users/..",
            "/users/a b",
            "/users/a\\b",
            "/users/a\tb",
            "/users/\u{e9}",
            "//elsewhere/users/a",
            "///elsewhere/users/a",
            "/http://elsewhere/users/a",
            "/?a#b ",
            "/users/a#b",
            "/users/a?b#c",
            "/users/a?b c",
            "users/a",
            "@elsewhere/users",
            ":2/users",
            "",
        ] {
            assert!(address.uri(path).is_none(), "{path}");
        }
    }

    #[test]
    fn the_host_is_told_with_its_port_and_never_with_more() {
        for (base, host) in [
            ("https://a1.easemob.com/org/app", "a1.easemob.com"),
            ("https://a1.easemob.com:8089/org/app", "a1.easemob.com:8089"),
            ("https://[::1]:8089", "[::1]:8089"),
        ] {
            let address = Address::new(base, false).unwrap();
            assert_eq!(address.host().unwrap(), host);
            assert_eq!(address.origin().unwrap().to_string(), format!("https://{host}/"));
            assert_eq!(address.uri("/token").unwrap().to_string(), format!("{base}/token"));
        }
    }

    #[test]
    fn plain_http_and_what_is_no_address_are_refused() {
        for base in ["http://h/org/app", "h/org/app", "/org/app", "https://h/org/../app", "https://h/#x", ""]
        {
            assert!(Address::new(base, false).is_err(), "{base}");
        }
        assert!(Address::new("http://h/org/app", true).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_sent_is_what_another_parser_reads_too(path in "/[ -~]{0,12}|(/(\\.|%2[eE]|a|%41|;|\\?|=){0,3}){1,4}") {
            let address = Address::new("http://h/org/app", true).unwrap();
            if let Some(uri) = address.uri(&path) {
                let written = format!("http://h/org/app{path}");
                prop_assert_eq!(uri.to_string(), written.as_str());
                let parsed = Url::parse(&written).unwrap();
                prop_assert_eq!(parsed.as_str(), written);
            }
        }
    }
}
