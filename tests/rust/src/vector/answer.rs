//! Canned answers as the cases write them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Deserialize;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::{Problem, canned, files};

/// How much of an answer an error keeps.
const KEPT_BYTES: usize = 2048;

/// One answer, or several in order, of which the last is given again and again.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Answers {
    One(Box<Answer>),
    Many(Vec<Answer>),
}

/// One answer. Its body is written in exactly one of four ways.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    pub(super) body_file: Option<String>,
    body_base64: Option<String>,
    /// Texts with how many times each stands there.
    body_parts: Option<Vec<(String, usize)>>,
}

fn ok() -> u16 {
    200
}

impl Answers {
    pub(super) fn into_list(self) -> Vec<Answer> {
        match self {
            Self::One(answer) => vec![*answer],
            Self::Many(answers) => answers,
        }
    }

    fn as_slice(&self) -> &[Answer] {
        match self {
            Self::One(answer) => std::slice::from_ref(&**answer),
            Self::Many(answers) => answers,
        }
    }

    pub(super) fn last(&self) -> Option<&Answer> {
        self.as_slice().last()
    }

    pub(super) fn replies(&self) -> Result<Replies, Problem> {
        let bytes = self.as_slice().iter().map(Answer::http).collect::<Result<Vec<_>, _>>()?;
        if bytes.is_empty() {
            return Err("the list of answers is empty".into());
        }
        Ok(Replies { bytes, given: AtomicUsize::new(0) })
    }
}

/// Answers as bytes, with how many have been given.
pub(super) struct Replies {
    bytes: Vec<Vec<u8>>,
    given: AtomicUsize,
}

impl Replies {
    pub(super) fn next(&self) -> Vec<u8> {
        let given = self.given.fetch_add(1, Ordering::Relaxed);
        self.bytes.get(given).or(self.bytes.last()).cloned().unwrap_or_default()
    }
}

impl Answer {
    pub(super) fn bytes(&self) -> Result<Vec<u8>, Problem> {
        match (&self.body, &self.body_file, &self.body_base64, &self.body_parts) {
            (Some(text), None, None, None) => Ok(text.as_bytes().to_vec()),
            (None, Some(file), None, None) => files::wire_text(file),
            (None, None, Some(text), None) => {
                BASE64_STANDARD.decode(text).map_err(|_| "body_base64 is no Base64".into())
            }
            (None, None, None, Some(parts)) => {
                Ok(parts.iter().map(|(text, times)| text.repeat(*times)).collect::<String>().into_bytes())
            }
            _ => Err("an answer has exactly one of body, body_file, body_base64 and body_parts".into()),
        }
    }

    fn http(&self) -> Result<Vec<u8>, Problem> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Ok(canned::http(self.status, headers, &self.bytes()?))
    }

    /// What an error keeps of a body in which nothing is masked.
    pub(super) fn kept(body: &[u8]) -> String {
        String::from_utf8_lossy(body.get(..KEPT_BYTES).unwrap_or(body)).into_owned()
    }
}
