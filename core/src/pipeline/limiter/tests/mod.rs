//! The limiter on a paused clock.

mod deadlines;
mod fairness;
#[cfg(shuttle)]
mod model;
mod permits;
mod random;
mod rejections;
mod services;
mod shared;
mod simulation;

use futures_util::FutureExt;

use super::*;

pub(super) const FAR: Duration = Duration::from_secs(3600);
const ROUND_TRIP: Duration = Duration::from_millis(1);

fn limiter(limits: RateLimits) -> Arc<Limiter> {
    Arc::new(Limiter::new(&limits, 1_000_000))
}

fn turn(caller: u64) -> Turn {
    Turn { caller, priority: Priority::Normal }
}

/// Waits for a turn at `get`, and gives the permit.
async fn acquire(limiter: &Arc<Limiter>, turn: Turn) -> Permit {
    limiter.acquire(Endpoint::Get, turn, Instant::now() + FAR).await.unwrap()
}

/// One whole call, and when it was sent.
async fn call(limiter: &Arc<Limiter>, turn: Turn) -> Instant {
    let mut permit = acquire(limiter, turn).await;
    permit.sending();
    let sent = Instant::now();
    tokio::time::sleep(ROUND_TRIP).await;
    permit.answered(Seen::Accepted);
    sent
}

/// The most events in any second, given their times in order.
fn most_in_a_second(times: &[Instant]) -> usize {
    let until = |from: Instant| times.partition_point(|&at| at < from + Duration::from_secs(1));
    times.iter().enumerate().map(|(n, &from)| until(from) - n).max().unwrap_or(0)
}

fn stats(limiter: &Limiter) -> EndpointStats {
    limiter.stats().into_iter().find(|stats| stats.endpoint == Endpoint::Get).unwrap()
}

/// Whether a call could be made at this moment.
fn has_room(limiter: &Arc<Limiter>) -> bool {
    limiter.acquire(Endpoint::Get, turn(u64::MAX), Instant::now() + FAR).now_or_never().is_some()
}
