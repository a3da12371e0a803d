//! The service halves the limit without notice, and later lifts it again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use easemob_presence::{Client, Endpoint, Error};
use easemob_presence_emulator::{Emulator, RateLimit, Window};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::case::{CALLERS, Failure, PER_SECOND};

const HALVED_AT: u64 = 5;
/// The ten seconds that the client has to learn.
const LEARNED_AT: u64 = 15;
const LIFTED_AT: u64 = 55;
const LAST: u64 = 115;
/// Recovered: this part of the rate in five seconds.
const RECOVERED: f64 = 0.95;

#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Halved {
    pub(crate) window: &'static str,
    /// From ten seconds after the change until the limit is lifted: accepted calls as a part of those allowed.
    pub(crate) used: f64,
    /// Rejected calls as a part of all in that time.
    pub(crate) rejected: f64,
    /// Seconds from the lifting until the full rate was in use again; none if it did not come to that.
    pub(crate) recovered_after: Option<u64>,
}

pub(crate) async fn measure(window: &'static str, kind: Window) -> Result<Halved, Failure> {
    let limit = |rate| RateLimit::uniform(rate).counted_by(kind);
    let emulator =
        Emulator::builder().configure(|settings| settings.rate_limit = limit(PER_SECOND)).start()?;
    let token = emulator.issue_token(Duration::from_secs(24 * 3600));
    let client = Client::builder().emulator(emulator.host()).app_token(token).build()?;
    let accepted = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (client, accepted) = (client.clone(), Arc::clone(&accepted));
        callers.spawn(async move {
            loop {
                client.user("wzy")?.get_many(["c1"]).await?;
                accepted.fetch_add(1, Ordering::Relaxed);
            }
            #[expect(unreachable_code, reason = "names the error of the endless loop")]
            Ok::<(), Error>(())
        });
    }
    let counts = || {
        let get = client.stats().endpoints.into_iter().find(|stats| stats.endpoint == Endpoint::Get);
        (accepted.load(Ordering::Relaxed), get.map_or(0, |stats| stats.limited))
    };
    let begin = Instant::now();
    let mut seconds = vec![counts()];
    for second in 1..=LAST {
        sleep_until(begin + Duration::from_secs(second)).await;
        seconds.push(counts());
        match second {
            HALVED_AT => emulator.configure(|settings| settings.rate_limit = limit(PER_SECOND / 2)),
            LIFTED_AT => emulator.configure(|settings| settings.rate_limit = limit(PER_SECOND)),
            _ => {}
        }
        if let Some(ended) = callers.try_join_next() {
            ended??;
        }
    }
    let between = |from: u64, to: u64| -> Result<(f64, f64), Failure> {
        let at = |second: u64| seconds.get(usize::try_from(second).unwrap_or(usize::MAX)).copied();
        let (from, to) = at(from).zip(at(to)).ok_or("a second without counts")?;
        Ok((f64::from(u32::try_from(to.0 - from.0)?), f64::from(u32::try_from(to.1 - from.1)?)))
    };
    let (passed, limited) = between(LEARNED_AT, LIFTED_AT)?;
    let allowed = f64::from(u32::try_from(LIFTED_AT - LEARNED_AT)? * PER_SECOND / 2);
    let mut recovered_after = None;
    for second in LIFTED_AT + 5..=LAST {
        if between(second - 5, second)?.0 >= RECOVERED * 5.0 * f64::from(PER_SECOND) {
            recovered_after = Some(second - LIFTED_AT);
            break;
        }
    }
    Ok(Halved { window, used: passed / allowed, rejected: limited / (passed + limited), recovered_after })
}
