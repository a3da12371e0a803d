//! Lists of users against a scripted service, on a paused clock.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use http::{HeaderMap, Method};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::error::{Error, ErrorKind, Sent};
use crate::pipeline::limiter::{Limiter, Priority, RateLimits};
use crate::pipeline::transport::{Failure, FailureKind, Received, ToSend, Transport};
use crate::pipeline::{AppToken, Caller, Limits, Pipeline, Random, Source, Tokens};
use crate::{Client, Presences, User};

const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(30),
    attempt_timeout: Duration::from_secs(10),
    max_attempts: 1,
    priority: Priority::Normal,
    caller: Caller::Each,
};

/// What the service does with a request.
enum Reaction {
    /// Answers as it should.
    Serve,
    /// The same after a while.
    ServeAfter(Duration),
    ServeWhen(Arc<Notify>),
    Answer(u16, &'static str),
    Break(Sent),
    Hang,
}
use Reaction::{Answer, Break, Hang, Serve, ServeAfter, ServeWhen};

type Rule = dyn Fn(usize, &[String]) -> Reaction + Send + Sync;

/// A service that knows everybody and reacts by rule: to the number of the request and the users in it.
struct Service {
    rule: Box<Rule>,
    seen: Mutex<Vec<Vec<String>>>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

impl Service {
    fn new(rule: impl Fn(usize, &[String]) -> Reaction + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            rule: Box::new(rule),
            seen: Mutex::default(),
            under_way: AtomicUsize::new(0),
            most_under_way: AtomicUsize::new(0),
        })
    }

    fn sizes(&self) -> Vec<usize> {
        self.seen.lock().unwrap().iter().map(Vec::len).collect()
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    fn client(self: &Arc<Self>, rates: &RateLimits) -> Client {
        static APPS: AtomicU64 = AtomicU64::new(0);
        let app = format!("many {}", APPS.fetch_add(1, Ordering::Relaxed));
        let transport: Arc<dyn Transport> = self.clone();
        let source = Source::Fixed(AppToken::new("t"));
        let tokens =
            Tokens::new(source, Arc::clone(&transport), LIMITS, Duration::ZERO, Random::seeded(7)).unwrap();
        let limiter = Limiter::shared(&app, rates, 1_000).unwrap();
        Client::new(Pipeline::new(transport, tokens, limiter), LIMITS)
    }

    fn user(self: &Arc<Self>) -> User {
        self.client(&RateLimits::off()).user("wzy").unwrap()
    }
}

fn served(method: &Method, path: &str, ids: &[String]) -> String {
    let items = |item: &dyn Fn(&String) -> String| ids.iter().map(item).collect::<Vec<_>>().join(",");
    if path == "/users/batch/status" {
        format!(r#"{{"data":[{}]}}"#, items(&|id| format!(r#"{{"{id}":"online"}}"#)))
    } else if method == Method::DELETE {
        r#"{"result":"ok"}"#.to_owned()
    } else {
        format!(r#"{{"result":[{}]}}"#, items(&|id| format!(r#"{{"uid":"{id}","ext":"of {id}"}}"#)))
    }
}

/// Counts a request until its future is dropped.
struct UnderWay<'a>(&'a AtomicUsize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Transport for Service {
    fn send(&self, request: ToSend) -> BoxFuture<'_, Result<Received, Failure>> {
        let body: serde_json::Value = serde_json::from_slice(&request.body.unwrap()).unwrap();
        let list = body.get("usernames").unwrap_or(&body).as_array().unwrap();
        let ids: Vec<String> = list.iter().map(|id| id.as_str().unwrap().to_owned()).collect();
        let number = {
            let mut seen = self.seen.lock().unwrap();
            seen.push(ids.clone());
            seen.len() - 1
        };
        let counted = UnderWay(&self.under_way);
        let now = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_under_way.fetch_max(now, Ordering::Relaxed);
        let reaction = (self.rule)(number, &ids);
        async move {
            let _counted = counted;
            let (status, body) = match reaction {
                Serve => (200, served(&request.method, &request.path, &ids)),
                ServeAfter(delay) => {
                    tokio::time::sleep(delay).await;
                    (200, served(&request.method, &request.path, &ids))
                }
                ServeWhen(gate) => {
                    gate.notified().await;
                    (200, served(&request.method, &request.path, &ids))
                }
                Answer(status, body) => (status, body.to_owned()),
                Break(sent) => {
                    let message = "scripted".into();
                    return Err(Failure {
                        kind: FailureKind::Connect,
                        sent,
                        reused: false,
                        message,
                        source: None,
                    });
                }
                Hang => std::future::pending().await,
            };
            Ok(Received { status, headers: HeaderMap::new(), body: Bytes::from(body) })
        }
        .boxed()
    }
}

fn ids(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("u{i}")).collect()
}

fn order(presences: &Presences) -> Vec<String> {
    presences.iter().map(|presence| presence.user_id().to_string()).collect()
}

/// The law of every outcome: each user is in one of the two lists, and in none twice.
fn every_user_has_one_outcome(error: &Error, asked: &[String]) {
    let partial = error.partial().unwrap();
    let told: Vec<_> = partial.succeeded().iter().chain(partial.failed().map(|(id, _)| id)).collect();
    assert_eq!(told.len(), asked.len());
    let told: HashSet<_> = told.into_iter().map(ToString::to_string).collect();
    assert_eq!(told, asked.iter().cloned().collect());
    let answered = partial.presences().map_or(0, |p| p.len() + p.missing().len());
    assert_eq!(answered, partial.succeeded().len());
}

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
