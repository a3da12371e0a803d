//! L1, one outcome for each item, and L2 and L3, what outcomes say of requests.

use std::collections::HashMap;

use easemob_presence_faults_protocol::Fate;

use super::evidence::Evidence;
use super::{Violation, Wrong};

/// Each item submitted has one outcome, and there is no other.
pub(super) fn conservation(evidence: &Evidence) -> Vec<Violation> {
    let mut counts: HashMap<u64, i64> = evidence.submitted.iter().map(|call| (call.item, 0)).collect();
    let mut violations = Vec::new();
    for outcome in &evidence.report.outcomes {
        match counts.get_mut(&outcome.item) {
            Some(count) => *count += 1,
            None => violations.push(Violation::of(
                Wrong::Doubled,
                outcome.item,
                "an outcome of an item never submitted",
            )),
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable();
    for (item, count) in counts {
        match count {
            1 => {}
            0 => violations.push(Violation::of(Wrong::Lost, item, "no outcome")),
            _ => violations.push(Violation::of(Wrong::Doubled, item, format!("{count} outcomes"))),
        }
    }
    violations
}

/// What outcomes say of requests is so.
pub(super) fn honesty(evidence: &Evidence) -> Vec<Violation> {
    let requests = evidence.by_item();
    let mut violations = Vec::new();
    for (call, told) in evidence.told() {
        let seen = requests.get(&call.item).map_or(&[][..], Vec::as_slice);
        let mut broken = |wrong, text: String| violations.push(Violation::of(wrong, call.item, text));
        let kind = told.kind.as_deref().unwrap_or_default();
        match told.outcome {
            Fate::NotApplied if !seen.is_empty() => {
                broken(
                    Wrong::Dishonest,
                    format!("{kind}, told as not sent: request {} is in the journal", list(seen)),
                );
            }
            Fate::Unknown if !evidence.unknown_allowed => {
                broken(
                    Wrong::Unknown,
                    format!("{kind}, unknown: {}", told.message.as_deref().unwrap_or_default()),
                );
            }
            _ => {}
        }
        if told.outcome == Fate::Applied {
            continue;
        }
        if let Some(attempts) = told.attempts
            && (seen.len() as u64) > u64::from(attempts)
            && told.outcome != Fate::Cancelled
        {
            let text =
                format!("{kind}, told of {attempts} attempts: requests {} are in the journal", list(seen));
            broken(Wrong::Dishonest, text);
        }
        // The token call has a status of its own, and so has what is answered before the request is in the journal.
        let answered = |status| seen.iter().any(|seen| seen.status.is_none_or(|answered| answered == status));
        if let Some(status) = told.status
            && !seen.is_empty()
            && !answered(status)
            && kind != "auth"
        {
            broken(Wrong::Dishonest, format!("{kind}, told of status {status}, which was never answered"));
        }
    }
    violations
}

fn list(seen: &[&super::Seen]) -> String {
    seen.iter().map(|seen| seen.seq.to_string()).collect::<Vec<_>>().join(", ")
}
