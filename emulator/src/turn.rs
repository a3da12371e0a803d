//! One request's turn at the state: what an endpoint reads, and the values that endpoints share.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::clock::millis;
use crate::identity::Identity;
use crate::ledger::Moment;
use crate::received::Received;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::tokens::Tokens;
use crate::world::{Scribe, World};

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
