//! Entrances for the fuzz targets in `tests/fuzz`; built with `--cfg fuzzing` only.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use md5::{Digest, Md5};
use serde_json::{Map, Value};

use crate::model::UserId;
use crate::operation::{
    Batch, Devices, Get, GetMany, GetOnlineStates, GetSubscriptionsPage, GroupKind, GroupOnlineCount,
    IsOnline, Operation, Token, encoded,
};
use crate::pipeline::retry_after;
use crate::webhook::Verifier;
use crate::wire;

fn user() -> UserId {
    UserId::from_answer("c2")
}

fn batch() -> Batch {
    Batch::collect(["c2", "C3", "wzy"]).unwrap_or_else(|_| unreachable!("three good ids"))
}

fn decode<O: Operation>(mut operation: O, body: &[u8]) -> Option<O::Output> {
    operation.decode(Bytes::copy_from_slice(body)).ok()
}

/// Every reader of a successful answer; what is read is looked at, too.
pub fn answer(body: &[u8]) {
    let get_many = || GetMany { user: user(), batch: batch() };
    if let Some(presences) = decode(get_many(), body) {
        assert!(
            presences.iter().count() + presences.missing().len() >= 3,
            "a user is neither there nor missing"
        );
        for presence in &presences {
            let _ = (
                presence.ext().len(),
                presence.is_online(),
                presence.devices().count(),
                presence.last_seen(),
            );
        }
    }
    decode(Get::new(user(), batch()), body);
    decode(GetSubscriptionsPage { user: user(), page: 1, page_size: 100 }, body);
    decode(Devices { user: user() }, body);
    decode(IsOnline { user: user() }, body);
    decode(GetOnlineStates { batch: batch() }, body);
    decode(GroupOnlineCount { group_id: "1".into(), kind: GroupKind::default() }, body);
    decode(Token { client_id: "id".into(), client_secret: "secret".to_owned().into() }, body);
}

/// The reading of a refusal: told in one line, without the secret that it may hold.
pub fn error_body(status: u16, body: &[u8]) {
    let error = wire::refused(status, body).hiding(&["canary"]).during(Token::DESCRIPTOR);
    let text = format!("{error} {error:?}");
    assert!(!text.contains("canary"), "{text}");
    assert!(text.lines().count() == 1, "{text}");
}

/// A callback, as it came and, so that what lies behind the signature is read too, signed. It is told once, or refused in
/// one line.
pub fn callback(body: &[u8]) {
    let now = UNIX_EPOCH + Duration::from_secs(1_600_060_847);
    let verifier = Verifier::new("canary-secret").unwrap_or_else(|_| unreachable!("it is one"));
    let check = |body: &[u8]| match verifier.parse_at(body, now) {
        Ok(Some(callback)) => {
            assert!(
                !callback.user_id().as_str().is_empty() && !callback.resource().is_empty(),
                "{callback:?}"
            );
            let distance = now.duration_since(callback.timestamp()).unwrap_or_else(|error| error.duration());
            assert!(distance <= Duration::from_secs(600), "{callback:?}");
            assert!(verifier.parse_at(body, now).is_ok_and(|again| again.is_none()), "a repeat is told");
        }
        Ok(None) => unreachable!("a repeat of nothing"),
        Err(error) => {
            let text = format!("{error} {error:?}");
            assert!(!text.contains("canary") && text.lines().count() == 1, "{text}");
        }
    };
    check(body);
    if let Some(body) = signed(body, "canary-secret") {
        check(&body);
    }
}

fn signed(body: &[u8], secret: &str) -> Option<Vec<u8>> {
    let mut fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let (call_id, timestamp) = (fields.get("callId")?.as_str()?, fields.get("timestamp")?.as_u64()?);
    let digest: [u8; 16] = Md5::digest(format!("{call_id}{secret}{timestamp}")).into();
    fields.insert("security".into(), format!("{:032x}", u128::from_be_bytes(digest)).into());
    serde_json::to_vec(&fields).ok()
}

/// `Retry-After`: whatever it says, the wait is at most a day.
pub fn retry_after(name: &str, value: &[u8]) {
    let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value)) else { return };
    let headers: HeaderMap = [(name, value)].into_iter().collect();
    let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
    let wait = retry_after::read(&headers, now);
    assert!(wait.is_none_or(|wait| wait <= Duration::from_secs(86_400)), "{wait:?}");
}

/// A path segment: refused, or one segment that decodes to the same text.
pub fn segment(value: &str) {
    let Ok(segment) = encoded(value).map(|segment| segment.to_string()) else { return };
    assert!(!segment.is_empty() && !segment.contains(['/', '?', '#', '\\']), "{segment}");
    let url = url::Url::parse(&format!("http://h/users/{segment}/presence"));
    let url = url.unwrap_or_else(|error| unreachable!("{segment}: {error}"));
    assert_eq!(url.path(), format!("/users/{segment}/presence"), "a parser changed it");
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(&segment).collect();
    assert_eq!(decoded, value.as_bytes());
}

/// Host and App Key: refused, or a client whose requests go to that very app.
pub fn address(host: &str, app_key: &str) {
    let builder = crate::Client::builder().host(host).app_key(app_key).app_token("canary-token");
    match builder.build() {
        Ok(client) => drop(client),
        Err(error) => {
            let text = format!("{error} {error:?}");
            assert!(!text.contains("canary-token"), "{text}");
        }
    }
}
