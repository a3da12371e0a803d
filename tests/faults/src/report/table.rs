//! The table as text.

use std::collections::BTreeMap;
use std::fmt::Write;

use easemob_presence_faults_protocol::Fate;

use super::row::Row;
use super::{Results, figures};
use crate::catalogue::Kind;
use crate::judge::{Violation, Wrong};

/// Of lines that tell breaches, this many are shown.
const SHOWN: usize = 200;

const LEGEND: &str = "\
A cell: how many items ended applied (A), not applied (N), rejected (R), unknown (U), superseded (S), cancelled (C);
+n for n tests elsewhere; then, after a dash, what was lost (l), doubled (d), dishonest (h), unknown where it could be
known (u), and what else was not as it has to be (x). ok is none of these. The clients written by hand are not held to
the laws; what their columns count is the same.";

/// Kind by client.
#[must_use]
pub fn table(results: &Results<'_>) -> String {
    let mut lines = vec![header(results)];
    for kind in &results.kinds {
        let mut cells = vec![kind.kind.clone()];
        let rows = results.clients.iter().map(|client| Row::of(results, kind, *client));
        let rows: Vec<Row> = rows.collect();
        if rows.iter().any(Row::ran) {
            cells.extend(rows.iter().map(cell));
        } else {
            cells.extend(results.clients.iter().map(|_| String::new()));
        }
        cells.push(remark(kind, &rows));
        lines.push(cells);
    }
    let mut text = aligned(&lines);
    let _ = write!(text, "\n{LEGEND}\n\n");
    for figure in figures(results) {
        let _ = writeln!(text, "{:<64} {:<16} {}", figure.name, figure.client.to_string(), figure.shown());
    }
    text
}

fn header(results: &Results<'_>) -> Vec<String> {
    let clients = results.clients.iter().map(ToString::to_string);
    ["kind".to_owned()].into_iter().chain(clients).chain([String::new()]).collect()
}

fn remark(kind: &Kind, rows: &[Row]) -> String {
    match &kind.not_here {
        Some(reason) if rows.iter().any(Row::ran) => format!("{} (not here: {reason})", kind.title),
        Some(reason) => format!("{}: not here: {reason}", kind.title),
        None => kind.title.clone(),
    }
}

fn cell(row: &Row) -> String {
    if !row.ran() {
        return "-".to_owned();
    }
    let letter = |fate| match fate {
        Fate::Applied => 'A',
        Fate::NotApplied => 'N',
        Fate::Rejected => 'R',
        Fate::Unknown => 'U',
        Fate::Superseded => 'S',
        Fate::Cancelled => 'C',
    };
    let mut parts: Vec<String> =
        row.outcomes.iter().map(|(fate, count)| format!("{}{count}", letter(*fate))).collect();
    if row.proofs > 0 {
        parts.push(format!("+{}", row.proofs));
    }
    let wrong = [
        ('l', row.lost),
        ('d', row.doubled),
        ('h', row.dishonest),
        ('u', row.unknown),
        ('x', row.other + row.failed_proofs),
    ];
    let wrong: Vec<String> = wrong
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(letter, count)| format!("{letter}{count}"))
        .collect();
    let wrong = if wrong.is_empty() { "ok".to_owned() } else { wrong.join(" ") };
    format!("{} - {wrong}", parts.join(" "))
}

fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| {
        lines.iter().filter_map(|cells| cells.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for cells in lines {
        let line: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "{}", line.join("  ").trim_end());
    }
    text
}

/// What this project's clients did wrong: of each case and law the first breach, and how many there are.
#[must_use]
pub fn problems(results: &Results<'_>) -> String {
    let mut lines = Vec::new();
    for ended in results.ended.iter().filter(|ended| !ended.client.baseline) {
        let mut counts: BTreeMap<Wrong, (usize, &Violation)> = BTreeMap::new();
        for violation in &ended.verdict.violations {
            counts.entry(violation.wrong).or_insert((0, violation)).0 += 1;
        }
        for (wrong, (count, first)) in counts {
            let item = first.item.map_or(String::new(), |item| format!(" item {item}"));
            let place = format!("{} {} {}{item}", ended.kind, ended.case, ended.client);
            lines.push(format!("{place}: {wrong:?}, {count} times: {}", first.text));
        }
    }
    for exit in results.exits.iter().filter(|exit| !exit.client.baseline) {
        lines.extend(exit.violations.iter().map(|violation| format!("{}: {}", exit.client, violation.text)));
    }
    for (client, findings) in results.findings.iter().filter(|(client, _)| !client.baseline) {
        lines.extend(findings.iter().map(|finding| {
            format!("{client}: a secret in {} ({}): {}", finding.file, finding.job, finding.around)
        }));
    }
    let late = |client| format!("{client}: more than one call in a thousand ends 250 ms after its deadline");
    lines.extend(results.late().into_iter().map(late));
    lines.extend(results.failed.iter().map(|proof| format!("did not pass: {} {}", proof.place, proof.name)));
    let hidden = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    if hidden > 0 {
        lines.push(format!("and {hidden} more"));
    }
    lines.iter().fold(String::new(), |text, line| text + line + "\n")
}
