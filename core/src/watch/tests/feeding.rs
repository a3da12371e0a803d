//! Callbacks: what they tell counts at once, and polls and callbacks do not undo each other.

use serde_json::json;

use super::*;
use crate::watch::Source as Told;
use crate::watch::tests::service::{EPOCH, Kind};
use crate::webhook::Callback;

/// A callback about a device, `seconds` after the test began by the service's clock.
pub(super) fn callback(user: &str, device: &str, online: bool, seconds: f64) -> Callback {
    #[expect(clippy::cast_precision_loss, reason = "a time of ten digits")]
    let timestamp = EPOCH as f64 + seconds;
    let (reason, call_id) = (if online { "login" } else { "logout" }, format!("app_{user}{seconds}"));
    serde_json::from_value(json!({
        "call_id": call_id, "reason": reason, "online": online, "user_id": user, "resource": device,
        "app_key": "app", "timestamp": timestamp,
    }))
    .unwrap()
}

async fn synced(service: &Arc<Service>) -> Watcher {
    let watcher = watch(service, &["c2", "c3"]).min_interval(100 * SECOND).start().await.unwrap();
    until(&watcher, EventKind::Synced).await;
    watcher
}

#[tokio::test(start_paused = true)]
async fn a_callback_is_told_at_once_and_the_polls_that_follow_tell_nothing_more() {
    let service = Service::new(1);
    let watcher = synced(&service).await;
    tokio::time::sleep(50 * SECOND).await;
    service.set("c2", "ios_1", 1);
    watcher.feed(&callback("C2", "ios_1", true, 50.0));
    assert!(watcher.get("c2").unwrap().is_online());
    let event = next(&watcher).await;
    assert_eq!((event.kind(), event.change().unwrap().source), (EventKind::Enter, Told::Callback));
    tokio::time::sleep(500 * SECOND).await;
    assert!(waiting(&watcher).await.is_empty());
    let stats = watcher.stats();
    assert_eq!((stats.callbacks, stats.callbacks_ignored, stats.changes_from_callbacks), (1, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_began_before_a_callback_does_not_undo_it_and_the_user_is_read_again_soon() {
    let service = Service::new(1);
    service.world().faults.slow = 4 * SECOND;
    let watcher = watch(&service, &["c2"]).min_interval(20 * SECOND).start().await.unwrap();
    until(&watcher, EventKind::Synced).await;
    let polls = service.count(Kind::Get);
    while service.count(Kind::Get) == polls {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The answer is on its way, and old.
    service.set("c2", "ios_1", 1);
    watcher.feed(&callback("c2", "ios_1", true, 25.0));
    assert_eq!(next(&watcher).await.kind(), EventKind::Enter);
    let polls = service.count(Kind::Get);
    tokio::time::sleep(10 * SECOND).await;
    assert!(service.count(Kind::Get) > polls, "read again before its turn");
    tokio::time::sleep(60 * SECOND).await;
    assert!(waiting(&watcher).await.is_empty());
    assert!(watcher.get("c2").unwrap().is_online());
}

#[tokio::test(start_paused = true)]
async fn callbacks_that_are_repeated_or_overtaken_change_nothing() {
    let service = Service::new(1);
    let watcher = synced(&service).await;
    tokio::time::sleep(50 * SECOND).await;
    watcher.feed(&callback("c2", "ios_1", true, 49.0));
    watcher.feed(&callback("c2", "ios_1", false, 48.0));
    watcher.feed(&callback("c2", "ios_1", true, 49.0));
    watcher.feed(&callback("nobody", "ios_1", true, 49.0));
    assert_eq!(kinds(&waiting(&watcher).await), [EventKind::Enter]);
    assert_eq!(watcher.stats().callbacks_ignored, 2);
}

#[tokio::test(start_paused = true)]
async fn a_late_callback_does_not_bring_back_what_a_poll_has_seen_pass() {
    let service = Service::new(1);
    let watcher = synced(&service).await;
    // A prompt one shows how the service's clock stands.
    watcher.feed(&callback("c3", "ios_1", true, 0.0));
    service.set("c3", "ios_1", 1);
    // Login at 50, logout at 60; a poll at about 100; then the login is delivered.
    tokio::time::sleep(150 * SECOND).await;
    waiting(&watcher).await;
    watcher.feed(&callback("c2", "ios_1", true, 50.0));
    assert!(waiting(&watcher).await.is_empty() && !watcher.get("c2").unwrap().is_online());
}

#[tokio::test(start_paused = true)]
async fn callbacks_fed_before_the_first_poll_are_not_taken_for_all_there_is() {
    let service = Service::new(1);
    service.set("c2", "ios_1", 1);
    service.set("c2", "web_1", 7);
    service.set("c3", "ios_1", 1);
    let watcher = watch(&service, &["c2", "c3"]).start().await.unwrap();
    watcher.feed(&callback("c2", "ios_1", true, 0.0));
    watcher.feed(&callback("c3", "web_1", false, 0.0));
    assert!(watcher.get("c3").is_none());
    let events = until(&watcher, EventKind::Synced).await;
    let expected = [EventKind::Enter, EventKind::Update, EventKind::Enter, EventKind::Synced];
    assert_eq!(kinds(&events), expected);
    assert_eq!(watcher.get("c2").unwrap().devices().len(), 2);
}
