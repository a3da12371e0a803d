//! L5, rates; L6, what was held is given back; L9, calls end by their deadlines.

use std::collections::{HashMap, HashSet};

use super::evidence::Evidence;
use super::{Violation, Wrong};

/// How much later than its deadline a single call may end: one that is later hangs, however busy the machine. What
/// calls may take all together is a figure of the whole run.
const GRACE_MS: f64 = 1_000.0;
/// How long closing may take.
const CLOSE_MS: f64 = 1_000.0;
const SECOND_MS: u64 = 1_000;

/// No refusal for the rate but injected ones, and no second with more calls than the case allows.
pub(super) fn rates(evidence: &Evidence) -> Vec<Violation> {
    let injected: HashSet<u64> = evidence.faults.iter().filter_map(|fault| fault.request).collect();
    let refused = |seen: &&super::Seen| seen.status == Some(429) && !injected.contains(&seen.seq);
    let mut violations = Vec::new();
    let all = evidence.requests().count();
    let own = evidence.requests().filter(refused).count();
    // A share of `rejected_max` is for services that change their rate without a word.
    let allowed = evidence.expect.rejected_max.unwrap_or(0.0) * as_f64(all);
    if as_f64(own) > allowed {
        let text = format!("{own} of {all} requests were refused for the rate, without a fault");
        violations.push(Violation::general(Wrong::Limit, text));
    }
    let Some(most) = evidence.expect.per_second_max else { return violations };
    let mut times: HashMap<_, Vec<u64>> = HashMap::new();
    for seen in evidence.requests() {
        times.entry(seen.operation).or_default().push(seen.at_ms);
    }
    for (operation, mut times) in times {
        times.sort_unstable();
        let densest =
            times.iter().zip(times.iter().skip(most)).filter(|(first, past)| **past < **first + SECOND_MS);
        let count = densest.count();
        if count > 0 {
            let text = format!("more than {most} calls of {operation} in a second, {count} times");
            violations.push(Violation::general(Wrong::Limit, text));
        }
    }
    violations
}

/// Descriptors and tasks are back where they were.
pub(super) fn held(evidence: &Evidence) -> Vec<Violation> {
    let (before, after) = (&evidence.report.before, &evidence.report.after);
    let mut violations = Vec::new();
    let mut more = |what: &str, before: u64, after: u64| {
        if evidence.compare_held && after > before {
            violations
                .push(Violation::general(Wrong::Held, format!("{after} {what} in the end, {before} before")));
        }
    };
    more("descriptors", before.fds, after.fds);
    more("tasks", before.tasks, after.tasks);
    for complaint in &evidence.report.complaints {
        violations.push(Violation::general(Wrong::Held, format!("the language complains: {complaint}")));
    }
    if let Some(most) = evidence.expect.growth_mib_max {
        let peak = after.peak_kib.max(after.rss_kib);
        let growth =
            as_f64(usize::try_from(peak.saturating_sub(before.rss_kib)).unwrap_or_default()) / 1_024.0;
        if growth > most {
            let text = format!("memory grew by {growth:.1} MiB, {most} MiB allowed");
            violations.push(Violation::general(Wrong::Held, text));
        }
    }
    violations
}

/// Every call ends by its deadline, and closing by its second.
pub(super) fn deadlines(evidence: &Evidence) -> Vec<Violation> {
    let mut violations: Vec<Violation> = evidence
        .report
        .outcomes
        .iter()
        .filter(|told| told.ms > evidence.timeout_ms + GRACE_MS)
        .map(|told| {
            let text = format!("ended after {:.0} ms, with a timeout of {} ms", told.ms, evidence.timeout_ms);
            Violation::of(Wrong::Late, told.item, text)
        })
        .collect();
    if evidence.report.close_ms > CLOSE_MS {
        let text = format!("closing took {:.0} ms", evidence.report.close_ms);
        violations.push(Violation::general(Wrong::Late, text));
    }
    violations
}

/// How far past their deadlines calls ended that did not end before.
pub(super) fn overshoots(evidence: &Evidence) -> Vec<f64> {
    let over = |ms: f64| ms - evidence.timeout_ms;
    evidence.report.outcomes.iter().map(|told| over(told.ms)).filter(|over| *over > 0.0).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
fn as_f64(count: usize) -> f64 {
    count as f64
}
