//! The ordered record of everything that happened.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::fault::engine::Fired;
use crate::journal::book::Book;
use crate::journal::record::{Change, Entry, Fault, Request};
use crate::operation::Operation;

const CAPACITY: usize = 1_000_000;

/// Every request parsed, every change of state and every fault, in the order in which they happened.
///
/// A request is written down before it is decided and gets its `status` when it is answered; the changes that it
/// makes name it as their `cause`. What only the clock does (a token or a subscription that ends) is not a
/// change. The control API is not recorded. At most 1,000,000 entries are kept: the oldest go first, and
/// [`dropped`](Self::dropped) counts them.
///
/// Clones are handles to the same journal.
///
/// ```
/// use std::time::Duration;
/// use easemob_presence_emulator::{Emulator, Operation};
/// # fn main() -> std::io::Result<()> {
/// let emulator = Emulator::start()?;
/// emulator.state().login("wzy", "android_1");
/// let seen = emulator.journal().wait_for(|journal| !journal.changes().is_empty(), Duration::from_secs(5));
/// assert!(seen);
/// assert_eq!(emulator.journal().count(Operation::Get), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    book: Mutex<Book>,
    changed: Condvar,
    changed_async: Notify,
}

impl Journal {
    pub(crate) fn new(clock: Clock) -> Self {
        Self::with_capacity(clock, CAPACITY)
    }

    fn with_capacity(clock: Clock, capacity: usize) -> Self {
        let entries = VecDeque::new();
        let book = Book { entries, capacity, next: 1, dropped: 0, counts: HashMap::new(), version: 0 };
        let shared =
            Shared { clock, book: Mutex::new(book), changed: Condvar::new(), changed_async: Notify::new() };
        Self { shared: Arc::new(shared) }
    }

