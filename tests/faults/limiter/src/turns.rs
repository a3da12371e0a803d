//! One caller with a hundred thousand ids and 99 callers with one id each, at the documented rate.

use std::time::Duration;

use easemob_presence::{Client, Options};
use easemob_presence_emulator::{Emulator, Operation, RateLimit, Window};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::case::{Failure, PER_SECOND};

const CHUNKS: usize = 1_000;
const CHUNK: usize = 100;
const SMALL_CALLERS: u32 = 99;

#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Turns {
    /// The longest wait of a small caller beyond its turn, in seconds: beyond the time that the calls of the small
    /// callers before it take by themselves.
    pub(crate) most_beyond_turn: f64,
    pub(crate) longest_wait: f64,
    /// Calls of the large caller that went while the small callers waited.
    pub(crate) of_the_large: u64,
}

pub(crate) async fn measure() -> Result<Turns, Failure> {
    let limit = RateLimit::uniform(PER_SECOND).counted_by(Window::SlidingLog);
    let emulator = Emulator::builder().configure(|settings| settings.rate_limit = limit).start()?;
    let client = Client::builder().emulator(emulator.host()).timeout(Duration::from_secs(120)).build()?;
    let large = client.with_options(Options::new().grouped(true));
    // Dropped at the end, which cancels what is left.
    let mut chunks = JoinSet::new();
    for chunk in 0..CHUNKS {
        let large = large.clone();
        let ids: Vec<String> = (chunk * CHUNK..(chunk + 1) * CHUNK).map(|n| format!("u{n}")).collect();
        chunks.spawn(async move { large.user("wzy")?.get_many(ids).await });
    }
    let gets = || emulator.journal().count(Operation::Get);
    emulator.journal().wait_until(|journal| journal.count(Operation::Get) >= u64::from(PER_SECOND)).await;
    let (before, begin) = (gets(), Instant::now());
    let mut small = JoinSet::new();
    for turn in 0..SMALL_CALLERS {
        let client = client.clone();
        small.spawn(async move {
            client.user("wzy")?.get_many([format!("s{turn}")]).await?;
            Ok::<_, easemob_presence::Error>((turn, begin.elapsed().as_secs_f64()))
        });
    }
    let (mut most_beyond_turn, mut longest_wait) = (0.0_f64, 0.0_f64);
    while let Some(ended) = small.join_next().await {
        let (turn, wait) = ended??;
        most_beyond_turn = most_beyond_turn.max(wait - f64::from(turn + 1) / f64::from(PER_SECOND));
        longest_wait = longest_wait.max(wait);
    }
    let of_the_large = gets() - before - u64::from(SMALL_CALLERS);
    Ok(Turns { most_beyond_turn, longest_wait, of_the_large })
}
