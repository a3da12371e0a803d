//! The whole of the emulator behind its sockets: one lock, so that every request is decided at one moment.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::fault::engine::Engine;
use crate::identity::Identity;
use crate::journal::log::Journal;
use crate::limit::limiter::Limiter;
use crate::settings::Settings;
use crate::world::store::{Scribe, World};
use crate::world::tokens::Tokens;

pub(crate) struct Service {
    pub(crate) identity: Identity,
    pub(crate) clock: Clock,
    pub(crate) journal: Journal,
    pub(crate) faults: Engine,
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
        let faults = Engine::default();
        Self { identity, clock, journal, faults, inner: Mutex::new(Inner { settings, ..Inner::default() }) }
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

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::limit::rates::RateLimit;
    use crate::operation::Operation;

    fn service() -> Service {
        let settings = Settings { rate_limit: RateLimit::uniform(1), ..Settings::default() };
        Service::new(Identity::default(), settings)
    }

    #[test]
    fn reset_keeps_settings_and_clock_and_nothing_else() {
        let service = service();
        service.clock.freeze();
        service.clock.set(5_000);
        let now = service.clock.since_epoch();
        let admits =
            |inner: &mut Inner| inner.limiter.admits(&inner.settings.rate_limit, Operation::Get, now);
        {
            let inner = &mut *service.lock();
            inner.world.register("a", service.scribe());
            inner.tokens.issue(None, 0, service.scribe());
            assert!(admits(inner) && !admits(inner));
        }
        service.reset();
        let inner = &mut *service.lock();
        assert!(!inner.world.is_known("a"));
        assert_eq!(inner.tokens.valid(0), 0);
        assert!(admits(inner));
        assert!(service.journal.is_empty());
        assert_eq!(inner.settings.rate_limit, RateLimit::uniform(1));
        assert_eq!((service.clock.unix_millis(), service.clock.is_frozen()), (5_000, true));
    }

    #[test]
    fn a_panic_under_the_lock_does_not_end_the_service() {
        let service = service();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _inner = service.lock();
            panic!("a caller's closure");
        }));
        assert!(panicked.is_err());
        assert!(service.lock().world.register("a", service.scribe()));
    }

    #[test]
    fn the_journal_reads_the_services_clock_and_its_own_changes_have_no_cause() {
        let service = service();
        service.clock.freeze();
        service.clock.set(7);
        service.lock().world.register("a", service.scribe());
        let change = service.journal.changes().pop().unwrap();
        assert_eq!((change.at_ms, change.cause), (7, None));
    }

    #[test]
    fn printing_it_shows_neither_secret_nor_token() {
        let service = service();
        let token = service.lock().tokens.issue(None, 0, service.scribe());
        let printed = format!("{service:?}");
        assert!(printed.contains("easemob-demo#test"), "{printed}");
        assert!(!printed.contains(&token) && !printed.contains("emulator-secret"), "{printed}");
    }
}
