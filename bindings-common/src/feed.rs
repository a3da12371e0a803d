//! A stream of the core between two hands of the host language: one gives ids, the other takes answers.
//!
//! The stream runs in a task of its own, so that its requests go on while the host does something else. It asks for ids
//! only when it can use them, and waits with an answer until that is taken: neither side is ever flooded. The host has one
//! loop: take a step; if that is an answer, use it; if it is hunger, give ids, or say that there are no more.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use futures_util::StreamExt;
use tokio::runtime::Handle;
use tokio::sync::{Mutex as AsyncMutex, Notify, mpsc};
use tokio::task::AbortHandle;

#[derive(Debug, Default)]
struct State {
    ids: VecDeque<String>,
    /// How many are to come, where that is known.
    left: Option<usize>,
    ended: bool,
    hungry: bool,
    waker: Option<Waker>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    hunger: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let waker = {
            let mut state = self.lock();
            change(&mut state);
            state.hungry = false;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The ids that the host gives, as the core's stream reads them.
#[derive(Debug)]
pub struct Ids(Arc<Shared>);

impl Stream for Ids {
    type Item = String;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<String>> {
        let mut state = self.0.lock();
        if let Some(id) = state.ids.pop_front() {
            state.left = state.left.map(|left| left.saturating_sub(1));
            return Poll::Ready(Some(id));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        state.waker = Some(context.waker().clone());
        state.hungry = true;
        drop(state);
        self.0.hunger.notify_one();
        Poll::Pending
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.0.lock().left;
        (left.unwrap_or_default(), left)
    }
}

/// What the host meets next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<T> {
    /// An answer.
    Item(T),
    /// Ids are wanted: [`Feed::give`] some, or [`Feed::end`].
    Hungry,
    /// There is nothing more.
    Ended,
}

/// The host's end. Dropped, it ends the stream down to the sockets.
#[derive(Debug)]
pub struct Feed<T> {
    shared: Arc<Shared>,
    answers: AsyncMutex<mpsc::Receiver<T>>,
    task: AbortHandle,
}

impl<T: Send + 'static> Feed<T> {
    /// Runs the stream that `make` makes of the ids; `total` is how many there will be, where that is known.
    pub fn start<S>(runtime: &Handle, total: Option<usize>, make: impl FnOnce(Ids) -> S) -> Self
    where
        S: Stream<Item = T> + Send + 'static,
    {
        let shared = Arc::new(Shared::default());
        shared.lock().left = total;
        let stream = make(Ids(Arc::clone(&shared)));
        let (sender, answers) = mpsc::channel(1);
        let task = runtime.spawn(async move {
            let mut stream = std::pin::pin!(stream);
            while let Some(answer) = stream.next().await {
                if sender.send(answer).await.is_err() {
                    break;
                }
            }
        });
        Self { shared, answers: AsyncMutex::new(answers), task: task.abort_handle() }
    }

    /// Gives ids, to be asked for in this order.
    pub fn give(&self, ids: impl IntoIterator<Item = String>) {
        self.shared.change(|state| state.ids.extend(ids));
    }

    /// Says that there are no more ids.
    pub fn end(&self) {
        self.shared.change(|state| state.ended = true);
    }

    /// The next step. An answer that is there goes before hunger. Dropping the future loses nothing.
    pub async fn next(&self) -> Step<T> {
        let mut answers = self.answers.lock().await;
        tokio::select! {
            biased;
            answer = answers.recv() => answer.map_or(Step::Ended, Step::Item),
            () = self.hungry() => Step::Hungry,
        }
    }

    async fn hungry(&self) {
        while !self.shared.lock().hungry {
            self.shared.hunger.notified().await;
        }
    }
}

impl<T> Drop for Feed<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn pairs(ids: Ids) -> impl Stream<Item = Vec<String>> + Send {
        ids.chunks(2)
    }

    #[tokio::test]
    async fn ids_are_asked_for_when_they_can_be_used_and_come_back_in_order() {
        let feed = Feed::start(&Handle::current(), Some(5), |ids| {
            assert_eq!(ids.size_hint(), (5, Some(5)));
            pairs(ids)
        });
        let mut given = (0..5).map(|n| n.to_string());
        let mut got = Vec::new();
        loop {
            match feed.next().await {
                Step::Item(pair) => got.push(pair),
                Step::Hungry => match given.next() {
                    Some(id) => feed.give([id]),
                    None => feed.end(),
                },
                Step::Ended => break,
            }
        }
        assert_eq!(got, [vec!["0", "1"], vec!["2", "3"], vec!["4"]]);
    }

    #[tokio::test]
    async fn a_stream_whose_answers_are_not_taken_asks_for_nothing() {
        let feed = Feed::start(&Handle::current(), None, pairs);
        assert_eq!(feed.next().await, Step::Hungry);
        feed.give((0..100).map(|n| n.to_string()));
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        assert!(feed.shared.lock().ids.len() > 90, "it waits with the first pairs");
        assert_eq!(feed.next().await, Step::Item(vec!["0".into(), "1".into()]));
    }

    #[tokio::test]
    async fn a_step_given_up_loses_nothing_and_a_dropped_feed_ends_its_stream() {
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let feed = Feed::start(&Handle::current(), None, move |ids| {
            ids.map(move |id| {
                let _ = &held;
                id
            })
        });
        assert!(feed.next().now_or_never().is_none());
        assert_eq!(feed.next().await, Step::Hungry);
        assert_eq!(feed.next().await, Step::Hungry, "until ids come");
        feed.give(["a".to_owned()]);
        drop(feed.next());
        assert_eq!(feed.next().await, Step::Item("a".to_owned()));
        drop(feed);
        while Arc::strong_count(&alive) > 1 {
            tokio::task::yield_now().await;
        }
    }
}
