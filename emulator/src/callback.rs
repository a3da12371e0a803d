//! Callbacks: the signed bodies that the service posts when users log in and out.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};

use md5::{Digest, Md5};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::service::Service;

/// What happened, and the secret of the rule that tells of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Event<'a> {
    #[serde(borrow)]
    pub(crate) user: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) resource: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) reason: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) secret: Cow<'a, str>,
}

pub(crate) fn body(service: &Service, event: &Event<'_>) -> Value {
    let Event { user, resource, reason, secret } = event;
    let (app_key, timestamp) = (service.identity.app_key(), service.clock.unix_millis());
    let call_id = format!("{app_key}_{}", uuid());
    json!({
        "callId": call_id,
        "reason": reason,
        "security": security(&call_id, secret, timestamp),
        "os": resource.split('_').next(),
        "ip": "127.0.0.1:52709",
        "host": "msync@emulator",
        "appkey": app_key,
        "user": format!("{app_key}_{user}@easemob.com/{resource}"),
        "version": "4.0.0",
        "timestamp": timestamp,
        "status": if *reason == "login" { "online" } else { "offline" },
    })
}

fn security(call_id: &str, secret: &str, timestamp: u64) -> String {
    let hash: [u8; 16] = Md5::digest(format!("{call_id}{secret}{timestamp}")).into();
    format!("{:032x}", u128::from_be_bytes(hash))
}

/// A new one each time, also across emulators: receivers drop what they have seen.
fn uuid() -> String {
    let random = RandomState::new();
    let digits = format!("{:016x}{:016x}", random.hash_one(0), random.hash_one(1));
    let part = |from, to| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identity;
    use crate::settings::Settings;

    #[test]
    fn the_signature_is_the_one_worked_out_elsewhere() {
        let id = "easemob-demo#test_0770a64f-cf01-4c41-8786-df3b48b20e7e";
        let security = security(id, "emulator-secret", 1_600_060_847_294);
        assert_eq!(security, "371fcc6188620df7c93a73213b32f547");
    }

    #[test]
    fn a_callback_has_the_documented_fields_the_clocks_time_and_an_id_of_its_own() {
        let service = Service::new(Identity::default(), Settings::default());
        service.clock.freeze();
        service.clock.set(1_700_000_000_123);
        let event = Event {
            user: "c.2_x".into(),
            resource: "ios_1_2".into(),
            reason: "logout".into(),
            secret: "s".into(),
        };
        let (one, other) = (body(&service, &event), body(&service, &event));
        assert_eq!(one["user"], "easemob-demo#test_c.2_x@easemob.com/ios_1_2");
        assert_eq!((&one["os"], &one["status"]), (&json!("ios"), &json!("offline")));
        assert_eq!(one["timestamp"], 1_700_000_000_123_u64);
        let (id, other) = (one["callId"].as_str().unwrap(), other["callId"].as_str().unwrap());
        assert_ne!(id, other);
        let uuid = id.strip_prefix("easemob-demo#test_").unwrap();
        assert_eq!(uuid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    }
}
