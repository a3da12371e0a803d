//! How a finished call reaches Python: the queue of an event loop, or the thread that waits.
//!
//! A tokio thread puts the outcome into the loop's mailbox and, if that says so, writes one byte. The loop's thread reads
//! the byte and takes everything. No wake is lost, and a thousand outcomes cost one: `Mailbox` has the protocol.
//!
//! Tokio threads never take the GIL: they hold ids and Rust values, no Python object. That rules out deadlocks between
//! the GIL and locks inside the HTTP pool, and crashes when a thread comes back to an interpreter that is gone.

use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use easemob_presence::Progress;
use easemob_presence_bindings::{Mailbox, behind_others};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pyo3::exceptions::{PyRuntimeError, PySystemExit};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::errors::Failure;
use crate::leftovers;
use crate::runtime::{Local, engine, is_stopped};
use crate::values::Value;

/// How often a thread that waits looks for signals, so that Ctrl-C works.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// What a call came to.
pub(crate) type Outcome = Result<Value, Failure>;

/// What is told of a call.
pub(crate) enum Told {
    Progress(Progress),
    Ended(Outcome),
}

/// Where a call tells its progress. It goes with the call's future: whoever waits at the other end learns from it that the
/// future is gone.
pub(crate) enum Sink {
    Loop(Arc<Finished>, u64),
    Thread(Sender<Told>),
}

impl Sink {
    pub(crate) fn tell(&self, progress: Progress) {
        match self {
            Self::Loop(to, id) => to.push(*id, Told::Progress(progress)),
            // Fails only if the waiting thread is gone.
            Self::Thread(to) => drop(to.send(Told::Progress(progress))),
        }
    }
}

/// Progress as Python reads it: done, total, failed, elapsed, rate, eta.
pub(crate) fn progress<'py>(py: Python<'py>, now: &Progress) -> PyResult<Bound<'py, PyTuple>> {
    let eta = now.eta.map(|eta| eta.as_secs_f64());
    (now.done, now.total, now.failed, now.elapsed.as_secs_f64(), now.rate, eta).into_pyobject(py)
}

/// What the loop's thread and the tokio threads share. Both ends live as long as either side, so that a late wake
/// meets an open socket and no signal.
pub(crate) struct Finished {
    outcomes: Mailbox<(u64, Told)>,
    bell: UnixStream,
    ear: UnixStream,
    next_id: AtomicU64,
}

impl Finished {
    fn push(self: &Arc<Self>, id: u64, told: Told) {
        if self.outcomes.put((id, told)) {
            let ring = Ring(Arc::clone(self));
            // Behind the tasks that are ready now: answers that came together wake the loop together, not one by one.
            // Where there is no runtime to do so, and where it ends before, dropping it rings.
            if let Ok(runtime) = Handle::try_current() {
                runtime.spawn(async move {
                    let _ring = ring;
                    behind_others().await;
                });
            }
        }
    }
}

/// Wakes the loop when it is dropped.
struct Ring(Arc<Finished>);

impl Drop for Ring {
    fn drop(&mut self) {
        // A full socket has unread bytes in it: the loop is about to wake anyway.
        let _ = (&self.0.bell).write(&[1]);
    }
}

/// The id of a call; whether it succeeded, or none while it goes on; its value, exception or progress.
type Row = (u64, Option<bool>, Py<PyAny>);

/// The finished calls of one event loop.
#[pyclass(frozen, module = "easemob_presence._native")]
pub(crate) struct Queue {
    finished: Local<Arc<Finished>>,
}

#[pymethods]
impl Queue {
    #[new]
    fn new() -> PyResult<Self> {
        let (bell, ear) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        ear.set_nonblocking(true)?;
        let finished = Finished { outcomes: Mailbox::default(), bell, ear, next_id: AtomicU64::new(0) };
        Ok(Self { finished: Local::new(Arc::new(finished)) })
    }

    /// The descriptor that becomes readable when there is something to drain.
    fn fileno(&self, py: Python<'_>) -> PyResult<RawFd> {
        Ok(self.finished(py)?.ear.as_raw_fd())
    }

    /// Everything that has finished, as `(id, succeeded, value or exception)`, and progress, as `(id, None, progress)`.
    /// Empty in a forked child: the bytes in the socket are the parent's.
    fn drain(&self, py: Python<'_>) -> PyResult<Vec<Row>> {
        let Some(finished) = self.finished.get() else { return Ok(Vec::new()) };
        // One byte per wake, and at most one wake is pending; nothing to read is no error.
        let _ = (&finished.ear).read(&mut [0; 16]);
        let row = |(id, told): (u64, Told)| match told {
            Told::Progress(now) => Ok((id, None, progress(py, &now)?.into_any().unbind())),
            Told::Ended(outcome) => match into_python(py, outcome) {
                Ok(value) => Ok((id, Some(true), value)),
                Err(error) => Ok((id, Some(false), error.into_value(py).into_any())),
            },
        };
        finished.outcomes.take().into_iter().map(row).collect()
    }
}

impl Queue {
    fn finished(&self, py: Python<'_>) -> PyResult<&Arc<Finished>> {
        self.finished.get().ok_or_else(|| Failure::Forked.into_exception(py))
    }
}

