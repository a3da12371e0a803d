//! The judge, on forged evidence: it must find what is wrong, and nothing where nothing is.

use easemob_presence_faults_protocol::{Call, Held, Outcome, Report};
use serde_json::{Value, json};

use super::*;
use crate::expect::Expect;

fn set(item: u64, user: &str, resource: &str, ext: &str) -> Call {
    Call {
        item,
        op: "set".into(),
        user: user.into(),
        resource: Some(resource.into()),
        status: Some(1),
        ext: Some(ext.into()),
        ..Call::default()
    }
}

fn told(item: u64, outcome: Fate) -> Outcome {
    let text = json!({"item": item, "outcome": outcome, "ms": 5.0});
    serde_json::from_value(text).unwrap()
}

fn failed(item: u64, outcome: Fate, kind: &str, sent: &str, status: Option<u16>) -> Outcome {
    Outcome {
        kind: Some(kind.into()),
        sent: Some(sent.into()),
        status,
        attempts: Some(1),
        ..told(item, outcome)
    }
}

fn request(seq: u64, user: &str, ext: &str, status: Option<u16>) -> Value {
    json!({
        "type": "request", "seq": seq, "at_ms": 1_000 + seq, "connection": 1, "operation": "set",
        "segments": ["users", user, "presence", "android", "1"], "body": json!({"ext": ext}).to_string(),
        "status": status,
    })
}

fn change(seq: u64, user: &str, ext: &str, cause: u64) -> Value {
    json!({
        "type": "change", "seq": seq, "at_ms": 1_000 + seq, "kind": "presence_set", "user": user,
        "subject": "android", "details": {"status": "1", "ext": ext}, "cause": cause,
    })
}

fn state(user: &str, status: &str, ext: &str) -> Value {
    json!({"users": {user: {"devices": {"android": status}, "ext": ext}}, "groups": []})
}

fn evidence(submitted: Vec<Call>, outcomes: Vec<Outcome>, journal: Vec<Value>, state: Value) -> Evidence {
    let mut evidence = Evidence {
        submitted,
        report: Report { outcomes, ..Report::default() },
        state_before: state.clone(),
        state,
        timeout_ms: 1_000.0,
        compare_held: true,
        ..Evidence::default()
    };
    evidence.read(&journal.into()).unwrap();
    evidence
}

/// One set that was made and told as made.
fn good() -> Evidence {
    let journal = vec![request(1, "u", "v", Some(200)), change(2, "u", "v", 1)];
    evidence(vec![set(0, "u", "android", "v")], vec![told(0, Fate::Applied)], journal, state("u", "1", "v"))
}

fn wrongs(evidence: &Evidence) -> Vec<Wrong> {
    judge(evidence).violations.iter().map(|violation| violation.wrong).collect()
}

#[test]
fn what_is_as_it_was_told_is_right() {
    let verdict = judge(&good());
    assert_eq!(verdict.violations, []);
    assert_eq!(verdict.fates, BTreeMap::from([(Fate::Applied, 1)]));
    assert_eq!((verdict.requests, verdict.token_calls), (1, 0));
}

#[test]
fn an_item_without_an_outcome_is_lost() {
    let silent = Evidence { report: Report::default(), ..good() };
    assert_eq!(wrongs(&silent), [Wrong::Lost]);
}

#[test]
fn a_second_outcome_and_one_of_nothing_are_double() {
    let mut twice = good();
    twice.report.outcomes.push(told(0, Fate::Applied));
    twice.report.outcomes.push(told(9, Fate::Applied));
    assert_eq!(wrongs(&twice), [Wrong::Doubled, Wrong::Doubled]);
}

#[test]
fn applied_that_is_not_in_the_journal_is_lost() {
    let call = vec![set(0, "u", "android", "v")];
    let never = evidence(call.clone(), vec![told(0, Fate::Applied)], vec![], json!({}));
    assert_eq!(wrongs(&never), [Wrong::Lost]);
    let journal = vec![request(1, "u", "v", Some(200)), change(2, "u", "other", 1)];
    let other = evidence(call, vec![told(0, Fate::Applied)], journal, state("u", "1", "other"));
    assert_eq!(wrongs(&other), [Wrong::Lost]);
}

#[test]
fn a_state_that_no_change_explains_is_lost() {
    let gone = Evidence { state: state("u", "0", "v"), ..good() };
    assert_eq!(wrongs(&gone), [Wrong::Lost]);
}

#[test]
fn not_sent_that_is_in_the_journal_is_dishonest() {
    let outcomes = vec![failed(0, Fate::NotApplied, "connect", "no", None)];
    let journal = vec![request(1, "u", "v", None)];
    let lie = evidence(vec![set(0, "u", "android", "v")], outcomes, journal, json!({}));
    assert_eq!(wrongs(&lie), [Wrong::Dishonest]);
}

