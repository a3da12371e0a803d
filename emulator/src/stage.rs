//! What an endpoint needs around it in a unit test, at one fixed moment and without a socket.

use serde_json::Value;

use crate::clock::Clock;
use crate::endpoint::turn::Turn;
use crate::http::received::Received;
use crate::identity::Identity;
use crate::journal::log::Journal;
use crate::journal::record::ChangeKind;
use crate::settings::Settings;
use crate::world::store::{Scribe, World};
use crate::world::tokens::Tokens;

/// 2023-11-14T22:13:20Z.
pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) struct Stage {
    pub(crate) settings: Settings,
    pub(crate) identity: Identity,
    pub(crate) world: World,
    pub(crate) tokens: Tokens,
    pub(crate) journal: Journal,
    pub(crate) now_ms: u64,
    received: Received,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self {
            settings: Settings::default(),
            identity: Identity::default(),
            world: World::default(),
            tokens: Tokens::default(),
            journal: Journal::new(Clock::new()),
            now_ms: NOW * 1_000,
            received: Received::without_body("POST", "/easemob-demo/test/users"),
        }
    }

    /// The next turn's body.
    pub(crate) fn sent(&mut self, body: &Value) -> &mut Self {
        self.received.body = body.to_string().into_bytes();
        self
    }

    /// The next turn's query.
    pub(crate) fn queried(&mut self, query: &str) -> &mut Self {
        self.received = Received::without_body("GET", &format!("/easemob-demo/test/users?{query}"));
        self
    }

    pub(crate) fn authorized(&mut self, token: &str) -> &mut Self {
        self.received.authorization = Some(format!("Bearer {token}"));
        self
    }

    pub(crate) fn turn(&mut self) -> Turn<'_> {
        Turn {
            settings: &self.settings,
            identity: &self.identity,
            world: &mut self.world,
            tokens: &mut self.tokens,
            scribe: Scribe { journal: &self.journal, cause: None },
            now_ms: self.now_ms,
            received: &self.received,
            path: "/users",
        }
    }

    pub(crate) fn changes(&self) -> Vec<ChangeKind> {
        self.journal.changes().iter().map(|change| change.kind).collect()
    }
}