    /// A copy of all entries kept.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().entries.iter().cloned().collect()
    }

    /// A copy of all requests kept.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.lock().entries.iter().filter_map(Entry::as_request).cloned().collect()
    }

    /// A copy of all changes kept.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        self.lock().entries.iter().filter_map(Entry::as_change).cloned().collect()
    }

    /// A copy of all faults kept.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.lock().entries.iter().filter_map(Entry::as_fault).cloned().collect()
    }

    /// A copy of the entries with a number above `seq`; `since(0)` is everything kept.
    #[must_use]
    pub fn since(&self, seq: u64) -> Vec<Entry> {
        self.lock().since(seq)
    }

    /// As [`since`](Self::since), with `last_seq` and `dropped` of the same moment: who goes on from that number
    /// misses nothing.
    pub(crate) fn page(&self, seq: u64) -> (Vec<Entry>, u64, u64) {
        let book = self.lock();
        (book.since(seq), book.next - 1, book.dropped)
    }

    /// How many requests of this operation came since the start or the last [`clear`](Self::clear), dropped ones
    /// included. Costs nothing, so it is the one to wait on when there are many.
    #[must_use]
    pub fn count(&self, operation: Operation) -> u64 {
        self.lock().counts.get(&operation).copied().unwrap_or(0)
    }

    /// The number of the newest entry ever made; 0 before the first.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.lock().next - 1
    }

    /// A number that grows with every new entry and every answer: what has changed since it was read will have
    /// another.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.lock().version
    }

    /// How many entries are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Whether no entry is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries were dropped because the journal was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Forgets all entries and counts. Numbering goes on, so no number is ever given twice.
    pub fn clear(&self) {
        self.change(|book| {
            book.entries.clear();
            book.counts.clear();
            book.dropped = 0;
        });
    }

    /// Blocks until the condition holds, looking again after every new entry and answer; `false` if it did not
    /// hold within `timeout` of real time.
    pub fn wait_for(&self, condition: impl Fn(&Self) -> bool, timeout: Duration) -> bool {
        let started = Instant::now();
        loop {
            let version = self.lock().version;
            if condition(self) {
                return true;
            }
            let Some(left) = timeout.checked_sub(started.elapsed()).filter(|left| !left.is_zero()) else {
                return false;
            };
            // The condition ran unlocked, so that it may use the journal; the version shows what it missed.
            let waited = self.shared.changed.wait_timeout_while(self.lock(), left, |b| b.version == version);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// As [`wait_for`](Self::wait_for) for async code, on any runtime. Bound it with the runtime's own timeout.
    pub async fn wait_until(&self, condition: impl Fn(&Self) -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.shared.changed_async.notified());
            // Registered before looking, so that nothing is missed between the look and the wait.
            changed.as_mut().enable();
            if condition(self) {
                return;
            }
            changed.await;
        }
    }

    /// Writes a request down; `make` gets its number and time.
    pub(crate) fn request(&self, make: impl FnOnce(u64, u64) -> Request) -> u64 {
        self.change(|book| {
            let (seq, at_ms) = (book.next, self.shared.clock.unix_millis());
            let request = make(seq, at_ms);
            *book.counts.entry(request.operation).or_default() += 1;
            book.push(Entry::Request(request));
            seq
        })
    }

    pub(crate) fn answered(&self, seq: u64, status: u16) {
        self.change(|book| {
            let place = book.place(seq);
            if let Some(Entry::Request(request)) = place.and_then(|at| book.entries.get_mut(at)) {
                request.status = Some(status);
            }
        });
    }

    pub(crate) fn changed(&self, make: impl FnOnce(u64, u64) -> Change) {
        self.change(|book| {
            let (seq, at_ms) = (book.next, self.shared.clock.unix_millis());
            book.push(Entry::Change(make(seq, at_ms)));
        });
    }

    /// Writes down that a rule fired.
    pub(crate) fn fault(&self, fired: &Fired, request: Option<u64>, connection: u64) -> u64 {
        self.change(|book| {
            let seq = book.next;
            book.push(Entry::Fault(Fault {
                seq,
                at_ms: self.shared.clock.unix_millis(),
                rule: fired.index,
                name: fired.rule.name.clone(),
                fault: fired.rule.fault.name.clone(),
                request,
                connection,
                detail: String::new(),
            }));
            seq
        })
    }

    /// Adds to a fault's entry what became of it.
    pub(crate) fn remark(&self, seq: u64, detail: &str) {
        self.change(|book| {
            let place = book.place(seq);
            if let Some(Entry::Fault(fault)) = place.and_then(|at| book.entries.get_mut(at)) {
                detail.clone_into(&mut fault.detail);
            }
        });
    }

    fn change<T>(&self, act: impl FnOnce(&mut Book) -> T) -> T {
        let mut book = self.lock();
        let made = act(&mut book);
        book.version += 1;
        drop(book);
        self.shared.changed.notify_all();
        self.shared.changed_async.notify_waiters();
        made
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.shared.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("len", &self.len()).field("last_seq", &self.last_seq()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::record::ChangeKind;

    fn change(journal: &Journal, user: &str) {
        journal.changed(|seq, at_ms| Change::new(seq, at_ms, ChangeKind::Registered, user));
    }

    fn users(entries: &[Entry]) -> Vec<&str> {
        entries.iter().filter_map(|e| e.as_change()).map(|c| c.user.as_str()).collect()
    }

    #[test]
    fn drops_the_oldest_and_counts_them() {
        let journal = Journal::with_capacity(Clock::new(), 2);
        for user in ["a", "b", "c"] {
            change(&journal, user);
        }
        assert_eq!(users(&journal.entries()), ["b", "c"]);
        assert_eq!((journal.dropped(), journal.len(), journal.last_seq()), (1, 2, 3));
    }

    #[test]
    fn since_skips_what_was_seen_also_after_a_drop() {
        let journal = Journal::with_capacity(Clock::new(), 2);
        for user in ["a", "b", "c"] {
            change(&journal, user);
        }
        assert_eq!(users(&journal.since(0)), ["b", "c"]);
        assert_eq!(users(&journal.since(2)), ["c"]);
        assert!(journal.since(3).is_empty());
        assert!(journal.since(u64::MAX).is_empty());
    }

    #[test]
    fn numbers_go_on_after_clear() {
        let journal = Journal::new(Clock::new());
        change(&journal, "a");
        journal.clear();
        assert!(journal.is_empty());
        change(&journal, "b");
        assert_eq!(journal.entries().first().map(Entry::seq), Some(2));
    }

    #[test]
    fn waiting_ends_with_the_entry_or_the_timeout() {
        let journal = Journal::new(Clock::new());
        assert!(!journal.wait_for(|j| !j.is_empty(), Duration::ZERO));
        let writer = journal.clone();
        let thread = std::thread::spawn(move || change(&writer, "a"));
        assert!(journal.wait_for(|j| !j.is_empty(), Duration::from_secs(10)));
        thread.join().unwrap();
    }

    #[test]
    fn the_version_grows_with_every_change_also_when_entries_go() {
        let journal = Journal::new(Clock::new());
        let before = journal.version();
        change(&journal, "a");
        let between = journal.version();
        journal.clear();
        assert!(before < between && between < journal.version());
    }

    #[test]
    fn async_code_waits_too() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let journal = Journal::new(Clock::new());
        let writer = journal.clone();
        let thread = std::thread::spawn(move || change(&writer, "a"));
        runtime.block_on(journal.wait_until(|j| j.len() == 1));
        thread.join().unwrap();
    }
}
