//! Adding, removing, taking events, saving, ending.

use futures_util::{FutureExt, StreamExt};

use super::feeding::callback;
use super::*;
use crate::watch::WarningReason;
use crate::watch::tests::service::Kind;
use crate::watch::view::same;

#[tokio::test(start_paused = true)]
async fn added_users_are_read_at_once_and_removed_ones_are_silent() {
    let service = Service::new(1);
    let users: Vec<_> = (0..3_000).map(|n| format!("u{n}")).collect();
    let watcher = user(&service).watch(&users).share(0.02).start().await.unwrap();
    until(&watcher, EventKind::Synced).await;
    service.set("new", "ios_1", 1);
    watcher.add(["new", "u7"]).unwrap();
    let begin = tokio::time::Instant::now();
    let event = next(&watcher).await;
    assert_eq!(event.user_id().unwrap(), "new");
    assert!(begin.elapsed() <= 2 * SECOND, "{:?}", begin.elapsed());
    assert!(watcher.add(["c9", "a/b"]).is_err());
    assert_eq!(watcher.stats().users, 3_001);

    service.set("u7", "ios_1", 1);
    watcher.remove(["U7", "new", "stranger"]);
    tokio::time::sleep(100 * SECOND).await;
    assert!(waiting(&watcher).await.is_empty());
    assert!(watcher.get("u7").is_none() && watcher.stats().users == 2_999);
}

#[tokio::test(start_paused = true)]
async fn a_poll_under_way_tells_nothing_of_a_user_who_was_removed_meanwhile() {
    let service = Service::new(1);
    service.set("c2", "ios_1", 1);
    service.world().faults.slow = 4 * SECOND;
    let watcher = watch(&service, &["c2", "c3"]).start().await.unwrap();
    while service.count(Kind::Get) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    watcher.remove(["c2"]);
    service.set("c2", "ios_1", 0);
    watcher.add(["c2"]).unwrap();
    let events = until(&watcher, EventKind::Synced).await;
    assert_eq!(kinds(&events), [EventKind::Synced], "what is told of c2 was asked after it was added again");
    assert!(watcher.get("c2").is_some_and(|c2| !c2.is_online()));
}

#[tokio::test(start_paused = true)]
async fn a_slow_taker_gets_fewer_events_that_add_up_to_the_same() {
    let service = Service::new(1);
    let users: Vec<_> = (0..200).map(|n| format!("u{n}")).collect();
    let watcher = user(&service).watch(&users).buffer(10).start().await.unwrap();
    for status in [1, 2, 3, 0, 1] {
        for user in &users {
            service.set(user, "ios_1", status);
        }
        tokio::time::sleep(10 * SECOND).await;
    }
    let stats = watcher.stats();
    assert!(stats.lag <= 211 && stats.events > 900, "{stats:?}");
    let mut online = std::collections::HashMap::new();
    let mut merged = 0;
    while watcher.stats().lag > 0 {
        let event = next(&watcher).await;
        if let Event::Lagged { merged: n } = event {
            merged += n;
        }
        if let Some(change) = event.change() {
            online.insert(change.presence.user_id().clone(), change.presence.clone());
        }
    }
    assert!(merged > 500 && merged == watcher.stats().merged, "{merged}");
    assert_eq!(online.len(), 200);
    let is_known = |presence: &crate::Presence| {
        watcher.get(presence.user_id()).is_some_and(|known| same(&known, presence))
    };
    assert!(online.values().all(is_known));
}

#[tokio::test(start_paused = true)]
async fn a_restart_goes_on_where_the_one_before_stopped() {
    let service = Service::new(1);
    for user in ["c2", "c3", "c4"] {
        service.set(user, "ios_1", 1);
    }
    let watcher = watch(&service, &["c2", "c3", "c4"]).min_interval(20 * SECOND).start().await.unwrap();
    until(&watcher, EventKind::Synced).await;
    let saved = watcher.save();
    watcher.close().await;
    service.set("c3", "ios_1", 0);
    let polls = service.count(Kind::Get);

    let again = watch(&service, &["c2", "C3", "c5"]).min_interval(20 * SECOND).restore(&saved);
    let watcher = again.clone().start().await.unwrap();
    assert!(watcher.get("c2").unwrap().is_online() && watcher.get("c4").is_none());
    tokio::time::sleep(SECOND).await;
    assert_eq!(
        service.calls(Kind::Get)[usize::try_from(polls).unwrap()..],
        [["c5"]],
        "the others have been read"
    );
    let events = until(&watcher, EventKind::Synced).await;
    assert_eq!(kinds(&events), [EventKind::Leave, EventKind::Synced]);
    let change = events[0].change().unwrap();
    assert!(!change.initial && change.previous.as_ref().is_some_and(crate::Presence::is_online));
    assert_eq!(change.presence.user_id().as_str(), "C3");
}