#[test]
fn refused_that_was_done_is_dishonest() {
    let outcomes = vec![failed(0, Fate::Rejected, "bad_request", "yes", Some(400))];
    let journal = vec![request(1, "u", "v", Some(400)), change(2, "u", "v", 1)];
    let lie = evidence(vec![set(0, "u", "android", "v")], outcomes, journal, state("u", "1", "v"));
    assert_eq!(wrongs(&lie), [Wrong::Dishonest]);
}

#[test]
fn a_status_and_attempts_that_never_were_are_dishonest() {
    let outcomes = vec![failed(0, Fate::Rejected, "server", "yes", Some(503))];
    let journal = vec![request(1, "u", "v", Some(500)), request(2, "u", "v", Some(500))];
    let lie = evidence(vec![set(0, "u", "android", "v")], outcomes, journal, json!({}));
    assert_eq!(wrongs(&lie), [Wrong::Dishonest, Wrong::Dishonest]);
}

#[test]
fn superseded_that_was_made_is_dishonest() {
    let journal = vec![request(1, "u", "v", Some(200)), change(2, "u", "v", 1)];
    let outcomes = vec![failed(0, Fate::Superseded, "superseded", "no", None)];
    let mut lie = evidence(vec![set(0, "u", "android", "v")], outcomes, journal, state("u", "1", "v"));
    assert_eq!(wrongs(&lie), [Wrong::Dishonest]);
    lie.report.outcomes[0].sent = Some("maybe".into());
    assert_eq!(wrongs(&lie), []);
}

#[test]
fn unknown_is_wrong_only_where_it_is_not_allowed() {
    let outcomes = vec![failed(0, Fate::Unknown, "timeout", "maybe", None)];
    let mut vague = evidence(vec![set(0, "u", "android", "v")], outcomes, vec![], json!({}));
    assert_eq!(wrongs(&vague), [Wrong::Unknown]);
    vague.unknown_allowed = true;
    assert_eq!(wrongs(&vague), []);
}

#[test]
fn an_old_write_that_comes_back_after_a_newer_one_is_double() {
    let calls = vec![set(0, "u", "android", "old"), set(1, "u", "android", "new")];
    let journal = vec![
        request(1, "u", "new", Some(200)),
        change(2, "u", "new", 1),
        request(3, "u", "old", Some(200)),
        change(4, "u", "old", 3),
    ];
    let outcomes = vec![told(0, Fate::Applied), told(1, Fate::Applied)];
    assert_eq!(wrongs(&evidence(calls, outcomes, journal, state("u", "1", "old"))), [Wrong::Doubled]);
}

#[test]
fn an_answer_that_is_not_the_state_is_lost() {
    let get = Call { item: 0, op: "get".into(), user: "r".into(), ids: vec!["U".into()], ..Call::default() };
    let read = |devices: Value, shown: &str| {
        let answer = json!({"user": "u", "ext": shown, "devices": devices, "online": true});
        let outcomes = vec![Outcome { answer: Some(answer), ..told(0, Fate::Applied) }];
        evidence(vec![get.clone()], outcomes, vec![], state("u", "1", "v"))
    };
    assert_eq!(wrongs(&read(json!({"android": 1}), "v")), []);
    assert_eq!(wrongs(&read(json!({"android": 1}), "w")), [Wrong::Lost]);
    assert_eq!(wrongs(&read(json!({"android": 2}), "v")), [Wrong::Lost]);
}

#[test]
fn subscriptions_are_of_every_id() {
    let call = |op: &str| Call {
        op: op.into(),
        user: "s".into(),
        ttl_s: Some(60).filter(|_| op == "subscribe"),
        ids: vec!["a".into(), "b".into()],
        ..Call::default()
    };
    let subscribed = |seq: u64, to: &str| json!({"type": "change", "seq": seq, "at_ms": 1, "kind": "subscribed", "user": "s", "subject": to, "cause": 1});
    let request = json!({
        "type": "request", "seq": 1, "at_ms": 1, "connection": 1, "operation": "subscribe", "body": "",
        "segments": ["users", "s", "presence", "60"], "status": 200,
    });
    let none = json!({"users": {"a": {"ext": ""}, "b": {"ext": ""}}});
    let answered = |id: &str| json!({"user": id, "ext": "", "devices": {}});
    let answer = json!({"found": [answered("a"), answered("b")], "missing": [], "unmatched": []});
    let outcome = Outcome { answer: Some(answer), ..told(0, Fate::Applied) };
    let one = vec![request.clone(), subscribed(2, "a")];
    let both = vec![request, subscribed(2, "a"), subscribed(3, "b")];
    let of = |journal| evidence(vec![call("subscribe")], vec![outcome.clone()], journal, none.clone());
    assert_eq!(wrongs(&of(one)), [Wrong::Lost]);
    assert_eq!(wrongs(&of(both)), []);
    let still = json!({"users": {"s": {"subscriptions": {"b": 60}}}});
    let ended = evidence(vec![call("unsubscribe")], vec![told(0, Fate::Applied)], vec![], still);
    assert_eq!(wrongs(&ended), [Wrong::Lost]);
}

