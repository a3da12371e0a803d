//! Growth of memory while `iter_many` reads a million users, and how long it takes; then `get_many` of 10,000 users at
//! 50 requests a second.
//!
//! Usage: `easemob-presence-emulator --rate off --port 8088 &`
//! `cargo run --release --package easemob-presence-tests --example scale_iter_many -- [host] [users]`

use std::error::Error;
use std::time::Instant;

use easemob_presence::{Client, RateLimits};
use futures_util::StreamExt;

const WARM_UP: usize = 20;

fn resident_kib() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

#[expect(clippy::cast_precision_loss, reason = "a size in MiB, shown with one digit")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let host = arguments.next().unwrap_or_else(|| "127.0.0.1:8088".to_owned());
    let users = arguments.next().map_or(Ok(1_000_000), |users| users.parse::<u64>())?;

    let client = Client::builder().emulator(&host).rate_limits(RateLimits::off()).build()?;
    let (start, mut read, mut begin, mut most) = (Instant::now(), 0, 0, 0);
    let mut answers = client.user("wzy")?.iter_many((0..users).map(|n| format!("user{n}")));
    let mut place = 0;
    while let Some(presences) = answers.next().await {
        read += presences?.len();
        if place == WARM_UP {
            begin = resident_kib()?;
        } else if place > WARM_UP && place % 100 == 0 {
            most = most.max(resident_kib()?);
        }
        place += 1;
    }
    let took = start.elapsed().as_secs_f64();
    println!(
        "rust: {read} users in {took:.1} s, resident memory grew by {:.1} MiB",
        mib(most.saturating_sub(begin))
    );

    let paced = Client::builder().emulator(&host).rate_limits(RateLimits::uniform(50)).build()?;
    paced.user("wzy")?.get("warm").await?;
    let start = Instant::now();
    let presences = paced.user("wzy")?.get_many((0..10_000).map(|n| format!("user{n}"))).await?;
    let limited: u64 = paced.stats().endpoints.iter().map(|endpoint| endpoint.limited).sum();
    println!(
        "rust: get_many of {} users at 50 a second in {:.3} s, {limited} refused",
        presences.len(),
        start.elapsed().as_secs_f64()
    );
    Ok(())
}
