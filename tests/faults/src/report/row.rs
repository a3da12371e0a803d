//! One kind and one client: the sum of its cases.

use std::collections::BTreeMap;

use easemob_presence_faults_protocol::Fate;
use serde::Serialize;

use super::Results;
use crate::catalogue::Kind;
use crate::judge::{Violation, Wrong};
use crate::language::Client;

/// The sum of a kind's cases with one client.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Row {
    pub(super) cases: usize,
    /// Tests elsewhere that showed it.
    pub(super) proofs: usize,
    pub(super) outcomes: BTreeMap<Fate, u64>,
    pub(super) lost: usize,
    pub(super) doubled: usize,
    pub(super) dishonest: usize,
    /// Told as unknown where that is not allowed.
    pub(super) unknown: usize,
    /// Everything else that was not as it has to be.
    pub(super) other: usize,
    pub(super) requests: u64,
    pub(super) token_calls: u64,
    pub(super) failed_proofs: usize,
    /// The first few, in full.
    pub(super) violations: Vec<Violation>,
}

const SHOWN: usize = 5;

impl Row {
    pub(super) fn of(results: &Results<'_>, kind: &Kind, client: Client) -> Self {
        let mut row = Self::default();
        let own = results.ended.iter().filter(|ended| ended.kind == kind.kind && ended.client == client);
        for ended in own {
            let verdict = &ended.verdict;
            row.cases += 1;
            for (fate, count) in &verdict.fates {
                *row.outcomes.entry(*fate).or_default() += count;
            }
            row.lost += verdict.count(Wrong::Lost);
            row.doubled += verdict.count(Wrong::Doubled);
            row.dishonest += verdict.count(Wrong::Dishonest);
            row.unknown += verdict.count(Wrong::Unknown);
            row.requests += verdict.requests;
            row.token_calls += verdict.token_calls;
            row.violations.extend(verdict.violations.iter().take(SHOWN).map(|violation| Violation {
                text: format!("{}: {}", ended.case, violation.text),
                ..violation.clone()
            }));
            row.other += verdict.violations.len();
        }
        row.other -= row.lost + row.doubled + row.dishonest + row.unknown;
        if !client.baseline {
            let proofs = kind.proofs.iter().filter(|proof| proof.language == client.language);
            let (failed, passed): (Vec<_>, Vec<_>) = proofs.partition(|proof| results.failed.contains(proof));
            (row.proofs, row.failed_proofs) = (passed.len(), failed.len());
        }
        row
    }

    pub(super) fn ran(&self) -> bool {
        self.cases + self.proofs + self.failed_proofs > 0
    }

    pub(super) fn is_clean(&self) -> bool {
        self.lost + self.doubled + self.dishonest + self.unknown + self.other + self.failed_proofs == 0
    }
}