#[test]
fn a_refusal_for_the_rate_is_the_clients_own_unless_it_was_injected() {
    let outcomes = vec![failed(0, Fate::Rejected, "rate_limited", "yes", Some(429))];
    let refused = vec![request(1, "u", "v", Some(429))];
    let mut own = evidence(vec![set(0, "u", "android", "v")], outcomes, refused, json!({}));
    assert_eq!(wrongs(&own), [Wrong::Limit]);
    own.read(&json!([{"type": "fault", "fault": "reject", "request": 1}])).unwrap();
    assert_eq!(wrongs(&own), []);
}

#[test]
fn more_calls_in_a_second_than_allowed_are_found_wherever_the_second_begins() {
    let times = |ms: &[u64]| {
        let journal = ms.iter().zip(1..).map(|(ms, seq)| {
            let mut request = request(seq, "u", "v", Some(200));
            request["at_ms"] = json!(ms);
            request
        });
        let mut evidence = evidence(vec![], vec![], journal.collect(), json!({}));
        evidence.expect.per_second_max = Some(2);
        wrongs(&evidence)
    };
    assert_eq!(times(&[0, 500, 1_000, 1_500]), []);
    assert_eq!(times(&[0, 900, 950, 1_800]), [Wrong::Limit]);
}

#[test]
fn what_is_not_given_back_is_found() {
    let mut leak = good();
    leak.report.before = Held { fds: 5, tasks: 1, ..Held::default() };
    leak.report.after = Held { fds: 6, tasks: 2, ..Held::default() };
    assert_eq!(wrongs(&leak), [Wrong::Held, Wrong::Held]);
    let mut loud = good();
    loud.report.complaints = vec!["Task exception was never retrieved".into()];
    assert_eq!(wrongs(&loud), [Wrong::Held]);
    let mut fat = good();
    fat.report.after = Held { rss_kib: 40 * 1_024, ..Held::default() };
    fat.expect.growth_mib_max = Some(16.0);
    assert_eq!(wrongs(&fat), [Wrong::Held]);
}

#[test]
fn late_ends_are_found_and_measured() {
    let mut late = good();
    late.report.outcomes[0].ms = 2_001.0;
    late.report.close_ms = 1_001.0;
    let verdict = judge(&late);
    assert_eq!((verdict.count(Wrong::Late), verdict.overshoots_ms), (2, vec![1_001.0]));
}

#[test]
fn a_plan_that_did_nothing_proves_nothing() {
    let idle = Evidence { must_fire: true, ..good() };
    assert_eq!(wrongs(&idle), [Wrong::Unexpected]);
}

#[test]
fn each_expectation_can_fail() {
    let expectations = [
        json!({"fates": ["rejected"]}),
        json!({"ms_max": 4.0}),
        json!({"answer": {"x": 1}}),
        json!({"token_calls": 1}),
        json!({"requests": 2}),
        json!({"requests_max": 0}),
        json!({"amplification_max": 0.5}),
        json!({"connections_max": 0}),
        json!({"elsewhere": 1}),
    ];
    for expect in expectations {
        let expect = serde_json::from_value::<Expect>(expect.clone()).unwrap();
        assert_eq!(wrongs(&Evidence { expect: expect.clone(), ..good() }), [Wrong::Unexpected], "{expect:?}");
    }
    let failure = failed(0, Fate::Rejected, "server", "yes", Some(500));
    let journal = vec![request(1, "u", "v", Some(500))];
    let failing = evidence(vec![set(0, "u", "android", "v")], vec![failure], journal, json!({}));
    assert_eq!(wrongs(&failing), []);
    for expect in [
        json!({"kinds": ["connect"]}),
        json!({"statuses": [503]}),
        json!({"sent": ["no"]}),
        json!({"message_has": "x"}),
        json!({"retry_after_ms": 1_000.0}),
        json!({"applied_min": 0.1}),
        json!({"recovers": true}),
    ] {
        let expect = serde_json::from_value::<Expect>(expect.clone()).unwrap();
        assert_eq!(
            wrongs(&Evidence { expect: expect.clone(), ..failing.clone() }),
            [Wrong::Unexpected],
            "{expect:?}"
        );
    }
}

#[test]
fn token_calls_are_counted_apart() {
    let mut evidence = good();
    let token = json!({"type": "request", "seq": 3, "at_ms": 1, "connection": 1, "operation": "token",
        "segments": ["token"], "body": "", "status": 200});
    evidence.read(&json!([token])).unwrap();
    evidence.expect.token_calls_max = Some(0);
    let verdict = judge(&evidence);
    assert_eq!((verdict.requests, verdict.token_calls, verdict.count(Wrong::Unexpected)), (1, 1, 1));
}
