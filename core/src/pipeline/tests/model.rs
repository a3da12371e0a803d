//! Threads in every order that a random scheduler finds in thousands of runs: one request for a token whatever happens
//! to those who wait for it, and one writer at a time in a lane.
//!
//! Run by `make models`.

use shuttle::future::block_on;
use shuttle::thread;

use super::super::lanes::Lanes;
use super::gets::{Service, shared};
use super::*;
use crate::operation::Target;

const RUNS: usize = 3_000;

/// Runs the model in many orders. The timers that it makes have a runtime and never fire.
fn in_any_order(model: impl Fn() + Send + Sync + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _inside = runtime.enter();
    let mut config = shuttle::Config::new();
    // A whole call of a debug build needs more than a thread of a model has by default.
    config.stack_size = 256 * 1024;
    shuttle::Runner::new(shuttle::scheduler::RandomScheduler::new(RUNS), config).run(model);
}

fn tokens(script: &Arc<Script>) -> Arc<Tokens> {
    let transport: Arc<dyn Transport> = script.clone();
    let tokens = Tokens::new(credentials(), transport, LIMITS, Duration::ZERO, Random::seeded(7));
    Arc::new(tokens.unwrap())
}

async fn get(tokens: &Arc<Tokens>) -> Arc<Issued> {
    tokens.get(LIMITS, Instant::now() + Duration::from_secs(9)).await.unwrap()
}

#[test]
fn threads_that_want_a_token_at_once_share_one_request() {
    in_any_order(|| {
        let script = Script::new(vec![token(1)], vec![]);
        let tokens = tokens(&script);
        let callers: Vec<_> = (0..3)
            .map(|_| {
                let tokens = Arc::clone(&tokens);
                thread::spawn(move || block_on(get(&tokens)).generation())
            })
            .collect();
        let quitter = {
            let tokens = Arc::clone(&tokens);
            // Polled once and dropped: it may have been the one that asked.
            thread::spawn(move || drop(get(&tokens).boxed().now_or_never()))
        };
        for caller in callers {
            assert_eq!(caller.join().unwrap(), 1);
        }
        quitter.join().unwrap();
        assert_eq!(script.token_requests(), 1);
    });
}

#[test]
fn threads_whose_token_is_refused_share_one_renewal() {
    in_any_order(|| {
        let script = Script::new(vec![token(1), token(2)], vec![]);
        let tokens = tokens(&script);
        let refused = Error::new(ErrorKind::Auth, "scripted");
        let callers: Vec<_> = (0..3)
            .map(|_| {
                let (tokens, refused) = (Arc::clone(&tokens), refused.clone());
                thread::spawn(move || {
                    block_on(async {
                        let first = get(&tokens).await;
                        // Only the first token is refused; who was late has the second already.
                        if first.generation() == 1 {
                            assert!(tokens.renew_after_refusal(&first, &refused));
                        }
                        get(&tokens).await.generation()
                    })
                })
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.join().unwrap(), 2);
        }
        assert_eq!(script.token_requests(), 2);
    });
}

#[test]
fn a_lane_has_one_writer_at_a_time_and_is_gone_after_the_last() {
    in_any_order(|| {
        let lanes = Arc::new(Lanes::default());
        let target: Target = (UserId::new("a").unwrap(), Resource::new("android").unwrap());
        let writing = Arc::new(AtomicU64::new(0));
        let writers: Vec<_> = (0..4)
            .map(|n| {
                let (lanes, target, writing) = (Arc::clone(&lanes), target.clone(), Arc::clone(&writing));
                thread::spawn(move || {
                    let enter = async { lanes.enter(target).await };
                    // One of them gives up after a look.
                    let holder = if n == 3 { enter.now_or_never().flatten() } else { block_on(enter) };
                    let Some(holder) = holder else { return 0 };
                    assert_eq!(writing.fetch_add(1, Ordering::SeqCst), 0, "two writers");
                    thread::yield_now();
                    writing.fetch_sub(1, Ordering::SeqCst);
                    drop(holder);
                    1
                })
            })
            .collect();
        let wrote: u32 = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
        assert!(wrote >= 1);
        assert!(lanes.is_empty());
    });
}

#[test]
fn threads_that_get_at_once_are_each_answered_once_and_leave_nothing() {
    in_any_order(|| {
        let service = Service::new(vec![]);
        let client = service.client(&RateLimits::off(), shared());
        let get = |id: &'static str| {
            let user = client.user("wzy").unwrap();
            async move { user.get(id).await }
        };
        let callers: Vec<_> = ["a", "b", "A"]
            .map(|id| {
                let call = get(id);
                thread::spawn(move || block_on(call).unwrap().user_id().to_string())
            })
            .into_iter()
            .collect();
        // Polled twice and dropped: it may have opened the batch, joined it, or begun its request.
        let quitter = {
            let mut call = Box::pin(get("c"));
            thread::spawn(move || {
                for _ in 0..2 {
                    if (&mut call).now_or_never().is_some() {
                        return;
                    }
                    thread::yield_now();
                }
            })
        };
        for (caller, id) in callers.into_iter().zip(["a", "b", "A"]) {
            assert_eq!(caller.join().unwrap(), id);
        }
        quitter.join().unwrap();
        assert!(client.pipeline().gets.is_empty());
        let stats = client.stats();
        assert!((3..=4).contains(&stats.succeeded), "{stats:?}");
        assert_eq!((stats.failed, stats.active), (0, 0));
        assert!(service.seen().len() <= 4, "{:?}", service.seen());
    });
}
