//! What a plan may not say although it can be written.

use std::collections::BTreeMap;

use hyper::header::HeaderName;

use crate::fault::kind::{Kind, Place, Then};
use crate::fault::plan::{Rule, Target};
use crate::http::reply;
use crate::operation::Operation;

/// More than any client should take, and little enough to be made in memory.
const MOST_FILLER: usize = 64 * 1_024 * 1_024;
const MOST_INTERIM: usize = 1_000;

/// The place below the rule, and what is wrong there.
type Wrong = String;

pub(crate) fn rule(rule: &Rule) -> Result<(), Wrong> {
    if rule.probability.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
        return Err(".probability: not from 0 to 1".into());
    }
    let matching = &rule.matching;
    if matching.from_ms.zip(matching.until_ms).is_some_and(|(from, until)| from >= until) {
        return Err(".match: until_ms is not after from_ms".into());
    }
    place(rule)?;
    kind(&rule.fault.kind).map_err(|wrong| format!(".fault{wrong}"))
}

/// Whether the rule is about connections being accepted; others are about requests.
pub(crate) fn is_about_connections(rule: &Rule) -> bool {
    let named = rule.matching.operation.as_ref().is_some_and(|named| named.0.contains(&Target::Connect));
    named || only_at_accept(&rule.fault.kind)
}

fn only_at_accept(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Tls { .. } | Kind::Reset { at: Place::Accept, .. } | Kind::Close { at: Place::Accept, .. }
    )
}

fn place(rule: &Rule) -> Result<(), Wrong> {
    let matching = &rule.matching;
    let named = matching.operation.as_ref().map_or(&[][..], |named| &named.0);
    if matching.operation.is_some() && named.is_empty() {
        return Err(".match.operation: names none".into());
    }
    if is_about_connections(rule) {
        if named.iter().any(|target| *target != Target::Connect) {
            return Err(".match.operation: what happens at accept cannot depend on a request".into());
        }
        if matching.user.is_some() || matching.contains.is_some() {
            return Err(".match: at accept there is no user and no text yet".into());
        }
        let at_accept = matches!(rule.fault.kind, Kind::Delay { .. } | Kind::Hang { applied: false });
        if !at_accept && !only_at_accept(&rule.fault.kind) {
            let can = "delay, hang, tls, and reset and close with \"at\": \"accept\"";
            return Err(format!(".fault: cannot happen at accept; what can: {can}"));
        }
    }
    let token_only = matches!(named, [Target::Request(Operation::Token)]);
    if matches!(rule.fault.kind, Kind::Token { .. }) && !token_only {
        return Err(".match.operation: must be \"token\" for a fault of type token".into());
    }
    Ok(())
}

