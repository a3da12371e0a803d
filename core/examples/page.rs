//! Reads the presence of a million users, in memory that does not grow.
//!
//! ```sh
//! cargo run --release --package easemob-presence --example page -- wzy 1000000
//! ```
//!
//! The first argument is the user who asks, the second how many are asked for: user0, user1, … The environment says for
//! which app: see `Client::from_env`.

use std::error::Error;

use easemob_presence::{Client, Presence, User};
use futures_util::StreamExt;

/// Users by what became of them.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    online: usize,
    offline: usize,
    /// Not answered.
    missing: usize,
    failed: usize,
}

/// Where the ids come from: a query, a file, anything that gives one after another.
fn everyone(users: usize) -> impl Iterator<Item = String> + Send + 'static {
    (0..users).map(|n| format!("user{n}"))
}

async fn count(asking: &User, users: usize) -> Counts {
    let mut counts = Counts::default();
    let mut answers = asking.iter_many(everyone(users));
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(presences) => {
                let online = presences.iter().filter(Presence::is_online).count();
                counts.online += online;
                counts.offline += presences.len() - online;
                counts.missing += presences.missing().len();
            }
            // It goes on behind the request that failed.
            Err(error) => {
                eprintln!("{error}");
                counts.failed += error.partial().map_or(1, |partial| partial.failed().len());
            }
        }
    }
    counts
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (asking, users) = arguments.next().zip(arguments.next()).ok_or("usage: page USER HOW_MANY")?;
    let counts = count(&Client::from_env()?.user(asking)?, users.parse()?).await;
    println!("{counts:?}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use easemob_presence_emulator::Emulator;

    use super::*;

    #[tokio::test]
    async fn everyone_is_counted_once() {
        let emulator = Emulator::start().unwrap();
        emulator.state().login("user2999", "ios_1");
        let client = Client::builder().emulator(emulator.host()).build().unwrap();
        let counts = count(&client.user("wzy").unwrap(), 3_000).await;
        assert_eq!(counts, Counts { online: 1, offline: 2_999, ..Counts::default() });
    }
}
