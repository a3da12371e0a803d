//! What a list comes to, whichever of its requests fail.

use super::*;

#[tokio::test(start_paused = true)]
async fn answers_come_in_the_order_asked_whichever_request_ends_first() {
    let service = Service::new(|number, _| ServeAfter(Duration::from_millis(500 - 100 * number as u64)));
    let presences = service.user().get_many(ids(250)).await.unwrap();
    assert_eq!(service.sizes(), [100, 100, 50]);
    assert_eq!(order(&presences), ids(250));
    assert_eq!(presences.get("U249").unwrap().ext(), "of u249");
    assert_eq!(presences.raw().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_id_given_again_far_away_and_in_another_case_is_asked_once() {
    let service = Service::new(|_, _| Serve);
    let twice = ids(150).into_iter().chain(ids(150).into_iter().map(|id| id.to_uppercase()));
    let presences = service.user().get_many(twice).await.unwrap();
    assert_eq!((service.sizes(), order(&presences)), (vec![100, 50], ids(150)));
}

#[tokio::test(start_paused = true)]
async fn a_bad_parameter_anywhere_is_told_before_anything_is_sent() {
    let service = Service::new(|_, _| Serve);
    let user = service.user();
    let mut bad = ids(250);
    bad.push("a/b".into());
    let mut own = ids(250);
    own.push("WZY".into());
    let errors = [
        user.get_many(&bad).await.unwrap_err(),
        user.subscribe(&own).await.unwrap_err(),
        user.subscribe(ids(250)).ttl(Duration::ZERO).await.unwrap_err(),
        user.subscribe([""; 0]).ttl(Duration::ZERO).await.unwrap_err(),
        user.get_many(ids(250)).timeout(Duration::ZERO).await.unwrap_err(),
    ];
    for error in &errors {
        assert_eq!(
            (error.kind(), error.sent(), error.partial().is_none()),
            (ErrorKind::InvalidInput, Sent::No, true)
        );
        assert!(error.operation().is_some(), "{error}");
    }
    assert!(errors[0].message().starts_with("ids[250]: "), "{}", errors[0]);
    assert!(user.get_many(&bad).requests().is_err() && user.subscribe(&own).requests().is_err());
    assert_eq!(user.get_many(ids(250)).requests().unwrap().len(), 3);
    assert_eq!(service.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_users_are_no_request() {
    let service = Service::new(|_, _| Serve);
    let (user, none) = (service.user(), [""; 0]);
    assert!(user.get_many(none).await.unwrap().is_empty() && user.subscribe(none).await.unwrap().is_empty());
    user.unsubscribe(none).await.unwrap();
    assert!(service.client(&RateLimits::off()).online_states(none).await.unwrap().is_empty());
    assert!(user.iter_many(none).next().await.is_none());
    assert_eq!(service.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_succeeded_is_kept_beside_what_failed_user_by_user() {
    let service = Service::new(|number, _| match number {
        1 => Break(Sent::Maybe),
        3 => Answer(400, r#"{"error":"illegal_argument","error_description":"no"}"#),
        _ => Serve,
    });
    let asked = ids(450);
    let error = service.user().get_many(&asked).await.unwrap_err();
    every_user_has_one_outcome(&error, &asked);
    assert_eq!(
        (error.kind(), error.sent(), error.operation()),
        (ErrorKind::Partial, Sent::Maybe, Some("get_many"))
    );
    assert!(!error.retryable(), "one of the two causes stays");
    let text = error.to_string();
    assert!(text.contains("200 of 450 users failed; the first: get_many: connect: "), "{text}");
    let partial = error.partial().unwrap();
    let failed: Vec<_> = partial.failed().map(|(id, cause)| (id.to_string(), cause.kind())).collect();
    assert_eq!(
        (failed.len(), &failed[0], &failed[199]),
        (200, &("u100".to_owned(), ErrorKind::Connect), &("u399".to_owned(), ErrorKind::BadRequest))
    );
    assert_eq!(
        partial.causes().map(|(ids, cause)| (ids.len(), cause.sent())).collect::<Vec<_>>(),
        [(100, Sent::Maybe), (100, Sent::Yes)]
    );
    let expected: Vec<_> =
        asked.iter().filter(|id| !failed.iter().any(|(failed, _)| failed == *id)).cloned().collect();
    assert_eq!(order(partial.presences().unwrap()), expected);
    assert!(partial.online_states().is_none());
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("scripted"));
}

#[tokio::test(start_paused = true)]
async fn every_operation_on_a_list_keeps_what_it_got() {
    let service = Service::new(|number, _| if number % 2 == 1 { Break(Sent::No) } else { Serve });
    let user = service.user();
    let error = user.subscribe(ids(101)).await.unwrap_err();
    assert_eq!(error.partial().unwrap().presences().unwrap().len(), 100);
    let error = user.unsubscribe(ids(101)).await.unwrap_err();
    let partial = error.partial().unwrap();
    assert_eq!((partial.presences(), partial.online_states()), (None, None));
    assert_eq!((partial.succeeded().len(), partial.failed().len()), (100, 1));
    let error = service.client(&RateLimits::off()).online_states(ids(101)).await.unwrap_err();
    let partial = error.partial().unwrap();
    assert_eq!((partial.online_states().unwrap().len(), partial.presences()), (100, None));
    assert_eq!(error.sent(), Sent::Yes);
    assert!(error.retryable());
}

#[tokio::test(start_paused = true)]
async fn where_nothing_succeeded_the_error_is_the_first_cause_with_the_doubt_of_all() {
    let service = Service::new(|number, _| match number {
        0 => Break(Sent::No),
        1 => Break(Sent::Maybe),
        _ => Answer(400, "{}"),
    });
    let asked = ids(250);
    let error = service.user().get_many(&asked).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Connect, Sent::Maybe, 3));
    every_user_has_one_outcome(&error, &asked);
    assert!(error.partial().unwrap().presences().is_none());

    let error = service.user().get_many(ids(100)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.partial().is_none()),
        (ErrorKind::BadRequest, true),
        "one request says it all"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_all_would_meet_stops_the_list() {
    for (answer, kind) in [
        (Answer(401, r#"{"error_description":"Unable to authenticate (OAuth)"}"#), ErrorKind::Auth),
        (Answer(400, r#"{"error":"the app not open presence"}"#), ErrorKind::FeatureDisabled),
    ] {
        let answer = Mutex::new(Some(answer));
        let service = Service::new(move |number, _| {
            if number == 5 {
                answer.lock().unwrap().take().unwrap()
            } else {
                ServeAfter(Duration::from_secs(1))
            }
        });
        let client = service.client(&RateLimits::uniform(50));
        let asked = ids(10_000);
        let error = client.user("wzy").unwrap().get_many(&asked).await.unwrap_err();
        every_user_has_one_outcome(&error, &asked);
        let partial = error.partial().unwrap();
        assert!(service.requests() < 10, "{}", service.requests());
        assert_eq!(partial.succeeded().len(), 100 * (service.requests() - 1));
        let causes: Vec<_> = partial.causes().collect();
        assert!(causes.iter().all(|(_, cause)| cause.kind() == kind));
        let told: Vec<_> = causes.iter().map(|(ids, cause)| (ids.len(), cause.sent())).collect();
        assert_eq!(told, [(100, Sent::Yes), (100 * (100 - service.requests()), Sent::No)]);
        assert_eq!(causes[1].1.attempts(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_too_large_is_sent_in_halves_and_later_ones_are_smaller() {
    let service = Service::new(|_, ids| if ids.len() > 30 { Answer(413, "{}") } else { Serve });
    let presences = service.user().get_many(ids(1_000)).await.unwrap();
    assert_eq!(order(&presences), ids(1_000));

    // Told early, the rest of the list is asked in requests that fit.
    let service =
        Service::new(
            |_, ids| if ids.len() > 30 { Answer(413, "{}") } else { ServeAfter(Duration::from_secs(1)) },
        );
    let client = service.client(&RateLimits::uniform(50));
    client.user("wzy").unwrap().get_many((0..10_000).map(|i| format!("u{i:05}"))).await.unwrap();
    let large = service.sizes().iter().filter(|size| **size > 30).count();
    assert!(large <= 8, "{large} requests were refused");
}

#[tokio::test(start_paused = true)]
async fn a_single_user_too_large_is_that_users_failure() {
    let service =
        Service::new(|_, ids| if ids.iter().any(|id| id == "u42") { Answer(413, "{}") } else { Serve });
    let asked = ids(100);
    let error = service.user().get_many(&asked).await.unwrap_err();
    every_user_has_one_outcome(&error, &asked);
    let failed: Vec<_> =
        error.partial().unwrap().failed().map(|(id, cause)| (id.as_str(), cause.kind())).collect();
    assert_eq!(failed, [("u42", ErrorKind::TooLarge)]);
}
