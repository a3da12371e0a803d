//! The calls of a case: the same for every language, decided by the case and the seed alone.

use easemob_presence_emulator::Emulator;
use easemob_presence_faults_protocol::{Call, Phase};
use serde::Deserialize;

/// What calls a phase makes.
///
/// An item's calls can be told from those of every other in the journal: each has an acting user of its own, and
/// where all are writes of one device, a text of its own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// One of the kinds below.
    pub kind: Kind,
    /// How many items.
    #[serde(default)]
    pub n: u64,
    /// How many when all has to be quick; `n`, but no more than 24, if not given.
    pub quick_n: Option<u64>,
    /// How many at once; 0 for all.
    #[serde(default)]
    pub concurrency: usize,
    /// How many users a call asks for, where it asks for many.
    pub ids: Option<u64>,
    /// The number of the first item's users, where it is not the item's own: those that an earlier phase had.
    pub from: Option<u64>,
    /// How long subscriptions last, in seconds. Two of the same user are told apart by it.
    pub ttl_s: Option<i64>,
    /// Callers give up after this long, an item in turn.
    #[serde(default)]
    pub cancel_ms: Vec<u64>,
    /// For `calls`: what is called, as written.
    #[serde(default)]
    pub calls: Vec<Call>,
}

/// The kinds of workload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A device of its own for each item.
    #[default]
    Sets,
    /// Writes of one device, newer and newer.
    SetsSame,
    /// A presence that is not changed meanwhile.
    Gets,
    /// Many of them in one call.
    GetMany,
    /// Subscriptions of one user to others.
    Subscribe,
    /// Ends what `subscribe` made in a phase before.
    Unsubscribe,
    /// Sets, gets, subscriptions in turn.
    Mixed,
    /// All pages of the subscriptions that `subscribe` made in a phase before.
    Pages,
    /// Devices logged in.
    Devices,
    /// Whether one user is logged in.
    IsOnline,
    /// Whether many are.
    OnlineStates,
    /// Members of a group.
    GroupOnlineCount,
    /// The app token.
    AppToken,
    /// As the case writes them.
    Calls,
}

const QUICK: u64 = 24;
const IDS: u64 = 3;
const TTL_S: i64 = 3_600;

impl Workload {
    /// How many items there are.
    #[must_use]
    pub fn size(&self, quick: bool) -> u64 {
        let n = if self.n == 0 { 1 } else { self.n };
        if quick { self.quick_n.unwrap_or(QUICK).min(n) } else { n }
    }

    /// The phase's calls, numbered from `first` on.
    #[must_use]
    pub fn phase(&self, first: u64, seed: u64, quick: bool) -> Phase {
        let mut calls = if self.kind == Kind::Calls {
            self.calls.clone()
        } else {
            let from = self.from.unwrap_or(first);
            (0..self.size(quick)).map(|i| self.call(self.kind, from + i, seed)).collect()
        };
        for (call, number) in calls.iter_mut().zip(0..) {
            call.item = first + number;
            if !self.cancel_ms.is_empty() {
                let turn = usize::try_from(number).unwrap_or_default() % self.cancel_ms.len();
                call.cancel_ms = self.cancel_ms.get(turn).copied();
            }
        }
        Phase { concurrency: self.concurrency, calls }
    }

    fn call(&self, kind: Kind, i: u64, seed: u64) -> Call {
        let call = |op: &str, user: String| Call { op: op.to_owned(), user, ..Call::default() };
        let others = || (0..self.ids.unwrap_or(IDS)).map(|k| settled(i + k)).collect::<Vec<_>>();
        match kind {
            Kind::Sets => Call {
                resource: Some(format!("android_{i}")),
                status: Some(u32::try_from(i % 3).unwrap_or_default()),
                ext: Some(format!("v{i}.{seed}")),
                ..call("set", format!("u{i}"))
            },
            Kind::SetsSame => Call {
                resource: Some("android_1".into()),
                status: Some(u32::try_from(i % 900).unwrap_or_default() + 100),
                ext: Some(format!("v{i}.{seed}")),
                ..call("set", "same".into())
            },
            Kind::Gets => Call { ids: vec![settled(i)], ..call("get", format!("r{i}")) },
            Kind::GetMany => Call { ids: others(), ..call("get_many", format!("m{i}")) },
            Kind::Subscribe => Call {
                ids: others(),
                ttl_s: Some(self.ttl_s.unwrap_or(TTL_S)),
                ..call("subscribe", format!("s{i}"))
            },
            Kind::Unsubscribe => Call { ids: others(), ..call("unsubscribe", format!("s{i}")) },
            Kind::Pages => Call { page_size: Some(2), ..call("subscriptions", format!("s{i}")) },
            Kind::Devices => call("devices", settled(i)),
            Kind::IsOnline => call("is_online", settled(i)),
            Kind::OnlineStates => Call { ids: others(), ..call("online_states", String::new()) },
            Kind::GroupOnlineCount => {
                Call { ids: vec![format!("g{i}")], ..call("group_online_count", String::new()) }
            }
            Kind::AppToken => call("app_token", String::new()),
            Kind::Mixed => {
                let kinds = [Kind::Sets, Kind::Gets, Kind::Subscribe, Kind::GetMany];
                let turn = usize::try_from(i).unwrap_or_default() % kinds.len();
                self.call(kinds.get(turn).copied().unwrap_or_default(), i, seed)
            }
            Kind::Calls => Call::default(),
        }
    }
}

/// Users whose presence nothing in a workload changes.
const SETTLED: u64 = 200;

fn settled(i: u64) -> String {
    format!("t{}", i % SETTLED)
}

/// Puts into the emulator what the workloads read.
pub fn settle(emulator: &Emulator) {
    let state = emulator.state();
    for i in 0..SETTLED {
        state.register(&settled(i));
        if i % 2 == 0 {
            state.login(&settled(i), &format!("ios_{i}"));
        }
        state.set_group_online_count(&format!("g{i}"), 1, i);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn calls(kind: Kind, n: u64) -> Vec<Call> {
        Workload { kind, n, ..Workload::default() }.phase(10, 7, false).calls
    }

    #[test]
    fn each_item_has_a_number_and_can_be_told_from_the_others() {
        for kind in [Kind::Sets, Kind::SetsSame, Kind::Gets, Kind::Subscribe, Kind::Mixed] {
            let calls = calls(kind, 50);
            let told: HashSet<_> = calls.iter().map(|call| (&call.op, &call.user, &call.ext)).collect();
            assert_eq!(told.len(), 50, "{kind:?}");
            assert_eq!(calls.iter().map(|call| call.item).collect::<Vec<_>>(), (10..60).collect::<Vec<_>>());
        }
    }

    #[test]
    fn nothing_that_is_read_is_written() {
        for call in calls(Kind::Mixed, 500) {
            assert!(call.op != "set" || !call.user.starts_with('t'), "{call:?}");
        }
    }

    #[test]
    fn quick_is_fewer_and_never_more() {
        let of = |n, quick_n| Workload { n, quick_n, ..Workload::default() }.size(true);
        assert_eq!(
            (of(1_000, None), of(5, None), of(1_000, Some(200)), of(100, Some(200))),
            (24, 5, 200, 100)
        );
    }
}
