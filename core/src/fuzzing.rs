//! Entrances for the fuzz targets in `tests/fuzz`; built with `--cfg fuzzing` only.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::model::UserId;
use crate::operation::{
    Batch, Devices, Get, GetMany, GetOnlineStates, GetSubscriptionsPage, GroupKind, GroupOnlineCount,
    IsOnline, Operation, Token, encoded,
};
use crate::pipeline::retry_after;
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
    let Ok(segment) = encoded(value) else { return };
    assert!(!segment.is_empty() && !segment.contains(['/', '?', '#', '\\']), "{segment}");
    let url = reqwest::Url::parse(&format!("http://h/users/{segment}/presence"));
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
