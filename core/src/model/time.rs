//! Wire time (seconds, or milliseconds in some client documents) to `SystemTime`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Above this a number is milliseconds: as seconds it would be the year 5138.
const MILLIS_ABOVE: u64 = 100_000_000_000;
/// The last moment that every language's date type holds: 9999-12-31T23:59:59.999Z.
const LAST_MILLI: u64 = 253_402_300_799_999;

/// A moment in Unix milliseconds; 0 stands for "none", as the service uses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Moment(u64);

impl Moment {
    /// Reads a number off the wire. Zero, and what no calendar holds, is none.
    pub(crate) fn from_wire(number: Option<u64>) -> Self {
        match number {
            Some(millis) if millis > MILLIS_ABOVE => Self(if millis > LAST_MILLI { 0 } else { millis }),
            Some(seconds) => Self(seconds * 1000),
            None => Self(0),
        }
    }

    /// A time of this machine's kind. One before 1970 is none.
    pub(crate) fn from_time(time: SystemTime) -> Self {
        let millis = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        Self(u64::try_from(millis).unwrap_or(0).min(LAST_MILLI))
    }

    /// Milliseconds since 1970; 0 is none.
    pub(crate) fn millis(self) -> u64 {
        self.0
    }

    pub(crate) fn time(self) -> Option<SystemTime> {
        (self.0 != 0).then(|| UNIX_EPOCH + Duration::from_millis(self.0))
    }
}

/// As Unix seconds: whole ones as an integer, finer ones with a fraction; none as null.
impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(time) = self.time() else { return serializer.serialize_none() };
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        if since.subsec_millis() == 0 {
            serializer.serialize_u64(since.as_secs())
        } else {
            serializer.serialize_f64(since.as_secs_f64())
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = Option::<f64>::deserialize(deserializer)?.unwrap_or_default();
        let since = Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)?;
        let millis = u64::try_from(since.as_millis() + u128::from(since.subsec_micros() % 1000 >= 500));
        match millis {
            Ok(millis) if millis <= LAST_MILLI => Ok(Self(millis)),
            _ => Err(serde::de::Error::custom("a time after the year 9999")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_milliseconds_and_nothing() {
        let at = |secs, millis: u32| Some(UNIX_EPOCH + Duration::new(secs, millis * 1_000_000));
        for (wire, time) in [
            (Some(1_644_466_063), at(1_644_466_063, 0)),
            (Some(1_644_466_063_250), at(1_644_466_063, 250)),
            (Some(100_000_000_000), at(100_000_000_000, 0)),
            (Some(0), None),
            (None, None),
            (Some(u64::MAX), None),
        ] {
            assert_eq!(Moment::from_wire(wire).time(), time, "{wire:?}");
        }
    }

    #[test]
    fn serde_keeps_every_millisecond() {
        for (wire, json) in
            [(1_644_466_063, "1644466063"), (1_644_466_063_251, "1644466063.251"), (0, "null")]
        {
            let moment = Moment::from_wire(Some(wire));
            assert_eq!(serde_json::to_string(&moment).unwrap(), json);
            assert_eq!(serde_json::from_str::<Moment>(json).unwrap(), moment);
        }
        assert!(serde_json::from_str::<Moment>("-1").is_err());
        assert!(serde_json::from_str::<Moment>("1e300").is_err());
    }
}
