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
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use easemob_presence_bindings::Mailbox;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pyo3::exceptions::{PyRuntimeError, PySystemExit};
use pyo3::prelude::*;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::errors::Failure;
use crate::runtime::{Local, engine, is_stopped};
use crate::values::Value;

/// How often a thread that waits looks for signals, so that Ctrl-C works.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// What a call came to.
pub(crate) type Outcome = Result<Value, Failure>;

/// What the loop's thread and the tokio threads share. Both ends live as long as either side, so that a late wake
/// meets an open socket and no signal.
struct Finished {
    outcomes: Mailbox<(u64, Outcome)>,
    bell: UnixStream,
    ear: UnixStream,
    next_id: AtomicU64,
}

impl Finished {
    fn push(&self, id: u64, outcome: Outcome) {
        if self.outcomes.put((id, outcome)) {
            // A full socket has unread bytes in it: the loop is about to wake anyway.
            let _ = (&self.bell).write(&[1]);
        }
    }
}

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

    /// Everything that has finished, as `(id, succeeded, value or exception)`. Empty in a forked child: the bytes in
    /// the socket are the parent's.
    fn drain(&self, py: Python<'_>) -> PyResult<Vec<(u64, bool, Py<PyAny>)>> {
        let Some(finished) = self.finished.get() else { return Ok(Vec::new()) };
        // One byte per wake, and at most one wake is pending; nothing to read is no error.
        let _ = (&finished.ear).read(&mut [0; 16]);
        let row = |(id, outcome): (u64, Outcome)| match into_python(py, outcome) {
            Ok(value) => Ok((id, true, value)),
            Err(error) => Ok((id, false, error.into_value(py).into_any())),
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

impl Drop for Report {
    fn drop(&mut self) {
        if self.outcome.is_some() || !is_stopped() {
            self.to.push(self.id, self.outcome.take().unwrap_or(Err(Failure::Stopped)));
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

enum State {
    Described(BoxFuture<'static, Outcome>),
    Running(AbortHandle),
    Taken,
}

impl Call {
    /// A call of this operation, which `future` makes.
    pub(crate) fn new<T: Into<Value>, E: Into<Failure>>(
        operation: &'static str,
        future: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Self {
        let future = future.map(|outcome| outcome.map(Into::into).map_err(Into::into)).boxed();
        Self { operation, state: Local::new(Mutex::new(State::Described(future))) }
    }

    /// Spawns what `make` makes of the future.
    fn spawn<F: Future<Output = ()> + Send + 'static>(
        &self,
        on: &Handle,
        make: impl FnOnce(BoxFuture<'static, Outcome>) -> F,
    ) -> Result<(), Failure> {
        let mut state =
            self.state.get().ok_or(Failure::Forked)?.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, State::Taken) {
            State::Described(future) => *state = State::Running(on.spawn(make(future)).abort_handle()),
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
        let to = Arc::clone(queue.finished(py)?);
        let id = to.next_id.fetch_add(1, Ordering::Relaxed);
        let report = Report { id, to, outcome: None };
        engine()
            .and_then(|engine| {
                self.spawn(engine, |future| async move {
                    let mut report = report;
                    report.outcome = Some(future.await);
                })
            })
            .map_err(|failure| failure.into_exception(py))?;
        Ok(id)
    }

    /// Gives up: drops the request, its connection and whatever it held.
    fn cancel(&self) {
        self.abort();
    }

    /// Makes the call and waits for it without the GIL, looking for signals now and then.
    fn wait(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if Handle::try_current().is_ok() {
            return Err(PyRuntimeError::new_err(
                "this thread belongs to a tokio runtime, which a blocking call would stop; call from another thread",
            ));
        }
        let engine = engine().map_err(|failure| failure.into_exception(py))?;
        let (sender, mut receiver) = sync_channel(1);
        self.spawn(engine, |future| async move {
            // Fails only if the waiting thread is gone.
            let _ = sender.send(future.await);
        })
        .map_err(|failure| failure.into_exception(py))?;
        let _waiting = engine.wait();
        loop {
            let waited;
            (waited, receiver) = py.detach(move || (receiver.recv_timeout(SIGNAL_CHECK), receiver));
            match waited {
                Ok(outcome) => return into_python(py, outcome),
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
