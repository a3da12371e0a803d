//! What is told, and when.

use super::*;
use crate::watch::WarningReason;
use crate::watch::tests::service::Kind;
use crate::{ErrorKind, UserId};

#[tokio::test(start_paused = true)]
async fn the_users_who_are_online_enter_then_the_view_is_in_sync() {
    let service = Service::new(1);
    service.set("c2", "ios_1", 1);
    service.set("c3", "ios_1", 0);
    let watcher = watch(&service, &["C2", "c3", "c2"]).start().await.unwrap();
    assert!(watcher.get("c2").is_none(), "nothing is known yet");
    let events = until(&watcher, EventKind::Synced).await;
    assert_eq!(kinds(&events), [EventKind::Enter, EventKind::Synced]);
    let change = events[0].change().unwrap();
    assert!(change.initial && change.previous.is_none());
    assert_eq!(change.presence.user_id().as_str(), "C2", "spelled as watched");
    let occupancy = watcher.occupancy();
    assert_eq!((occupancy.watched, occupancy.known, occupancy.online), (2, 2, 1));
    assert_eq!(watcher.snapshot().len(), 2);
    assert_eq!(service.calls(Kind::Get), [["C2", "c3"]]);
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_at_the_next_poll_once() {
    let service = Service::new(1);
    let watcher = watch(&service, &["c2"]).start().await.unwrap();
    until(&watcher, EventKind::Synced).await;
    let begin = tokio::time::Instant::now();
    for (status, kind) in [(1, EventKind::Enter), (100, EventKind::Update), (0, EventKind::Leave)] {
        service.set("c2", "ios_1", status);
        let event = next(&watcher).await;
        assert_eq!(event.kind(), kind);
        let change = event.change().unwrap();
        assert!(!change.initial && change.previous.is_some());
    }
    assert!(begin.elapsed() < 12 * SECOND, "who changes is polled again sooner: {:?}", begin.elapsed());
    tokio::time::sleep(600 * SECOND).await;
    assert!(waiting(&watcher).await.is_empty());
    let stats = watcher.stats();
    assert_eq!((stats.changes_from_polls, stats.lag, stats.merged), (3, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_user_is_not_polled_more_often_than_the_least_interval() {
    let service = Service::new(1);
    let watcher = watch(&service, &["c2", "c3"]).min_interval(10 * SECOND).start().await.unwrap();
    tokio::time::sleep(100 * SECOND).await;
    let polls = service.count(Kind::Get);
    assert!((9..=11).contains(&polls), "{polls}");
    assert_eq!(watcher.stats().polls, polls);
}

#[tokio::test(start_paused = true)]
async fn polls_keep_to_their_share_of_the_rate() {
    let users: Vec<_> = (0..5_000).map(|n| format!("u{n}")).collect();
    for (share, own, expected) in
        [(0.5, None, 250), (0.1, None, 50), (0.5, Some(7.0), 70), (0.5, Some(900.0), 500)]
    {
        let service = Service::new(1);
        let mut watch = user(&service).watch(&users).min_interval(Duration::ZERO).share(share);
        if let Some(own) = own {
            watch = watch.calls_per_second(own);
        }
        let watcher = watch.start().await.unwrap();
        tokio::time::sleep(10 * SECOND).await;
        let polls = service.count(Kind::Get);
        assert!(
            (expected * 98 / 100..=expected * 102 / 100 + 1).contains(&polls),
            "{share} {own:?}: {polls}"
        );
        drop(watcher);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lower_rate_that_the_service_has_taught_is_kept_to_as_well() {
    let service = Service::new(1);
    service.world().faults.limited = 0.2;
    let users: Vec<_> = (0..5_000).map(|n| format!("u{n}")).collect();
    let watcher = user(&service).watch(&users).min_interval(Duration::ZERO).start().await.unwrap();
    tokio::time::sleep(30 * SECOND).await;
    assert!(watcher.stats().calls_per_second < 20.0, "{:?}", watcher.stats());
}

#[tokio::test(start_paused = true)]
async fn long_round_trips_do_not_slow_polls_down() {
    let service = Service::new(1);
    service.world().faults.slow = 2 * SECOND;
    let users: Vec<_> = (0..5_000).map(|n| format!("u{n}")).collect();
    let watcher = user(&service).watch(&users).min_interval(Duration::ZERO).start().await.unwrap();
    tokio::time::sleep(20 * SECOND).await;
    assert!(watcher.stats().polls >= 490, "{:?}", watcher.stats());
}

#[tokio::test(start_paused = true)]
async fn without_contact_there_is_one_stale_no_leave_and_one_resynced() {
    let service = Service::new(1);
    for user in ["c2", "c3"] {
        service.set(user, "ios_1", 1);
    }
    let watcher = watch(&service, &["c2", "c3"]).start().await.unwrap();
    until(&watcher, EventKind::Synced).await;
    service.world().down = true;
    let begin = tokio::time::Instant::now();
    let Event::Stale { since } = next(&watcher).await else { panic!("stale") };
    assert!(begin.elapsed() < 20 * SECOND, "{:?}", begin.elapsed());
    assert!(since <= std::time::SystemTime::now() - SECOND);
    tokio::time::sleep(60 * SECOND).await;
    assert!(waiting(&watcher).await.is_empty(), "it is said once");
    assert!(watcher.stats().stale && watcher.occupancy().online == 2);
    service.set("c3", "ios_1", 0);
    service.world().down = false;
    let events = until(&watcher, EventKind::Resynced).await;
    assert_eq!(kinds(&events), [EventKind::Leave, EventKind::Resynced]);
    assert!(!watcher.stats().stale);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_falls_silent_is_noticed_before_the_calls_time_out() {
    let service = Service::new(1);
    let watcher = watch(&service, &["c2"]).start().await.unwrap();
    until(&watcher, EventKind::Synced).await;
    service.world().silent = true;
    let begin = tokio::time::Instant::now();
    assert_eq!(next(&watcher).await.kind(), EventKind::Stale);
    assert!(begin.elapsed() <= 16 * SECOND, "{:?}", begin.elapsed());
    service.world().silent = false;
    assert_eq!(next(&watcher).await.kind(), EventKind::Resynced);
}

#[tokio::test(start_paused = true)]
async fn resynced_comes_when_everybody_has_been_read_since() {
    let service = Service::new(1);
    let users: Vec<_> = (0..2_000).map(|n| format!("u{n}")).collect();
    let watcher = user(&service).watch(&users).share(0.02).start().await.unwrap();
    until(&watcher, EventKind::Synced).await;
    service.world().down = true;
    until(&watcher, EventKind::Stale).await;
    service.world().down = false;
    service.set("u1999", "ios_1", 1);
    let before = service.count(Kind::Get);
    let events = until(&watcher, EventKind::Resynced).await;
    assert_eq!(kinds(&events), [EventKind::Enter, EventKind::Resynced]);
    assert!(service.count(Kind::Get) >= before + 20);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_down_is_asked_ever_less_often() {
    let service = Service::new(1);
    let watcher = watch(&service, &["c2"]).start().await.unwrap();
    until(&watcher, EventKind::Synced).await;
    service.world().refuses = Some((503, ""));
    let before = service.count(Kind::Get);
    tokio::time::sleep(600 * SECOND).await;
    let tries = service.count(Kind::Get) - before;
    assert!((50..400).contains(&tries), "{tries}");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_by_itself_is_warned_of_once_and_polls_go_on_slowly() {
    let service = Service::new(1);
    service.set("c2", "ios_1", 1);
    service.world().refuses = Some((400, r#"{"result":"the app not open presence"}"#));
    let watcher = watch(&service, &["c2"]).start().await.unwrap();
    let Event::Warning(warning) = next(&watcher).await else { panic!("a warning") };
    assert_eq!(warning.reason, WarningReason::PollsRefused);
    assert_eq!(warning.error.map(|error| error.kind()), Some(ErrorKind::FeatureDisabled));
    assert_eq!(next(&watcher).await.kind(), EventKind::Stale);
    tokio::time::sleep(600 * SECOND).await;
    assert!(waiting(&watcher).await.is_empty());
    assert!(service.count(Kind::Get) < 30, "{}", service.count(Kind::Get));
    service.world().refuses = None;
    let events = until(&watcher, EventKind::Resynced).await;
    assert_eq!(kinds(&events), [EventKind::Enter, EventKind::Synced, EventKind::Resynced]);
}

fn refused_users(events: &[Event]) -> Vec<Option<&str>> {
    let refused =
        |event: &Event| matches!(event, Event::Warning(w) if w.reason == WarningReason::PollsRefused);
    events.iter().filter(|event| refused(event)).map(|event| event.user_id().map(UserId::as_str)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_user_who_is_refused_is_told_of_once_and_leaves_nobody_unread() {
    let service = Service::new(1);
    service.world().hidden = vec!["u5".to_owned()];
    service.world().refuses_whole = true;
    let users: Vec<_> = (0..400).map(|n| format!("u{n}")).collect();
    let watcher = user(&service).watch(&users).start().await.unwrap();
    service.set("u399", "ios_1", 1);
    service.set("u6", "ios_1", 1);
    let events = until(&watcher, EventKind::Synced).await;
    assert_eq!(refused_users(&events), [Some("u5")]);
    assert_eq!((watcher.occupancy().known, watcher.occupancy().online), (399, 2));
    let spent = service.count(Kind::Get);
    assert!(spent <= 4 + 14 + 6, "{spent}");

    // Rarely, and alone.
    tokio::time::sleep(1_000 * SECOND).await;
    let alone = service.calls(Kind::Get).iter().filter(|users| **users == ["u5"]).count();
    let with_others = |users: &Vec<String>| users.len() > 1 && users.iter().any(|user| user == "u5");
    let after = service.calls(Kind::Get).split_off(usize::try_from(spent).unwrap());
    assert!(!after.iter().any(with_others));
    assert_eq!(alone, 3, "found, and after 300 and 900 s");
    assert!(waiting(&watcher).await.is_empty() && !watcher.stats().stale);

    // Contact that is lost and back does not wait for that user.
    service.world().down = true;
    until(&watcher, EventKind::Stale).await;
    service.world().down = false;
    until(&watcher, EventKind::Resynced).await;
    service.world().hidden.clear();
    service.set("u5", "ios_1", 1);
    let event = next(&watcher).await;
    assert_eq!((event.kind(), event.user_id().unwrap().as_str()), (EventKind::Enter, "u5"));
    service.set("u5", "ios_1", 0);
    let begin = tokio::time::Instant::now();
    assert_eq!(next(&watcher).await.kind(), EventKind::Leave);
    assert!(begin.elapsed() < 6 * SECOND, "back among the others: {:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn many_refused_users_are_all_found_while_the_others_are_read() {
    let service = Service::new(1);
    service.world().hidden = (0..30).map(|n| format!("u{}", n * 33)).collect();
    service.world().refuses_whole = true;
    let users: Vec<_> = (0..1_000).map(|n| format!("u{n}")).collect();
    let watcher = user(&service).watch(&users).start().await.unwrap();
    let events = until(&watcher, EventKind::Synced).await;
    assert_eq!(refused_users(&events).len(), 30);
    assert_eq!(watcher.occupancy().known, 970);
    // Every second poll is for others, and those are refused as well until their turn to be searched comes.
    assert!(service.count(Kind::Get) < 30 * 30, "{}", service.count(Kind::Get));
    watcher.remove(["u0", "u33"]);
    watcher.add(["u0"]).unwrap();
    let event = next(&watcher).await;
    assert_eq!(refused_users(&[event]), [Some("u0")], "who is watched anew is told of anew");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_every_poll_is_not_taken_for_the_users() {
    let service = Service::new(1);
    service.world().refuses = Some((400, r#"{"result":"resource not exist"}"#));
    let users: Vec<_> = (0..300).map(|n| format!("u{n}")).collect();
    let watcher = user(&service).watch(&users).start().await.unwrap();
    tokio::time::sleep(3_000 * SECOND).await;
    let events = waiting(&watcher).await;
    assert_eq!(kinds(&events), [EventKind::Warning, EventKind::Stale]);
    assert_eq!(refused_users(&events), [None]);
    assert!(service.count(Kind::Get) < 300, "{}", service.count(Kind::Get));
    service.world().refuses = None;
    until(&watcher, EventKind::Synced).await;
    assert_eq!(watcher.occupancy().known, 300);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_takes_fewer_users_a_call_gets_fewer_and_is_asked_again_later() {
    let service = Service::new(1);
    service.world().most_ids = Some(30);
    let users: Vec<_> = (0..200).map(|n| format!("u{n}")).collect();
    let watcher = user(&service).watch(&users).start().await.unwrap();
    let events = until(&watcher, EventKind::Synced).await;
    assert_eq!(kinds(&events), [EventKind::Synced], "no reason for a warning");
    assert_eq!(watcher.occupancy().known, 200);
    assert!(service.calls(Kind::Get).last().unwrap().len() <= 30);
    assert!(service.count(Kind::Get) <= 12, "{}", service.count(Kind::Get));
    service.world().most_ids = None;
    tokio::time::sleep(700 * SECOND).await;
    assert!(service.calls(Kind::Get).last().unwrap().len() > 30);
}

#[tokio::test(start_paused = true)]
async fn one_user_whose_answer_is_too_large_holds_up_nobody() {
    let service = Service::new(1);
    service.world().hidden = vec!["u5".to_owned()];
    service.world().too_large_with_hidden = true;
    let users: Vec<_> = (0..200).map(|n| format!("u{n}")).collect();
    let watcher = user(&service).watch(&users).start().await.unwrap();
    let events = until(&watcher, EventKind::Synced).await;
    assert_eq!(refused_users(&events), [Some("u5")]);
    assert_eq!(watcher.occupancy().known, 199);
}

#[tokio::test(start_paused = true)]
async fn who_is_not_answered_for_is_unknown_and_warned_of_once() {
    let service = Service::new(1);
    service.set("c2", "ios_1", 1);
    service.world().hidden = vec!["c3".to_owned()];
    let watcher = watch(&service, &["c2", "c3"]).start().await.unwrap();
    let events = until(&watcher, EventKind::Synced).await;
    assert_eq!(kinds(&events), [EventKind::Enter, EventKind::Warning, EventKind::Synced]);
    let Event::Warning(warning) = &events[1] else { panic!("a warning") };
    assert_eq!(warning.reason, WarningReason::NotAnswered);
    assert_eq!(warning.user_id.as_ref().unwrap(), "c3");
    // A user who was answered for before has not left.
    service.world().hidden.push("c2".to_owned());
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(kinds(&waiting(&watcher).await), [EventKind::Warning]);
    assert!(watcher.get("c2").unwrap().is_online() && watcher.get("c3").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_answers_for_nobody_is_told_of_once_and_by_name() {
    let service = Service::new(1);
    service.world().only_subscribed = true;
    let users: Vec<_> = (0..300).map(|n| format!("u{n}")).collect();
    let watcher = user(&service).watch(&users).start().await.unwrap();
    tokio::time::sleep(60 * SECOND).await;
    let events = waiting(&watcher).await;
    assert_eq!(kinds(&events), [EventKind::Warning, EventKind::Synced]);
    let Event::Warning(warning) = &events[0] else { panic!("a warning") };
    assert_eq!((warning.reason, &warning.user_id), (WarningReason::NoneAnswered, &None));
    assert!(warning.to_string().contains("keep_subscribed"));
}

#[tokio::test(start_paused = true)]
async fn bad_input_is_refused_before_anything_is_asked() {
    let service = Service::new(1);
    let watches = [
        watch(&service, &["c2", "a/b"]),
        watch(&service, &["c2"]).share(0.0),
        watch(&service, &["c2"]).share(1.1),
        watch(&service, &["c2"]).share(f64::NAN),
        watch(&service, &["c2"]).calls_per_second(0.0),
        watch(&service, &["c2"]).calls_per_second(f64::INFINITY),
        watch(&service, &["c2"]).buffer(0),
        watch(&service, &["c2"]).min_interval(Duration::MAX),
        watch(&service, &["c2"]).restore("{}"),
    ];
    for watch in watches {
        let error = watch.clone().start().await.expect_err(&format!("{watch:?}"));
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
    assert!(service.world().calls.is_empty());
}
