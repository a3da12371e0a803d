//! What is read as it goes: the pages of the subscriptions, and the answers of `iter_many`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use easemob_presence as core;
use easemob_presence_bindings::{Feed, Step};
use futures_util::StreamExt;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tokio::sync::Mutex as AsyncMutex;

use crate::arguments::IdsFrom;
use crate::bridge::{Call, progress};
use crate::errors::Failure;
use crate::runtime::{Local, engine};
use crate::values::Value;

/// All subscriptions of a user, page after page. A call that is cancelled loses nothing: the next one goes on.
#[pyclass(frozen, module = "easemob_presence._native")]
pub(crate) struct SubscriptionStream {
    stream: Local<Arc<AsyncMutex<core::Subscriptions>>>,
    total: Arc<ArcSwapOption<u64>>,
}

impl SubscriptionStream {
    pub(crate) fn new(stream: core::Subscriptions) -> Self {
        Self { stream: Local::new(Arc::new(AsyncMutex::new(stream))), total: Arc::default() }
    }
}

#[pymethods]
impl SubscriptionStream {
    /// How many subscriptions there are, as the latest page counted; none before the first page.
    #[getter]
    fn total(&self) -> Option<u64> {
        self.total.load().as_deref().copied()
    }

    /// The next subscriptions, as many as one page brought; none at the end.
    fn next(&self, py: Python<'_>) -> PyResult<Call> {
        let stream = self.stream.get().ok_or_else(|| Failure::Forked.into_exception(py))?;
        let (stream, total) = (Arc::clone(stream), Arc::clone(&self.total));
        Ok(Call::new("subscriptions", async move {
            let mut stream = stream.lock().await;
            let first = stream.next().await.transpose()?;
            total.store(stream.total().map(Arc::new));
            let Some(first) = first else { return Ok(Vec::new()) };
            let mut ready = vec![first];
            ready.append(&mut stream.take_ready());
            Ok::<_, core::Error>(ready)
        }))
    }
}

/// The answers of `iter_many`, and where its ids are given.
#[pyclass(frozen, module = "easemob_presence._native")]
pub(crate) struct ManyStream {
    feed: Local<Arc<Feed<Result<core::Presences, core::Error>>>>,
    /// What was last told of the progress and not taken yet.
    latest: Arc<Mutex<Option<core::Progress>>>,
    /// How many ids have been given.
    given: AtomicUsize,
}

impl ManyStream {
    /// `total` is how many ids there will be, if that is known.
    pub(crate) fn start(user: &core::User, total: Option<usize>) -> Result<Self, Failure> {
        let latest = Arc::new(Mutex::new(None));
        let told = Arc::clone(&latest);
        let feed = Feed::start(engine()?, total, |ids| {
            user.iter_many_stream(ids).on_progress(move |now| *lock(&told) = Some(now))
        });
        Ok(Self { feed: Local::new(Arc::new(feed)), latest, given: AtomicUsize::new(0) })
    }

    fn feed(&self, py: Python<'_>) -> PyResult<&Arc<Feed<Result<core::Presences, core::Error>>>> {
        self.feed.get().ok_or_else(|| Failure::Forked.into_exception(py))
    }
}

#[pymethods]
impl ManyStream {
    /// The next answer, or whether ids are wanted; if not, that was all.
    fn next(&self, py: Python<'_>) -> PyResult<Call> {
        let feed = Arc::clone(self.feed(py)?);
        Ok(Call::new("get_many", async move {
            match feed.next().await {
                Step::Item(answer) => answer.map(Value::from),
                Step::Hungry => Ok(Value::from(true)),
                Step::Ended => Ok(Value::from(false)),
            }
        }))
    }

    /// Takes ids to ask for. One that is no str is left out and told of.
    fn give(&self, py: Python<'_>, ids: Vec<Py<PyAny>>) -> PyResult<()> {
        let read = IdsFrom::read(py, self.given.fetch_add(ids.len(), Ordering::Relaxed), ids);
        self.feed(py)?.give(read.ids);
        read.wrong.map_or(Ok(()), Err)
    }

    /// Says that there are no more ids.
    fn end(&self, py: Python<'_>) -> PyResult<()> {
        self.feed(py)?.end();
        Ok(())
    }

    /// What there is to tell of the progress since the last look.
    fn progress<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let latest = lock(&self.latest).take();
        latest.map(|now| progress(py, &now)).transpose()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while such a lock is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
