//! The watcher against the emulator, over real sockets, at no rate limit.

use std::time::Duration;

use easemob_presence::watch::{EventKind, Source};
use easemob_presence::{Client, Event, RateLimits, Status, Watcher};
use easemob_presence_emulator::{Emulator, RateLimit};

fn start() -> Result<(Emulator, Client), Box<dyn std::error::Error>> {
    let emulator = Emulator::start()?;
    emulator.configure(|settings| settings.rate_limit = RateLimit::off());
    let client = Client::builder().emulator(emulator.host()).rate_limits(RateLimits::off()).build()?;
    Ok((emulator, client))
}

/// The next event of this kind; none if the watcher has ended.
async fn until(watcher: &Watcher, kind: EventKind) -> Option<Event> {
    loop {
        let event = watcher.next_events(1).await.pop()?;
        if event.kind() == kind {
            return Some(event);
        }
    }
}

#[tokio::test]
async fn what_is_set_is_told() {
    let (_emulator, client) = start().unwrap();
    let watch = client.user("wzy").unwrap().watch(["c2", "c3"]).min_interval(Duration::ZERO);
    let watcher = watch.calls_per_second(500.0).start().await.unwrap();
    until(&watcher, EventKind::Synced).await.unwrap();
    let c3 = client.user("C3").unwrap();
    c3.set("web_1", Status::Custom(100)).ext("busy").await.unwrap();
    let Some(Event::Enter(change)) = until(&watcher, EventKind::Enter).await else { unreachable!() };
    assert_eq!((change.presence.user_id().as_str(), change.presence.ext()), ("c3", "busy"));
    assert_eq!((change.initial, change.source), (false, Source::Poll));
    c3.set("web_1", Status::Online).await.unwrap();
    until(&watcher, EventKind::Update).await.unwrap();
    c3.set("web_1", Status::Offline).await.unwrap();
    until(&watcher, EventKind::Leave).await.unwrap();
    watcher.close().await;
    assert!(watcher.next_events(1).await.is_empty());
}

#[tokio::test]
async fn subscriptions_are_kept_and_ended() {
    let (emulator, client) = start().unwrap();
    emulator.state().login("c2", "ios_1");
    let wzy = client.user("wzy").unwrap();
    let users: Vec<_> = (0..250).map(|n| format!("c{n}")).collect();
    let watch = wzy.watch(&users).keep_subscribed(Duration::from_secs(3_600)).unsubscribe_on_close(true);
    let watcher = watch.start().await.unwrap();
    let Some(Event::Enter(change)) = until(&watcher, EventKind::Enter).await else { unreachable!() };
    assert_eq!(change.source, Source::Subscribe);
    until(&watcher, EventKind::Synced).await.unwrap();
    assert_eq!(wzy.subscriptions_page(1).await.unwrap().total(), Some(250));
    watcher.close().await;
    assert_eq!(wzy.subscriptions_page(1).await.unwrap().total(), Some(0));
}

#[tokio::test]
async fn a_callback_that_was_checked_is_told_at_once() {
    let (emulator, client) = start().unwrap();
    let watch = client.user("wzy").unwrap().watch(["c2"]).min_interval(Duration::from_secs(3_600));
    let watcher = watch.start().await.unwrap();
    until(&watcher, EventKind::Synced).await.unwrap();
    let polls = watcher.stats().polls;
    emulator.state().login("c2", "ios_1");
    let body = serde_json::json!({
        "call_id": "app_1", "reason": "login", "online": true, "user_id": "c2", "resource": "ios_1",
        "app_key": "app", "timestamp": emulator.clock().unix_millis() / 1_000,
    });
    watcher.feed(&serde_json::from_value(body).unwrap());
    let Some(Event::Enter(change)) = until(&watcher, EventKind::Enter).await else { unreachable!() };
    assert_eq!((change.source, watcher.stats().polls), (Source::Callback, polls));
}
