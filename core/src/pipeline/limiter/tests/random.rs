//! Whatever calls come, give up, fail or hang: the rate holds, and everything is given back.

use proptest::prelude::*;
use std::sync::Mutex;
use tokio::time::sleep;

use super::*;

/// What one call does.
#[derive(Clone, Debug)]
struct Plan {
    caller: u64,
    background: bool,
    comes_ms: u64,
    /// It gives up that much later, wherever it is then.
    gives_up_ms: u64,
    round_trip_ms: u64,
    sends: bool,
    rejected: bool,
}

fn plan() -> impl Strategy<Value = Plan> {
    (0..4_u64, any::<bool>(), 0..3_000_u64, 0..8_000_u64, 0..400_u64, 0..10_u8).prop_map(
        |(caller, background, comes_ms, gives_up_ms, round_trip_ms, kind)| Plan {
            caller,
            background,
            comes_ms,
            gives_up_ms,
            round_trip_ms,
            sends: kind > 0,
            rejected: kind == 1,
        },
    )
}

async fn act(limiter: Arc<Limiter>, plan: Plan, sent: Arc<Mutex<Vec<Instant>>>) {
    let ms = Duration::from_millis;
    sleep(ms(plan.comes_ms)).await;
    let priority = if plan.background { Priority::Background } else { Priority::Normal };
    let turn = Turn { caller: plan.caller, priority };
    let call = async {
        let deadline = Instant::now() + ms(6_000);
        let Ok(mut permit) = limiter.acquire(Endpoint::Get, turn, deadline).await else { return };
        assert!(Instant::now() <= deadline);
        if plan.sends {
            permit.sending();
            sent.lock().unwrap().push(Instant::now());
            sleep(ms(plan.round_trip_ms)).await;
            permit.answered(if plan.rejected { Seen::Limited { retry_after: None } } else { Seen::Accepted });
        }
    };
    // Giving up is a drop of the future, at whatever it waits for.
    let _ = tokio::time::timeout(ms(plan.gives_up_ms), call).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_second_sees_more_calls_than_the_rate_and_nothing_is_left_behind(
        rate in 1..40_u32,
        plans in prop::collection::vec(plan(), 0..200),
    ) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let limiter = limiter(RateLimits::uniform(rate));
            let sent = Arc::new(Mutex::new(Vec::new()));
            let calls: Vec<_> = plans
                .into_iter()
                .map(|plan| tokio::spawn(act(Arc::clone(&limiter), plan, Arc::clone(&sent))))
                .collect();
            for call in calls {
                call.await.unwrap();
            }
            let mut sent = sent.lock().unwrap().clone();
            sent.sort();
            prop_assert!(most_in_a_second(&sent) <= rate as usize);
            let stats = stats(&limiter);
            prop_assert_eq!((stats.waiting, stats.in_flight), (0, 0));
            prop_assert_eq!(stats.sent, sent.len() as u64);
            // Whoever comes now finds the lane working.
            call(&limiter, turn(9)).await;
            Ok(())
        })?;
    }
}
