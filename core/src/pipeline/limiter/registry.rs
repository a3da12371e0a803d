//! One limiter for all clients of one App Key in a process.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwapOption;

use super::Limiter;

type Key = (u32, String);
type Limiters = HashMap<Key, Weak<Limiter>>;

/// Without a lock, which a fork could inherit locked. A forked child has another process id and so its own limiters.
static LIMITERS: ArcSwapOption<Limiters> = ArcSwapOption::const_empty();

/// The limiter of this app, and whether it was there before. `new` may run without its result being used.
pub(super) fn find_or_insert(app: &str, new: impl FnOnce() -> Limiter) -> (Arc<Limiter>, bool) {
    let key = (std::process::id(), app.to_owned());
    let existing = |limiters: Option<&Arc<Limiters>>| limiters.and_then(|all| all.get(&key)?.upgrade());
    if let Some(found) = existing(LIMITERS.load().as_ref()) {
        return (found, true);
    }
    let fresh = Arc::new(new());
    let mut outcome = (Arc::clone(&fresh), false);
    LIMITERS.rcu(|limiters| {
        if let Some(found) = existing(limiters.as_ref()) {
            outcome = (found, true);
            return limiters.clone();
        }
        outcome = (Arc::clone(&fresh), false);
        let in_use = |(key, limiter): (&Key, &Weak<Limiter>)| {
            (limiter.strong_count() > 0).then(|| (key.clone(), Weak::clone(limiter)))
        };
        let mut next: Limiters = limiters.iter().flat_map(|all| all.iter()).filter_map(in_use).collect();
        next.insert(key.clone(), Arc::downgrade(&fresh));
        Some(Arc::new(next))
    });
    outcome
}

/// Whether there is still an entry of this app, in use or not.
#[cfg(test)]
pub(super) fn is_known(app: &str) -> bool {
    LIMITERS.load().as_ref().is_some_and(|all| all.contains_key(&(std::process::id(), app.to_owned())))
}
