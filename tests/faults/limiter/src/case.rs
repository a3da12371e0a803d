//! One case: one emulator, one way to it, one client with more to do than it may.

use std::error::Error;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use easemob_presence::{Client, Endpoint};
use easemob_presence_emulator::{Emulator, RateLimit, Window};
use governor::{Quota, RateLimiter};
use serde::Serialize;
use tokio::time::Instant;

use crate::far::forward;

pub(crate) const PER_SECOND: u32 = 50;
/// Enough to keep every client busy at any of the round trips.
pub(crate) const CALLERS: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Who {
    /// The client of this repository as it is.
    Ours,
    /// reqwest behind governor's quota of so many calls a second.
    Governor,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Case {
    pub(crate) window: &'static str,
    #[serde(skip)]
    pub(crate) kind: Window,
    pub(crate) round_trip_ms: u64,
    pub(crate) who: Who,
}

/// The emulator's kinds of limiter.
pub(crate) const WINDOWS: [(&str, Window); 5] = [
    ("fixed window", Window::Fixed),
    ("sliding log", Window::SlidingLog),
    ("sliding counter", Window::SlidingCounter),
    ("bucket of 5", Window::Bucket { burst: 5 }),
    ("bucket of 1", Window::Bucket { burst: 1 }),
];

#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Measured {
    #[serde(flatten)]
    pub(crate) case: Case,
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
    /// Accepted calls as a part of those that the service allows in the time.
    pub(crate) used: f64,
}

#[derive(Debug, Default)]
struct Counts {
    accepted: AtomicU64,
    rejected: AtomicU64,
}

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

pub(crate) async fn measure(case: Case, time: Duration) -> Result<Measured, Failure> {
    let limit = RateLimit::uniform(PER_SECOND).counted_by(case.kind);
    let emulator = Emulator::builder().configure(|settings| settings.rate_limit = limit).start()?;
    let one_way = Duration::from_millis(case.round_trip_ms) / 2;
    let host = if one_way.is_zero() {
        emulator.host()
    } else {
        forward(emulator.host(), one_way).await?.to_string()
    };
    let token = emulator.issue_token(Duration::from_secs(24 * 3600));
    let counts = Arc::new(Counts::default());
    let begin = Instant::now();
    match case.who {
        Who::Ours => ours(&host, token, begin + time, &counts).await?,
        Who::Governor => governor(&host, &emulator.app_key(), token, begin + time, &counts).await?,
    }
    let accepted = counts.accepted.load(Ordering::Relaxed);
    let rejected = counts.rejected.load(Ordering::Relaxed);
    // Counts of a few thousand.
    let allowed = time.as_secs_f64() * f64::from(PER_SECOND);
    let used = f64::from(u32::try_from(accepted)?) / allowed;
    Ok(Measured { case, accepted, rejected, used })
}

async fn ours(host: &str, token: String, end: Instant, counts: &Arc<Counts>) -> Result<(), Failure> {
    let client = Client::builder().emulator(host).app_token(token).build()?;
    let calls = (0..CALLERS).map(|_| {
        let (client, counts) = (client.clone(), Arc::clone(counts));
        tokio::spawn(tokio::time::timeout_at(end, async move {
            loop {
                client.user("wzy")?.get_many(["c1"]).await?;
                counts.accepted.fetch_add(1, Ordering::Relaxed);
            }
        }))
    });
    settle(calls.collect()).await?;
    let get = client.stats().endpoints.into_iter().find(|stats| stats.endpoint == Endpoint::Get);
    counts.rejected.store(get.map_or(0, |stats| stats.limited), Ordering::Relaxed);
    Ok(())
}

async fn governor(
    host: &str,
    app_key: &str,
    token: String,
    end: Instant,
    counts: &Arc<Counts>,
) -> Result<(), Failure> {
    let (org, app) = app_key.split_once('#').ok_or("an App Key without #")?;
    let url = format!("http://{host}/{org}/{app}/users/wzy/presence");
    let http = reqwest::Client::builder().no_proxy().build()?;
    let quota = Quota::per_second(NonZeroU32::new(PER_SECOND).ok_or("a rate of zero")?);
    let limiter = Arc::new(RateLimiter::direct(quota));
    let calls = (0..CALLERS).map(|_| {
        let (http, url, token) = (http.clone(), url.clone(), token.clone());
        let (limiter, counts) = (Arc::clone(&limiter), Arc::clone(counts));
        tokio::spawn(tokio::time::timeout_at(end, async move {
            loop {
                limiter.until_ready().await;
                let request = http.post(&url).bearer_auth(&token).header("content-type", "application/json");
                let answer = request.body(r#"{"usernames":["c1"]}"#).send().await?;
                let status = answer.status().as_u16();
                answer.bytes().await?;
                let count = match status {
                    200 => &counts.accepted,
                    429 => &counts.rejected,
                    other => return Err(format!("status {other}").into()),
                };
                count.fetch_add(1, Ordering::Relaxed);
            }
        }))
    });
    settle(calls.collect()).await
}

type Caller = tokio::task::JoinHandle<Result<Result<(), Failure>, tokio::time::error::Elapsed>>;

/// Every caller goes on until the time is up; one that ends before has failed.
async fn settle(callers: Vec<Caller>) -> Result<(), Failure> {
    for caller in callers {
        if let Ok(ended) = caller.await? {
            ended?;
        }
    }
    Ok(())
}
