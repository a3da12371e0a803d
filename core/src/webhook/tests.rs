//! Exact times and the documents' own samples. What holds in every language is in `tests/vectors/callbacks.json`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::{Callback, Reason, Verifier};
use crate::error::{Error, ErrorKind};

const SECRET: &str = "canary-secret";
const NOW: u64 = 1_700_000_000_000;
const WINDOW: u64 = 600_000;

fn at(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis)
}

fn verifier() -> Verifier {
    Verifier::new(SECRET).unwrap()
}

/// A login signed with `secret`, with these fields in place of the ordinary ones.
fn signed(call_id: &str, timestamp: u64, secret: &str, other: Value) -> Vec<u8> {
    let digest: [u8; 16] = Md5::digest(format!("{call_id}{secret}{timestamp}")).into();
    let security = format!("{:032x}", u128::from_be_bytes(digest));
    let mut body = json!({
        "callId": call_id, "timestamp": timestamp, "security": security, "reason": "login", "status": "online",
        "appkey": "org#app", "user": "org#app_c2@easemob.com/ios_1",
    });
    if let (Value::Object(body), Value::Object(other)) = (&mut body, other) {
        body.extend(other);
    }
    body.to_string().into_bytes()
}

fn login(call_id: &str, timestamp: u64) -> Vec<u8> {
    signed(call_id, timestamp, SECRET, json!({}))
}

fn parse(verifier: &Verifier, body: &[u8], now: u64) -> Result<Option<Callback>, Error> {
    verifier.parse_at(body, at(now))
}

fn kind<T: std::fmt::Debug>(result: Result<T, Error>) -> ErrorKind {
    result.unwrap_err().kind()
}

#[test]
fn every_sample_of_the_documents_is_read_once_it_is_signed() {
    let wire = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/wire");
    for (name, reason, online, user) in [
        ("login", Reason::Login, true, "XXXX"),
        ("logout", Reason::Logout, false, "XXXX"),
        ("replaced", Reason::Replaced, false, "XXXX"),
        ("user_status_2023", Reason::Login, true, "hxtest"),
    ] {
        let sample = std::fs::read(format!("{wire}/callback_{name}.json")).unwrap();
        let fields: Value = serde_json::from_slice(&sample).unwrap();
        let timestamp = fields["timestamp"].as_u64().unwrap();
        // The samples' own signatures are placeholders.
        assert_eq!(kind(parse(&verifier(), &sample, timestamp)), ErrorKind::InvalidSignature, "{name}");
        let call_id = fields["callId"].as_str().unwrap().to_owned();
        let mut other = fields.clone();
        other.as_object_mut().unwrap().remove("security");
        let callback =
            parse(&verifier(), &signed(&call_id, timestamp, SECRET, other), timestamp).unwrap().unwrap();
        assert_eq!((callback.reason(), callback.online()), (&reason, online), "{name}");
        assert_eq!((callback.user_id().as_str(), callback.call_id()), (user, call_id.as_str()), "{name}");
        assert_eq!(callback.timestamp(), at(timestamp));
        for (value, field) in [
            (Some(callback.app_key()), "appkey"),
            (callback.os(), "os"),
            (callback.ip(), "ip"),
            (callback.host(), "host"),
            (callback.version(), "version"),
        ] {
            assert_eq!(value, fields[field].as_str(), "{name}: {field}");
        }
    }
}

#[test]
fn the_signature_worked_out_elsewhere_is_right() {
    let wire = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/wire");
    let sample = std::fs::read(format!("{wire}/derived_callback_signature.json")).unwrap();
    let mut fields: Value = serde_json::from_slice(&sample).unwrap();
    fields["reason"] = "logout".into();
    fields["user"] = "easemob-demo#test_c2@easemob.com/web".into();
    let now = fields["timestamp"].as_u64().unwrap();
    let verifier = Verifier::new("emulator-secret").unwrap();
    let callback = parse(&verifier, fields.to_string().as_bytes(), now).unwrap().unwrap();
    assert_eq!((callback.app_key(), callback.online()), ("easemob-demo#test", false));
}

#[test]
fn the_window_is_exact_to_the_millisecond_on_both_sides() {
    for (distance, inside) in [(0, true), (WINDOW, true), (WINDOW + 1, false)] {
        for timestamp in [NOW - distance, NOW + distance] {
            let result = parse(&verifier(), &login("org#app_1", timestamp), NOW);
            match result {
                Ok(callback) => assert!(inside && callback.is_some(), "{distance}"),
                Err(error) => {
                    assert!(!inside, "{distance}: {error}");
                    assert_eq!(error.kind(), ErrorKind::InvalidSignature);
                    assert!(error.to_string().contains("600 s"), "{error}");
                }
            }
        }
    }
    let narrow = verifier().max_age(Duration::from_secs(1)).unwrap();
    assert!(parse(&narrow, &login("org#app_1", NOW - 1000), NOW).is_ok());
    assert!(parse(&narrow, &login("org#app_2", NOW - 1001), NOW).is_err());
}

