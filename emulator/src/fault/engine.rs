//! Which rule of the installed plan fires, and when.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::fault::check::is_about_connections;
use crate::fault::plan::{Match, Plan, Rule, Target};

/// The plan in force, if any.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    /// Looked at before the lock, so that an emulator without a plan pays for one load.
    active: AtomicBool,
    installed: Mutex<Option<Installed>>,
}

#[derive(Debug)]
struct Installed {
    plan: Plan,
    since_ms: u64,
    tallies: Vec<Tally>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    matched: u64,
    fired: u64,
}

/// What a rule is matched against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) target: Target,
    /// The acting user in lower case.
    pub(crate) user: Option<&'a str>,
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
}

impl Subject<'_> {
    pub(crate) const CONNECT: Self = Subject { target: Target::Connect, user: None, path: "", body: b"" };
}

/// A rule that fires.
#[derive(Clone, Debug)]
pub(crate) struct Fired {
    pub(crate) index: usize,
    pub(crate) rule: Arc<Rule>,
    /// Of this firing alone, from the plan's seed; below 1.
    pub(crate) chance: f64,
}

impl Fired {
    /// A time with this firing's part of the jitter.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "the cast saturates, and jitter needs no more digits than an f64 has"
    )]
    pub(crate) fn delay(&self, ms: u64, jitter_ms: u64) -> u64 {
        ms.saturating_add((jitter_ms as f64 * self.chance) as u64)
    }
}

impl Engine {
    pub(crate) fn install(&self, plan: Plan, now_ms: u64) {
        let tallies = vec![Tally::default(); plan.rules.len()];
        let mut installed = self.lock();
        *installed = Some(Installed { plan, since_ms: now_ms, tallies });
        self.active.store(true, Ordering::Relaxed);
    }

    pub(crate) fn clear(&self) {
        let mut installed = self.lock();
        *installed = None;
        self.active.store(false, Ordering::Relaxed);
    }

    pub(crate) fn installed(&self) -> Option<Plan> {
        self.lock().as_ref().map(|installed| installed.plan.clone())
    }

    pub(crate) fn is_active(&self) -> bool {
        self.active.load(Ordering::Relaxed)
    }

