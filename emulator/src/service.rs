//! The whole of the emulator behind its sockets: one lock, so that every request is decided at one moment.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::identity::Identity;
use crate::journal::Journal;
use crate::limit::Limiter;
use crate::settings::Settings;
use crate::tokens::Tokens;
use crate::world::{Scribe, World};

pub(crate) struct Service {
    pub(crate) identity: Identity,
    pub(crate) clock: Clock,
    pub(crate) journal: Journal,
    inner: Mutex<Inner>,
}

/// What the lock guards. The journal is written while it is held, so its order is the order of the changes.
#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) world: World,
    pub(crate) tokens: Tokens,
    pub(crate) limiter: Limiter,
}

// Says which app it is; the rest is long, and holds tokens.
impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl Service {
    pub(crate) fn new(identity: Identity, settings: Settings) -> Self {
        let clock = Clock::new();
        let journal = Journal::new(clock.clone());
        Self { identity, clock, journal, inner: Mutex::new(Inner { settings, ..Inner::default() }) }
    }

    // A panic of a caller's closure inside `configure` must not take the emulator down with it.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For changes that no request causes.
    pub(crate) fn scribe(&self) -> Scribe<'_> {
        Scribe { journal: &self.journal, cause: None }
    }

    pub(crate) fn reset(&self) {
        let mut inner = self.lock();
        let settings = std::mem::take(&mut inner.settings);
        *inner = Inner { settings, ..Inner::default() };
        self.journal.clear();
    }
}
