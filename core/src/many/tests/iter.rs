//! Lists that are read as they go.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_stream_gives_one_item_for_each_request_in_the_order_given() {
    let service = Service::new(|number, _| ServeAfter(Duration::from_millis(1_000 - 100 * number as u64)));
    let answers: Vec<_> = service.user().iter_many(ids(950)).try_collect().await.unwrap();
    assert_eq!(answers.iter().map(Presences::len).collect::<Vec<_>>(), [[100; 9].as_slice(), &[50]].concat());
    assert_eq!(order(&answers.into_iter().collect()), ids(950));
}

#[tokio::test(start_paused = true)]
async fn a_stream_goes_on_after_a_failed_item_that_names_its_users() {
    let service = Service::new(|number, _| if number == 1 { Break(Sent::Maybe) } else { Serve });
    let told = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&told);
    let answers =
        service.user().iter_many(ids(250)).on_progress(move |now| *kept.lock().unwrap() = Some(now));
    let answers: Vec<_> = answers.collect().await;
    assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    let error = answers[1].as_ref().unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Connect, Some("get_many")));
    let failed = error.partial().unwrap().failed().map(|(id, _)| id.to_string());
    assert_eq!(failed.collect::<Vec<_>>(), ids(250)[100..200]);
    let last = told.lock().unwrap().unwrap();
    assert_eq!((last.done, last.failed, last.total), (250, 100, Some(250)));
}

#[tokio::test(start_paused = true)]
async fn a_bad_id_in_a_stream_is_an_item_of_its_own_and_its_neighbours_are_asked_for() {
    let service = Service::new(|_, _| Serve);
    let mut asked = ids(150);
    asked[120] = "a/b".into();
    asked[3] = "U2".into();
    let answers: Vec<_> = service.user().iter_many(asked).collect().await;
    assert_eq!(service.sizes(), [100, 48], "the repetition is left out");
    let errors: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert_eq!(errors.len(), 1);
    assert_eq!((errors[0].kind(), errors[0].sent()), (ErrorKind::InvalidInput, Sent::No));
    assert!(errors[0].message().starts_with("ids[120]: "), "{}", errors[0]);
    assert_eq!(answers.iter().flatten().map(Presences::len).sum::<usize>(), 148);
}

#[tokio::test(start_paused = true)]
async fn a_stream_after_a_failure_that_all_would_meet_names_the_rest_without_asking() {
    let service = Service::new(|_, _| Answer(400, r#"{"error":"the app not open presence"}"#));
    let user = service.client(&RateLimits::uniform(50)).user("wzy").unwrap();
    let answers: Vec<_> = user.iter_many(ids(5_000)).collect().await;
    let errors: Vec<_> = answers.iter().map(|answer| answer.as_ref().unwrap_err()).collect();
    assert!(errors.iter().all(|error| error.kind() == ErrorKind::FeatureDisabled));
    assert_eq!(errors.iter().map(|error| error.partial().unwrap().failed().len()).sum::<usize>(), 5_000);
    assert!(service.requests() <= 2, "{}", service.requests());
}

#[tokio::test(start_paused = true)]
async fn a_stream_reads_no_further_ahead_than_its_bound_whoever_is_slow() {
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let endless = (0..).map(move |i| {
        counted.store(i, Ordering::Relaxed);
        format!("u{i}")
    });
    // The first answer is slow: everything else waits behind it.
    let gate = Arc::new(Notify::new());
    let opened = Arc::clone(&gate);
    let service =
        Service::new(move |number, _| if number == 0 { ServeWhen(Arc::clone(&gate)) } else { Serve });
    let mut answers = service.user().iter_many(endless);
    assert!(tokio::time::timeout(Duration::from_secs(5), answers.next()).await.is_err());
    assert_eq!(service.requests(), 256);
    assert!(taken.load(Ordering::Relaxed) <= 256 * 100);
    opened.notify_one();
    // The reader is slow: nothing more is asked for while nobody looks.
    answers.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(service.requests(), 256);
    answers.next().await.unwrap().unwrap();
    assert_eq!(order(&answers.next().await.unwrap().unwrap())[0], "u200");
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_ids_may_take_its_time_and_has_no_total() {
    let service = Service::new(|_, _| Serve);
    let slow = futures_util::stream::unfold(0, |i| async move {
        tokio::time::sleep(Duration::from_millis(10)).await;
        (i < 150).then(|| (format!("u{i}"), i + 1))
    });
    let told = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&told);
    let answers =
        service.user().iter_many_stream(slow).on_progress(move |now| kept.lock().unwrap().push(now));
    let answers: Vec<_> = answers.try_collect().await.unwrap();
    assert_eq!(answers.iter().map(Presences::len).collect::<Vec<_>>(), [100, 50]);
    let told = told.lock().unwrap();
    assert!(told.iter().all(|now| now.total.is_none() && now.eta.is_none()));
    assert_eq!(told.last().unwrap().done, 150);
}
