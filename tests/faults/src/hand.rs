//! What is done to a case's emulator while calls are made.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use easemob_presence_emulator::{Emulator, RateLimit, Settings};
use serde_json::Value;

use crate::Problem;
use crate::catalogue::{Act, merge};

/// Longer than any case: these are tokens that only an action ends.
pub(crate) const TOKEN_LIFE: Duration = Duration::from_secs(86_400);
/// How often a thread that waits looks whether the case is over.
pub(crate) const LOOK: Duration = Duration::from_millis(200);

/// What carries actions out.
#[derive(Clone, Debug)]
pub(crate) struct Hand {
    pub(crate) emulator: Arc<Emulator>,
    pub(crate) over: Arc<AtomicBool>,
    /// The tokens that a provider gives out, one after the other.
    pub(crate) provided: Vec<String>,
    pub(crate) threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Hand {
    pub(crate) fn act(&self, act: &Act) -> Result<(), Problem> {
        let emulator = &self.emulator;
        match act {
            Act::DownMs(ms) => self.down(Duration::from_millis(*ms)),
            Act::ExpireTokens => {
                emulator.expire_tokens();
                // Those that the provider has not given out yet are of a later day.
                for token in self.provided.iter().skip(1) {
                    emulator.accept_token(token, TOKEN_LIFE);
                }
            }
            Act::Settings(patch) => {
                let settings = changed(&emulator.settings(), patch)?;
                emulator.configure(|old| *old = settings);
            }
            Act::Install(plan) => emulator.faults().install(plan.to_string().parse()?),
            Act::Clear => emulator.faults().clear(),
        }
        Ok(())
    }
}

impl Hand {
    /// Nothing listens for a while.
    fn down(&self, time: Duration) {
        self.emulator.stop_listening();
        let (emulator, over, end) =
            (Arc::clone(&self.emulator), Arc::clone(&self.over), Instant::now() + time);
        let thread = thread::spawn(move || {
            while !over.load(Ordering::Acquire) {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    report(emulator.listen().map_err(Into::into));
                    return;
                }
                // The outage itself: this is how long it lasts, unless the case is over before.
                thread::park_timeout(left.min(LOOK));
            }
        });
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
    }

    pub(crate) fn join(&self) {
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

pub(crate) fn report(done: Result<(), Problem>) {
    if let Err(problem) = done {
        eprintln!("an action failed: {problem}");
    }
}

pub(crate) fn settings(patch: &Value) -> Result<Settings, Problem> {
    let mut settings = Settings::default();
    settings.rate_limit = RateLimit::off();
    changed(&settings, patch)
}

fn changed(settings: &Settings, patch: &Value) -> Result<Settings, Problem> {
    if patch.is_null() {
        return Ok(settings.clone());
    }
    let mut whole = serde_json::to_value(settings)?;
    // A window replaces another of whatever form.
    if let Some(window) = patch.pointer("/rate_limit/window")
        && let Some(old) = whole.pointer_mut("/rate_limit/window")
    {
        old.clone_from(window);
    }
    merge(&mut whole, patch);
    Ok(serde_json::from_value(whole)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_those_of_the_emulator_but_for_the_rate() {
        assert_eq!(settings(&Value::Null).unwrap().rate_limit, RateLimit::off());
        let patch = json!({"rate_limit": {"window": {"bucket": {"burst": 3}}, "per_second": {"set": 5}}});
        let patched = settings(&patch).unwrap().rate_limit;
        assert_eq!((patched.per_second.set, patched.per_second.get), (5, 50));
        assert!(settings(&json!({"no_such": 1})).is_err());
    }
}
