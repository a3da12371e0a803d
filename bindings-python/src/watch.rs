//! A watcher: started by a call, waited for by others, and asked directly for all the rest.
//!
//! Events stay in the core until Python takes them: whoever waits is woken once for all that have come, a wait that is
//! given up loses none, and what Python has not seen counts as not given when the state is saved.

use easemob_presence as core;
use futures_util::FutureExt;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arguments::{Flag, Float, Ids, Number, Seconds, Text, kind};
use crate::bridge::Call;
use crate::client::Client;
use crate::errors::{Failure, invalid_input};
use crate::runtime::Local;
use crate::values::{Callback, Event, Occupancy, Presence, WatchStats, tuple};

/// The options of a watch, from the keyword arguments; for what is None the core's default holds.
pub(crate) struct WatchOptions {
    share: Option<Float>,
    calls_per_second: Option<Float>,
    min_interval: Option<Seconds>,
    buffer: Option<Number>,
    keep_subscribed: Option<Seconds>,
    unsubscribe_on_close: bool,
    restore: Option<Text>,
}

impl<'py> FromPyObject<'_, 'py> for WatchOptions {
    type Error = PyErr;

    fn extract(options: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let options = options.cast::<PyDict>()?;
        Ok(Self {
            share: option(&options, "share")?,
            calls_per_second: option(&options, "calls_per_second")?,
            min_interval: option(&options, "min_interval")?,
            buffer: option(&options, "buffer")?,
            keep_subscribed: option(&options, "keep_subscribed")?,
            unsubscribe_on_close: option(&options, "unsubscribe_on_close")?.is_some_and(|Flag(yes)| yes),
            restore: option(&options, "restore")?,
        })
    }
}

fn option<'py, T>(options: &Bound<'py, PyDict>, name: &str) -> PyResult<Option<T>>
where
    T: for<'a> FromPyObject<'a, 'py, Error = PyErr>,
{
    let given = options.get_item(name)?.filter(|value| !value.is_none());
    given.map(|value| value.extract()).transpose()
}

impl WatchOptions {
    fn on(&self, watch: core::Watch) -> core::Watch {
        let watch = self.share.iter().fold(watch, |watch, &Float(share)| watch.share(share));
        let watch =
            self.calls_per_second.iter().fold(watch, |watch, &Float(rate)| watch.calls_per_second(rate));
        let watch = self.min_interval.iter().fold(watch, |watch, &Seconds(least)| watch.min_interval(least));
        let watch = self.buffer.iter().fold(watch, |watch, &Number(most)| watch.buffer(most as usize));
        let watch =
            self.keep_subscribed.iter().fold(watch, |watch, &Seconds(ttl)| watch.keep_subscribed(ttl));
        let watch = watch.unsubscribe_on_close(self.unsubscribe_on_close);
        self.restore.iter().fold(watch, |watch, Text(saved)| watch.restore(saved))
    }
}

/// A watch that has been described. May be started more than once, and in a process that was forked since.
#[pyclass(frozen, module = "easemob_presence._native")]
pub(crate) struct Watch {
    client: Client,
    user_id: core::UserId,
    ids: Ids,
    options: WatchOptions,
}

impl Watch {
    pub(crate) fn new(client: Client, user_id: core::UserId, ids: Ids, options: WatchOptions) -> Self {
        Self { client, user_id, ids, options }
    }

    fn described(&self) -> Result<core::Watch, Failure> {
        Ok(self.options.on(self.client.core()?.user(&self.user_id)?.watch(self.ids.iter())))
    }
}

#[pymethods]
impl Watch {
    fn start(&self, py: Python<'_>) -> PyResult<Call> {
        let watch = self.described().map_err(|failure| failure.into_exception(py))?;
        Ok(Call::new("watch", watch.start()))
    }
}

/// A running watcher. Dropping it ends it.
#[pyclass(frozen, module = "easemob_presence._native")]
pub(crate) struct Watcher {
    watcher: Local<core::Watcher>,
}

impl Watcher {
    pub(crate) fn new(watcher: core::Watcher) -> Self {
        Self { watcher: Local::new(watcher) }
    }

    fn core(&self, py: Python<'_>) -> PyResult<&core::Watcher> {
        self.watcher.get().ok_or_else(|| Failure::Forked.into_exception(py))
    }
}

#[pymethods]
impl Watcher {
    /// Waits until there is an event to take: False if there never will be.
    fn ready(&self, py: Python<'_>) -> PyResult<Call> {
        let watcher = self.core(py)?.clone();
        Ok(Call::new("watch", async move { Ok::<_, core::Error>(watcher.ready().await) }))
    }

    /// The next event, if one waits.
    fn take(&self, py: Python<'_>) -> PyResult<Option<Event>> {
        Ok(self.core(py)?.take_ready(1).pop().map(|event| Event::new(py, event)))
    }

    fn get(&self, py: Python<'_>, user_id: Text) -> PyResult<Option<Presence>> {
        Ok(self.core(py)?.get(user_id.0).map(Presence))
    }

    fn snapshot(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let watcher = self.core(py)?;
        let presences = py.detach(|| watcher.snapshot());
        tuple(py, presences.into_iter().map(Presence))
    }

    fn occupancy(&self, py: Python<'_>) -> PyResult<Occupancy> {
        let watcher = self.core(py)?;
        Ok(py.detach(|| watcher.occupancy()).into())
    }

    fn add(&self, py: Python<'_>, ids: Ids) -> PyResult<()> {
        let watcher = self.core(py)?;
        py.detach(move || watcher.add(ids.iter())).map_err(|error| Failure::from(error).into_exception(py))
    }

    fn remove(&self, py: Python<'_>, ids: Ids) -> PyResult<()> {
        let watcher = self.core(py)?;
        py.detach(move || watcher.remove(ids.iter()));
        Ok(())
    }

    fn feed(&self, py: Python<'_>, callback: &Bound<'_, PyAny>) -> PyResult<()> {
        let wrong = || format!("a {} was given where a Callback of Webhook.parse is meant.", kind(callback));
        let checked = callback.cast::<Callback>().map_err(|_| invalid_input(py, &wrong()))?;
        self.core(py)?.feed(&checked.get().0);
        Ok(())
    }

    fn stats(&self, py: Python<'_>) -> PyResult<WatchStats> {
        let watcher = self.core(py)?;
        Ok(py.detach(|| watcher.stats()).into())
    }

    fn save(&self, py: Python<'_>) -> PyResult<String> {
        let watcher = self.core(py)?;
        Ok(py.detach(|| watcher.save()))
    }

    /// Begins to close at once, whether or not the call that waits for the end is ever made.
    fn close(&self, py: Python<'_>) -> PyResult<Call> {
        let watcher = self.core(py)?.clone();
        // Polled once, which tells the watcher's task.
        let _ = watcher.close().now_or_never();
        Ok(Call::new("watch", async move {
            watcher.close().await;
            Ok::<_, core::Error>(())
        }))
    }
}