fn kind(kind: &Kind) -> Result<(), Wrong> {
    match kind {
        Kind::Answer { status, headers: named, body, text, hex, .. } => {
            final_or_interim(*status)?;
            headers(named)?;
            let given = [body.is_some(), text.is_some(), hex.is_some()];
            if given.into_iter().filter(|given| *given).count() > 1 {
                return Err(": has more than one of body, text and hex".into());
            }
            Ok(())
        }
        Kind::Edit { ops, status, headers: named } => {
            status.map_or(Ok(()), final_status)?;
            headers(named)?;
            for (index, op) in ops.iter().enumerate() {
                if !op.path().is_empty() && !op.path().starts_with('/') {
                    return Err(format!(".ops[{index}].path: is neither empty nor begins with /"));
                }
            }
            Ok(())
        }
        Kind::Raw { text, hex, then, .. } => {
            let nothing =
                text.as_ref().is_none_or(String::is_empty) && hex.as_ref().is_none_or(Vec::is_empty);
            if nothing && *then == Then::Keep {
                return Err(": nothing sent and the connection kept is what hang is for".into());
            }
            one_of(text.is_some(), hex.is_some())
        }
        Kind::Garbage { text, hex } => one_of(text.is_some(), hex.is_some()),
        Kind::Reset { at, bytes } | Kind::Close { at, bytes } => {
            if bytes.is_some() && !matches!(at, Place::Head | Place::Body) {
                return Err(".bytes: only for \"at\": \"head\" and \"body\"".into());
            }
            Ok(())
        }
        Kind::Truncate { missing: 0 } => Err(".missing: must be at least 1".into()),
        Kind::Length { delta: 0 } => Err(".delta: must not be 0".into()),
        Kind::Slow { bytes: 0, .. } | Kind::Slices { bytes: 0 } => Err(".bytes: must be at least 1".into()),
        Kind::Interim { status, count } => {
            if !matches!(status, 100 | 102..=199) {
                return Err(".status: not an interim status (100, 102 to 199)".into());
            }
            if *count == 0 || *count > MOST_INTERIM {
                return Err(format!(".count: not from 1 to {MOST_INTERIM}"));
            }
            Ok(())
        }
        Kind::Headers { count, bytes } if too_much(*count, *bytes) => {
            Err(": more than 64 MiB of headers".into())
        }
        Kind::Encoding { name, .. } => header_value(name).map_err(|wrong| format!(".name: {wrong}")),
        Kind::Redirect { status, location } => {
            if !(300..=399).contains(status) {
                return Err(".status: not from 300 to 399".into());
            }
            header_value(location).map_err(|wrong| format!(".location: {wrong}"))
        }
        Kind::Reject { retry_after, retry_after_ms } => {
            for (field, value) in [("retry_after", retry_after), ("retry_after_ms", retry_after_ms)] {
                let checked = value.as_deref().map_or(Ok(()), header_value);
                checked.map_err(|wrong| format!(".{field}: {wrong}"))?;
            }
            Ok(())
        }
        Kind::Token { expires_in: None, access_token: None } => {
            Err(": replaces neither expires_in nor access_token".into())
        }
        _ => Ok(()),
    }
}

fn too_much(count: usize, bytes: usize) -> bool {
    // The name and the line's end cost something too.
    count.max(1).saturating_mul(bytes.saturating_add(16)) > MOST_FILLER
}

fn final_or_interim(status: u16) -> Result<(), Wrong> {
    let allowed = (100..=999).contains(&status);
    if allowed { Ok(()) } else { Err(".status: not from 100 to 999".into()) }
}

fn final_status(status: u16) -> Result<(), Wrong> {
    let allowed = (200..=999).contains(&status);
    if allowed { Ok(()) } else { Err(".status: not from 200 to 999".into()) }
}

fn one_of(text: bool, hex: bool) -> Result<(), Wrong> {
    if text == hex { Err(": needs one of text and hex".into()) } else { Ok(()) }
}

fn headers(named: &BTreeMap<String, String>) -> Result<(), Wrong> {
    for (name, value) in named {
        let place = format!(".headers[{name:?}]");
        let parsed = HeaderName::from_bytes(name.as_bytes());
        let parsed = parsed.map_err(|_| format!("{place}: not the name of a header"))?;
        if ["content-length", "transfer-encoding"].contains(&parsed.as_str()) {
            return Err(format!("{place}: is set by the faults length, truncate, chunked and raw"));
        }
        header_value(value).map_err(|wrong| format!("{place}: {wrong}"))?;
    }
    Ok(())
}

