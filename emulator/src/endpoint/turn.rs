//! One request's turn at the state: what an endpoint reads, and the values that endpoints share.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::clock::millis;
use crate::http::received::Received;
use crate::http::refusal::Refusal;
use crate::identity::Identity;
use crate::settings::Settings;
use crate::world::ledger::Moment;
use crate::world::store::{Scribe, World};
use crate::world::tokens::Tokens;

/// How an endpoint answers: a body for 200, or a refusal.
pub(crate) type Outcome = Result<Value, Refusal>;

pub(crate) struct Turn<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) identity: &'a Identity,
    pub(crate) world: &'a mut World,
    pub(crate) tokens: &'a mut Tokens,
    pub(crate) scribe: Scribe<'a>,
    pub(crate) now_ms: u64,
    pub(crate) received: &'a Received,
    /// The path after the app's prefix, as sent.
    pub(crate) path: &'a str,
}

impl Turn<'_> {
    pub(crate) fn json<'de, T: Deserialize<'de>>(&'de self) -> Result<T, Refusal> {
        serde_json::from_slice(&self.received.body).map_err(|problem| Refusal::json(problem.to_string()))
    }

    /// A number in the way the settings want numbers on the wire.
    pub(crate) fn number(&self, value: u64) -> Value {
        if self.settings.numbers_as_strings { value.to_string().into() } else { value.into() }
    }

    pub(crate) fn moment(&self) -> Moment {
        let visible_from = self.now_ms.saturating_add(millis(self.settings.list_lag));
        Moment { now: self.now_ms, visible_from }
    }

    /// Whether this user may own presence; by default set and subscribe create it.
    pub(crate) fn admit(&self, user: &str) -> Result<(), Refusal> {
        if self.settings.require_registration && !self.world.is_registered(user) {
            return Err(Refusal::no_such_user());
        }
        Ok(())
    }

    /// A user that the older user calls know.
    pub(crate) fn known(&self, user: &str) -> Result<(), Refusal> {
        let known = if self.settings.require_registration {
            self.world.is_registered(user)
        } else {
            self.world.is_known(user)
        };
        if known { Ok(()) } else { Err(Refusal::no_such_user()) }
    }

    /// The answer of the older user calls, around `entities` or `data`.
    pub(crate) fn envelope(&self, action: &str, entities: Vec<Value>, data: Option<Value>) -> Value {
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
        put("path", self.path.into());
        put("uri", self.received.url().into());
        put("timestamp", self.now_ms.into());
        put("organization", self.identity.org.as_str().into());
        put("application", self.identity.app_id.as_str().into());
        put("entities", entities.into());
        put("action", action.into());
        if let Some(data) = data {
            put("data", data);
        }
        put("duration", 0.into());
        put("applicationName", self.identity.app.as_str().into());
        body.into()
    }

    /// The shorter answer of the online state calls.
    pub(crate) fn short_envelope(&self, action: &str, data: &Value) -> Value {
        json!({
            "action": action,
            "uri": self.received.url(),
            "entities": [],
            "data": data,
            "timestamp": self.now_ms,
            "duration": 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::stage::{NOW, Stage};

    #[test]
    fn numbers_are_strings_unless_switched() {
        let mut stage = Stage::new();
        assert_eq!(stage.turn().number(7), "7");
        stage.settings.numbers_as_strings = false;
        assert_eq!(stage.turn().number(7), 7);
    }

    #[test]
    fn a_write_is_listed_after_the_lag() {
        let mut stage = Stage::new();
        stage.settings.list_lag = Duration::from_millis(250);
        let moment = stage.turn().moment();
        assert_eq!((moment.now, moment.visible_from), (NOW * 1_000, NOW * 1_000 + 250));
        stage.settings.list_lag = Duration::MAX;
        assert_eq!(stage.turn().moment().visible_from, u64::MAX);
    }

    #[test]
    fn the_older_calls_know_fewer_users_than_may_own_presence() {
        let mut stage = Stage::new();
        stage.world.touch("seen");
        let mut judged = |user: &str| {
            let turn = stage.turn();
            (turn.admit(user).is_ok(), turn.known(user).is_ok())
        };
        assert_eq!((judged("seen"), judged("stranger")), ((true, true), (true, false)));
    }

    #[test]
    fn required_registration_is_required_of_both() {
        let mut stage = Stage::new();
        stage.settings.require_registration = true;
        let turn = stage.turn();
        turn.world.touch("seen");
        turn.world.register("registered", turn.scribe);
        for (user, expected) in [("seen", Err(Refusal::no_such_user())), ("registered", Ok(()))] {
            assert_eq!((turn.admit(user), turn.known(user)), (expected.clone(), expected), "{user}");
        }
    }

    #[test]
    fn a_body_that_is_not_json_is_refused_as_such() {
        let mut stage = Stage::new();
        let refused = stage.turn().json::<Value>().unwrap_err();
        assert_eq!(refused.body(crate::PresenceErrors::Result, 0)["error"], "json_parse");
        assert_eq!(stage.sent(&json!([1])).turn().json::<Value>(), Ok(json!([1])));
    }

    #[test]
    fn the_envelope_has_the_fields_of_the_sample_in_order() {
        let sample = [
            "path",
            "uri",
            "timestamp",
            "organization",
            "application",
            "entities",
            "action",
            "data",
            "duration",
            "applicationName",
        ];
        let mut stage = Stage::new();
        let envelope = stage.turn().envelope("get", Vec::new(), Some(json!([])));
        assert_eq!(envelope.as_object().unwrap().keys().collect::<Vec<_>>(), sample);
        assert_eq!(envelope["uri"], "http://localhost:1/easemob-demo/test/users");
        assert_eq!(envelope["timestamp"], NOW * 1_000);
        assert_eq!(stage.turn().envelope("post", Vec::new(), None).get("data"), None);
        let short = stage.turn().short_envelope("get", &json!({"a": "offline"}));
        assert_eq!(
            short.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["action", "uri", "entities", "data", "timestamp", "duration"]
        );
    }
}
