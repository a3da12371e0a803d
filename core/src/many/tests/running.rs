//! How a list runs: its pace, its bounds, its end from outside, its progress.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_list_takes_the_time_that_the_rate_allows_and_no_request_waits_behind_its_own() {
    let service = Service::new(|_, _| ServeAfter(Duration::from_millis(100)));
    let client = service.client(&RateLimits::uniform(50));
    // 400 requests are 8 s of the rate: no request could wait behind all others within 500 ms.
    let hurried = client.with_options(crate::Options::new().timeout(Duration::from_millis(500)));
    let begin = Instant::now();
    let presences = hurried.user("wzy").unwrap().get_many(ids(40_000)).await.unwrap();
    assert_eq!(presences.len(), 40_000);
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(7_800) && took <= Duration::from_millis(8_300), "{took:?}");
    let waiting = client.stats().endpoints.iter().map(|endpoint| endpoint.waiting).sum::<usize>();
    assert_eq!((waiting, client.stats().active), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_list_is_one_caller_and_leaves_others_their_turn() {
    let service = Service::new(|_, _| Serve);
    let client = service.client(&RateLimits::uniform(50));
    let list = tokio::spawn(client.user("wzy").unwrap().get_many(ids(20_000)).into_future());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begin = Instant::now();
    client.user("other").unwrap().get("c2").await.unwrap();
    assert!(begin.elapsed() <= Duration::from_millis(60), "{:?}", begin.elapsed());
    list.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_are_under_way_than_connections_can_take() {
    let service = Service::new(|_, _| ServeAfter(Duration::from_secs(1)));
    service.user().get_many(ids(30_000)).await.unwrap();
    assert_eq!(service.most_under_way.load(Ordering::Relaxed), 128);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_bounds_the_whole_list_and_what_was_in_time_is_kept() {
    let service = Service::new(|_, _| ServeAfter(Duration::from_millis(10)));
    let client = service.client(&RateLimits::uniform(50));
    let asked = ids(10_000);
    let begin = Instant::now();
    let call = client.user("wzy").unwrap().get_many(&asked).timeout(Duration::from_secs(1));
    let error = call.await.unwrap_err();
    assert!(begin.elapsed() <= Duration::from_secs(1), "{:?}", begin.elapsed());
    assert_eq!(error.kind(), ErrorKind::Partial);
    every_user_has_one_outcome(&error, &asked);
    let partial = error.partial().unwrap();
    assert!(partial.succeeded().len() >= 4_800, "{}", partial.succeeded().len());
    let unsent = partial.causes().filter(|(_, cause)| cause.sent() == Sent::No);
    assert!(unsent.clone().all(|(_, cause)| cause.kind() == ErrorKind::QueueTimeout && cause.retryable()));
    assert!(unsent.map(|(ids, _)| ids.len()).sum::<usize>() >= 4_500);
}

#[tokio::test(start_paused = true)]
async fn a_list_dropped_at_any_point_leaves_nothing_behind() {
    for after in [0, 1, 30, 90, 500] {
        let service =
            Service::new(|number, _| if number == 7 { Hang } else { ServeAfter(Duration::from_millis(70)) });
        let client = service.client(&RateLimits::uniform(50));
        let user = client.user("wzy").unwrap();
        let call = user.get_many(ids(10_000)).into_future();
        assert!(tokio::time::timeout(Duration::from_millis(after), call).await.is_err());
        let answers = user.iter_many(ids(10_000)).count();
        assert!(tokio::time::timeout(Duration::from_millis(after), answers).await.is_err());
        let stats = client.stats();
        assert!(stats.endpoints.iter().all(|endpoint| endpoint.waiting == 0), "after {after} ms");
        assert_eq!((stats.active, service.under_way.load(Ordering::Relaxed)), (0, 0), "after {after} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn closing_the_client_during_a_list_keeps_what_was_answered() {
    let service = Service::new(|number, _| if number < 3 { Serve } else { Hang });
    let client = service.client(&RateLimits::uniform(50));
    let asked = ids(10_000);
    let call = tokio::spawn(client.user("wzy").unwrap().get_many(&asked).into_future());
    tokio::time::sleep(Duration::from_millis(210)).await;
    client.close();
    let error = call.await.unwrap().unwrap_err();
    every_user_has_one_outcome(&error, &asked);
    let partial = error.partial().unwrap();
    assert_eq!((error.kind(), partial.succeeded().len()), (ErrorKind::Partial, 300));
    assert!(partial.failed().all(|(_, cause)| cause.kind() == ErrorKind::Closed));
    let begun = service.requests() - 3;
    assert_eq!(partial.causes().filter(|(_, cause)| cause.sent() == Sent::Maybe).count(), begun);
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_on_the_way_and_once_at_the_end() {
    let service = Service::new(|number, _| if number == 20 { Break(Sent::No) } else { Serve });
    let client = service.client(&RateLimits::uniform(50));
    let told = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&told);
    let call = client.user("wzy").unwrap().get_many(ids(10_000));
    let error = call.on_progress(move |now| kept.lock().unwrap().push(now)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Partial);
    let told = told.lock().unwrap();
    assert!(told.len() >= 10 && told.len() <= 21, "{}", told.len());
    assert!(told.iter().all(|now| now.total == Some(10_000)));
    assert!(told.windows(2).all(|pair| pair[0].done < pair[1].done));
    let last = told.last().unwrap();
    assert_eq!((last.done, last.failed, last.eta), (10_000, 100, Some(Duration::ZERO)));
    assert!((last.rate - 5_000.0).abs() < 200.0, "{}", last.rate);
}
