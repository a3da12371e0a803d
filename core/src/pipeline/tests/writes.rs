//! The order of writes to one device.

use super::*;

fn path(status: u8) -> String {
    format!("/users/c1/presence/android/{status}")
}

async fn write(pipeline: &Pipeline, status: u8) -> Result<(), Error> {
    let set = set_of("c1", Status::from(u32::from(status)));
    pipeline.execute(set, LIMITS).await.map(|answered| answered.value)
}

#[tokio::test(start_paused = true)]
async fn a_write_waits_for_the_one_before_and_the_newest_takes_the_place_of_those_between() {
    let gate = Arc::new(Notify::new());
    let script = Script::then_ok(vec![Step::Gate(gate.clone(), 200, r#"{"result":"ok"}"#)]);
    let pipeline = calls_only(&script);
    let (mut first, mut second, mut third) =
        (write(&pipeline, 2).boxed(), write(&pipeline, 3).boxed(), write(&pipeline, 4).boxed());
    assert!((&mut first).now_or_never().is_none());
    assert!((&mut second).now_or_never().is_none());
    assert!((&mut third).now_or_never().is_none());
    let error = second.await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.retryable()), (ErrorKind::Superseded, Sent::No, false));
    gate.notify_one();
    first.await.unwrap();
    third.await.unwrap();
    assert_eq!(script.seen(), [path(2), path(4)]);
    assert_eq!(pipeline.stats().superseded, 1);
}

#[tokio::test(start_paused = true)]
async fn a_retry_never_overtakes_a_newer_write() {
    for (failure, sent) in [(BROKEN, Sent::Maybe), (UNREACHABLE, Sent::No), (UNAVAILABLE, Sent::Yes)] {
        let script = Script::then_ok(vec![failure]);
        let pipeline = calls_only(&script);
        let (mut older, newer) = (write(&pipeline, 2).boxed(), write(&pipeline, 3));
        assert!((&mut older).now_or_never().is_none());
        let (older, newer) = tokio::join!(older, newer);
        newer.unwrap();
        let error = older.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Superseded, sent, 1));
        assert_eq!(script.seen(), [path(2), path(3)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_newer_write_takes_over_the_place_in_the_queue() {
    let script = Script::then_ok(vec![]);
    let source = Source::Fixed(AppToken::new("t"));
    let pipeline = limited(&script, source, &RateLimits::uniform(1));
    run(&pipeline).await.unwrap();
    let begin = Instant::now();
    let mut older = write(&pipeline, 2).boxed();
    assert!((&mut older).now_or_never().is_none());
    let mut other = run(&pipeline).boxed();
    assert!((&mut other).now_or_never().is_none());
    let newer = write(&pipeline, 3);
    let (older, newer, other) = tokio::join!(older, async { (newer.await, begin.elapsed()) }, other);
    assert_eq!(older.unwrap_err().kind(), ErrorKind::Superseded);
    other.unwrap();
    newer.0.unwrap();
    assert!(newer.1 < Duration::from_millis(1_500), "it went in the older one's place: {:?}", newer.1);
    assert_eq!(script.seen()[1], path(3));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_waits_too_long_for_the_one_before_says_so() {
    let pipeline = calls_only(&Script::always(Step::Hang));
    let mut first = write(&pipeline, 2).boxed();
    assert!((&mut first).now_or_never().is_none());
    let limits = Limits { timeout: Duration::from_secs(1), ..LIMITS };
    let error = pipeline.execute(set(), limits).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::QueueTimeout, Sent::No, 0));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_write_leaves_its_place() {
    let script = Script::then_ok(vec![Step::Hang]);
    let pipeline = calls_only(&script);
    let mut first = write(&pipeline, 2).boxed();
    assert!((&mut first).now_or_never().is_none());
    drop(first);
    write(&pipeline, 3).await.unwrap();
    assert_eq!(script.seen(), [path(2), path(3)]);
}