#[test]
fn a_repeat_is_dropped_for_as_long_as_its_age_would_let_it_in() {
    let verifier = verifier();
    let early = login("org#app_1", NOW + WINDOW);
    assert!(parse(&verifier, &early, NOW).unwrap().is_some());
    for now in [NOW, NOW + WINDOW, NOW + 2 * WINDOW] {
        // Others in between must not push it out.
        assert!(parse(&verifier, &login(&format!("org#app_x{now}"), now), now).unwrap().is_some());
        assert_eq!(parse(&verifier, &early, now).unwrap(), None, "{now}");
    }
    assert_eq!(kind(parse(&verifier, &early, NOW + 2 * WINDOW + 1)), ErrorKind::InvalidSignature);
}

#[test]
fn a_repeat_is_told_by_its_id_and_by_nothing_else() {
    let verifier = verifier();
    assert!(parse(&verifier, &login("org#app_1", NOW), NOW).unwrap().is_some());
    let other = json!({ "user": "org#app_other@easemob.com/web" });
    assert_eq!(parse(&verifier, &signed("org#app_1", NOW + 5, SECRET, other), NOW).unwrap(), None);
    assert!(parse(&verifier, &login("org#app_2", NOW), NOW).unwrap().is_some());
}

#[test]
fn what_is_not_accepted_is_not_remembered() {
    let verifier = verifier();
    let genuine = login("org#app_1", NOW);
    for refused in [
        signed("org#app_1", NOW, "guess", json!({})),
        login("org#app_1", NOW - WINDOW - 1),
        signed("org#app_1", NOW, SECRET, json!({ "user": 7 })),
    ] {
        assert!(parse(&verifier, &refused, NOW).is_err());
    }
    assert!(verifier.seen().is_empty());
    assert!(parse(&verifier, &genuine, NOW).unwrap().is_some());
}

#[test]
fn memory_ends_with_the_window_and_has_a_cap_at_which_the_oldest_go() {
    let verifier = verifier();
    let cap = u64::try_from(Verifier::MAX_REMEMBERED).unwrap();
    for number in 0..=cap {
        verifier.seen().remember(&number.to_string(), at(NOW + number), Some(at(NOW)));
    }
    assert_eq!(verifier.seen().len(), Verifier::MAX_REMEMBERED);
    let repeat =
        |number: u64| !verifier.seen().remember(&number.to_string(), at(NOW + number), Some(at(NOW)));
    // The last ones first: asking for the forgotten one remembers it, and pushes out the next.
    assert_eq!((repeat(cap), repeat(1), repeat(0)), (true, true, false));
    assert!(parse(&verifier, &login("org#app_1", NOW + 10 * WINDOW), NOW + 10 * WINDOW).unwrap().is_some());
    assert_eq!(verifier.seen().len(), 1);
}

#[test]
fn a_callback_that_was_forgotten_is_new_again() {
    let verifier = verifier();
    let body = login("org#app_1", NOW);
    let callback = parse(&verifier, &body, NOW).unwrap().unwrap();
    assert!(verifier.forget(callback.call_id()));
    assert!(!verifier.forget(callback.call_id()));
    assert_eq!(parse(&verifier, &body, NOW).unwrap(), Some(callback));
}

#[test]
fn of_the_same_callback_on_many_threads_one_gets_it() {
    let (verifier, body) = (verifier(), login("org#app_1", NOW));
    let got = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| parse(&verifier, &body, NOW).unwrap().is_some())).collect();
        threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum::<usize>()
    });
    assert_eq!(got, 1);
}

#[test]
fn a_verifier_that_would_accept_anything_or_nothing_is_refused() {
    for secret in ["", " ", "secret\n", "\tsecret"] {
        assert_eq!(kind(Verifier::new(secret)), ErrorKind::Config, "{secret:?}");
        assert_eq!(kind(verifier().also(secret)), ErrorKind::Config, "{secret:?}");
    }
    assert_eq!(kind(verifier().max_age(Duration::ZERO)), ErrorKind::Config);
    for app_key in ["", "org", "#app", "org#", "a#b#c"] {
        assert_eq!(kind(verifier().app_key(app_key)), ErrorKind::Config, "{app_key:?}");
    }
}

#[test]
fn nothing_shows_a_secret_or_a_signature() {
    let verifier = verifier().also("canary-other").unwrap();
    assert!(!format!("{verifier:?}").contains("canary"), "{verifier:?}");
    let genuine = login("org#app_1", NOW - WINDOW - 1);
    let fields: Value = serde_json::from_slice(&genuine).unwrap();
    let security = fields["security"].as_str().unwrap();
    for body in [
        genuine.clone(),
        genuine[..genuine.len() - 1].to_vec(),
        signed("org#app_1", NOW, SECRET, json!({ "user": security })),
        signed("org#app_1", NOW, SECRET, json!({ "status": security })),
        signed("org#app_1", NOW, SECRET, json!({ "timestamp": security })),
        json!([security]).to_string().into_bytes(),
    ] {
        let error = parse(&verifier, &body, NOW).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains(security) && !text.contains("canary"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }
}

#[test]
fn a_saved_callback_is_the_same_again() {
    let callback = parse(&verifier(), &login("org#app_1", NOW + 7), NOW).unwrap().unwrap();
    let saved = serde_json::to_value(&callback).unwrap();
    assert_eq!(saved["reason"], "login");
    assert_eq!(saved["timestamp"], json!(1_700_000_000.007));
    assert_eq!(serde_json::from_value::<Callback>(saved).unwrap(), callback);
}
