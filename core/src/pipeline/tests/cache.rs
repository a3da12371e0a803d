//! Answers that are given again: how long, to whom, and what ends it.

use tokio::time::{advance, sleep};

use super::gets::{Service, settle};
use super::*;
use crate::{Client, Presence};

const FRESH: Duration = Duration::from_secs(10);

fn client(service: &Arc<Service>) -> Client {
    service.client(&RateLimits::off(), Gets::new(true, FRESH))
}

async fn get(client: &Client, asking: &str, id: &str) -> Result<Presence, Error> {
    client.user(asking).unwrap().get(id).await
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_given_again_until_it_is_too_old() {
    let service = Service::new(vec![]);
    let client = client(&service);
    let first = get(&client, "wzy", "c2").await.unwrap();
    advance(FRESH).await;
    let again = get(&client, "WZY", "C2").await.unwrap();
    assert_eq!((again.user_id().as_str(), &again), ("C2", &first));
    let stats = client.stats();
    assert_eq!((stats.calls, stats.attempts, stats.cached), (1, 1, 1));
    advance(Duration::from_millis(1)).await;
    get(&client, "wzy", "c2").await.unwrap();
    assert_eq!(service.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_age_of_an_answer_counts_from_when_its_request_went() {
    let service = Service::closed();
    let client = client(&service);
    let open = async {
        sleep(Duration::from_secs(6)).await;
        service.open();
    };
    tokio::join!(get(&client, "wzy", "c2"), open).0.unwrap();
    advance(Duration::from_secs(5)).await;
    get(&client, "wzy", "c2").await.unwrap();
    assert_eq!(service.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_belongs_to_the_user_who_asked() {
    let service = Service::new(vec![]);
    let client = client(&service);
    for asking in ["wzy", "other", "wzy", "other"] {
        get(&client, asking, "c2").await.unwrap();
    }
    assert_eq!(service.seen(), [["c2"], ["c2"]]);
}

#[tokio::test(start_paused = true)]
async fn errors_are_not_kept() {
    let service = Service::new(vec![Step::Answer(400, "")]);
    let client = client(&service);
    get(&client, "wzy", "c2").await.unwrap_err();
    get(&client, "wzy", "c2").await.unwrap();
    for _ in 0..2 {
        assert_eq!(get(&client, "wzy", "gone").await.unwrap_err().kind(), ErrorKind::NotFound);
    }
    assert_eq!(service.seen().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_before_a_set_of_the_user_is_not_given_after_it() {
    let service = Service::new(vec![]);
    let client = client(&service);
    for asking in ["wzy", "other"] {
        get(&client, asking, "c2").await.unwrap();
    }
    get(&client, "wzy", "c3").await.unwrap();
    client.user("C2").unwrap().set("android", Status::Online).await.unwrap();
    for asking in ["wzy", "other"] {
        get(&client, asking, "c2").await.unwrap();
    }
    assert_eq!(service.seen().len(), 5, "both ask again");
    get(&client, "wzy", "c3").await.unwrap();
    assert_eq!(service.seen().len(), 5, "another user's presence stays");
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_before_a_set_ended_is_not_kept_whenever_it_is_answered() {
    let service = Service::closed();
    let client = client(&service);
    let asked = tokio::spawn({
        let client = client.clone();
        async move { get(&client, "wzy", "c2").await }
    });
    settle().await;
    assert_eq!(service.seen().len(), 1);
    let mut set = Box::pin(client.user("c2").unwrap().set("android", Status::Online).into_future());
    assert!((&mut set).now_or_never().is_none());
    // Given up, it may have been carried out.
    drop(set);
    service.open();
    asked.await.unwrap().unwrap();
    get(&client, "wzy", "c2").await.unwrap();
    assert_eq!(service.seen().len(), 2);
    advance(Duration::from_millis(1)).await;
    get(&client, "wzy", "c2").await.unwrap();
    assert_eq!(service.seen().len(), 3, "the second was asked in the same moment as the set ended");
    get(&client, "wzy", "c2").await.unwrap();
    assert_eq!(service.seen().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn many_users_are_kept_and_not_all() {
    let service = Service::new(vec![]);
    let client = client(&service);
    let ids: Vec<_> = (0..70_000).map(|n| format!("u{n}")).collect();
    for ids in ids.chunks(10_000) {
        let gets = ids.iter().map(|id| get(&client, "wzy", id));
        futures_util::future::join_all(gets).await;
    }
    let cached = async |n: usize| {
        let before = client.stats().cached;
        get(&client, "wzy", &format!("u{n}")).await.unwrap();
        client.stats().cached > before
    };
    assert!(cached(69_999).await && cached(60_000).await);
    assert!(!cached(0).await && !cached(30_000).await, "the oldest made room");
}
