//! Which callbacks were accepted.

use std::collections::{BTreeSet, HashMap};
use std::time::SystemTime;

use md5::{Digest, Md5};

use super::verifier::Verifier;

/// The hash of an id, so that memory depends on how many there are and not on what is in them.
type Key = [u8; 16];

#[derive(Default)]
pub(super) struct Seen {
    times: HashMap<Key, SystemTime>,
    by_time: BTreeSet<(SystemTime, Key)>,
}

impl Seen {
    /// Remembers the id of a callback, if it is new. What is from before `oldest` would be refused for its age, and
    /// is forgotten.
    pub(super) fn remember(&mut self, call_id: &str, time: SystemTime, oldest: Option<SystemTime>) -> bool {
        while self.by_time.first().is_some_and(|(first, _)| oldest.is_some_and(|oldest| *first < oldest)) {
            self.forget_oldest();
        }
        let key = key(call_id);
        if self.times.contains_key(&key) {
            return false;
        }
        if self.times.len() >= Verifier::MAX_REMEMBERED {
            self.forget_oldest();
        }
        self.times.insert(key, time);
        self.by_time.insert((time, key))
    }

    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.by_time.pop_first() {
            self.times.remove(&key);
        }
    }

    pub(super) fn forget(&mut self, call_id: &str) -> bool {
        let key = key(call_id);
        self.times.remove(&key).is_some_and(|time| self.by_time.remove(&(time, key)))
    }
}

fn key(call_id: &str) -> Key {
    Md5::digest(call_id).into()
}

#[cfg(test)]
impl Seen {
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.times.len(), self.by_time.len());
        self.times.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
