//! The parts of the scale run with the Rust client.

use std::error::Error;
use std::time::{Duration, Instant};

use easemob_presence::{Client, ClientBuilder, Event, RateLimits};
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use serde_json::{Value, json};

const WARM_UP: usize = 20;
const SWEEPS: f64 = 2.0;

pub(crate) type Outcome = Result<Value, Box<dyn Error>>;

fn resident_mib() -> Result<f64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kib: u32 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(f64::from(kib) / 1024.0)
}

fn ids(users: u32) -> impl Iterator<Item = String> {
    (0..users).map(|n| format!("user{n}"))
}

async fn ready(client: ClientBuilder) -> Result<Client, Box<dyn Error>> {
    let client = client.build()?;
    client.app_token().await?;
    Ok(client)
}

async fn gets(client: ClientBuilder, users: u32) -> Outcome {
    let client = ready(client).await?;
    let user = client.user("wzy")?;
    let (start, before) = (Instant::now(), resident_mib()?);
    let read = try_join_all(ids(users).map(|id| user.get(id).into_future())).await?;
    Ok(
        json!({"read": read.len(), "seconds": start.elapsed().as_secs_f64(), "grown_mib": resident_mib()? - before}),
    )
}

async fn get_many(client: ClientBuilder, users: u32) -> Outcome {
    let client = ready(client).await?;
    let (start, before) = (Instant::now(), resident_mib()?);
    let read = client.user("wzy")?.get_many(ids(users)).await?;
    Ok(
        json!({"read": read.len(), "seconds": start.elapsed().as_secs_f64(), "grown_mib": resident_mib()? - before}),
    )
}

async fn iter_many(client: ClientBuilder, users: u32) -> Outcome {
    let client = ready(client.rate_limits(RateLimits::off())).await?;
    let (start, mut read, mut begin, mut most) = (Instant::now(), 0, 0.0, 0.0_f64);
    let mut answers = client.user("wzy")?.iter_many(ids(users)).enumerate();
    while let Some((place, presences)) = answers.next().await {
        read += presences?.len();
        if place == WARM_UP {
            begin = resident_mib()?;
        } else if place > WARM_UP && place % 100 == 0 {
            most = most.max(resident_mib()? - begin);
        }
    }
    Ok(json!({"read": read, "seconds": start.elapsed().as_secs_f64(), "grown_mib": most}))
}

async fn watch(client: ClientBuilder, users: u32) -> Outcome {
    let client = ready(client).await?;
    let (start, before) = (Instant::now(), resident_mib()?);
    let mut watcher = client.user("wzy")?.watch(ids(users)).start().await?;
    while let Some(event) = watcher.next().await {
        if matches!(event, Event::Synced) {
            break;
        }
    }
    let sweep = start.elapsed();
    // The clock is what is measured here: a sweep has no event of its own.
    tokio::time::sleep(sweep.mul_f64(SWEEPS - 1.0).max(Duration::from_secs(1))).await;
    let stats = watcher.stats();
    let seconds = start.elapsed().as_secs_f64();
    let interval = |interval: Option<Duration>| interval.map(|interval| interval.as_secs_f64());
    let told = json!({
        "read": watcher.occupancy().known, "seconds": seconds, "grown_mib": resident_mib()? - before,
        "p50": interval(stats.refresh_interval_p50), "p99": interval(stats.refresh_interval_p99),
        "polls": stats.polls,
    });
    watcher.close().await;
    Ok(told)
}

/// Runs one part against the emulator there.
pub(crate) async fn run(part: &str, host: &str, users: u32) -> Outcome {
    let client = Client::builder().emulator(host).timeout(Duration::from_secs(60));
    match part {
        "gets" => gets(client, users).await,
        "get_many" => get_many(client, users).await,
        "iter_many" => iter_many(client, users).await,
        "watch" => watch(client, users).await,
        other => Err(format!("no part {other}").into()),
    }
}
