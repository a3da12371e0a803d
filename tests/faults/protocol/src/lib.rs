//! What the fault suite and its runners say to each other: one JSON document a line, jobs in, answers out.
//!
//! A runner is dumb on purpose. It makes the calls of a [`Job`] with the client of its language and tells what became
//! of each one; which calls those are, and whether what it tells is true, is decided in one place for all languages.
//! A runner reads a job, runs its phases, says `{"phase_done": n}` after each but the last and waits for a line
//! before it goes on, and ends with a [`Report`]. When its input ends it has a second to be gone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A client to build and the calls to make with it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Job {
    /// Counts up; the report has the same.
    pub id: u64,
    /// Says in the log whose lines follow.
    pub case: String,
    /// Where the service is, with its scheme.
    pub host: String,
    /// The app key.
    pub app_key: String,
    /// Client id and secret, unless there is a token or a provider.
    pub client_id: String,
    /// Is never to be seen in anything that the runner writes.
    pub client_secret: String,
    /// One fixed token in place of credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_token: Option<String>,
    /// A token provider in place of credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// A proxy's URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// A certificate authority to trust, as PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_certificate: Option<String>,
    /// How the client is to be built.
    pub options: Options,
    /// Run one after another.
    pub phases: Vec<Phase>,
}

/// What a token provider does when it is asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Provider {
    /// `ok`, `raises`, `nothing` (a value of the wrong type), `hangs`, `slow` (300 ms), `reenters` (asks the client
    /// itself for a token, with a short timeout, before it answers).
    pub behaviour: String,
    /// Given out in turn, the last one for ever.
    pub tokens: Vec<String>,
}

/// How a client is built; what is absent is left at its default.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The whole call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// One attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt_timeout_ms: Option<u64>,
    /// Connecting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_timeout_ms: Option<u64>,
    /// Attempts that count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
    /// `off`, `documented`, or calls a second for every endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limits: Option<Value>,
    /// Between two token calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_token_interval_ms: Option<u64>,
    /// Calls that may wait for the limiter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_queued: Option<u32>,
}

/// Calls that are made at the same time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Phase {
    /// How many at once; 0 for all.
    pub concurrency: usize,
    /// In the order in which they are begun.
    pub calls: Vec<Call>,
}

/// One call, of one item.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Call {
    /// The item's number, of which there is one outcome.
    pub item: u64,
    /// The operation's name, as in every language.
    pub op: String,
    /// The acting user.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// Of a set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Of a set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u32>,
    /// Of a set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ext: Option<String>,
    /// The users asked for; a `get` has one. The group of a count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// Of a subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_s: Option<i64>,
    /// Of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<i64>,
    /// Of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<i64>,
    /// When the caller gives up, after the call began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_ms: Option<u64>,
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It succeeded.
    Applied,
    /// It failed and nothing was sent.
    NotApplied,
    /// The service answered, and not with success.
    Rejected,
    /// It failed, and the service may have acted.
    Unknown,
    /// A newer write took its place.
    Superseded,
    /// The caller gave up.
    Cancelled,
}

impl Fate {
    /// All, in the order in which tables show them.
    pub const ALL: [Self; 6] =
        [Self::Applied, Self::NotApplied, Self::Rejected, Self::Unknown, Self::Superseded, Self::Cancelled];

    /// The fate of a call that failed with an error of this kind, of which the client says `sent`.
    #[must_use]
    pub fn of_error(kind: &str, sent: &str) -> Self {
        match (kind, sent) {
            ("superseded", _) => Self::Superseded,
            ("cancelled", _) => Self::Cancelled,
            (_, "no") => Self::NotApplied,
            (_, "yes") => Self::Rejected,
            _ => Self::Unknown,
        }
    }
}

/// What a caller was told of an item.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The item's number.
    pub item: u64,
    /// What became of it.
    pub outcome: Fate,
    /// The error's kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The status that the error names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What the error says of the request: `no`, `maybe`, `yes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
    /// What the error says of attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// What the error carries of `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<f64>,
    /// The error's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What a call that reads was answered, in one form for all languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
    /// From the call to its end, as the caller's clock has it.
    pub ms: f64,
}

/// What a runner holds of its machine.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Held {
    /// Open file descriptors.
    pub fds: u64,
    /// Threads.
    pub threads: u64,
    /// Tasks of the event loop, or its handles.
    pub tasks: u64,
    /// Resident memory, in KiB.
    pub rss_kib: u64,
    /// The most that it ever was, in KiB, since the job began where the system can tell.
    #[serde(default)]
    pub peak_kib: u64,
}

/// A job's end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// The job's.
    pub id: u64,
    /// One for each item, if all is well.
    pub outcomes: Vec<Outcome>,
    /// How long closing the client took.
    pub close_ms: f64,
    /// Before the client was built.
    pub before: Held,
    /// After it was closed and let go.
    pub after: Held,
    /// What the language itself complained of: tasks never awaited, unhandled rejections, unraisable exceptions.
    #[serde(default)]
    pub complaints: Vec<String>,
    /// Other figures.
    #[serde(default)]
    pub figures: BTreeMap<String, f64>,
}

/// What a runner writes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// A phase has ended; the runner waits for a line.
    PhaseDone {
        /// The phase, from 0.
        phase_done: usize,
    },
    /// The job has ended.
    Report(Box<Report>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_follow_from_what_the_error_says() {
        for (kind, sent, fate) in [
            ("connect", "no", Fate::NotApplied),
            ("server", "yes", Fate::Rejected),
            ("timeout", "maybe", Fate::Unknown),
            ("superseded", "no", Fate::Superseded),
            ("cancelled", "maybe", Fate::Cancelled),
            ("server", "what?", Fate::Unknown),
        ] {
            assert_eq!(Fate::of_error(kind, sent), fate, "{kind} {sent}");
        }
    }

    #[test]
    fn the_two_lines_of_a_runner_are_told_apart() {
        let line = |text| serde_json::from_str::<Line>(text).unwrap();
        assert!(matches!(line(r#"{"phase_done":1}"#), Line::PhaseDone { phase_done: 1 }));
        let held = r#"{"fds":1,"threads":1,"tasks":1,"rss_kib":1}"#;
        let report = format!(r#"{{"id":7,"outcomes":[],"close_ms":0,"before":{held},"after":{held}}}"#);
        assert!(matches!(line(&report), Line::Report(report) if report.id == 7));
    }
}
