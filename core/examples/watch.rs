//! Watches a team: who comes, goes and changes, as it happens, and how many are there.
//!
//! ```sh
//! cargo run --package easemob-presence --example watch -- wzy c2 c3 c4
//! ```
//!
//! The first user asks, the others are watched. The environment says for which app: see `Client::from_env`. Ctrl-C ends it.

use std::error::Error;

use easemob_presence::{Client, Event, Watcher};
use futures_util::StreamExt;

/// One line for each event.
fn line(event: &Event, team: &Watcher) -> String {
    match event {
        Event::Enter(change) if change.initial => format!("{} is here", change.presence.user_id()),
        Event::Enter(change) => format!("{} came", change.presence.user_id()),
        Event::Leave(change) => format!("{} left", change.presence.user_id()),
        Event::Update(change) => format!("{} changed: {}", change.presence.user_id(), change.presence.ext()),
        Event::Synced => {
            let counts = team.occupancy();
            format!("{} of {} are here", counts.online, counts.watched)
        }
        Event::Stale { .. } => "no contact: this may be old".to_owned(),
        Event::Warning(warning) => format!("warning: {warning}"),
        other => other.kind().to_string(),
    }
}

/// Tells each event until the watcher ends.
async fn follow(mut team: Watcher, mut tell: impl FnMut(String)) {
    while let Some(event) = team.next().await {
        tell(line(&event, &team));
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut ids = std::env::args().skip(1);
    let asking = ids.next().ok_or("usage: watch USER WATCHED …")?;
    let client = Client::from_env()?;
    let team = client.user(asking)?.watch(ids).start().await?;
    tokio::select! {
        () = follow(team.clone(), |line| println!("{line}")) => {}
        ctrl_c = tokio::signal::ctrl_c() => ctrl_c?,
    }
    team.close().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use easemob_presence_emulator::Emulator;
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    #[tokio::test]
    async fn who_is_here_who_comes_and_who_leaves_is_told() {
        let emulator = Emulator::start().unwrap();
        emulator.state().login("c2", "ios_1");
        let client = Client::builder().emulator(emulator.host()).build().unwrap();
        let watch = client.user("wzy").unwrap().watch(["c2", "c3"]).min_interval(std::time::Duration::ZERO);
        let team = watch.start().await.unwrap();
        let (tell, mut told) = unbounded_channel();
        let following = tokio::spawn(follow(team.clone(), move |line| tell.send(line).unwrap()));
        assert_eq!(told.recv().await.unwrap(), "c2 is here");
        assert_eq!(told.recv().await.unwrap(), "1 of 2 are here");
        emulator.state().login("c3", "ios_1");
        assert_eq!(told.recv().await.unwrap(), "c3 came");
        assert!(emulator.state().logout("c2", "ios_1"));
        assert_eq!(told.recv().await.unwrap(), "c2 left");
        team.close().await;
        following.await.unwrap();
    }
}
