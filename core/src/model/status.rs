use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;

/// A device's status: a number that the service stores, of which `0` and `1` have a meaning of their own.
///
/// ```
/// use easemob_presence::Status;
///
/// assert_eq!(Status::from(0), Status::Offline);
/// assert_eq!(Status::from(100), Status::Custom(100));
/// assert!(Status::Custom(100).is_online());
/// assert_eq!(Status::Custom(1), Status::Online);
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Status {
    /// `0`.
    Offline,
    /// `1`.
    Online,
    /// Any other number; what it means is the app's own choice (busy, away, in a call).
    Custom(u32),
    /// The service sent no number, or one outside `0..=4_294_967_295`. Cannot be set.
    Unknown,
}

impl Status {
    /// The number, if there is one.
    #[must_use]
    pub const fn number(self) -> Option<u32> {
        match self {
            Status::Offline => Some(0),
            Status::Online => Some(1),
            Status::Custom(number) => Some(number),
            Status::Unknown => None,
        }
    }

    /// Whether the device is there: online, or in a custom status other than `0`.
    #[must_use]
    pub const fn is_online(self) -> bool {
        matches!(self.number(), Some(1..))
    }

    /// The path segment, or why there is none.
    pub(crate) fn segment(self) -> Result<String, Error> {
        match self.number() {
            Some(number) => Ok(number.to_string()),
            None => Err(Error::invalid("the status Unknown cannot be set; use Online, Offline or Custom(n)")),
        }
    }
}

impl From<u32> for Status {
    fn from(number: u32) -> Self {
        match number {
            0 => Status::Offline,
            1 => Status::Online,
            number => Status::Custom(number),
        }
    }
}

impl From<Option<u32>> for Status {
    fn from(number: Option<u32>) -> Self {
        number.map_or(Status::Unknown, Status::from)
    }
}

/// By number, so that `Custom(1)` and `Online`, which the service cannot tell apart, are one.
impl PartialEq for Status {
    fn eq(&self, other: &Self) -> bool {
        self.number() == other.number()
    }
}

impl Eq for Status {}

impl std::hash::Hash for Status {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.number().hash(state);
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Offline | Status::Custom(0) => f.write_str("offline"),
            Status::Online | Status::Custom(1) => f.write_str("online"),
            Status::Custom(number) => write!(f, "custom({number})"),
            Status::Unknown => f.write_str("unknown"),
        }
    }
}

/// As the number, or null.
impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.number().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<u32>::deserialize(deserializer).map(Status::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_display_and_presence_follow_the_number() {
        assert_eq!(Status::Custom(0), Status::Offline);
        assert_eq!(Status::Custom(0).to_string(), "offline");
        assert!(!Status::Custom(0).is_online() && !Status::Unknown.is_online() && Status::Online.is_online());
        assert_ne!(Status::Unknown, Status::Offline);
    }

    #[test]
    fn unknown_cannot_be_set() {
        assert_eq!(Status::Custom(7).segment().unwrap(), "7");
        assert!(Status::Unknown.segment().unwrap_err().to_string().contains("cannot be set"));
    }

    #[test]
    fn serde_is_the_number() {
        for (status, json) in [(Status::Online, "1"), (Status::Custom(9), "9"), (Status::Unknown, "null")] {
            assert_eq!(serde_json::to_string(&status).unwrap(), json);
            assert_eq!(serde_json::from_str::<Status>(json).unwrap(), status);
        }
    }
}
