//! What a case expects beside the laws.

use std::collections::HashSet;

use easemob_presence_faults_protocol::{Fate, Outcome};
use serde_json::Value;

use super::evidence::Evidence;
use super::{Violation, Wrong};

const RETRY_AFTER_SLACK_MS: f64 = 1_500.0;

pub(super) fn met(evidence: &Evidence) -> Vec<Violation> {
    let mut violations: Vec<Violation> = evidence
        .told()
        .filter_map(|(call, told)| told_wrong(evidence, told).map(|text| (call, text)))
        .map(|(call, text)| Violation::of(Wrong::Unexpected, call.item, text))
        .collect();
    violations.extend(counts(evidence).into_iter().map(|text| Violation::general(Wrong::Unexpected, text)));
    violations
}

/// What is not as expected of one item.
fn told_wrong(evidence: &Evidence, told: &Outcome) -> Option<String> {
    let expect = &evidence.expect;
    let message = told.message.as_deref().unwrap_or_default();
    let kind = told.kind.as_deref().unwrap_or_default();
    let failed = told.outcome != Fate::Applied;
    if let Some(fates) = &expect.fates
        && !fates.contains(&told.outcome)
    {
        return Some(format!("{:?} ({kind}: {message}), expected {fates:?}", told.outcome));
    }
    if expect.recovers && failed && told.item >= evidence.last_phase {
        return Some(format!("{:?} ({kind}: {message}), though the fault is over", told.outcome));
    }
    if let Some(most) = expect.ms_max
        && told.ms > most
    {
        return Some(format!("took {:.0} ms, {most} ms expected at most", told.ms));
    }
    if !failed {
        let answer = told.answer.as_ref().unwrap_or(&Value::Null);
        return expect
            .answer
            .as_ref()
            .filter(|expected| !holds(answer, expected))
            .map(|expected| format!("answered {answer}, expected {expected}"));
    }
    // The words in which other clients fail are their own.
    if evidence.by_hand {
        return None;
    }
    if let Some(kinds) = &expect.kinds
        && !kinds.iter().any(|expected| expected == kind)
    {
        return Some(format!("failed with {kind}: {message}; expected {kinds:?}"));
    }
    if let Some(statuses) = &expect.statuses
        && !told.status.is_some_and(|status| statuses.contains(&status))
    {
        return Some(format!("failed with status {:?}: {message}; expected {statuses:?}", told.status));
    }
    if let Some(expected) = &expect.sent
        && !told.sent.as_ref().is_some_and(|sent| expected.contains(sent))
    {
        return Some(format!("failed, sent {:?}: {message}; expected {expected:?}", told.sent));
    }
    if let Some(words) = &expect.message_has
        && !message.contains(words.as_str())
    {
        return Some(format!("{message:?} does not say {words:?}"));
    }
    if let Some(wait) = expect.retry_after_ms
        && !told.retry_after_ms.is_some_and(|told| (told - wait).abs() <= RETRY_AFTER_SLACK_MS)
    {
        return Some(format!("carries a Retry-After of {:?} ms, expected {wait}", told.retry_after_ms));
    }
    None
}

/// Whether everything in `expected` is in `answer`, as it is there.
fn holds(answer: &Value, expected: &Value) -> bool {
    match (answer, expected) {
        (Value::Object(answer), Value::Object(expected)) => {
            expected.iter().all(|(name, value)| holds(answer.get(name).unwrap_or(&Value::Null), value))
        }
        _ => answer == expected,
    }
}

/// What is not as expected of the whole.
fn counts(evidence: &Evidence) -> Vec<String> {
    let expect = &evidence.expect;
    let mut wrong = Vec::new();
    let mut check = |holds: bool, text: String| {
        if !holds {
            wrong.push(text);
        }
    };
    if evidence.must_fire {
        check(!evidence.faults.is_empty(), "no fault was carried out".to_owned());
    }
    let (tokens, items) = (evidence.token_calls(), evidence.submitted.len());
    if let Some(expected) = expect.token_calls {
        check(tokens == expected, format!("{tokens} token calls, expected {expected}"));
    }
    if let Some(most) = expect.token_calls_max {
        check(tokens <= most, format!("{tokens} token calls, {most} expected at most"));
    }
    let by_item = evidence.by_item();
    for call in &evidence.submitted {
        let requests = by_item.get(&call.item).map_or(0, |seen| seen.len() as u64);
        if let Some(expected) = expect.requests {
            check(
                requests == expected,
                format!("{requests} requests for item {}, expected {expected}", call.item),
            );
        }
        if let Some(most) = expect.requests_max {
            check(
                requests <= most,
                format!("{requests} requests for item {}, {most} expected at most", call.item),
            );
        }
    }
    let requests = evidence.requests().count();
    if let Some(most) = expect.amplification_max {
        let amplification = ratio(requests, items);
        check(amplification <= most, format!("{amplification:.3} requests for an item, {most} at most"));
    }
    if let Some(least) = expect.applied_min {
        let applied = evidence.told().filter(|(_, told)| told.outcome == Fate::Applied).count();
        let share = ratio(applied, items);
        check(share >= least, format!("{share:.3} of the items succeeded, {least} at least"));
    }
    if let Some(most) = expect.connections_max {
        let connections: HashSet<u64> = evidence.seen.iter().map(|seen| seen.connection).collect();
        check(connections.len() <= most, format!("{} connections, {most} at most", connections.len()));
    }
    if let Some(expected) = expect.elsewhere {
        check(
            evidence.elsewhere == expected,
            format!("{} requests elsewhere, expected {expected}", evidence.elsewhere),
        );
    }
    wrong
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}
