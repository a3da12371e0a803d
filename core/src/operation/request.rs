use std::fmt;

use bytes::Bytes;
use serde::Serialize;

use super::{Descriptor, path};
use crate::error::{Error, ErrorKind};

/// The largest request body, in bytes: the service's "5 KB", read in the stricter way.
pub(crate) const MAX_BODY_BYTES: usize = 5_000;

/// What a call sends, without host, app and token; see [`Call::request`](crate::Call::request).
pub struct Request {
    pub(crate) operation: &'static Descriptor,
    /// Percent-encoded, from `/users` or `/presence` on, with the query.
    pub(crate) path: String,
    pub(crate) body: Option<Bytes>,
}

impl Request {
    /// Fills the variable segments of the operation's path.
    ///
    /// # Errors
    /// `invalid_input` if a segment cannot travel.
    pub(crate) fn new(operation: &'static Descriptor, segments: &[&str]) -> Result<Self, Error> {
        let path = path::fill(operation.template, segments)?;
        Ok(Self { operation, path, body: None })
    }

    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> &str {
        self.operation.method.as_str()
    }

    /// The percent-encoded path behind the app's address, with the query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The JSON body.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.body.as_deref().map(crate::wire::text)
    }

    /// Adds a query of names and plain numbers.
    pub(crate) fn query(mut self, pairs: &[(&str, u32)]) -> Self {
        for (i, (name, value)) in pairs.iter().enumerate() {
            let mark = if i == 0 { '?' } else { '&' };
            self.path.extend([mark.to_string().as_str(), name, "=", &value.to_string()]);
        }
        self
    }

    /// Adds a JSON body.
    ///
    /// # Errors
    /// `too_large` above the service's limit.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let body = serde_json::to_vec(body)
            .map_err(|error| Error::invalid("the body cannot be written as JSON").with_source(error))?;
        if body.len() > MAX_BODY_BYTES {
            let message = format!(
                "the request body would have {} bytes; the service takes at most {MAX_BODY_BYTES}",
                body.len()
            );
            return Err(Error::new(ErrorKind::TooLarge, message)
                .with_hint(Some("Send fewer or shorter values in one call.")));
        }
        self.body = Some(body.into());
        Ok(self)
    }
}

/// Without the body: that of the token call is a secret.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.operation.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The body of every call that names users.
#[derive(Serialize)]
pub(crate) struct Usernames<'a> {
    pub(crate) usernames: &'a super::Batch,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Operation, Set, Subscribe};

    #[test]
    fn a_body_above_the_limit_is_refused_with_both_numbers() {
        let request = || Request::new(Set::DESCRIPTOR, &["u", "android", "1"]).unwrap();
        assert!(request().json(&"x".repeat(MAX_BODY_BYTES - 2)).is_ok());
        let error = request().json(&"x".repeat(MAX_BODY_BYTES - 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(error.message().contains("5001") && error.message().contains("5000"), "{error}");
    }

    #[test]
    fn the_query_follows_the_path() {
        let request = Request::new(Subscribe::DESCRIPTOR, &["u", "9"]).unwrap().query(&[("a", 1), ("b", 2)]);
        assert_eq!(request.path, "/users/u/presence/9?a=1&b=2");
    }
}
