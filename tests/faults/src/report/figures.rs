//! Figures worth telling, beside the counts of the table.

use serde::Serialize;

use super::Results;
use crate::language::Client;
use crate::run::Ended;

/// One figure of one client.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// What it is of.
    pub name: &'static str,
    /// Whose.
    pub client: Client,
    /// The figure; none if the client has nothing to measure.
    pub value: Option<f64>,
}

impl Figure {
    pub(super) fn shown(&self) -> String {
        self.value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
    }
}

/// A name, and the kind and case that it is measured by.
type Source = (&'static str, &'static str, &'static str, fn(&Ended) -> f64);

const SOURCES: [Source; 6] = [
    ("token calls after 1,000 concurrent 401s", "F1", "burst", |ended| {
        as_f64(ended.verdict.token_calls.saturating_sub(1))
    }),
    ("closed-at-reuse races that a caller sees", "A11", "sets", not_applied),
    ("requests per call, no call fails", "E4", "fail 0%", amplification),
    ("requests per call, 10 % of requests fail", "E4", "fail 10%", amplification),
    ("requests per call, 50 % of requests fail", "E4", "fail 50%", amplification),
    ("requests per call, all requests fail", "E4", "fail 100%", amplification),
];

fn amplification(ended: &Ended) -> f64 {
    as_f64(ended.verdict.requests) / as_f64(ended.items.max(1) as u64)
}

fn not_applied(ended: &Ended) -> f64 {
    let applied = ended.verdict.fates.get(&easemob_presence_faults_protocol::Fate::Applied);
    as_f64(ended.items as u64 - applied.copied().unwrap_or_default())
}

#[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^52")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

/// How far past their deadlines calls of one client end, the 99.9th percentile of all its calls, in milliseconds.
pub(super) fn overshoot(results: &Results<'_>, client: Client) -> f64 {
    let own = results.ended.iter().filter(|ended| ended.client == client);
    let (mut over, mut items) = (Vec::new(), 0);
    for ended in own {
        over.extend(ended.verdict.overshoots_ms.iter().copied());
        items += ended.items;
    }
    percentile(over, items)
}

/// All figures of all clients.
#[must_use]
pub fn figures(results: &Results<'_>) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (name, kind, case, measure) in SOURCES {
        for client in &results.clients {
            let found = |ended: &&Ended| ended.kind == kind && ended.case == case && ended.client == *client;
            figures.extend(results.ended.iter().find(found).map(|ended| Figure {
                name,
                client: *client,
                value: Some(measure(ended)),
            }));
        }
    }
    for client in &results.clients {
        figures.push(Figure {
            name: "end past the deadline, p99.9 of all calls, in ms",
            client: *client,
            value: Some(overshoot(results, *client)),
        });
        let slowest = results.exits.iter().find(|exit| exit.client == *client).map(|exit| exit.ms);
        figures.push(Figure { name: "slowest end of a process, in ms", client: *client, value: slowest });
    }
    figures
}

/// The 99.9th of a hundred, where all but `over` are zero.
fn percentile(mut over: Vec<f64>, items: usize) -> f64 {
    over.sort_unstable_by(f64::total_cmp);
    let beyond = items / 1_000;
    over.iter().rev().nth(beyond).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_leaves_out_one_in_a_thousand() {
        assert!(percentile(vec![], 10) < 0.1);
        assert!((percentile(vec![3.0, 9.0], 999) - 9.0).abs() < 0.1);
        assert!((percentile(vec![3.0, 9.0], 1_000) - 3.0).abs() < 0.1);
    }
}
