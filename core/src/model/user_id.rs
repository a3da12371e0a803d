use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use smol_str::SmolStr;

use crate::error::Error;
use crate::wire::excerpt;

/// A user's id: 1 to 64 bytes of ASCII letters, digits, `_`, `.` and `-`.
///
/// The service ignores letter case, so `Aa` equals `aa` here too (equality, order and hash). The spelling that
/// was given is kept and sent.
///
/// `.` and `..` are legal by the service's rule but refused: as a segment of a URL they mean "here" and "one up",
/// and libraries and proxies on the way resolve them to another endpoint.
///
/// ```
/// use easemob_presence::UserId;
///
/// let id = UserId::new("Alice")?;
/// assert_eq!(id, UserId::new("alice")?);
/// assert_eq!(id.as_str(), "Alice");
/// assert!(UserId::new("a/b").is_err());
/// # Ok::<(), easemob_presence::Error>(())
/// ```
#[derive(Clone)]
pub struct UserId(SmolStr);

/// By byte.
const ALLOWED: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut byte = 0u8;
    while byte < 128 {
        #[expect(
            clippy::indexing_slicing,
            reason = "a constant is evaluated by the compiler, and 128 is below 256"
        )]
        {
            allowed[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        }
        byte += 1;
    }
    allowed
};

impl UserId {
    /// The longest id, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// Validates an id.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) that says which rule is broken.
    pub fn new(id: impl AsRef<str>) -> Result<Self, Error> {
        let id = id.as_ref();
        if id.is_empty() {
            return Err(Error::invalid("the user id is empty"));
        }
        if id.len() > Self::MAX_BYTES {
            return Err(Error::invalid(format!(
                "the user id {} has {} bytes; at most {} are allowed",
                excerpt(id),
                id.len(),
                Self::MAX_BYTES
            )));
        }
        let allowed = |byte: u8| ALLOWED.get(usize::from(byte)).is_some_and(|&allowed| allowed);
        if !id.bytes().all(allowed) {
            let c = id.chars().find(|&c| !u8::try_from(c).is_ok_and(allowed)).unwrap_or_default();
            return Err(Error::invalid(format!(
                "the user id {} holds {c:?}; allowed are letters, digits, '_', '.' and '-'",
                excerpt(id)
            )));
        }
        if matches!(id, "." | "..") {
            return Err(Error::invalid(format!(
                "the user id {id:?} cannot be sent: as a segment of a URL it means another path"
            )));
        }
        Ok(Self(id.into()))
    }

    /// An id as the service sent it, whatever it is.
    pub(crate) fn from_answer(id: &str) -> Self {
        Self(id.into())
    }

    /// Reads an id out of a saved answer: as the service sent it, like [`from_answer`](Self::from_answer).
    pub(crate) fn deserialize_answered<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer).map(|id| Self::from_answer(&id))
    }

    /// A number that two spellings of one id have in common, and most ids with no other. No hash: it has no key, so
    /// ids that share one are easily found.
    pub(crate) fn mark(&self) -> u64 {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let bytes = self.as_str().as_bytes();
        let short = || {
            let mut padded = [0; 8];
            padded.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            padded
        };
        let start = folded(bytes.first_chunk().copied().unwrap_or_else(short));
        start.wrapping_mul(ODD) ^ bytes.last_chunk().copied().map(folded).unwrap_or_default()
    }

    /// The id as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Eight bytes as a number that is the same in either letter case. So may be those of ids that differ.
fn folded(bytes: [u8; 8]) -> u64 {
    /// The bit in which a letter differs from itself in the other case.
    const CASE: u64 = u64::from_ne_bytes([0x20; 8]);
    u64::from_ne_bytes(bytes) | CASE
}

/// Whether two ids are one. The ids of an app are often of one length and differ at the end, so a look at that comes
/// first.
fn same(a: &str, b: &str) -> bool {
    let end = |id: &str| id.as_bytes().last_chunk().copied().map(folded);
    a.len() == b.len() && end(a) == end(b) && (a == b || a.eq_ignore_ascii_case(b))
}

impl PartialEq for UserId {
    fn eq(&self, other: &Self) -> bool {
        same(self.as_str(), other.as_str())
    }
}

