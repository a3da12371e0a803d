//! Numbers that come as numbers or as strings.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};

/// A non-negative whole number, written as a number or as its digits in a string.
///
/// None for `""`, null, an absent field (with `#[serde(default)]`), and for what lies outside the range: no number
/// ever wraps. Anything else (a boolean, a list, words) is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lenient(pub(crate) Option<u64>);

impl Lenient {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Some(Self(None));
        }
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        whole.then(|| Self(text.parse().ok()))
    }
}

struct LenientVisitor;

impl Visitor<'_> for LenientVisitor {
    type Value = Lenient;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or a string of digits")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Lenient, E> {
        Ok(Lenient(Some(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Lenient, E> {
        Ok(Lenient(u64::try_from(number).ok()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Lenient, E> {
        // 2^53: above it a double no longer names one whole number.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let exact = (0.0..EXACT).contains(&number);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "inside 0..2^53 the cast only drops the fraction"
        )]
        Ok(Lenient(exact.then_some(number as u64)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Lenient, E> {
        Lenient::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_unit<E>(self) -> Result<Lenient, E> {
        Ok(Lenient(None))
    }

    fn visit_none<E>(self) -> Result<Lenient, E> {
        Ok(Lenient(None))
    }
}

impl<'de> Deserialize<'de> for Lenient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LenientVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_number_and_every_kind_of_nothing() {
        for (json, number) in [
            ("7", Some(7)),
            ("\"7\"", Some(7)),
            ("\" 7 \"", Some(7)),
            ("\"+7\"", Some(7)),
            ("1.0", Some(1)),
            ("1.9e3", Some(1900)),
            ("\"\"", None),
            ("null", None),
            ("-1", None),
            ("\"-1\"", None),
            ("9223372036854775808", Some(1 << 63)),
            ("18446744073709551616", None),
            ("\"99999999999999999999999\"", None),
            ("1e300", None),
        ] {
            assert_eq!(serde_json::from_str::<Lenient>(json).unwrap(), Lenient(number), "{json}");
        }
    }

    #[test]
    fn other_types_are_errors() {
        for json in ["true", "[]", "{}", "\"one\"", "\"1.5\"", "\"-\"", "\"0x1\"", "1e400", "NaN"] {
            assert!(serde_json::from_str::<Lenient>(json).is_err(), "{json}");
        }
    }
}
