//! Subscriptions that are kept, through the real pipeline.

use super::*;
use crate::watch::Source as Told;
use crate::watch::WarningReason::{self, NotSubscribed, OwnUser, TooManySubscriptions};
use crate::watch::tests::service::Kind;

const HOUR: Duration = Duration::from_secs(3_600);

fn users(n: usize) -> Vec<String> {
    (0..n).map(|n| format!("u{n}")).collect()
}

fn keep(service: &Arc<Service>, users: &[String]) -> Watch {
    user(service).watch(users).keep_subscribed(24 * HOUR)
}

fn warnings(events: &[Event]) -> Vec<(WarningReason, Option<String>)> {
    let warning = |event: &Event| match event {
        Event::Warning(warning) => {
            Some((warning.reason, warning.user_id.as_ref().map(|id| id.as_str().to_owned())))
        }
        _ => None,
    };
    events.iter().filter_map(warning).collect()
}

#[tokio::test(start_paused = true)]
async fn users_are_subscribed_to_and_the_answers_count_as_readings() {
    let service = Service::new(1);
    service.world().only_subscribed = true;
    service.set("u7", "ios_1", 1);
    let watcher = keep(&service, &users(250)).start().await.unwrap();
    let events = until(&watcher, EventKind::Synced).await;
    assert_eq!(kinds(&events), [EventKind::Enter, EventKind::Synced]);
    assert_eq!(events[0].change().unwrap().source, Told::Subscribe);
    assert!(watcher.get("u7").unwrap().expires_at().is_none());
    assert_eq!((service.count(Kind::Subscribe), service.count(Kind::Get)), (3, 0));
    let stats = watcher.stats();
    assert_eq!((stats.subscriptions, stats.subscribe_calls, stats.changes_from_subscribing), (250, 3, 1));
    service.set("u7", "ios_1", 0);
    assert_eq!(next(&watcher).await.kind(), EventKind::Leave, "polls go on");
}

#[tokio::test(start_paused = true)]
async fn subscriptions_are_renewed_in_time_and_no_more_often_than_needed() {
    let service = Service::new(1);
    service.world().counts_only = true;
    let watcher = keep(&service, &users(250)).calls_per_second(0.01).start().await.unwrap();
    for hour in 0..72 {
        tokio::time::sleep(HOUR).await;
        let (now, world) = (service.clock(), service.world());
        assert!(world.subscriptions.values().all(|end| *end > now + 10 * 3_600), "hour {hour}");
    }
    let calls = service.count(Kind::Subscribe);
    assert!((18..=22).contains(&calls), "{calls}");
    drop(watcher);
}