impl Eq for UserId {}

impl Hash for UserId {
    /// In pieces as long as a valid id, each with a byte behind it that no text holds. A hasher takes one piece several
    /// times faster than so many bytes.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut folded = [0xff; Self::MAX_BYTES + 1];
        for piece in self.as_str().as_bytes().chunks(Self::MAX_BYTES) {
            for (to, from) in folded.iter_mut().zip(piece.iter().map(u8::to_ascii_lowercase).chain([0xff])) {
                *to = from;
            }
            state.write(folded.get(..=piece.len()).unwrap_or_default());
        }
    }
}

impl PartialOrd for UserId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for UserId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        fn folded(id: &UserId) -> impl Iterator<Item = u8> {
            id.as_str().bytes().map(|byte| byte.to_ascii_lowercase())
        }
        folded(self).cmp(folded(other))
    }
}

impl PartialEq<str> for UserId {
    fn eq(&self, other: &str) -> bool {
        same(self.as_str(), other)
    }
}

impl PartialEq<&str> for UserId {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl AsRef<str> for UserId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl std::str::FromStr for UserId {
    type Err = Error;

    fn from_str(id: &str) -> Result<Self, Error> {
        Self::new(id)
    }
}

impl TryFrom<&str> for UserId {
    type Error = Error;

    fn try_from(id: &str) -> Result<Self, Error> {
        Self::new(id)
    }
}

impl Serialize for UserId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for UserId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::new(Borrow::<str>::borrow(&id)).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_documented_character_is_allowed() {
        for id in ["a", "Z9", "a_b.c-d", "...", &"x".repeat(64)] {
            assert_eq!(UserId::new(id).unwrap().as_str(), id);
        }
    }

    #[test]
    fn what_the_service_would_refuse_or_misread_is_refused_with_the_reason() {
        let long = "x".repeat(65);
        for (id, words) in [
            ("", "empty"),
            (".", "another path"),
            ("..", "another path"),
            ("a/b", "'/'"),
            ("%2e%2e", "'%'"),
            ("a b", "' '"),
            ("a\nb", "'\\n'"),
            ("ä", "'ä'"),
            (long.as_str(), "65 bytes"),
        ] {
            let error = UserId::new(id).unwrap_err();
            assert!(error.to_string().contains(words), "{id:?}: {error}");
            assert!(!error.to_string().contains('\n'), "{id:?}: {error}");
        }
        assert!(UserId::new("x".repeat(1 << 20)).unwrap_err().to_string().len() < 300);
    }

    #[test]
    fn letter_case_does_not_matter() {
        let (a, b) = (UserId::new("Aa").unwrap(), UserId::new("aA").unwrap());
        assert_eq!(a, b);
        assert_eq!(a.cmp(&b), std::cmp::Ordering::Equal);
        assert_eq!([a, b].into_iter().collect::<HashSet<_>>().len(), 1);
        // The service may answer ids that it would not take.
        let ids = || (0..200).map(|len| UserId::from_answer(&"z".repeat(len)));
        let mut known: HashSet<_> = ids().collect();
        assert_eq!(known.len(), 200);
        for id in ids() {
            assert!(known.remove(&UserId::from_answer(&id.as_str().to_ascii_uppercase())), "{id}");
        }
    }

    #[test]
    fn ids_that_differ_in_anything_but_case_differ() {
        let id = "Ab-01_@`[{Zz.9kK";
        for len in 0..=id.len() {
            let id = id.get(..len).unwrap();
            assert_eq!(UserId::from_answer(id), *id.to_ascii_uppercase());
            assert_ne!(UserId::from_answer(id), *format!("{id}x"));
            for place in 0..len {
                let mut other = id.as_bytes().to_vec();
                other[place] ^= if other[place].is_ascii_alphabetic() { 0x10 } else { 0x20 };
                assert_ne!(UserId::from_answer(id), *String::from_utf8(other).unwrap(), "{id} {place}");
            }
        }
    }

    #[test]
    fn serde_validates() {
        assert_eq!(serde_json::from_str::<UserId>("\"c2\"").unwrap(), "c2");
        assert!(serde_json::from_str::<UserId>("\"a/b\"").is_err());
    }
}
