//! Comparing what a call came to with what the case says.

use std::fmt::{Debug, Write};

use easemob_presence::Error;
use serde::Deserialize;
use serde_json::Value;

use crate::Problem;
use crate::call::{Answered, Call};
use crate::files::present;

/// What is said of an error. An absent field is not compared; null means "none".
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "\"not compared\" and \"none\" are different")]
pub(crate) struct ErrorSpec {
    kind: String,
    #[serde(default, deserialize_with = "present")]
    operation: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    status: Option<Option<u16>>,
    #[serde(default, deserialize_with = "present")]
    code: Option<Option<String>>,
    message: Option<String>,
    message_contains: Option<String>,
    sent: Option<String>,
    attempts: Option<u32>,
    retryable: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    retry_after_ms: Option<Option<u64>>,
    #[serde(default, deserialize_with = "present")]
    request_id: Option<Option<String>>,
    hint_contains: Option<String>,
    pub(crate) body_contains: Option<String>,
    /// A text that nothing of the error may show.
    hides: Option<String>,
}

/// Either a value or an error, as every call of a case has one.
pub(crate) fn check(
    call: &Call,
    outcome: &Result<Answered, Error>,
    expect: Option<&Value>,
    error: Option<&ErrorSpec>,
) -> Result<(), Problem> {
    match (outcome, expect, error) {
        (_, Some(_), Some(_)) | (_, None, None) => Err("a call has one of expect and error".into()),
        (Ok(answered), Some(expect), None) if answered.value == *expect => Ok(()),
        (Ok(answered), Some(expect), None) => Err(format!("expected {expect}, got {}", answered.value)),
        (Ok(answered), None, Some(spec)) => Err(format!("expected {}, got {}", spec.kind, answered.value)),
        (Err(got), Some(expect), None) => Err(format!("expected {expect}, got {got}")),
        (Err(got), None, Some(spec)) => spec.check(Some(call.operation()), got),
    }
}

impl ErrorSpec {
    /// `operation`: what the error names unless the case says otherwise.
    pub(crate) fn check(&self, operation: Option<&str>, got: &Error) -> Result<(), Problem> {
        let mut found = Differences(Vec::new());
        let operation = self.operation.clone().unwrap_or_else(|| operation.map(str::to_owned));
        found.compare("kind", Some(&self.kind.as_str()), &got.kind().name());
        found.compare("operation", Some(&operation.as_deref()), &got.operation());
        found.compare("status", self.status.as_ref(), &got.status());
        found.compare("code", self.code.as_ref().map(Option::as_deref).as_ref(), &got.code());
        found.compare("message", self.message.as_deref().as_ref(), &got.message());
        found.compare("sent", self.sent.as_deref().as_ref(), &got.sent().name());
        found.compare("attempts", self.attempts.as_ref(), &got.attempts());
        found.compare("retryable", self.retryable.as_ref(), &got.retryable());
        let wait = got.retry_after().map(|wait| wait.as_millis());
        let expected_wait = self.retry_after_ms.map(|wait| wait.map(u128::from));
        found.compare("retry_after_ms", expected_wait.as_ref(), &wait);
        found.compare(
            "request_id",
            self.request_id.as_ref().map(Option::as_deref).as_ref(),
            &got.request_id(),
        );
        found.contains("message", self.message_contains.as_deref(), Some(got.message()));
        found.contains("hint", self.hint_contains.as_deref(), got.hint());
        found.contains("body", self.body_contains.as_deref(), got.body());
        let shown = got.to_string();
        if shown.contains(['\n', '\r']) {
            found.0.push(format!("the text has more than one line: {shown:?}"));
        }
        found.contains("the text", Some(got.kind().name()), Some(&shown));
        if let Some(secret) = self.hides.as_deref().filter(|secret| shows(got, secret)) {
            found.0.push(format!("it shows {secret:?}"));
        }
        if found.0.is_empty() { Ok(()) } else { Err(format!("{} (the error: {shown})", found.0.join("; "))) }
    }
}

/// Whether anything that an error prints, its causes included, holds this text.
#[must_use]
pub fn shows(error: &Error, text: &str) -> bool {
    let mut printed = format!("{error} {error:?} {error:#?} {:?}", error.body());
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        // Writing into a text does not fail.
        let _ = write!(printed, " {error} {error:?}");
        cause = error.source();
    }
    printed.contains(text)
}

struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + Debug>(&mut self, what: &str, expected: Option<&T>, got: &T) {
        if let Some(expected) = expected.filter(|expected| *expected != got) {
            self.0.push(format!("{what}: expected {expected:?}, got {got:?}"));
        }
    }

    fn contains(&mut self, what: &str, words: Option<&str>, got: Option<&str>) {
        if let Some(words) = words.filter(|words| !got.is_some_and(|got| got.contains(words))) {
            self.0.push(format!("{what}: expected {words:?} in {got:?}"));
        }
    }
}
