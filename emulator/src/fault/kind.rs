//! The kinds of fault, as a plan writes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::fault::edit::Edit;

/// What a rule does to a request or a connection. Times are milliseconds of real time: it is the client who waits.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Kind {
    Delay {
        ms: u64,
        #[serde(default)]
        jitter_ms: u64,
    },
    Hold {
        ms: u64,
    },
    Late {
        ms: u64,
    },
    Hang {
        #[serde(default)]
        applied: bool,
    },
    Answer {
        status: u16,
        #[serde(default)]
        headers: BTreeMap<String, String>,
        #[serde(default, deserialize_with = "present")]
        body: Option<Value>,
        text: Option<String>,
        #[serde(default, deserialize_with = "hex")]
        hex: Option<Vec<u8>>,
        #[serde(default)]
        applied: bool,
    },
    Edit {
        #[serde(default)]
        ops: Vec<Edit>,
        status: Option<u16>,
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    Raw {
        text: Option<String>,
        #[serde(default, deserialize_with = "hex")]
        hex: Option<Vec<u8>>,
        #[serde(default)]
        applied: bool,
        #[serde(default)]
        then: Then,
    },
    Reset {
        at: Place,
        bytes: Option<usize>,
    },
    Close {
        at: Place,
        bytes: Option<usize>,
    },
    HalfClose {
        ms: u64,
    },
    Truncate {
        missing: usize,
    },
    Length {
        delta: i64,
    },
    Slow {
        part: Part,
        #[serde(default = "one")]
        bytes: usize,
        #[serde(default = "fifty")]
        every_ms: u64,
    },
    Slices {
        #[serde(default = "one")]
        bytes: usize,
    },
    Garbage {
        text: Option<String>,
        #[serde(default, deserialize_with = "hex")]
        hex: Option<Vec<u8>>,
    },
    Interim {
        status: u16,
        #[serde(default = "one")]
        count: usize,
    },
    Chunked {
        kind: Chunked,
    },
    Headers {
        count: usize,
        bytes: usize,
    },
    Encoding {
        name: String,
        #[serde(default, deserialize_with = "hex")]
        hex: Option<Vec<u8>>,
    },
    Endless {
        bytes: u64,
        #[serde(default = "yes")]
        announce: bool,
        #[serde(default)]
        applied: bool,
    },
    KeepAliveClose {},
    ConnectionClose {},
    Redirect {
        #[serde(default = "found")]
        status: u16,
        location: String,
    },
    Reject {
        retry_after: Option<String>,
        retry_after_ms: Option<String>,
    },
    Quota {},
    Unauthorized {},
    ExpireToken {},
    Token {
        #[serde(default, deserialize_with = "present")]
        expires_in: Option<Value>,
        #[serde(default, deserialize_with = "present")]
        access_token: Option<Value>,
    },
    DropSubscriptions {},
    Tls {
        kind: Tls,
    },
}

/// Where in an exchange the connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    Accept,
    Before,
    After,
    Head,
    Body,
}

/// What becomes of the connection after bytes of one's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Then {
    #[default]
    Close,
    Reset,
    Keep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    Head,
    Body,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Chunked {
    Ok,
    BadSize,
    NoLast,
    Endless,
    WithLength,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tls {
    Cut,
    Garbage,
    Plaintext,
}

fn one() -> usize {
    1
}

fn fifty() -> u64 {
    50
}

fn found() -> u16 {
    302
}

fn yes() -> bool {
    true
}

/// A field that is there, also as null: null takes a field away, absence leaves it.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

fn hex<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = String::deserialize(from)?;
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let bytes = digits.filter(|digits| digits.len().is_multiple_of(2)).map(|digits| {
        digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
    });
    bytes.map(Some).ok_or_else(|| serde::de::Error::custom("not an even number of hexadecimal digits"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn raw(hex: &str) -> Result<Kind, String> {
        serde_json::from_value(json!({"raw": {"hex": hex}})).map_err(|problem| problem.to_string())
    }

    #[test]
    fn bytes_are_written_in_hexadecimal_with_or_without_spaces() {
        for (written, read) in [("", vec![]), ("00ffA5", vec![0, 255, 0xA5]), (" 0d 0a\n", vec![13, 10])] {
            let Ok(Kind::Raw { hex, .. }) = raw(written) else { panic!("{written}") };
            assert_eq!(hex, Some(read), "{written}");
        }
        for wrong in ["0", "0g", "0x00", "é0"] {
            assert!(raw(wrong).is_err_and(|problem| problem.contains("hexadecimal")), "{wrong}");
        }
    }

    #[test]
    fn null_is_a_value_and_absence_is_none() {
        let token = |fields: Value| serde_json::from_value::<Kind>(json!({ "token": fields })).unwrap();
        let expected = Kind::Token { expires_in: Some(Value::Null), access_token: None };
        assert_eq!(token(json!({"expires_in": null})), expected);
    }
}