    /// The first rule that matches and fires. Rules behind it do not see the request, and do not count it.
    pub(crate) fn choose(&self, subject: Subject<'_>, now_ms: u64) -> Option<Fired> {
        let mut installed = self.lock();
        let Installed { plan, since_ms, tallies } = installed.as_mut()?;
        let at_ms = now_ms.saturating_sub(*since_ms);
        let rules = plan.rules.iter().zip(tallies).enumerate();
        for (index, (rule, tally)) in rules {
            if matches(rule, subject, at_ms) && tally.fires(rule, plan.seed, index) {
                let chance = unit(plan.seed ^ 1, index, tally.matched);
                return Some(Fired { index, rule: Arc::clone(rule), chance });
            }
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, Option<Installed>> {
        self.installed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    fn fires(&mut self, rule: &Rule, seed: u64, index: usize) -> bool {
        self.matched += 1;
        let due = self.matched > rule.skip && rule.count.is_none_or(|count| self.fired < count);
        let fires = due && rule.probability.is_none_or(|chance| unit(seed, index, self.matched) < chance);
        self.fired += u64::from(fires);
        fires
    }
}

fn matches(rule: &Rule, subject: Subject<'_>, at_ms: u64) -> bool {
    let Match { operation, user, contains, from_ms, until_ms } = &rule.matching;
    let place = match operation {
        Some(named) => named.0.contains(&subject.target),
        None => true,
    };
    place
        && is_about_connections(rule) == (subject.target == Target::Connect)
        && from_ms.is_none_or(|from| at_ms >= from)
        && until_ms.is_none_or(|until| at_ms < until)
        && user
            .as_ref()
            .is_none_or(|user| subject.user.is_some_and(|acting| acting.eq_ignore_ascii_case(user)))
        && contains
            .as_ref()
            .is_none_or(|text| subject.path.contains(text) || holds(subject.body, text.as_bytes()))
}

fn holds(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|part| part == text)
}

/// A number from 0 to below 1 that only these three decide, by the finalizer of splitmix64.
fn unit(seed: u64, index: usize, nth: u64) -> f64 {
    let mut bits = seed;
    for part in [index as u64, nth] {
        bits = bits.wrapping_add(part).wrapping_add(0x9E37_79B9_7F4A_7C15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^= bits >> 31;
    }
    // 32 bits are exact in an f64, and enough for a probability.
    f64::from(u32::try_from(bits >> 32).unwrap_or_default()) / 4_294_967_296.0
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::operation::Operation;

    #[expect(clippy::needless_pass_by_value, reason = "called with `json!` on the spot")]
    fn engine(seed: u64, rules: Value) -> Engine {
        let engine = Engine::default();
        engine.install(Plan::try_from(json!({ "seed": seed, "faults": rules })).unwrap(), 1_000);
        engine
    }

    fn subject(operation: Operation) -> Subject<'static> {
        let target = Target::Request(operation);
        Subject { target, user: Some("c1"), path: "/o/a/users/C1/presence", body: br#"{"usernames":["c2"]}"# }
    }

    /// Which rules fire for so many requests, one after the other.
    fn fired(engine: &Engine, requests: usize) -> Vec<Option<usize>> {
        let choose = || engine.choose(subject(Operation::Get), 1_000).map(|fired| fired.index);
        (0..requests).map(|_| choose()).collect()
    }

    #[test]
    fn nothing_fires_without_a_plan() {
        let engine = Engine::default();
        assert!(!engine.is_active() && engine.choose(subject(Operation::Get), 0).is_none());
        engine.install(Plan::try_from(json!({"faults": [{"fault": {"type": "quota"}}]})).unwrap(), 0);
        assert!(engine.is_active() && engine.choose(subject(Operation::Get), 0).is_some());
        engine.clear();
        assert!(!engine.is_active() && engine.choose(subject(Operation::Get), 0).is_none());
    }

    #[test]
    fn everything_given_in_match_must_hold() {
        let matches = |matching: Value| {
            let engine = engine(0, json!([{"match": matching, "fault": {"type": "quota"}}]));
            engine.choose(subject(Operation::Get), 1_050).is_some()
        };
        for holding in [
            json!({}),
            json!({"operation": "get"}),
            json!({"operation": ["set", "get"], "user": "C1"}),
            json!({"contains": "users/C1"}),
            json!({"contains": "\"c2\""}),
            json!({"from_ms": 50, "until_ms": 51}),
        ] {
            assert!(matches(holding.clone()), "{holding}");
        }
        for failing in [
            json!({"operation": "set"}),
            json!({"operation": "get", "user": "c2"}),
            json!({"contains": "c3"}),
            json!({"from_ms": 51}),
            json!({"until_ms": 50}),
        ] {
            assert!(!matches(failing.clone()), "{failing}");
        }
    }

    #[test]
    fn a_request_without_a_user_matches_no_user() {
        let engine = engine(0, json!([{"match": {"user": ""}, "fault": {"type": "quota"}}]));
        let nobody = Subject { user: None, ..subject(Operation::Token) };
        assert!(engine.choose(nobody, 1_000).is_none());
    }

    #[test]
    fn so_many_pass_first_and_so_many_are_taken() {
        let engine = engine(0, json!([{"skip": 1, "count": 2, "fault": {"type": "quota"}}]));
        assert_eq!(fired(&engine, 5), [None, Some(0), Some(0), None, None]);
    }

    #[test]
    fn what_one_rule_takes_the_next_does_not_see() {
        let engine = engine(
            0,
            json!([{"count": 2, "fault": {"type": "quota"}}, {"skip": 1, "count": 1, "fault": {"type": "reject"}}]),
        );
        assert_eq!(fired(&engine, 5), [Some(0), Some(0), None, Some(1), None]);
    }

    #[test]
    fn a_seed_decides_the_same_every_time_and_another_decides_otherwise() {
        let rules = json!([{"probability": 0.25, "fault": {"type": "quota"}}]);
        let of = |seed| fired(&engine(seed, rules.clone()), 4_000);
        let one = of(7);
        assert_eq!(one, of(7));
        assert_ne!(one, of(8));
        let share = one.iter().flatten().count();
        assert!((900..1_100).contains(&share), "{share}");
    }

    #[test]
    fn a_seed_means_the_same_in_every_version() {
        let draws =
            [unit(0, 0, 1), unit(7, 0, 1), unit(7, 3, 1), unit(7, 3, 2)].map(|draw| format!("{draw:.6}"));
        assert_eq!(draws, ["0.166396", "0.155894", "0.809432", "0.281155"]);
        let engine = engine(7, json!([{"fault": {"type": "delay", "ms": 5, "jitter_ms": 1_000_000}}]));
        let fired = engine.choose(subject(Operation::Get), 1_000).unwrap();
        assert_eq!(fired.delay(5, 1_000_000), 231_864);
    }

    #[test]
    fn certain_and_impossible_are_exact() {
        let with = |chance: f64| {
            fired(&engine(3, json!([{"probability": chance, "fault": {"type": "quota"}}])), 1_000)
        };
        assert!(with(1.0).iter().all(Option::is_some));
        assert!(with(0.0).iter().all(Option::is_none));
    }

    #[test]
    fn connections_and_requests_have_rules_of_their_own() {
        let rules = json!([
            {"fault": {"type": "reset", "at": "accept"}},
            {"match": {"operation": "connect"}, "fault": {"type": "hang"}},
            {"fault": {"type": "quota"}},
        ]);
        let engine = engine(0, rules);
        assert_eq!(fired(&engine, 1), [Some(2)]);
        assert_eq!(engine.choose(Subject::CONNECT, 1_000).map(|fired| fired.index), Some(0));
    }

    #[test]
    fn installing_again_begins_again() {
        let engine = engine(0, json!([{"count": 1, "fault": {"type": "quota"}}]));
        assert_eq!(fired(&engine, 2), [Some(0), None]);
        engine.install(engine.installed().unwrap(), 1_000);
        assert_eq!(fired(&engine, 2), [Some(0), None]);
    }
}
