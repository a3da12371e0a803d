//! A saturated client against a simulated service, in virtual time: the gate alone, with every delay drawn from a seed.

pub(crate) mod server;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use server::{Kind, Server};

use crate::pipeline::limiter::gate::Gate;

/// One way through the network: at least `base`, longer by `jitter` on average, and sometimes by much. Seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    pub(crate) base: f64,
    pub(crate) jitter: f64,
    pub(crate) spikes: f64,
}

impl Network {
    pub(crate) const LOOPBACK: Self = Self { base: 0.000_1, jitter: 0.000_1, spikes: 0.0 };
    /// A round trip of 40 ms.
    pub(crate) const FAR: Self = Self { base: 0.019, jitter: 0.001, spikes: 0.0 };
    pub(crate) const LAN: Self = Self { base: 0.002, jitter: 0.000_5, spikes: 0.0 };
    pub(crate) const WAN: Self = Self { base: 0.020, jitter: 0.004, spikes: 0.002 };
    pub(crate) const BAD: Self = Self { base: 0.040, jitter: 0.020, spikes: 0.02 };

    fn delay(&self, random: &mut Random) -> f64 {
        let spike = if random.next() < self.spikes { 0.05 + 0.25 * random.next() } else { 0.0 };
        self.base - self.jitter * (1.0 - random.next()).ln() + spike
    }
}

/// Timers fire up to a millisecond late, later by so many seconds on average, and with this probability by 15 to
/// 200 ms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timers {
    pub(crate) late: f64,
    pub(crate) very_late: f64,
}

impl Timers {
    pub(crate) const IDLE: Self = Self { late: 0.0, very_late: 0.0 };
    /// On a machine with more to do than it can.
    pub(crate) const BUSY: Self = Self { late: 0.003, very_late: 0.005 };
}

/// What the service allows at a moment.
pub(crate) type Allowed = fn(f64) -> f64;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) kind: Kind,
    pub(crate) network: Network,
    pub(crate) timers: Timers,
    /// What the client is configured to.
    pub(crate) limit: f64,
    pub(crate) allowed: Allowed,
    /// Calls a second of other clients of the App Key.
    pub(crate) others: Allowed,
    pub(crate) seconds: f64,
    pub(crate) seed: u64,
}

impl Case {
    pub(crate) fn new(kind: Kind, network: Network) -> Self {
        Self {
            kind,
            network,
            timers: Timers::IDLE,
            limit: 50.0,
            allowed: |_| 50.0,
            others: |_| 0.0,
            seconds: 120.0,
            seed: 1,
        }
    }
}

/// What the client saw: when calls were sent, and when they were let through or rejected, in seconds.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) sent: Vec<f64>,
    pub(crate) accepted: Vec<f64>,
    pub(crate) rejected: Vec<f64>,
}

impl Outcome {
    /// Accepted calls a second between two moments.
    pub(crate) fn rate(&self, from: f64, to: f64) -> f64 {
        count(&self.accepted, from, to) / (to - from)
    }

    /// Rejected calls between two moments.
    pub(crate) fn rejects(&self, from: f64, to: f64) -> f64 {
        count(&self.rejected, from, to)
    }
}

fn count(moments: &[f64], from: f64, to: f64) -> f64 {
    moments.iter().filter(|at| (from..to).contains(at)).map(|_| 1.0).sum()
}

struct Random(u64);

impl Random {
    /// Between 0 and 1 (splitmix64).
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bits = u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(u32::MAX);
        f64::from(bits) / 2_f64.powi(32)
    }
}

#[derive(Clone, Copy, Debug)]
enum Event {
    /// A timer, unless another was set since.
    Look {
        set: u64,
    },
    Arrives {
        sent: f64,
    },
    OthersCall,
    Answered {
        sent: f64,
        accepted: bool,
    },
}

pub(crate) fn run(case: Case) -> Outcome {
    let origin = Instant::now();
    let at = |seconds: f64| origin + Duration::from_secs_f64(seconds);
    let mut random = Random(case.seed);
    let mut server = Server::new(case.kind, random.next());
    let mut gate = Gate::new(Some(case.limit));
    let mut outcome = Outcome::default();
    let mut events = BTreeMap::new();
    let mut looks_set = 0;
    let mut looks_at = f64::INFINITY;
    // The order of events of one moment is that in which they were made.
    let mut made = 0_u64;
    let mut push = |events: &mut BTreeMap<_, _>, time: f64, event: Event| {
        made += 1;
        events.insert((Duration::from_secs_f64(time), made), event);
    };
    push(&mut events, 0.0, Event::Look { set: 0 });
    push(&mut events, 0.0, Event::OthersCall);
    while let Some(((moment, _), event)) = events.pop_first() {
        let now = moment.as_secs_f64();
        if now >= case.seconds {
            break;
        }
        match event {
            Event::Look { set } if set < looks_set => continue,
            Event::Look { .. } => looks_at = f64::INFINITY,
            Event::OthersCall => {
                let rate = (case.others)(now);
                if rate > 0.0 {
                    server.admits(now, (case.allowed)(now));
                }
                let next = if rate > 0.0 { -(1.0 - random.next()).ln() / rate } else { 0.1 };
                push(&mut events, now + next, Event::OthersCall);
                continue;
            }
            Event::Arrives { sent } => {
                let accepted = server.admits(now, (case.allowed)(now));
                let back = now + case.network.delay(&mut random);
                push(&mut events, back, Event::Answered { sent, accepted });
                continue;
            }
            Event::Answered { sent, accepted } => {
                if accepted {
                    gate.accepted(at(now), at(sent));
                    outcome.accepted.push(now);
                } else {
                    gate.rejected(at(now), at(sent), None);
                    outcome.rejected.push(now);
                }
            }
        }
        while gate.take(at(now)) {
            outcome.sent.push(now);
            push(&mut events, now + case.network.delay(&mut random), Event::Arrives { sent: now });
        }
        let due = gate.due(at(now)).saturating_duration_since(origin).as_secs_f64();
        if due < looks_at {
            looks_at = (due * 1e3).ceil() / 1e3 + random.next() * 0.001;
            looks_at -= case.timers.late * (1.0 - random.next()).ln();
            if random.next() < case.timers.very_late {
                looks_at += 0.015 + 0.185 * random.next();
            }
            looks_set += 1;
            push(&mut events, looks_at, Event::Look { set: looks_set });
        }
    }
    outcome
}
