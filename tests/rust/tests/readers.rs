//! Whatever comes in, from the service or from the caller, ends in a value or in an error.

use std::sync::{Arc, Mutex};

use easemob_presence::{Client, ClientBuilder, Error, ErrorKind, RateLimits, Sent, Status};
use easemob_presence_emulator::{Emulator, Operation, RateLimit, Request, Segment};
use easemob_presence_tests::canned::{Reply, Server, http};
use easemob_presence_tests::shows;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};

/// The fields that the readers know, and some that they do not.
const NAMES: &[&str] = &[
    "result",
    "data",
    "uid",
    "last_time",
    "expiry",
    "ext",
    "status",
    "totalnum",
    "sublist",
    "res",
    "device_uuid",
    "access_token",
    "expires_in",
    "error",
    "error_code",
    "error_description",
    "desc",
    "wzy",
    "c2",
    "__proto__",
    "",
];

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// The same values in every run: a failure here is found again by the one who mends it.
fn runner(cases: u32) -> TestRunner {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// JSON of any shape that is often nearly what an answer looks like.
fn json_values(leaf_text: &'static str) -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just(leaf_text.to_owned()),
        prop::sample::select(vec!["ok", "online", "offline", "c2", "wzy", "0", "1644466063"])
            .prop_map(str::to_owned),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    let name = prop_oneof![4 => prop::sample::select(NAMES).prop_map(str::to_owned), 1 => any::<String>()];
    let tree = leaf.prop_recursive(5, 48, 6, move |inner| {
        let members = prop::collection::vec((name.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            members.prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    });
    (tree, 0..4).prop_map(|(tree, around)| match around {
        0 => json!({ "result": tree }),
        1 => json!({ "data": tree }),
        2 => json!({ "result": [tree] }),
        _ => tree,
    })
}

/// Makes every call once; what fails is given back.
async fn errors_of_every_call(client: &Client) -> Result<Vec<Error>, Error> {
    let wzy = client.user("wzy")?;
    let errors = [
        wzy.set("android", Status::Online).await.err(),
        wzy.subscribe(["c2", "c3"]).await.err(),
        wzy.get("c2").await.err(),
        wzy.get_many(["c2", "c3"]).await.err(),
        wzy.unsubscribe(["c2"]).await.err(),
        wzy.subscriptions_page(1).await.err(),
        wzy.devices().await.err(),
        wzy.is_online().await.err(),
        client.online_states(["wzy", "c2"]).await.err(),
        client.group_online_count("1").await.err(),
    ];
    Ok(errors.into_iter().flatten().collect())
}

/// A client that takes each answer as it comes, at once.
fn unpaced() -> ClientBuilder {
    Client::builder().max_attempts(1).rate_limits(RateLimits::off())
}

/// A server whose answer can be changed, and a client of it.
async fn changeable() -> Result<(Server, Arc<Mutex<(u16, Vec<u8>)>>, Client), Box<dyn std::error::Error>> {
    let answer = Arc::new(Mutex::new((200, Vec::new())));
    let given = Arc::clone(&answer);
    let server = Server::start(move |_| match given.lock() {
        Ok(answer) => Reply::Send(http(answer.0, [], &answer.1)),
        Err(_) => Reply::Close,
    })
    .await?;
    let client = unpaced().host(server.url()).app_key("org#app").app_token("token").build()?;
    Ok((server, answer, client))
}

/// Runs every call against every answer that the strategy makes.
fn read_or_refused(
    answers: &impl Strategy<Value = Vec<u8>>,
    cases: u32,
) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = runtime()?;
    let (_server, answer, client) = runtime.block_on(changeable())?;
    let check = |(status, body): (u16, Vec<u8>)| {
        *answer.lock().map_err(|_| TestCaseError::fail("the server panicked"))? = (status, body);
        let errors = runtime.block_on(errors_of_every_call(&client));
        for error in errors.map_err(|error| TestCaseError::fail(error.to_string()))? {
            let text = error.to_string();
            prop_assert!(!text.contains(['\n', '\r']), "{text:?}");
            prop_assert_eq!((error.status(), error.sent()), (Some(status), Sent::Yes), "{}", text);
        }
        Ok(())
    };
    let statuses = prop_oneof![4 => Just(200u16), 1 => 200u16..1000];
    let statuses = statuses.prop_filter("without a body", |status| !matches!(status, 204 | 205 | 304));
    runner(cases).run(&(statuses, answers), check).map_err(|failure| failure.to_string().into())
}

#[test]
fn any_json_is_read_or_refused() {
    let texts = json_values("x").prop_map(|value| value.to_string().into_bytes());
    read_or_refused(&texts, 192).unwrap();
}

#[test]
fn any_bytes_are_read_or_refused() {
    read_or_refused(&prop::collection::vec(any::<u8>(), 0..256), 64).unwrap();
}

#[test]
fn good_answers_with_any_damage_are_read_or_refused() {
    let samples: Vec<Vec<u8>> =
        ["get_ok", "subscribe_ok", "sublist_ok", "user_resources", "user_status_batch"]
            .iter()
            .map(|name| easemob_presence_tests::wire_text(&format!("{name}.json")).unwrap())
            .collect();
    let damaged = (prop::sample::select(samples), any::<prop::sample::Index>(), any::<u8>(), 0..3).prop_map(
        |(mut bytes, place, byte, how)| {
            let place = place.index(bytes.len());
            match how {
                0 => bytes[place] = byte,
                1 => bytes.truncate(place),
                _ => bytes.insert(place, byte),
            }
            bytes
        },
    );
    read_or_refused(&damaged, 192).unwrap();
}

#[test]
fn no_token_answer_of_any_shape_is_shown() {
    const CANARY: &str = "YWMtcanary-of-an-app-token";
    let runtime = runtime().unwrap();
    let (server, answer, _) = runtime.block_on(changeable()).unwrap();
    let field = || prop_oneof![2 => Just(json!(CANARY)), 1 => json_values(CANARY)];
    let answers = prop_oneof![
        2 => (field(), field()).prop_map(|(token, life)| json!({ "access_token": token, "expires_in": life })),
        1 => field(),
    ];
    let check = |value: Value| {
        *answer.lock().unwrap() = (200, value.to_string().into_bytes());
        let client = unpaced().host(server.url()).app_key("org#app").client_credentials("id", "x").build();
        if let Err(error) = runtime.block_on(client.unwrap().app_token()) {
            prop_assert!(!shows(&error, "canary"), "{error:?}");
        }
        Ok(())
    };
    runner(192).run(&answers, check).unwrap();
}

/// What a call with these strings came to, and the requests that it made.
fn set(
    runtime: &Runtime,
    emulator: &Emulator,
    client: &Client,
    user: &str,
    resource: &str,
) -> (Result<(), Error>, Vec<Request>) {
    let journal = emulator.journal();
    let before = journal.last_seq();
    let result = runtime.block_on(async { client.user(user)?.set(resource, Status::Online).await });
    let requests = journal.since(before).iter().filter_map(|entry| entry.as_request().cloned()).collect();
    (result, requests)
}

#[test]
fn any_string_is_refused_unsent_or_arrives_as_one_segment_with_the_same_bytes() {
    let runtime = runtime().unwrap();
    let emulator =
        Emulator::builder().configure(|settings| settings.rate_limit = RateLimit::off()).start().unwrap();
    let client = unpaced().emulator(emulator.host()).build().unwrap();
    runtime.block_on(client.app_token()).unwrap();
    let special = prop::sample::select(vec![
        "", ".", "..", "...", "/", "a/b", "../..", "%2F", "%2e%2e", "%00", "\0", "\r\n", " ", "?x=", "#",
        ";", "\\", "%", "%zz", "+", "😀", "\u{202e}", "\u{feff}", "sublist", "presence", "*", "~", "&", "=",
    ]);
    let text = prop_oneof![
        special.prop_map(str::to_owned),
        any::<String>(),
        "[a-zA-Z0-9_.-]{1,70}",
        "[./%\\\\?#]{1,8}"
    ];
    let check = |(user, resource): (String, String)| {
        let (result, requests) = set(&runtime, &emulator, &client, &user, &resource);
        if let Err(error) = result {
            prop_assert_eq!((error.kind(), error.sent()), (ErrorKind::InvalidInput, Sent::No), "{}", error);
            prop_assert!(requests.is_empty(), "{requests:?}");
            return Ok(());
        }
        prop_assert_eq!(requests.len(), 1);
        let segments: Vec<_> = requests[0].segments.iter().map(Segment::as_bytes).collect();
        let expected = ["users", &user, "presence", &resource, "1"];
        prop_assert_eq!(segments, expected.map(str::as_bytes));
        prop_assert_eq!(requests[0].operation, Operation::Set);
        Ok(())
    };
    let good = "[a-zA-Z0-9_.-]{3,64}".boxed();
    runner(128).run(&(good.clone(), text.clone()), check).unwrap();
    runner(128).run(&(text, good), check).unwrap();
}
