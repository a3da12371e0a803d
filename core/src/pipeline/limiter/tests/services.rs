//! The gate against every kind of limiter that the service may run, on every kind of network.

use super::simulation::server::Kind;
use super::simulation::{Case, Network, Outcome, Timers, run};

const NETWORKS: [Network; 5] = [Network::LOOPBACK, Network::LAN, Network::FAR, Network::WAN, Network::BAD];

fn all_but_strict() -> impl Iterator<Item = Kind> {
    Kind::ALL.into_iter().filter(|kind| *kind != Kind::Strict)
}

/// Runs a case with several seeds.
fn seeds(case: Case) -> impl Iterator<Item = Outcome> {
    (1..=3).map(move |seed| run(Case { seed, ..case }))
}

#[test]
fn a_steady_service_gets_all_but_a_hundredth_of_its_rate_and_rejects_nothing() {
    for kind in all_but_strict() {
        for outcome in seeds(Case::new(kind, Network::LOOPBACK)) {
            let used = outcome.rate(0.0, 120.0) / 50.0;
            assert!(used >= 0.99 && outcome.rejected.is_empty(), "{kind:?} {used} {:?}", outcome.rejected);
        }
    }
}

#[test]
fn forty_milliseconds_away_it_gets_96_percent_and_rejects_one_in_6000_at_most() {
    for kind in all_but_strict() {
        for outcome in seeds(Case::new(kind, Network::FAR)) {
            let used = outcome.rate(0.0, 120.0) / 50.0;
            assert!(used >= 0.96 && outcome.rejected.len() <= 1, "{kind:?} {used} {:?}", outcome.rejected);
        }
    }
}

#[test]
fn a_service_that_takes_no_burst_at_all_is_met_a_little_below_its_rate() {
    for outcome in seeds(Case::new(Kind::Strict, Network::LOOPBACK)) {
        assert!(outcome.rate(30.0, 120.0) / 50.0 >= 0.85, "{}", outcome.rate(30.0, 120.0));
        assert!(outcome.rejects(30.0, 120.0) <= 9.0, "{:?}", outcome.rejected);
    }
}

#[test]
fn the_rate_holds_in_every_second_on_every_network_and_with_late_timers() {
    for network in NETWORKS {
        for timers in [Timers::IDLE, Timers::BUSY, Timers { late: 0.0, very_late: 0.02 }] {
            for outcome in seeds(Case { timers, ..Case::new(Kind::Bucket, network) }) {
                let most = outcome
                    .sent
                    .iter()
                    .enumerate()
                    .map(|(n, &from)| outcome.sent.partition_point(|&at| at < from + 1.0) - n);
                assert!(most.max() <= Some(50), "{network:?}");
                assert!(outcome.rate(0.0, 120.0) >= 40.0);
            }
        }
    }
}

/// Half of the rate from the 20th to the 140th second.
fn halved_for_two_minutes(limit: f64, now: f64) -> f64 {
    if (20.0..140.0).contains(&now) { limit / 2.0 } else { limit }
}

#[test]
fn half_of_the_rate_is_learned_in_ten_seconds_kept_and_left_within_a_minute() {
    for (limit, allowed) in [
        (50.0, (|now| halved_for_two_minutes(50.0, now)) as fn(f64) -> f64),
        (300.0, |now| halved_for_two_minutes(300.0, now)),
    ] {
        for kind in all_but_strict() {
            for network in [Network::LOOPBACK, Network::FAR, Network::BAD] {
                let case = Case { limit, allowed, seconds: 220.0, ..Case::new(kind, network) };
                for outcome in seeds(case) {
                    let rejected = outcome.rejects(30.0, 140.0);
                    let passed = outcome.rate(30.0, 140.0);
                    assert!(passed >= 0.9 * limit / 2.0, "{kind:?} {network:?} {passed}");
                    assert!(rejected < 0.01 * 110.0 * passed, "{kind:?} {network:?} {rejected}");
                    let recovered = outcome.rate(200.0, 220.0) / limit;
                    assert!(recovered >= 0.9, "{kind:?} {network:?} {recovered}");
                }
            }
        }
    }
}

#[test]
fn what_others_leave_of_the_rate_is_used_with_few_rejections() {
    for kind in all_but_strict() {
        let others = |now| if now > 20.0 { 30.0 } else { 0.0 };
        for outcome in seeds(Case { others, ..Case::new(kind, Network::FAR) }) {
            let (passed, rejected) = (outcome.rate(30.0, 120.0), outcome.rejects(30.0, 120.0));
            assert!(passed >= 8.0, "{kind:?} {passed}");
            assert!(rejected <= 0.03 * 90.0 * passed, "{kind:?} {rejected}");
        }
    }
}

#[test]
fn a_minute_in_which_nothing_passes_costs_few_calls_and_is_left_behind() {
    for kind in all_but_strict() {
        let allowed = |now| if (10.0..70.0).contains(&now) { 0.0 } else { 50.0 };
        for outcome in seeds(Case { allowed, seconds: 140.0, ..Case::new(kind, Network::BAD) }) {
            assert!(outcome.rejects(10.0, 75.0) <= 40.0, "{kind:?} {}", outcome.rejects(10.0, 75.0));
            assert!(outcome.rate(120.0, 140.0) >= 40.0, "{kind:?} {}", outcome.rate(120.0, 140.0));
        }
    }
}
