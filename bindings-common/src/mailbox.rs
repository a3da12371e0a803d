use std::sync::PoisonError;

#[cfg(shuttle)]
use shuttle::sync::atomic::{AtomicBool, Ordering};
#[cfg(shuttle)]
use shuttle::sync::{Mutex, MutexGuard};
#[cfg(not(shuttle))]
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(not(shuttle))]
use std::sync::{Mutex, MutexGuard};

/// Letters from many threads to one that sleeps until it is rung up, once for all letters that have come meanwhile.
///
/// The protocol, in the order that matters. A sender *puts* its letter in, then asks whether the reader has been rung;
/// only the first to find that it has not is told to ring. The reader *clears* that mark, and only then *takes*
/// everything. A letter put in before the mark was cleared is taken now; one put in after it rings again. No letter
/// waits unannounced, and a thousand letters cost one ring.
///
/// ```
/// use easemob_presence_bindings::Mailbox;
///
/// let mailbox = Mailbox::default();
/// assert!(mailbox.put("first"), "ring");
/// assert!(!mailbox.put("second"), "it has been rung already");
/// assert_eq!(mailbox.take(), ["first", "second"]);
/// assert!(mailbox.put("third"), "ring again");
/// ```
#[derive(Debug)]
pub struct Mailbox<T> {
    letters: Mutex<Vec<T>>,
    rung: AtomicBool,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self { letters: Mutex::new(Vec::new()), rung: AtomicBool::new(false) }
    }
}

impl<T> Mailbox<T> {
    /// Puts a letter in; true if the reader must be rung for it.
    #[must_use = "an unrung reader sleeps on"]
    pub fn put(&self, letter: T) -> bool {
        self.lock().push(letter);
        !self.rung.swap(true, Ordering::AcqRel)
    }

    /// Everything that is there. For the reader that has been rung.
    pub fn take(&self) -> Vec<T> {
        self.rung.store(false, Ordering::Release);
        std::mem::take(&mut *self.lock())
    }

    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Throws away what is there, for a reader that will not come any more.
    pub fn discard(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<T>> {
        // Nothing panics while the lock is held.
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_discarded_is_gone_and_rings_no_more_until_it_is_taken() {
        let mailbox = Mailbox::default();
        assert!(mailbox.put(1));
        mailbox.discard();
        assert!(mailbox.is_empty());
        assert!(!mailbox.put(2));
        assert_eq!(mailbox.take(), [2]);
    }
}

#[cfg(all(test, shuttle))]
mod model {
    use std::sync::Arc;

    use shuttle::sync::mpsc::channel;
    use shuttle::thread;

    use super::*;

    #[test]
    fn every_letter_is_taken_once_by_a_reader_that_wakes_only_when_rung() {
        let model = || {
            const SENDERS: usize = 3;
            let mailbox = Arc::new(Mailbox::default());
            let (bell, ear) = channel();
            for sender in 0..SENDERS {
                let (mailbox, bell) = (Arc::clone(&mailbox), bell.clone());
                thread::spawn(move || {
                    for letter in [sender * 2, sender * 2 + 1] {
                        if mailbox.put(letter) {
                            bell.send(()).unwrap();
                        }
                    }
                });
            }
            drop(bell);
            // Ends when every sender has gone: what is in the box then was never announced.
            let mut letters = Vec::new();
            while ear.recv().is_ok() {
                letters.extend(mailbox.take());
            }
            letters.sort_unstable();
            assert_eq!(letters, (0..SENDERS * 2).collect::<Vec<_>>());
        };
        shuttle::check_random(model, 10_000);
    }
}
