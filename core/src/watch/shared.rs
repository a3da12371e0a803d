//! What the task and the callers of a watcher share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::event::Event;
use super::state::{Now, State};

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    closing: AtomicBool,
    /// Wakes the task: there is something else to do.
    work: Notify,
    /// Wakes those who wait for events, or for the end.
    pub(super) news: Arc<Notify>,
}

/// What there is to take.
#[derive(Debug)]
pub(super) enum Taken {
    Events(Vec<Event>),
    NothingYet,
    /// And nothing will come.
    Ended,
}

impl Shared {
    pub(super) fn new(state: State) -> Self {
        Self {
            state: Mutex::new(state),
            closing: AtomicBool::new(false),
            work: Notify::new(),
            news: Arc::default(),
        }
    }

    pub(super) fn now() -> Now {
        Now { at: Instant::now(), wall: SystemTime::now() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held; if it ever does, the state is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and wakes those who wait if that made events.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let before = state.buffer.made();
        let done = change(&mut state);
        let news = state.buffer.made() != before || state.ended;
        drop(state);
        if news {
            self.news.notify_waiters();
        }
        done
    }

    /// The same, when the task is to look again what to do.
    pub(super) fn change_plans<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let done = self.change(change);
        self.work.notify_one();
        done
    }

    pub(super) async fn work(&self) {
        self.work.notified().await;
    }

    pub(super) fn take(&self, most: usize) -> Taken {
        let mut state = self.lock();
        let State { buffer, view, ended, .. } = &mut *state;
        let events: Vec<_> = std::iter::from_fn(|| buffer.take(view)).take(most).collect();
        match (events.is_empty(), *ended) {
            (false, _) => Taken::Events(events),
            (true, true) => Taken::Ended,
            (true, false) => Taken::NothingYet,
        }
    }

    /// Whether something waits to be taken: no if nothing ever will, none if nothing does yet.
    pub(super) fn is_ready(&self) -> Option<bool> {
        let state = self.lock();
        if state.buffer.len() > 0 { Some(true) } else { state.ended.then_some(false) }
    }

    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.work.notify_one();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// No event comes after those that wait.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.news.notify_waiters();
    }

    /// Waits for the end.
    pub(super) async fn ended(&self) {
        loop {
            let mut news = std::pin::pin!(self.news.notified());
            news.as_mut().enable();
            if self.lock().ended {
                return;
            }
            news.await;
        }
    }
}
