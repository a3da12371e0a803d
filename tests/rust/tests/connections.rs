//! What the client makes of connections that misbehave, by fault plans of the emulator.

use easemob_presence::{Client, Error, ErrorKind, RateLimits, Sent, Stats, Status};
use easemob_presence_emulator::{Emulator, RateLimit};

/// An emulator without limits that follows the plan, and a client of it.
fn under(fault: &str) -> Result<(Emulator, Client), Box<dyn std::error::Error>> {
    let emulator = Emulator::start()?;
    emulator.configure(|settings| settings.rate_limit = RateLimit::off());
    let plan = format!(r#"{{"faults": [{{"match": {{"operation": "set"}}, "fault": {fault}}}]}}"#);
    emulator.faults().install(plan.parse()?);
    let client = Client::builder().emulator(emulator.host()).rate_limits(RateLimits::off()).build()?;
    Ok((emulator, client))
}

async fn set(client: &Client, user: &str) -> Result<(), Error> {
    client.user(user)?.set("android", Status::Online).await
}

async fn sets(client: &Client, calls: u32) -> Result<Stats, Error> {
    for call in 0..calls {
        set(client, &format!("u{call}")).await?;
    }
    Ok(client.stats())
}

#[tokio::test]
async fn a_connection_that_is_closed_when_it_is_used_again_is_never_seen_by_the_caller() {
    let (_emulator, client) = under(r#"{"type": "keep_alive_close"}"#).unwrap();
    let stats = sets(&client, 100).await.unwrap();
    // Every other call finds a connection that breaks, and goes at once on one of its own, which is not kept.
    assert_eq!((stats.succeeded, stats.replays, stats.retries), (100, 50, 0), "{stats:?}");
}

#[tokio::test]
async fn nor_when_every_other_connection_is_about_to_be_closed_too() {
    let (_emulator, client) = under(r#"{"type": "keep_alive_close"}"#).unwrap();
    let callers = (0..20).map(|caller| {
        let client = client.clone();
        tokio::spawn(async move {
            for _ in 0..20 {
                set(&client, &format!("u{caller}")).await?;
            }
            Ok::<_, Error>(())
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap().unwrap();
    }
    assert_eq!(client.stats().retries, 0, "{:?}", client.stats());
}

#[tokio::test]
async fn a_new_connection_that_breaks_is_a_failure_like_any_other() {
    let (_emulator, client) = under(r#"{"type": "reset", "at": "after"}"#).unwrap();
    let error = client.user("u").unwrap().set("android", Status::Online).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Connect, Sent::Maybe));
    // One of them was free: the token had come on that connection.
    assert_eq!((client.stats().replays, client.stats().retries, error.attempts()), (1, 3, 5));
}

#[tokio::test]
async fn a_connection_that_the_server_means_to_close_is_not_used_again() {
    let (emulator, client) = under(r#"{"type": "connection_close"}"#).unwrap();
    let stats = sets(&client, 10).await.unwrap();
    assert_eq!((stats.replays, stats.retries), (0, 0));
    let connections: Vec<u64> = emulator.journal().requests().iter().map(|r| r.connection).collect();
    assert!(connections.windows(2).skip(1).all(|pair| pair[0] != pair[1]), "{connections:?}");
}

#[tokio::test]
async fn a_failure_of_the_service_leaves_the_connection_in_use() {
    let (emulator, client) = under(r#"{"type": "answer", "status": 503}"#).unwrap();
    set(&client, "u").await.unwrap_err();
    let connections: Vec<u64> = emulator.journal().requests().iter().map(|r| r.connection).collect();
    assert_eq!(connections, [1; 5]);
}

#[tokio::test]
async fn interim_answers_are_passed_over_and_slices_put_together() {
    for fault in [
        r#"{"type": "interim", "status": 103, "count": 3}"#,
        r#"{"type": "slices", "bytes": 1}"#,
        r#"{"type": "chunked", "kind": "ok"}"#,
    ] {
        let (_emulator, client) = under(fault).unwrap();
        assert_eq!(sets(&client, 3).await.unwrap().attempts, 3, "{fault}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_one_of_http_is_told_as_answered_and_asked_for_once_more() {
    for fault in [
        r#"{"type": "garbage", "text": "SSH-2.0-server\r\n"}"#,
        r#"{"type": "headers", "count": 80, "bytes": 900}"#,
        r#"{"type": "headers", "count": 1, "bytes": 1000000}"#,
        r#"{"type": "headers", "count": 10000, "bytes": 8}"#,
        r#"{"type": "raw", "text": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"}"#,
        r#"{"type": "encoding", "name": "gzip"}"#,
    ] {
        let (_emulator, client) = under(fault).unwrap();
        let error = set(&client, "u").await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Decode, Sent::Yes), "{fault}: {error}");
        assert_eq!(error.attempts(), 2, "{fault}: {error}");
    }
}

#[tokio::test]
async fn an_answer_that_stops_in_the_middle_is_given_up_after_five_seconds() {
    let (_emulator, client) =
        under(r#"{"type": "slow", "part": "body", "bytes": 1, "every_ms": 60000}"#).unwrap();
    let once = client.with_options(easemob_presence::Options::new().max_attempts(1));
    let error = set(&once, "u").await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Timeout, Sent::Maybe));
    assert!(error.message().contains("nothing for 5 s"), "{error}");
}

#[tokio::test]
async fn a_server_that_was_never_reached_has_seen_nothing() {
    let (emulator, client) = under(r#"{"type": "delay", "ms": 0}"#).unwrap();
    emulator.stop_listening();
    let error = set(&client, "u").await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Connect, Sent::No), "{error}");
    emulator.listen().unwrap();
    set(&client, "u").await.unwrap();
}

#[tokio::test]
async fn connections_are_left_after_six_minutes_at_most_and_not_before_four() {
    const STEP: std::time::Duration = std::time::Duration::from_secs(10);
    let (emulator, client) = under(r#"{"type": "delay", "ms": 0}"#).unwrap();
    let mut used = Vec::new();
    for _ in 0..=37 {
        set(&client, "u").await.unwrap();
        used.extend(emulator.journal().requests().last().map(|request| request.connection));
        // Only the client's clock, and less than a connection may lie idle: the sockets live in real time.
        tokio::time::pause();
        tokio::time::advance(STEP).await;
        tokio::time::resume();
    }
    let left_at = used.iter().position(|&connection| connection != 1).unwrap();
    assert!((24..=37).contains(&left_at), "after {left_at} steps: {used:?}");
    assert_eq!(used[left_at..].iter().max(), Some(&2), "one new connection: {used:?}");
}
