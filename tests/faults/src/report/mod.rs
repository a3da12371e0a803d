//! What is shown of a run: a table as text, everything as JSON, and the page for users.

mod docs;
mod figures;
mod json;
mod row;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use crate::canary::Finding;
use crate::catalogue::Kind;
use crate::language::Client;
use crate::proofs::Proof;
use crate::run::Ended;
use crate::schedule::Exit;

pub use docs::page;
pub use figures::{Figure, figures};
pub use json::document;
pub use table::{problems, table};

/// All that came of a run.
#[derive(Debug)]
pub struct Results<'a> {
    /// The kinds that were asked for.
    pub kinds: Vec<&'a Kind>,
    /// The clients that were asked for.
    pub clients: Vec<Client>,
    /// How each case ended.
    pub ended: Vec<Ended>,
    /// How the processes ended.
    pub exits: Vec<Exit>,
    /// Proofs that did not pass.
    pub failed: BTreeSet<Proof>,
    /// Secrets that were seen.
    pub findings: BTreeMap<Client, Vec<Finding>>,
    /// The seed.
    pub seed: u64,
    /// Whether there were fewer items than there may be.
    pub quick: bool,
}

/// How far past its deadline one call in a thousand may end, in milliseconds.
const OVERSHOOT_MS: f64 = 250.0;

impl Results<'_> {
    /// This project's clients whose calls end too late, all together.
    fn late(&self) -> Vec<Client> {
        let own = self.clients.iter().copied().filter(|client| !client.baseline);
        own.filter(|client| figures::overshoot(self, *client) > OVERSHOOT_MS).collect()
    }

    /// How many laws this project's clients broke. Those written by hand are shown and not held to them.
    #[must_use]
    pub fn broken(&self) -> usize {
        let cases = self.ended.iter().filter(|ended| !ended.client.baseline);
        let exits = self.exits.iter().filter(|exit| !exit.client.baseline);
        let findings = self.findings.iter().filter(|(client, _)| !client.baseline);
        let late = self.late();
        late.len()
            + cases.map(|ended| ended.verdict.violations.len()).sum::<usize>()
            + exits.map(|exit| exit.violations.len()).sum::<usize>()
            + findings.map(|(_, found)| found.len()).sum::<usize>()
            + self.failed.len()
    }
}