/// Reports the outcome of one call, come what may: a task that is aborted or panics still ends its caller's wait. Only
/// at interpreter exit it keeps silent: a loop in a daemon thread, which Python is about to freeze, would have its last
/// words about it.
struct Report {
    id: u64,
    to: Arc<Finished>,
    outcome: Option<Outcome>,
}

impl Report {
    fn of(mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if self.outcome.is_some() || !is_stopped() {
            self.to.push(self.id, Told::Ended(self.outcome.take().unwrap_or(Err(Failure::Stopped))));
        }
    }
}

/// One call that has been described: started on an event loop, or waited for by a thread. Dropping it cancels it, so
/// that whatever ends the coroutine around it ends the request too.
#[pyclass(frozen, module = "easemob_presence._native")]
pub(crate) struct Call {
    /// The operation's name.
    #[pyo3(get)]
    operation: &'static str,
    state: Local<Mutex<State>>,
}

/// Makes a call's future. On the runtime's thread, which so does most of the work and frees the memory that it took.
type Make = Box<dyn FnOnce(Sink) -> BoxFuture<'static, Outcome> + Send>;

enum State {
    Described(Make),
    Running(AbortHandle),
    Taken,
}

impl Call {
    /// A call of this operation, which `future` makes.
    pub(crate) fn new<T: Into<Value>, E: Into<Failure>>(
        operation: &'static str,
        future: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Self {
        Self::reporting(operation, |_| future)
    }

    /// A call that tells its progress.
    pub(crate) fn reporting<T: Into<Value>, E: Into<Failure>, F>(
        operation: &'static str,
        make: impl FnOnce(Sink) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let make: Make = Box::new(move |sink| {
            make(sink).map(|outcome| outcome.map(Into::into).map_err(Into::into)).boxed()
        });
        Self { operation, state: Local::new(Mutex::new(State::Described(make))) }
    }

    /// Starts the call, whose outcome is told to `end`.
    fn spawn(
        &self,
        on: &Handle,
        sink: Sink,
        end: impl FnOnce(Outcome) + Send + 'static,
    ) -> Result<(), Failure> {
        let mut state =
            self.state.get().ok_or(Failure::Forked)?.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, State::Taken) {
            State::Described(make) => {
                let task = on.spawn(async move {
                    leftovers::free();
                    end(make(sink).await);
                });
                *state = State::Running(task.abort_handle());
            }
            other => *state = other,
        }
        Ok(())
    }

    fn abort(&self) {
        let Some(state) = self.state.get() else { return };
        if let State::Running(task) = &*state.lock().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
    }
}

#[pymethods]
impl Call {
    /// Starts the call. Its outcome will be in the queue under the id that this returns.
    fn start(&self, py: Python<'_>, queue: &Queue) -> PyResult<u64> {
        let to = queue.finished(py)?;
        let id = to.next_id.fetch_add(1, Ordering::Relaxed);
        let sink = Sink::Loop(Arc::clone(to), id);
        let report = Report { id, to: Arc::clone(to), outcome: None };
        engine()
            .and_then(|engine| self.spawn(engine, sink, |outcome| report.of(outcome)))
            .map_err(|failure| failure.into_exception(py))?;
        Ok(id)
    }

    /// Gives up: drops the request, its connection and whatever it held.
    fn cancel(&self) {
        self.abort();
    }

    /// Makes the call and waits for it without the GIL, looking for signals now and then. `on_progress` is called on the
    /// waiting thread.
    #[pyo3(signature = (on_progress=None))]
    fn wait(&self, py: Python<'_>, on_progress: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyAny>> {
        if Handle::try_current().is_ok() {
            return Err(PyRuntimeError::new_err(
                "this thread belongs to a tokio runtime, which a blocking call would stop; call from another thread",
            ));
        }
        let engine = engine().map_err(|failure| failure.into_exception(py))?;
        // Both fail only if the waiting thread is gone.
        let (sender, mut receiver) = channel();
        let sink = Sink::Thread(sender.clone());
        self.spawn(engine, sink, move |outcome| drop(sender.send(Told::Ended(outcome))))
            .map_err(|failure| failure.into_exception(py))?;
        let _waiting = engine.wait();
        loop {
            let waited;
            (waited, receiver) = py.detach(move || (receiver.recv_timeout(SIGNAL_CHECK), receiver));
            match waited {
                Ok(Told::Ended(outcome)) => return into_python(py, outcome),
                Ok(Told::Progress(now)) => {
                    if let Some(on_progress) = on_progress {
                        let called = on_progress.call1((progress(py, &now)?,));
                        called.inspect_err(|_| self.abort())?;
                    }
                }
                // The interpreter exits, and this is a daemon thread that must leave native code before that. It is
                // the one exception with which a thread ends without a word.
                Err(RecvTimeoutError::Disconnected) if is_stopped() => return Err(PySystemExit::new_err(())),
                Err(RecvTimeoutError::Disconnected) => return Err(Failure::Stopped.into_exception(py)),
                Err(RecvTimeoutError::Timeout) => {
                    py.check_signals().inspect_err(|_| self.abort())?;
                    if self.state.get().is_none() {
                        return Err(Failure::Forked.into_exception(py));
                    }
                }
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.abort();
    }
}

fn into_python(py: Python<'_>, outcome: Outcome) -> PyResult<Py<PyAny>> {
    outcome.map_err(|failure| failure.into_exception(py))?.into_python(py)
}
