//! Single gets that share a request: who is asked about, and what each caller is told.

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::{advance, sleep};

use super::*;
use crate::{Client, Options, Presence};

/// Answers for every user that a request asks about but `gone`, and keeps whom they asked about.
pub(super) struct Service {
    seen: Mutex<Vec<Vec<String>>>,
    /// What the first requests meet in place of that.
    steps: Mutex<VecDeque<Step>>,
    /// One permit for each answer.
    gate: Arc<Semaphore>,
    dropped: Arc<AtomicU64>,
}

impl Service {
    pub(super) fn new(steps: Vec<Step>) -> Arc<Self> {
        let gate = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        Arc::new(Self {
            seen: Mutex::default(),
            steps: Mutex::new(steps.into()),
            gate,
            dropped: Arc::default(),
        })
    }

    /// It answers when it is let.
    pub(super) fn closed() -> Arc<Self> {
        let service = Self::new(vec![]);
        service.gate.forget_permits(Semaphore::MAX_PERMITS);
        service
    }

    pub(super) fn open(&self) {
        self.gate.add_permits(1_000_000);
    }

    pub(super) fn seen(&self) -> Vec<Vec<String>> {
        self.seen.lock().unwrap().clone()
    }

    fn sizes(&self) -> Vec<usize> {
        self.seen().iter().map(Vec::len).collect()
    }

    pub(super) fn client(self: &Arc<Self>, limits: &RateLimits, gets: Gets) -> Client {
        self.client_of(limits, gets, Source::Fixed(AppToken::new("t")))
    }

    fn client_of(self: &Arc<Self>, limits: &RateLimits, gets: Gets, source: Source) -> Client {
        static APPS: AtomicU64 = AtomicU64::new(0);
        let app = format!("gets {}", APPS.fetch_add(1, Ordering::Relaxed));
        let transport: Arc<dyn Transport> = self.clone();
        let tokens = Tokens::new(source, Arc::clone(&transport), LIMITS, FLOOR, Random::seeded(7)).unwrap();
        let limiter = Limiter::shared(&app, limits, 1_000).unwrap();
        Client::new(Pipeline::new(transport, tokens, limiter).with_gets(gets), LIMITS)
    }
}

/// Counts a request that is dropped before its answer.
struct Dropped(Arc<AtomicU64>, bool);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(u64::from(!self.1), Ordering::SeqCst);
    }
}

impl Transport for Service {
    fn send(&self, request: ToSend) -> BoxFuture<'_, Result<Received, Failure>> {
        let dropped = Dropped(Arc::clone(&self.dropped), false);
        let body: Value = serde_json::from_slice(&request.body.unwrap_or_default()).unwrap_or_default();
        let asked: Option<Vec<String>> = serde_json::from_value(body["usernames"].clone()).ok();
        let step = asked.as_ref().and_then(|_| self.steps.lock().unwrap().pop_front());
        if let Some(asked) = &asked {
            assert!(body.to_string().len() <= 5_000);
            self.seen.lock().unwrap().push(asked.clone());
        }
        async move {
            // Whole, and not its flag alone.
            let mut dropped = dropped;
            let permit = self.gate.acquire().await.unwrap();
            permit.forget();
            dropped.1 = true;
            let (status, text) = match (step, asked) {
                (Some(Step::Answer(status, text)), _) => (status, text.to_owned()),
                (Some(Step::Hang), _) => {
                    dropped.1 = false;
                    std::future::pending().await
                }
                (Some(_), _) => unreachable!("the steps of these tests"),
                (None, None) if request.path == "/token" => {
                    (200, json!({"access_token": "t", "expires_in": 1000}).to_string())
                }
                (None, None) => (200, json!({"result": "ok"}).to_string()),
                (None, Some(asked)) => {
                    let found = asked.iter().filter(|id| *id != "gone");
                    let items = found.map(|id| json!({"uid": id.to_lowercase(), "ext": id}));
                    (200, json!({"result": items.collect::<Vec<_>>()}).to_string())
                }
            };
            Ok(Received { status, headers: HeaderMap::new(), body: text.into() })
        }
        .boxed()
    }
}

pub(super) fn shared() -> Gets {
    Gets::new(true, Duration::ZERO)
}

async fn get(client: &Client, id: &str) -> Result<Presence, Error> {
    client.user("wzy").unwrap().get(id).await
}

fn task(client: &Client, id: &'static str) -> tokio::task::JoinHandle<Result<Presence, Error>> {
    let client = client.clone();
    tokio::spawn(async move { get(&client, id).await })
}