#[tokio::test(start_paused = true)]
async fn events_that_nobody_took_before_saving_come_again() {
    let service = Service::new(1);
    service.set("c2", "ios_1", 1);
    let watcher = watch(&service, &["c2", "c3"]).start().await.unwrap();
    until(&watcher, EventKind::Synced).await;
    service.set("c2", "ios_1", 0);
    service.set("c3", "ios_1", 1);
    tokio::time::sleep(20 * SECOND).await;
    assert_eq!(watcher.stats().lag, 2);
    let watcher = watch(&service, &["c2", "c3"]).restore(watcher.save()).start().await.unwrap();
    let mut kinds = kinds(&until(&watcher, EventKind::Synced).await);
    kinds.sort_by_key(|kind| kind.name());
    assert_eq!(kinds, [EventKind::Enter, EventKind::Leave, EventKind::Synced]);
}

#[tokio::test(start_paused = true)]
async fn a_restart_of_a_large_watch_makes_no_storm() {
    let service = Service::new(1);
    let users: Vec<_> = (0..5_000).map(|n| format!("u{n}")).collect();
    let watcher = user(&service).watch(&users).start().await.unwrap();
    until(&watcher, EventKind::Synced).await;
    let order = |saved: &str| {
        let saved: serde_json::Value = serde_json::from_str(saved).unwrap();
        saved["users"].as_array().unwrap()[..100]
            .iter()
            .map(|u| u["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let saved = watcher.save();
    let first: Vec<String> = order(&saved);
    watcher.close().await;
    let before = service.count(Kind::Get);
    let watcher = user(&service).watch(&users).restore(saved).start().await.unwrap();
    tokio::time::sleep(10 * SECOND).await;
    let polls = service.count(Kind::Get) - before;
    assert!((90..=252).contains(&polls), "{polls}");
    assert_eq!(service.calls(Kind::Get)[usize::try_from(before).unwrap()], first);
    drop(watcher);
}

#[tokio::test(start_paused = true)]
async fn closing_gives_what_waits_and_then_ends_every_clone() {
    let service = Service::new(1);
    service.set("c2", "ios_1", 1);
    let mut watcher = watch(&service, &["c2"]).start().await.unwrap();
    let mut clone = watcher.clone();
    tokio::time::sleep(SECOND).await;
    watcher.close().await;
    watcher.close().await;
    let polls = service.count(Kind::Get);
    assert!(matches!(clone.next().await, Some(Event::Enter(_))));
    assert!(matches!(watcher.next().await, Some(Event::Synced)));
    assert!(watcher.next().await.is_none() && clone.next().await.is_none());
    assert!(watcher.next_events(9).await.is_empty());
    tokio::time::sleep(100 * SECOND).await;
    assert_eq!(service.count(Kind::Get), polls);
    assert!(watcher.get("c2").is_some(), "what was known can still be read");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_closed_ends_its_watchers_at_once_with_the_reason() {
    let service = Service::new(1);
    let user = user(&service);
    let watcher = user.watch(["c2"]).start().await.unwrap();
    until(&watcher, EventKind::Synced).await;
    let closed = tokio::time::Instant::now();
    user.client().close();
    let Event::Warning(warning) = next(&watcher).await else { panic!("a warning") };
    assert_eq!((warning.reason, closed.elapsed()), (WarningReason::Closed, Duration::ZERO));
    assert!(watcher.next_events(1).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_clone_stops_everything_and_frees_it() {
    let service = Service::new(1);
    service.world().silent = true;
    let watcher = watch(&service, &["c2"]).start().await.unwrap();
    let clone = watcher.clone();
    tokio::time::sleep(SECOND).await;
    drop(watcher);
    tokio::time::sleep(SECOND).await;
    assert!(Arc::strong_count(&service) > 1, "the clone keeps it alive");
    drop(clone);
    tokio::time::sleep(SECOND).await;
    assert_eq!(Arc::strong_count(&service), 1, "task, calls and client are gone");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_events_on_one_clone_holds_up_nothing_on_another() {
    let service = Service::new(1);
    let watcher = watch(&service, &["c2"]).start().await.unwrap();
    until(&watcher, EventKind::Synced).await;
    let waiter = watcher.clone();
    let waiting = tokio::spawn(async move { waiter.next_events(10).await });
    for _ in 0..1_000 {
        assert!(watcher.next_events(1).now_or_never().is_none(), "given up without a trace");
    }
    watcher.feed(&callback("c2", "ios_1", true, 0.0));
    assert_eq!(waiting.await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_says_that_what_it_knows_is_old_and_makes_no_burst() {
    let service = Service::new(1);
    let users: Vec<_> = (0..5_000).map(|n| format!("u{n}")).collect();
    let watcher = user(&service).watch(&users).start().await.unwrap();
    until(&watcher, EventKind::Synced).await;
    tokio::time::advance(600 * SECOND).await;
    let polls = service.count(Kind::Get);
    assert_eq!(kinds(&until(&watcher, EventKind::Resynced).await), [EventKind::Stale, EventKind::Resynced]);
    let begin = tokio::time::Instant::now();
    tokio::time::sleep(SECOND).await;
    assert!(begin.elapsed() == SECOND && service.count(Kind::Get) - polls <= 50 + 28);
}

#[test]
fn it_can_be_used_from_any_thread() {
    fn shared<T: Send + Sync + Unpin>() {}
    shared::<Watcher>();
    shared::<Watch>();
    shared::<Event>();
}
