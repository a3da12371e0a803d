//! Everything as JSON.

use serde_json::{Value, json};

use super::row::Row;
use super::{Results, figures};

/// Rows by kind and client, figures, cases, and what was found.
#[must_use]
pub fn document(results: &Results<'_>) -> Value {
    let kinds: Vec<Value> = results
        .kinds
        .iter()
        .map(|kind| {
            let rows = results.clients.iter().map(|client| {
                let row = Row::of(results, kind, *client);
                (client.to_string(), if row.ran() { json!(row) } else { Value::Null })
            });
            json!({
                "kind": kind.kind,
                "title": kind.title,
                "unknown_allowed": kind.unknown,
                "not_here": kind.not_here,
                "elsewhere": kind.elsewhere,
                "clients": rows.collect::<serde_json::Map<_, _>>(),
            })
        })
        .collect();
    let named: Vec<Value> = figures(results)
        .iter()
        .map(
            |figure| json!({"name": figure.name, "client": figure.client.to_string(), "value": figure.value}),
        )
        .collect();
    let findings: serde_json::Map<_, _> =
        results.findings.iter().map(|(client, found)| (client.to_string(), json!(found))).collect();
    let cases: Vec<Value> = results
        .ended
        .iter()
        .map(|ended| {
            json!({
                "kind": ended.kind, "case": ended.case, "client": ended.client.to_string(), "items": ended.items,
                "outcomes": ended.verdict.fates, "requests": ended.verdict.requests,
                "token_calls": ended.verdict.token_calls, "violations": ended.verdict.violations.len(),
                "ms": ended.took_ms.round(), "close_ms": ended.close_ms.round(),
            })
        })
        .collect();
    json!({
        "seed": results.seed, "quick": results.quick, "broken": results.broken(), "kinds": kinds,
        "figures": named, "secrets_seen": findings, "cases": cases,
    })
}