async fn all(client: &Client, ids: &[&str]) -> Vec<Result<Presence, Error>> {
    join_all(ids.iter().map(|id| get(client, id))).await
}

/// Lets everything happen that needs no time.
pub(super) async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn gets_made_at_once_are_one_request_and_each_caller_has_its_own_answer() {
    let service = Service::new(vec![]);
    let client = service.client(&RateLimits::off(), shared());
    let mut answers = all(&client, &["c2", "gone", "C3", "c3", "C2"]).await;
    assert_eq!(service.seen(), [["c2", "gone", "C3"]]);

    let gone = answers.remove(1).unwrap_err();
    assert_eq!((gone.kind(), gone.operation(), gone.status()), (ErrorKind::NotFound, Some("get"), Some(200)));
    assert_eq!((gone.sent(), gone.attempts()), (Sent::Yes, 1));
    assert!(gone.message().contains("gone") && gone.body().is_some(), "{gone}");
    let spelled: Vec<_> = answers.iter().map(|p| p.as_ref().unwrap().user_id().to_string()).collect();
    assert_eq!(spelled, ["c2", "C3", "c3", "C2"], "as each asked");
    assert_eq!(answers[0].as_ref().unwrap().ext(), "c2");

    let stats = client.stats();
    assert_eq!((stats.calls, stats.succeeded, stats.failed, stats.active), (5, 4, 1, 0));
    assert_eq!((stats.attempts, stats.coalesced), (1, 4));
    assert!(client.pipeline().gets.is_empty());
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_tasks_cost_a_hundred_requests() {
    for limits in [RateLimits::off(), RateLimits::documented()] {
        let service = Service::new(vec![]);
        let client = service.client(&limits, shared());
        let begin = Instant::now();
        let tasks: Vec<_> = (0..10_000)
            .map(|n| {
                let client = client.clone();
                tokio::spawn(async move { get(&client, &format!("u{n}")).await.unwrap() })
            })
            .collect();
        for (task, n) in tasks.into_iter().zip(0..) {
            assert_eq!(task.await.unwrap().ext(), format!("u{n}"));
        }
        assert_eq!(service.sizes(), [100; 100]);
        assert_eq!(service.seen().concat().iter().collect::<HashSet<_>>().len(), 10_000);
        assert!(begin.elapsed() <= Duration::from_secs(2), "{:?}", begin.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_looks_after_the_end_of_its_request_has_its_answer() {
    let service = Service::new(vec![]);
    let client = service.client(&RateLimits::off(), shared());
    let mut late = Box::pin(get(&client, "late"));
    let prompt = task(&client, "prompt");
    assert!((&mut late).now_or_never().is_none());
    assert_eq!(prompt.await.unwrap().unwrap().ext(), "prompt");
    assert_eq!(late.await.unwrap().ext(), "late");
    assert_eq!(service.seen(), [["late", "prompt"]]);
}

#[tokio::test(start_paused = true)]
async fn long_ids_fill_a_body_and_no_more() {
    let service = Service::new(vec![]);
    let client = service.client(&RateLimits::off(), shared());
    let ids: Vec<_> = (0..150).map(|n| format!("{n:0>64}")).collect();
    let answers = all(&client, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(service.sizes(), [74, 74, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_get_without_company_goes_at_once() {
    let service = Service::closed();
    let client = service.client(&RateLimits::off(), shared());
    let alone = task(&client, "c2");
    settle().await;
    assert_eq!(service.seen(), [["c2"]], "with no timer to wait for: the clock stands still");
    service.open();
    alone.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_its_turn_or_a_token_takes_in_more() {
    let service = Service::new(vec![]);
    let client = service.client(&RateLimits::uniform(1), shared());
    let later = async |id, wait| {
        sleep(Duration::from_millis(wait)).await;
        get(&client, id).await.unwrap();
    };
    tokio::join!(later("a", 0), later("b", 100), later("c", 500), later("b", 900));
    assert_eq!(service.seen(), [vec!["a"], vec!["b", "c"]]);

    let service = Service::closed();
    let client = service.client_of(&RateLimits::off(), shared(), credentials());
    let later = async |id, wait| {
        sleep(Duration::from_millis(wait)).await;
        get(&client, id).await.unwrap();
    };
    let open = async {
        sleep(Duration::from_secs(5)).await;
        service.open();
    };
    tokio::join!(later("a", 0), later("b", 2_000), open);
    assert_eq!(service.seen(), [["a", "b"]], "while the token was under way");
}

fn within(client: &Client, millis: u64) -> Client {
    client.with_options(Options::new().timeout(Duration::from_millis(millis)))
}

#[tokio::test(start_paused = true)]
async fn each_caller_has_its_own_deadline_once_the_request_is_on_its_way() {
    let service = Service::closed();
    let client = service.client(&RateLimits::off(), shared());
    let begin = Instant::now();
    let (hurried, patient) = (within(&client, 1_000), within(&client, 3_000));
    let timed = async |client: &Client, id| {
        let error = get(client, id).await.unwrap_err();
        (error.kind(), error.sent(), error.attempts(), begin.elapsed().as_secs(), error.to_string())
    };
    let (first, second) = tokio::join!(timed(&hurried, "a"), timed(&patient, "b"));
    assert!(
        first.4.contains("timeout of 1 s") && second.4.contains("timeout of 3 s"),
        "{first:?} {second:?}"
    );
    assert_eq!((first.0, first.1, first.2, first.3), (ErrorKind::Timeout, Sent::Maybe, 1, 1));
    assert_eq!((second.0, second.1, second.2, second.3), (ErrorKind::Timeout, Sent::Maybe, 1, 3));
    settle().await;
    assert_eq!(service.dropped.load(Ordering::SeqCst), 1, "down to the socket");
    let stats = client.stats();
    assert_eq!((stats.failed, stats.attempts, stats.active), (2, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn who_leaves_before_the_request_goes_is_not_in_it_and_who_came_later_has_the_time_it_was_given() {
    let service = Service::new(vec![Step::Hang]);
    let client = service.client(&RateLimits::uniform(1), shared());
    // Holds the only place for ten seconds, which is its attempt timeout.
    let once = client.with_options(Options::new().max_attempts(1).grouped(true));
    let holds = tokio::spawn(async move { get(&once, "holds").await });
    settle().await;
    let begin = Instant::now();
    let first = within(&client, 2_000);
    let opener = tokio::spawn(async move { (get(&first, "opener").await.unwrap_err(), begin.elapsed()) });
    settle().await;
    advance(Duration::from_millis(500)).await;
    let late = client.clone();
    let late = tokio::spawn(async move { get(&late, "late").await.map(|_| begin.elapsed()) });

    let (error, after) = opener.await.unwrap();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::QueueTimeout, Sent::No, 0));
    assert_eq!(after, Duration::from_secs(2));
    let waited = late.await.unwrap().unwrap();
    assert!(waited > Duration::from_secs(10) && waited < Duration::from_secs(12), "{waited:?}");
    assert_eq!(service.seen(), [["holds"], ["late"]]);
    assert_eq!(holds.await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
}

#[tokio::test(start_paused = true)]
async fn one_who_gives_up_cancels_nothing_and_the_last_who_does_ends_the_request() {
    let service = Service::closed();
    let client = service.client(&RateLimits::off(), shared());
    let ended = || service.dropped.load(Ordering::SeqCst);
    let (first, second) = (task(&client, "a"), task(&client, "a"));
    settle().await;
    assert_eq!(service.seen(), [["a"]]);
    first.abort();
    settle().await;
    assert_eq!((ended(), client.stats().active), (0, 1));
    second.abort();
    settle().await;
    assert_eq!((ended(), client.stats().active), (1, 0));
    assert!(client.pipeline().gets.is_empty());

    let mut first = Box::pin(get(&client, "a"));
    let second = get(&client, "b");
    assert!((&mut first).now_or_never().is_none());
    let (answer, ()) = tokio::join!(second, async {
        settle().await;
        drop(first);
        service.open();
    });
    assert_eq!(answer.unwrap().ext(), "b");
}

#[tokio::test(start_paused = true)]
async fn a_get_dropped_at_any_point_leaves_nothing_and_takes_nothing_from_another() {
    for polls in 0..30 {
        let service = Service::new(vec![Step::Answer(503, ""), Step::Answer(200, "<html>")]);
        let client = service.client(&RateLimits::uniform(1), shared());
        let leaves = async {
            let mut call = Box::pin(get(&client, "leaves"));
            for _ in 0..polls {
                if (&mut call).now_or_never().is_some() {
                    return;
                }
                advance(Duration::from_millis(100)).await;
            }
        };
        let (stayed, ()) = tokio::join!(get(&client, "stays"), leaves);
        assert_eq!(stayed.unwrap().ext(), "stays", "after {polls} polls");
        settle().await;
        let stats = client.stats();
        assert_eq!(stats.active, 0);
        assert!(stats.endpoints.iter().all(|endpoint| endpoint.waiting == 0), "after {polls} polls");
        assert!(client.pipeline().gets.is_empty(), "after {polls} polls");
    }
}

#[tokio::test(start_paused = true)]
async fn closing_ends_all_and_refuses_later_ones() {
    let service = Service::closed();
    let client = service.client(&RateLimits::off(), shared());
    let close = async {
        settle().await;
        client.close();
    };
    let (answers, ()) = tokio::join!(all(&client, &["a", "b"]), close);
    for answer in answers {
        let error = answer.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Closed, Sent::Maybe, 1));
    }
    assert_eq!(service.dropped.load(Ordering::SeqCst), 1);
    let error = get(&client, "a").await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.operation()), (ErrorKind::Closed, Sent::No, Some("get")));
    assert!(client.pipeline().gets.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_fails_fails_all_its_callers_alike() {
    let service = Service::new(vec![Step::Answer(503, "busy"), Step::Answer(503, "busy")]);
    let client = service.client(&RateLimits::off(), shared());
    let twice = client.with_options(Options::new().max_attempts(2));
    for answer in all(&twice, &["a", "b", "c"]).await {
        let error = answer.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Server, Some(503)));
        assert_eq!((error.operation(), error.sent(), error.attempts()), (Some("get"), Sent::Yes, 2));
    }
    let stats = client.stats();
    assert_eq!((stats.failed, stats.attempts, stats.retries, stats.coalesced), (3, 2, 1, 2));
    assert_eq!(service.seen(), [["a", "b", "c"], ["a", "b", "c"]]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_the_service_takes_as_too_large_is_asked_in_halves() {
    let service = Service::new(vec![Step::Answer(413, "")]);
    let client = service.client(&RateLimits::off(), shared());
    assert!(all(&client, &["a", "b", "c", "d"]).await.iter().all(Result::is_ok));
    assert_eq!(service.sizes(), [4, 2, 2]);

    let service = Service::new(vec![Step::Answer(413, "")]);
    let client = service.client(&RateLimits::off(), shared());
    assert_eq!(get(&client, "a").await.unwrap_err().kind(), ErrorKind::TooLarge);
}

#[tokio::test(start_paused = true)]
async fn calls_that_differ_in_more_than_the_user_asked_for_are_requests_of_their_own() {
    let service = Service::new(vec![]);
    let client = service.client(&RateLimits::off(), shared());
    let with = |options| client.with_options(options);
    let others = [
        with(Options::new().attempt_timeout(Duration::from_secs(1))),
        with(Options::new().max_attempts(1)),
        with(Options::new().priority(Priority::Background)),
        with(Options::new().grouped(true)),
    ];
    let raw = client.user("wzy").unwrap().get("a").with_raw();
    let (raw, another, ..) = tokio::join!(
        raw.into_future(),
        client.user("other").unwrap().get("a").into_future(),
        join_all(others.iter().map(|other| get(other, "a"))),
        all(&client, &["a", "b"])
    );
    assert!(raw.is_ok() && another.is_ok());
    assert_eq!(service.seen().len(), 7);
    // One user in two spellings is one, and timeouts need not be the same.
    let (hurried, other) = (within(&client, 999), client.user("WZY").unwrap());
    let (one, two) = tokio::join!(get(&hurried, "a"), other.get("b").into_future());
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(service.seen().len(), 8);

    let alone = service.client(&RateLimits::off(), Gets::new(false, Duration::ZERO));
    all(&alone, &["a", "b"]).await;
    let alone_cached = service.client(&RateLimits::off(), Gets::new(false, Duration::from_secs(1)));
    all(&alone_cached, &["a", "b"]).await;
    assert_eq!(service.seen().len(), 12);
}

#[test]
fn a_runtime_that_ends_takes_its_own_callers_only() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    let service = Service::new(vec![]);
    let client = second.block_on(async { service.client(&RateLimits::off(), shared()) });
    // The batch is a task of the first runtime, which does not run it.
    let mut opener = Box::pin(get(&client, "a"));
    first.block_on(async { assert!((&mut opener).now_or_never().is_none()) });
    second.block_on(async {
        let joined = get(&client, "b");
        tokio::pin!(joined);
        assert!((&mut joined).now_or_never().is_none());
        assert!(service.seen().is_empty());
        first.shutdown_background();
        assert_eq!(joined.await.unwrap().ext(), "b");
    });
    drop(opener);
    assert!(client.pipeline().gets.is_empty());
}
