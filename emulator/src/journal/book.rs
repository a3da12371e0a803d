//! The entries that a journal keeps.

use std::collections::{HashMap, VecDeque};

use crate::journal::record::Entry;
use crate::operation::Operation;

/// Entries are numbered without gaps, so an entry's place follows from its number.
pub(super) struct Book {
    pub(super) entries: VecDeque<Entry>,
    pub(super) capacity: usize,
    pub(super) next: u64,
    pub(super) dropped: u64,
    pub(super) counts: HashMap<Operation, u64>,
    pub(super) version: u64,
}

impl Book {
    pub(super) fn push(&mut self, entry: Entry) {
        if self.entries.len() >= self.capacity {
            self.entries.pop_front();
            self.dropped += 1;
        }
        self.entries.push_back(entry);
        self.next += 1;
    }

    pub(super) fn since(&self, seq: u64) -> Vec<Entry> {
        let from = self.place(seq.saturating_add(1)).unwrap_or(0);
        self.entries.iter().skip(from).filter(|entry| entry.seq() > seq).cloned().collect()
    }

    pub(super) fn place(&self, seq: u64) -> Option<usize> {
        let first = self.entries.front()?.seq();
        usize::try_from(seq.checked_sub(first)?).ok()
    }
}
