//! What is read as it goes: the pages of the subscriptions, and the answers of `iterMany`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use easemob_presence::{Error, Presences, Progress, Subscription, Subscriptions, User};
use easemob_presence_bindings::{Feed, Step};
use futures_util::StreamExt;
use napi_derive::napi;

use crate::bridge::Home;
use crate::payload::{Payload, progress_json};

/// All subscriptions of a user, read in the core's order and with its rules for pages that drift.
#[napi]
pub struct SubscriptionsReader {
    /// None while a request is under way, so that cancelling it drops it, and after the end.
    stream: Arc<Mutex<Option<Subscriptions>>>,
    total: Arc<Mutex<Option<u64>>>,
    home: Home,
}

impl SubscriptionsReader {
    pub(crate) fn new(stream: Subscriptions, home: Home) -> Self {
        Self { stream: Arc::new(Mutex::new(Some(stream))), total: Arc::default(), home }
    }
}

#[napi]
impl SubscriptionsReader {
    /// How many there are, as the latest page counted.
    #[napi(getter)]
    pub fn total(&self) -> Option<i64> {
        self.total.lock().unwrap_or_else(PoisonError::into_inner).and_then(|total| total.try_into().ok())
    }

    /// The subscriptions that the next request brings; none at the end.
    #[napi]
    pub fn next(&self, id: u32) {
        let (kept, total) = (Arc::clone(&self.stream), Arc::clone(&self.total));
        self.home.submit(id, async move {
            let taken = kept.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some(mut stream) = taken else { return Ok(Vec::<Subscription>::new().into()) };
            let mut chunk: Vec<_> = stream.next().await.transpose()?.into_iter().collect();
            chunk.extend(stream.take_ready());
            *total.lock().unwrap_or_else(PoisonError::into_inner) = stream.total();
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream);
            Ok(chunk.into())
        });
    }
}

type Answers = Feed<Result<Presences, Error>>;

/// The answers of `iterMany`, and where its ids are given.
#[napi]
pub struct ManyReader {
    /// None once it has been closed.
    feed: Mutex<Option<Arc<Answers>>>,
    /// What was last told of the progress and not taken yet.
    latest: Arc<Mutex<Option<Progress>>>,
    home: Home,
}

impl ManyReader {
    pub(crate) fn new(user: &User, total: Option<u32>, home: Home) -> Self {
        let latest = Arc::new(Mutex::new(None));
        let told = Arc::clone(&latest);
        let feed = Feed::start(home.runtime(), total.map(|total| total as usize), |ids| {
            user.iter_many_stream(ids).on_progress(move |now| *lock(&told) = Some(now))
        });
        Self { feed: Mutex::new(Some(Arc::new(feed))), latest, home }
    }

    fn feed(&self) -> Option<Arc<Answers>> {
        lock(&self.feed).clone()
    }
}

#[napi]
impl ManyReader {
    /// The next answer, or whether ids are wanted; if not, that was all.
    #[napi]
    pub fn next(&self, id: u32) {
        let feed = self.feed();
        self.home.submit(id, async move {
            let Some(feed) = feed else { return Ok(Payload::Flag(false)) };
            match feed.next().await {
                Step::Item(answer) => Ok(answer?.into()),
                Step::Hungry => Ok(Payload::Flag(true)),
                Step::Ended => Ok(Payload::Flag(false)),
            }
        });
    }

    /// Takes ids to ask for.
    #[napi]
    pub fn give(&self, ids: Vec<String>) {
        if let Some(feed) = self.feed() {
            feed.give(ids);
        }
    }

    /// Says that there are no more ids.
    #[napi]
    pub fn end(&self) {
        if let Some(feed) = self.feed() {
            feed.end();
        }
    }

    /// Ends what is under way, down to the sockets.
    #[napi]
    pub fn close(&self) {
        lock(&self.feed).take();
    }

    /// What there is to tell of the progress since the last look, as JSON.
    #[napi]
    pub fn progress(&self) -> Option<String> {
        lock(&self.latest).take().map(|now| progress_json(&now))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while such a lock is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
