//! The cases of `tests/vectors/callbacks.json`: what the service posts, and what a verifier makes of it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use easemob_presence::Error;
use easemob_presence::webhook::{Callback, Verifier};
use md5::{Digest, Md5};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Problem;
use crate::expect::shows;
use crate::files::{self, Named, wire_text};
use crate::report::Report;

const FILE: &str = "callbacks";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default = "default_secret")]
    secret: String,
    #[serde(default)]
    also: Vec<String>,
    app_key: Option<String>,
    max_age_ms: Option<u64>,
    deliveries: Vec<Delivery>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Delivery {
    text: Option<String>,
    base64: Option<String>,
    #[serde(default)]
    change: Map<String, Value>,
    #[serde(default)]
    age_ms: i64,
    #[serde(default)]
    timestamp: Form,
    signed_with: Option<String>,
    #[serde(default)]
    capitals: bool,
    #[serde(default)]
    without: Vec<String>,
    #[serde(default)]
    after: Map<String, Value>,
    after_shift_ms: Option<u64>,
    pad_to: Option<usize>,
    callback: Option<Map<String, Value>>,
    #[serde(default)]
    repeat: bool,
    error: Option<Refusal>,
    #[serde(default)]
    forget: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    #[default]
    Number,
    Text,
    Seconds,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    kind: String,
    message_contains: Vec<String>,
}

/// A body, the moment that it names, and what no error may show.
struct Posted {
    body: Vec<u8>,
    time: SystemTime,
    security: String,
}

impl Named for Case {
    fn name(&self) -> &str {
        &self.name
    }
}

fn default_secret() -> String {
    "vector-secret".into()
}

/// Runs all of them.
#[must_use]
pub fn run_callbacks() -> Report {
    let cases: Vec<Case> = match files::cases("vectors", FILE) {
        Ok(cases) => cases,
        Err(problem) => return Report::unreadable(FILE, &problem),
    };
    let mut report = Report::new(FILE);
    for case in cases {
        report.add(&case.name, case.run());
    }
    report
}

impl Case {
    fn run(&self) -> Result<(), Problem> {
        if self.deliveries.is_empty() {
            return Err("it delivers nothing".into());
        }
        let verifier = self.verifier().map_err(|error| error.to_string())?;
        for (number, delivery) in self.deliveries.iter().enumerate() {
            let posted = delivery.make(&self.secret)?;
            let outcome = verifier.parse(&posted.body);
            if let (Ok(Some(callback)), true) = (&outcome, delivery.forget) {
                verifier.forget(callback.call_id());
            }
            delivery
                .check(outcome, &posted, &self.secret)
                .map_err(|problem| format!("delivery {number}: {problem}"))?;
        }
        Ok(())
    }

    fn verifier(&self) -> Result<Verifier, Error> {
        let mut verifier = Verifier::new(&self.secret)?;
        for secret in &self.also {
            verifier = verifier.also(secret)?;
        }
        if let Some(app_key) = &self.app_key {
            verifier = verifier.app_key(app_key)?;
        }
        match self.max_age_ms {
            Some(millis) => verifier.max_age(Duration::from_millis(millis)),
            None => Ok(verifier),
        }
    }
}

impl Delivery {
    fn make(&self, secret: &str) -> Result<Posted, Problem> {
        let now =
            SystemTime::now().duration_since(UNIX_EPOCH).map_err(|error| error.to_string())?.as_millis();
        let millis = u64::try_from(now).ok().and_then(|now| now.checked_add_signed(-self.age_ms));
        let millis = millis.ok_or("there is no such time")?;
        let (number, millis) = match self.timestamp {
            Form::Seconds => (millis / 1000, millis / 1000 * 1000),
            Form::Number | Form::Text => (millis, millis),
        };
        let sample: Map<String, Value> =
            serde_json::from_slice(&wire_text("callback_user_status_2023.json")?)
                .map_err(|e| e.to_string())?;
        let mut fields = sample;
        fields.extend(self.change.clone());
        let call_id = fields.get("callId").and_then(Value::as_str).unwrap_or_default();
        let secret = self.signed_with.as_deref().unwrap_or(secret);
        let digest: [u8; 16] = Md5::digest(format!("{call_id}{secret}{number}")).into();
        let mut security = format!("{:032x}", u128::from_be_bytes(digest));
        if self.capitals {
            security = security.to_uppercase();
        }
        let sent = number + self.after_shift_ms.unwrap_or(0);
        let sent: Value =
            if matches!(self.timestamp, Form::Text) { sent.to_string().into() } else { sent.into() };
        fields.insert("timestamp".into(), sent);
        fields.insert("security".into(), security.clone().into());
        for name in &self.without {
            fields.remove(name).ok_or_else(|| format!("there is no {name} to take away"))?;
        }
        fields.extend(self.after.clone());
        let mut body = Value::Object(fields).to_string().into_bytes();
        if let Some(length) = self.pad_to {
            let end = br#","pad":""}"#;
            let pad = length.checked_sub(body.len() - 1 + end.len()).ok_or("it is longer already")?;
            body.pop();
            body.extend_from_slice(br#","pad":""#);
            body.resize(body.len() + pad, b'x');
            body.extend_from_slice(br#""}"#);
        }
        if let Some(text) = &self.text {
            body = text.clone().into_bytes();
        }
        if let Some(base64) = &self.base64 {
            body = BASE64_STANDARD.decode(base64).map_err(|error| error.to_string())?;
        }
        Ok(Posted { body, time: UNIX_EPOCH + Duration::from_millis(millis), security })
    }

    fn check(
        &self,
        outcome: Result<Option<Callback>, Error>,
        posted: &Posted,
        secret: &str,
    ) -> Result<(), Problem> {
        match (outcome, &self.callback, self.repeat, &self.error) {
            (Ok(Some(callback)), Some(expected), false, None) => {
                if callback.timestamp() != posted.time {
                    return Err(format!("it is of {:?}", callback.timestamp()));
                }
                let got = fields(&callback);
                let differs = expected.iter().find(|&(name, value)| got.get(name) != Some(value));
                differs.map_or(Ok(()), |(name, value)| {
                    Err(format!("{name}: expected {value}, got {:?}", got.get(name)))
                })
            }
            (Ok(None), None, true, None) => Ok(()),
            (Err(error), None, false, Some(expected)) => {
                refused(&error, expected, &[&posted.security, secret])
            }
            (outcome, ..) => Err(format!("it came to {outcome:?}")),
        }
    }
}

fn refused(error: &Error, expected: &Refusal, hidden: &[&str]) -> Result<(), Problem> {
    if error.kind().name() != expected.kind {
        return Err(format!("expected {}, got {error}", expected.kind));
    }
    if let Some(words) = expected.message_contains.iter().find(|&words| !error.message().contains(words)) {
        return Err(format!("{words:?} is not in {error}"));
    }
    if error.to_string().lines().count() != 1 || hidden.iter().any(|text| shows(error, text)) {
        return Err(format!("it is not one line, or shows too much: {error:?}"));
    }
    Ok(())
}

/// What can be asked of it, by name.
fn fields(callback: &Callback) -> Map<String, Value> {
    let pairs: [(&str, Value); 10] = [
        ("call_id", callback.call_id().into()),
        ("reason", callback.reason().name().into()),
        ("online", callback.online().into()),
        ("user_id", callback.user_id().as_str().into()),
        ("resource", callback.resource().into()),
        ("os", callback.os().into()),
        ("ip", callback.ip().into()),
        ("host", callback.host().into()),
        ("app_key", callback.app_key().into()),
        ("version", callback.version().into()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
