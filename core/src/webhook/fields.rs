//! The fields of a callback's body, read as tolerantly as the service's answers.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::verifier::Verifier;
use crate::error::{Error, ErrorKind};
use crate::wire::Lenient;

pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn read(body: &[u8]) -> Result<Self, Error> {
        if body.len() > Verifier::MAX_BODY_BYTES {
            return Err(none(&format!(
                "it has {} bytes, at most {} are read",
                body.len(),
                Verifier::MAX_BODY_BYTES
            )));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(none("it is JSON and no object")),
            Err(error) => {
                Err(none(&format!("it is no JSON, line {} column {}", error.line(), error.column())))
            }
        }
    }

    /// A text, or a number's digits. None if it is absent, null or empty.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Error> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(Self::wrong(name, "is no text")),
        }
    }

    /// As [`text`](Self::text), and it must be there.
    pub(super) fn required(&mut self, name: &str) -> Result<String, Error> {
        self.text(name)?.ok_or_else(|| Self::wrong(name, "is missing"))
    }

    /// A whole number, or the digits of one, and it must be there.
    pub(super) fn number(&mut self, name: &str) -> Result<u64, Error> {
        let value = self.0.remove(name).unwrap_or_default();
        let number = Lenient::deserialize(value).map_err(|_| Self::wrong(name, "is no number"))?;
        number.0.ok_or_else(|| Self::wrong(name, "is missing or out of range"))
    }

    pub(super) fn wrong(name: &str, problem: &str) -> Error {
        none(&format!("its field `{name}` {problem}"))
    }
}

/// The error for a body that is no callback. It holds nothing of the body, which may hold a valid signature.
fn none(problem: &str) -> Error {
    Error::new(ErrorKind::Decode, format!("the body is no callback for a user's login or logout: {problem}"))
}