#[tokio::test(start_paused = true)]
async fn a_restart_adopts_what_exists() {
    let service = Service::new(1);
    let watcher = keep(&service, &users(500)).start().await.unwrap();
    until(&watcher, EventKind::Synced).await;
    let saved = watcher.save();
    watcher.close().await;
    drop(watcher);
    assert_eq!(service.world().subscriptions.len(), 500, "nobody asked to end them");
    for restored in [None, Some(saved)] {
        let before = service.count(Kind::Subscribe);
        let mut watch = keep(&service, &users(500));
        if let Some(saved) = restored {
            watch = watch.restore(saved);
        }
        let watcher = watch.start().await.unwrap();
        tokio::time::sleep(HOUR).await;
        assert_eq!(watcher.stats().subscriptions, 500);
        assert_eq!(
            service.count(Kind::Subscribe) - before,
            1,
            "one call tells how the service's clock stands"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn subscriptions_that_the_service_has_lost_are_made_again() {
    let service = Service::new(1);
    let watcher = keep(&service, &users(150)).start().await.unwrap();
    until(&watcher, EventKind::Synced).await;
    tokio::time::sleep(60 * SECOND).await;
    // A restart of the service, seen as an outage.
    service.world().down = true;
    until(&watcher, EventKind::Stale).await;
    service.world().subscriptions.clear();
    service.world().down = false;
    until(&watcher, EventKind::Resynced).await;
    tokio::time::sleep(5 * SECOND).await;
    assert_eq!(service.world().subscriptions.len(), 150);
    assert_eq!(watcher.stats().subscriptions_lost, 150);
    // Lost without a sign.
    service.world().subscriptions.clear();
    tokio::time::sleep(2 * HOUR).await;
    assert_eq!(service.world().subscriptions.len(), 150);
}

#[tokio::test(start_paused = true)]
async fn a_look_at_the_list_that_failed_is_made_up_for() {
    let service = Service::new(1);
    let watcher = keep(&service, &users(150)).start().await.unwrap();
    until(&watcher, EventKind::Synced).await;
    tokio::time::sleep(3_590 * SECOND).await;
    service.world().subscriptions.clear();
    service.world().down = true;
    tokio::time::sleep(20 * SECOND).await;
    service.world().down = false;
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(service.world().subscriptions.len(), 150);
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_subscribed_to_is_told_of_and_polled_all_the_same() {
    let service = Service::new(1);
    let mut team = users(3_001);
    team.push("WZY".to_owned());
    service.set("u3000", "ios_1", 1);
    service.set("wzy", "ios_1", 1);
    let watcher = keep(&service, &team).start().await.unwrap();
    let events = until(&watcher, EventKind::Synced).await;
    let expected = [(TooManySubscriptions, Some("u3000".to_owned())), (OwnUser, Some("WZY".to_owned()))];
    assert_eq!(warnings(&events), expected);
    assert_eq!((watcher.occupancy().online, watcher.stats().subscriptions), (2, 3_000));
}

#[tokio::test(start_paused = true)]
async fn users_whom_the_service_refuses_are_found_and_the_others_kept() {
    for whole in [true, false] {
        let service = Service::new(1);
        service.world().refuses_whole = whole;
        service.world().hidden = vec!["u17".to_owned()];
        let watcher = keep(&service, &users(100)).calls_per_second(0.001).start().await.unwrap();
        tokio::time::sleep(60 * SECOND).await;
        let events = waiting(&watcher).await;
        assert_eq!(warnings(&events)[..1], [(NotSubscribed, Some("u17".to_owned()))], "{events:?}");
        assert_eq!(watcher.stats().subscriptions, 99);
        assert!(service.count(Kind::Subscribe) <= 15, "{}", service.count(Kind::Subscribe));
    }
}

#[tokio::test(start_paused = true)]
async fn closing_and_removing_end_subscriptions_if_asked_to() {
    for asked in [true, false] {
        let service = Service::new(1);
        service.world().subscriptions.insert("stranger".to_owned(), u64::MAX);
        let watcher = keep(&service, &users(150)).unsubscribe_on_close(asked).start().await.unwrap();
        until(&watcher, EventKind::Synced).await;
        watcher.remove(["u3"]);
        tokio::time::sleep(SECOND).await;
        assert_eq!(service.world().subscriptions.contains_key("u3"), !asked);
        watcher.close().await;
        assert_eq!(service.world().subscriptions.len(), if asked { 1 } else { 151 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_read_is_told_before_anything_is_started() {
    let service = Service::new(1);
    service.world().down = true;
    let error = keep(&service, &users(1)).start().await.unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Connect);
    let error = user(&service).watch(["c2"]).keep_subscribed(31 * 24 * HOUR).start().await.unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::InvalidInput);
}

#[tokio::test(start_paused = true)]
async fn an_outage_delays_subscribing_and_loses_nobody() {
    let service = Service::new(1);
    let watch = keep(&service, &users(300));
    let watcher = watch.start().await.unwrap();
    service.world().down = true;
    tokio::time::sleep(120 * SECOND).await;
    service.world().down = false;
    tokio::time::sleep(120 * SECOND).await;
    assert_eq!(watcher.stats().subscriptions, 300);
    let events = waiting(&watcher).await;
    assert_eq!(warnings(&events), [(WarningReason::SubscribingFails, None)]);
    assert_eq!(kinds(&events).last(), Some(&EventKind::Resynced));
}

#[tokio::test(start_paused = true)]
async fn unsubscribing_at_the_end_is_tried_again_and_what_stays_is_told() {
    // Each call of the pipeline makes four attempts; a refusal for good is told, and the others are unsubscribed from.
    let refusal = (400, r#"{"result":"resource not exist"}"#);
    for (answers, left, told) in
        [(vec![(503, ""); 5], 0, 0), (vec![refusal], 100, 1), (vec![(413, "")], 0, 0)]
    {
        let service = Service::new(1);
        let watcher = keep(&service, &users(150)).unsubscribe_on_close(true).start().await.unwrap();
        until(&watcher, EventKind::Synced).await;
        service.world().unsubscribing = answers;
        watcher.close().await;
        assert_eq!(service.world().subscriptions.len(), left);
        let events = watcher.next_events(9).await;
        assert_eq!(warnings(&events), vec![(WarningReason::SubscribingFails, None); told]);
    }
}

#[tokio::test(start_paused = true)]
async fn closing_takes_no_longer_than_a_call_may_though_nobody_answers() {
    for silent in [true, false] {
        let service = Service::new(1);
        let watcher = keep(&service, &users(300)).unsubscribe_on_close(true).start().await.unwrap();
        until(&watcher, EventKind::Synced).await;
        (service.world().silent, service.world().down) = (silent, !silent);
        let begin = tokio::time::Instant::now();
        watcher.close().await;
        assert!(begin.elapsed() <= LIMITS.timeout + SECOND, "{:?}", begin.elapsed());
        assert_eq!(warnings(&watcher.next_events(9).await), [(WarningReason::SubscribingFails, None)]);
    }
}

#[tokio::test(start_paused = true)]
async fn subscribing_to_fewer_users_a_call_warns_of_nobody() {
    let service = Service::new(1);
    service.world().most_ids = Some(20);
    let watcher = keep(&service, &users(300)).calls_per_second(1.0).start().await.unwrap();
    let events = until(&watcher, EventKind::Synced).await;
    assert_eq!(warnings(&events), []);
    assert_eq!(watcher.stats().subscriptions, 300);
}