fn header_value(value: &str) -> Result<(), Wrong> {
    let parsed = reply::header_value(value);
    parsed.map(drop).ok_or_else(|| "not the value of a header; for such bytes there is raw".into())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::fault::plan::Plan;

    #[expect(clippy::needless_pass_by_value, reason = "called with `json!` on the spot")]
    fn checked(rule: Value) -> Result<(), String> {
        Plan::try_from(json!({ "faults": [rule] })).map(drop).map_err(|problem| problem.to_string())
    }

    #[test]
    fn each_rule_that_cannot_be_carried_out_is_refused_at_its_place() {
        let quota = json!({"type": "quota"});
        for (rule, told) in [
            (json!({"probability": 1.5, "fault": quota}), ".probability: not from 0 to 1"),
            (json!({"match": {"from_ms": 5, "until_ms": 5}, "fault": quota}), ".match: until_ms"),
            (json!({"match": {"operation": []}, "fault": quota}), ".match.operation: names none"),
            (json!({"match": {"operation": "connect"}, "fault": quota}), ".fault: cannot happen at accept"),
            (
                json!({"match": {"operation": "set"}, "fault": {"type": "reset", "at": "accept"}}),
                ".match.operation: what happens at accept",
            ),
            (json!({"match": {"user": "a"}, "fault": {"type": "tls", "kind": "cut"}}), ".match: at accept"),
            (json!({"fault": {"type": "token", "expires_in": 0}}), ".match.operation: must be \"token\""),
            (
                json!({"match": {"operation": "token"}, "fault": {"type": "token"}}),
                ".fault: replaces neither",
            ),
            (json!({"fault": {"type": "answer", "status": 99}}), ".fault.status: not from 100"),
            (json!({"fault": {"type": "answer", "status": 200, "text": "", "body": 1}}), ".fault: has more"),
            (
                json!({"fault": {"type": "answer", "status": 200, "headers": {"a b": ""}}}),
                ".fault.headers[\"a b\"]",
            ),
            (
                json!({"fault": {"type": "answer", "status": 200, "headers": {"a": "b\r\nc: d"}}}),
                "not the value",
            ),
            (json!({"fault": {"type": "edit", "headers": {"Content-Length": "5"}}}), "is set by the faults"),
            (json!({"fault": {"type": "edit", "status": 100}}), ".fault.status: not from 200"),
            (
                json!({"fault": {"type": "edit", "ops": [{"op": "remove", "path": "a"}]}}),
                ".fault.ops[0].path",
            ),
            (json!({"fault": {"type": "raw"}}), ".fault: needs one of"),
            (json!({"fault": {"type": "raw", "text": "", "then": "keep"}}), ".fault: nothing sent"),
            (json!({"fault": {"type": "garbage", "text": "", "hex": ""}}), ".fault: needs one of"),
            (json!({"fault": {"type": "close", "at": "after", "bytes": 1}}), ".fault.bytes: only for"),
            (json!({"fault": {"type": "truncate", "missing": 0}}), ".fault.missing"),
            (json!({"fault": {"type": "length", "delta": 0}}), ".fault.delta"),
            (json!({"fault": {"type": "slices", "bytes": 0}}), ".fault.bytes"),
            (json!({"fault": {"type": "interim", "status": 101}}), ".fault.status: not an interim"),
            (json!({"fault": {"type": "interim", "status": 103, "count": 0}}), ".fault.count"),
            (json!({"fault": {"type": "headers", "count": 1_000_000, "bytes": 1_000_000}}), "64 MiB"),
            (json!({"fault": {"type": "headers", "count": 0, "bytes": u64::MAX}}), "64 MiB"),
            (json!({"fault": {"type": "redirect", "status": 200, "location": "/"}}), ".fault.status"),
            (json!({"fault": {"type": "redirect", "location": "a\nb"}}), ".fault.location"),
            (json!({"fault": {"type": "reject", "retry_after_ms": "\u{0}"}}), ".fault.retry_after_ms"),
            (json!({"fault": {"type": "encoding", "name": "a\nb"}}), ".fault.name"),
        ] {
            let problem = checked(rule.clone()).unwrap_err();
            assert!(problem.starts_with("faults[0].") && problem.contains(told), "{rule}: {problem}");
        }
    }

    #[test]
    fn headers_may_have_64_mib_with_their_names() {
        let headers =
            |bytes: usize| checked(json!({"fault": {"type": "headers", "count": 1, "bytes": bytes}}));
        assert_eq!(headers(64 * 1_024 * 1_024 - 16), Ok(()));
        assert!(headers(64 * 1_024 * 1_024 - 15).is_err());
    }

    #[test]
    fn what_connections_can_suffer_needs_no_operation() {
        for fault in [
            json!({"type": "reset", "at": "accept"}),
            json!({"type": "close", "at": "accept"}),
            json!({"type": "tls", "kind": "garbage"}),
        ] {
            assert_eq!(checked(json!({ "fault": fault })), Ok(()));
        }
        for fault in [json!({"type": "hang"}), json!({"type": "delay", "ms": 1})] {
            assert_eq!(checked(json!({"match": {"operation": "connect"}, "fault": fault})), Ok(()));
        }
    }
}
