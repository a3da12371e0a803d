//! Whether what callers were told is true, by what the emulator wrote down.
//!
//! The laws, which every case is held to: each item has one outcome (L1); what is told as applied is in the journal
//! and stays in the state until a later change, and what is told as not sent is not in the journal (L2); unknown is
//! told only where the fault leaves no other way (L3); limits are kept and no refusal is the client's own doing (L5);
//! what was held is given back (L6); no call hangs past its deadline, and closing takes no second (L9; how far past it calls end is a figure of the run). L4 is a figure
//! that a case sets itself, as are other expectations; L8 is [`crate::canary`].

mod evidence;
mod expectations;
mod items;
mod limits;
mod reads;
#[cfg(test)]
mod tests;
mod writes;

use std::collections::BTreeMap;

use easemob_presence_faults_protocol::Fate;
use serde::Serialize;

pub use evidence::{Changed, Evidence, Fault, Seen};

/// What a law says was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// An item without an outcome, or told as done and not done.
    Lost,
    /// An item with two outcomes, or done again after something newer.
    Doubled,
    /// Told as not sent, or as refused, and it was otherwise.
    Dishonest,
    /// Told as unknown where it could be known.
    Unknown,
    /// Over the rate, or refused for it.
    Limit,
    /// Not given back.
    Held,
    /// After its deadline.
    Late,
    /// Not what the case expects.
    Unexpected,
}

/// One breach of a law.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Violation {
    /// What was broken.
    pub wrong: Wrong,
    /// The item, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<u64>,
    /// What was told and what was so.
    pub text: String,
}

impl Violation {
    fn of(wrong: Wrong, item: u64, text: impl Into<String>) -> Self {
        Self { wrong, item: Some(item), text: text.into() }
    }

    fn general(wrong: Wrong, text: impl Into<String>) -> Self {
        Self { wrong, item: None, text: text.into() }
    }
}

/// How a case ended for one client.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verdict {
    /// How many items ended how.
    pub fates: BTreeMap<Fate, u64>,
    /// What was wrong.
    pub violations: Vec<Violation>,
    /// Requests that came for the items, tokens left out.
    pub requests: u64,
    /// Token calls.
    pub token_calls: u64,
    /// How much later than their deadlines items ended, in milliseconds; only those that did.
    pub overshoots_ms: Vec<f64>,
}

impl Verdict {
    /// How many breaches of this sort there are.
    #[must_use]
    pub fn count(&self, wrong: Wrong) -> usize {
        self.violations.iter().filter(|violation| violation.wrong == wrong).count()
    }
}

/// Judges by all laws.
#[must_use]
pub fn judge(evidence: &Evidence) -> Verdict {
    let mut violations = items::conservation(evidence);
    violations.extend(items::honesty(evidence));
    violations.extend(writes::truth(evidence));
    violations.extend(reads::truth(evidence));
    violations.extend(limits::rates(evidence));
    violations.extend(limits::held(evidence));
    violations.extend(limits::deadlines(evidence));
    violations.extend(expectations::met(evidence));
    let mut fates = BTreeMap::new();
    for outcome in &evidence.report.outcomes {
        *fates.entry(outcome.outcome).or_default() += 1;
    }
    Verdict {
        fates,
        violations,
        requests: evidence.requests().count() as u64,
        token_calls: evidence.token_calls(),
        overshoots_ms: limits::overshoots(evidence),
    }
}
