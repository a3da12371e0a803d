//! How many requests a list of users costs.

use easemob_presence::{Client, RateLimits};
use easemob_presence_emulator::{Emulator, Operation, RateLimit};
use futures_util::TryStreamExt;

#[tokio::test]
async fn ten_thousand_users_are_a_hundred_requests() {
    let emulator = Emulator::start().unwrap();
    emulator.configure(|settings| settings.rate_limit = RateLimit::off());
    let client = Client::builder().emulator(emulator.host()).rate_limits(RateLimits::off()).build().unwrap();
    let user = client.user("wzy").unwrap();
    let ids = || (0..10_000).map(|n| format!("u{n}"));
    assert_eq!(user.get_many(ids()).await.unwrap().len(), 10_000);
    assert_eq!(emulator.journal().count(Operation::Get), 100);
    let answers: Vec<_> = user.iter_many(ids()).try_collect().await.unwrap();
    assert_eq!((answers.len(), emulator.journal().count(Operation::Get)), (100, 200));
}

#[tokio::test]
async fn a_list_keeps_to_the_rate_and_none_of_its_requests_is_refused() {
    let emulator = Emulator::start().unwrap();
    let client = Client::builder().emulator(emulator.host()).build().unwrap();
    let presences = client.user("wzy").unwrap().get_many((0..6_000).map(|n| format!("u{n}"))).await.unwrap();
    assert_eq!(presences.len(), 6_000);
    let requests = emulator.journal().requests();
    let gets: Vec<_> = requests.iter().filter(|request| request.operation == Operation::Get).collect();
    assert_eq!(gets.len(), 60);
    assert!(gets.iter().all(|request| request.status == Some(200)));
}
