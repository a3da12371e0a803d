//! Comparing what a call came to with what the case says.

use std::fmt::{Debug, Write};

use easemob_presence::{Error, PartialFailure};
use serde::Deserialize;
use serde_json::Value;

use crate::Problem;
use crate::call::{Answered, Call, Ids};
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
    #[serde(default, deserialize_with = "present")]
    partial: Option<Option<PartialSpec>>,
}

/// What a call on many users says of each of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartialSpec {
    #[serde(deserialize_with = "Deserialize::deserialize")]
    answered: Option<usize>,
    succeeded: Ids,
    failed: Vec<FailedSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FailedSpec {
    ids: Ids,
    kind: String,
    sent: Option<String>,
}

/// One item of `iter_many`.
#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum ItemSpec {
    Answered { ids: Ids },
    Failed { kind: String, failed: Ids, message_contains: Option<String> },
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

/// The users of presences or states, in their order, none missing.
pub(crate) fn check_ids(outcome: &Result<Answered, Error>, ids: &[String]) -> Result<(), Problem> {
    let value = outcome.as_ref().map(|answered| &answered.value).map_err(ToString::to_string)?;
    let items = value.get("presences").or_else(|| value.get("states")).and_then(Value::as_array);
    let got: Vec<_> = items.into_iter().flatten().filter_map(|item| item.get("user_id")?.as_str()).collect();
    let missing = value.get("missing").and_then(Value::as_array).is_none_or(|missing| !missing.is_empty());
    if got == ids && !missing { Ok(()) } else { Err(format!("expected {ids:?}, got {value}")) }
}

/// What a stream of answers gave.
pub(crate) fn check_items(outcome: &Result<Answered, Error>, expected: &[ItemSpec]) -> Result<(), Problem> {
    let items = outcome.as_ref().map(|answered| &answered.items).map_err(ToString::to_string)?;
    if items.len() != expected.len() {
        return Err(format!("expected {} items, got {items:?}", expected.len()));
    }
    for (item, spec) in items.iter().zip(expected) {
        let same = match (item, spec) {
            (Ok(presences), ItemSpec::Answered { ids }) => {
                presences.iter().map(|presence| presence.user_id().to_string()).eq(ids.get())
            }
            (Err(error), ItemSpec::Failed { kind, failed, message_contains }) => {
                let users = error.partial().into_iter().flat_map(PartialFailure::failed);
                error.kind().name() == kind
                    && users.map(|(id, _)| id.to_string()).eq(failed.get())
                    && message_contains.as_ref().is_none_or(|words| error.message().contains(words))
            }
            _ => false,
        };
        if !same {
            return Err(format!("expected {spec:?}, got {item:?}"));
        }
    }
    Ok(())
}

impl PartialSpec {
    fn is_told_by(&self, got: &PartialFailure) -> bool {
        let states = got.online_states().map(easemob_presence::OnlineStates::len);
        let answered = got.presences().map(easemob_presence::Presences::len).or(states);
        let failed = self.failed.iter().flat_map(|spec| spec.ids.get().into_iter().map(move |id| (id, spec)));
        answered == self.answered
            && got.succeeded().iter().map(ToString::to_string).eq(self.succeeded.get())
            && got.failed().len() == self.failed.iter().map(|spec| spec.ids.get().len()).sum::<usize>()
            && got.failed().zip(failed).all(|((id, cause), (expected, spec))| {
                id.as_str() == expected
                    && cause.kind().name() == spec.kind
                    && spec.sent.as_deref().is_none_or(|sent| cause.sent().name() == sent)
            })
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
        let told = match (&self.partial, got.partial()) {
            (None, _) | (Some(None), None) => true,
            (Some(Some(spec)), Some(partial)) => spec.is_told_by(partial),
            _ => false,
        };
        if !told {
            found.0.push(format!("partial: expected {:?}, got {:?}", self.partial, got.partial()));
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
