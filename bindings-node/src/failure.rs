//! Failures as JSON, from which TypeScript builds a class with a stack.

use std::error::Error as _;

use easemob_presence::{Error, OnlineStates, PartialFailure, UserId};
use napi::bindgen_prelude::{Array, Env, Result};
use serde::Serialize;

use crate::presences::FlatPresences;

use crate::token_provider::ProviderFailure;

/// Why a call brought no value, or only a part of it.
pub(crate) struct Failure {
    error: Option<Box<Error>>,
    /// The presences that were answered, flat.
    presences: Option<FlatPresences>,
}

impl Failure {
    /// For a call that ended without an outcome.
    pub(crate) fn broken() -> Self {
        Self { error: None, presences: None }
    }

    /// Its JSON, or a list of that and the presences that were answered.
    pub(crate) fn append_to(self, row: &mut Array<'_>, env: Env) -> Result<()> {
        let json = self.json();
        let Some(flat) = self.presences else { return row.insert(json) };
        let mut both = env.create_array(2)?;
        both.set(0, json)?;
        both.set(1, flat.into_handle())?;
        row.insert(both)
    }

    /// All fields by name, in JavaScript's spelling.
    pub(crate) fn json(&self) -> String {
        let fields = self.error.as_deref().map_or_else(Fields::broken, Fields::of);
        // Plain fields only, which always can be written.
        serde_json::to_string(&fields).unwrap_or_default()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let presences = error.partial().and_then(PartialFailure::presences).map(FlatPresences::of);
        Self { error: Some(Box::new(error)), presences }
    }
}

impl From<Failure> for napi::Error {
    fn from(failure: Failure) -> Self {
        Self::from_reason(failure.json())
    }
}

/// Absent fields are left out: JavaScript reads them as `undefined`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    kind: &'a str,
    /// The whole line.
    text: String,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    retryable: bool,
    sent: &'a str,
    attempts: u32,
    /// What the causes say, outermost first.
    causes: Vec<String>,
    /// The request to the token provider that failed; JavaScript kept what it threw.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_request: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<Partial<'a>>,
}

/// What succeeded and what failed; the presences go beside it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Partial<'a> {
    succeeded: &'a [UserId],
    causes: Vec<(&'a [UserId], Fields<'a>)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// As JSON in the JSON: it is read where all states are.
    online_states: Option<String>,
}

impl<'a> Partial<'a> {
    fn of(told: &'a PartialFailure) -> Self {
        let causes = told.causes().map(|(ids, cause)| (ids, Fields::of(cause))).collect();
        // String keys and plain values, which always can be written.
        let json = |states: &OnlineStates| serde_json::to_string(states).unwrap_or_default();
        Self { succeeded: told.succeeded(), causes, online_states: told.online_states().map(json) }
    }
}

impl<'a> Fields<'a> {
    fn of(error: &'a Error) -> Self {
        let mut causes = Vec::new();
        let mut token_request = None;
        let mut cause = error.source();
        while let Some(source) = cause {
            match source.downcast_ref::<ProviderFailure>() {
                Some(failure) => token_request = Some(failure.request),
                None => causes.push(source.to_string()),
            }
            cause = source.source();
        }
        Self {
            kind: error.kind().name(),
            text: error.to_string(),
            message: error.message(),
            operation: error.operation(),
            status: error.status(),
            code: error.code(),
            hint: error.hint(),
            request_id: error.request_id(),
            retry_after_ms: error.retry_after().map(|wait| wait.as_secs_f64() * 1_000.0),
            body: error.body(),
            retryable: error.retryable(),
            sent: error.sent().name(),
            attempts: error.attempts(),
            causes,
            token_request,
            partial: error.partial().map(Partial::of),
        }
    }

    fn broken() -> Self {
        let message = "the call ended without an outcome; this is a mistake in easemob-presence";
        Self {
            kind: "internal",
            text: message.to_owned(),
            message,
            operation: None,
            status: None,
            code: None,
            hint: None,
            request_id: None,
            retry_after_ms: None,
            body: None,
            retryable: false,
            sent: "maybe",
            attempts: 0,
            causes: Vec::new(),
            token_request: None,
            partial: None,
        }
    }
}
