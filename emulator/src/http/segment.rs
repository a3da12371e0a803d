//! One segment of a request path.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;
use serde::{Serialize, Serializer};

/// A path segment, percent-decoded once. Its bytes are kept as they came, UTF-8 or not.
///
/// In JSON it is a string, or a list of byte values where it is not UTF-8.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Segment(Vec<u8>);

impl Segment {
    pub(crate) fn decode(raw: &str) -> Self {
        Self(percent_decode_str(raw).collect())
    }

    /// The bytes of the segment.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The segment as text, unless it is not UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Whether the segment is empty, as the last one of `/users/wzy/presence/`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The segment as text with `U+FFFD` for what is not UTF-8, which is how servlet containers read paths.
    pub(crate) fn to_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl PartialEq<str> for Segment {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Segment {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_text(), f)
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl Serialize for Segment {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.as_str() {
            Some(text) => to.serialize_str(text),
            None => to.collect_seq(&self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_once() {
        assert_eq!(Segment::decode("a%2Fb"), "a/b");
        assert_eq!(Segment::decode("%252F"), "%2F");
        assert_eq!(Segment::decode("%2e%2E"), "..");
        assert_eq!(Segment::decode("100%"), "100%");
        assert_eq!(Segment::decode("a+b"), "a+b");
    }

    #[test]
    fn keeps_bytes_that_are_not_text() {
        let segment = Segment::decode("%FFa");
        assert_eq!(segment.as_bytes(), [0xFF, b'a']);
        assert_eq!(segment.as_str(), None);
        assert_eq!(serde_json::to_string(&segment).unwrap(), "[255,97]");
        assert_eq!(segment.to_string(), "\u{FFFD}a");
    }
}
