//! The process's tokio runtime, and what fork does to it.
//!
//! **The failure.** `fork` copies memory and one thread. In the child every tokio worker is gone, and any lock one of
//! them held stays held for ever. The epoll descriptor is still the parent's: closing a socket there the tokio way
//! would unregister the *parent's*. Using, or merely dropping, what the parent made can hang the child or disturb the
//! parent.
//!
//! **The invariant.** Everything that touches the runtime is marked with the generation in which it was made, and a
//! generation ends at fork. What is older is never used, locked or dropped: it is leaked, on purpose, once per fork.
//! The child builds its own on first use.

use std::io;
use std::ops::Deref;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::errors::Failure;

/// The environment variable for the number of worker threads. One is enough for any rate the service allows.
const WORKERS: &str = "EASEMOB_PRESENCE_WORKER_THREADS";
/// Threads for name resolution, the only blocking work there is.
const BLOCKING_THREADS: usize = 4;
/// The longest that interpreter exit waits for the workers, and then for threads in the middle of a call.
const EXIT_PATIENCE: Duration = Duration::from_millis(500);

static GENERATION: AtomicU64 = AtomicU64::new(0);
static STOPPED: AtomicBool = AtomicBool::new(false);
static ENGINE: PerProcess<Engine> = PerProcess::new();

/// How many forks lie between this process and the one that loaded the module.
#[pyfunction]
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Acquire)
}

extern "C" fn in_child() {
    // Runs between fork and anything else in the child, where only async-signal-safe work is allowed.
    GENERATION.fetch_add(1, Ordering::AcqRel);
}

/// Registers the fork handler, once for the process however often the module is loaded.
pub(crate) fn watch_forks() -> io::Result<()> {
    static WATCHING: AtomicBool = AtomicBool::new(false);
    if WATCHING.swap(true, Ordering::AcqRel) {
        return Ok(());
    }
    // SAFETY: the handler is a plain function that lives as long as the process (extension modules are never
    // unloaded) and only adds to an atomic.
    match unsafe { libc::pthread_atfork(None, None, Some(in_child)) } {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

/// A value of the generation that made it. Dropped in a later one, it is leaked.
pub(crate) struct Local<T> {
    generation: u64,
    value: Option<T>,
}

impl<T> Local<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { generation: generation(), value: Some(value) }
    }

    /// The value, unless the process forked since it was made.
    pub(crate) fn get(&self) -> Option<&T> {
        self.value.as_ref().filter(|_| self.generation == generation())
    }
}

impl<T> Drop for Local<T> {
    fn drop(&mut self) {
        if self.generation != generation() {
            std::mem::forget(self.value.take());
        }
    }
}

/// A value made once in each process that asks for it, without a lock that fork could leave held.
pub(crate) struct PerProcess<T> {
    made: AtomicPtr<Local<T>>,
}

impl<T: Send + Sync> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self { made: AtomicPtr::new(ptr::null_mut()) }
    }

    /// This process's value, if it has been made.
    pub(crate) fn get(&self) -> Option<&T> {
        // SAFETY: the pointer is null or came from `Box::into_raw` in `get_or_make`. A value is freed by `drop` alone,
        // which has no other borrower; one that is replaced (after a fork) is leaked.
        unsafe { self.made.load(Ordering::Acquire).as_ref() }.and_then(Local::get)
    }

    /// This process's value. Two threads may make one at the same time; the first to finish is kept.
    pub(crate) fn get_or_make<E>(&self, make: impl Fn() -> Result<T, E>) -> Result<&T, E> {
        loop {
            let old = self.made.load(Ordering::Acquire);
            if let Some(value) = self.get() {
                return Ok(value);
            }
            let new = Box::into_raw(Box::new(Local::new(make()?)));
            if self.made.compare_exchange(old, new, Ordering::AcqRel, Ordering::Acquire).is_err() {
                // SAFETY: `new` came from `Box::into_raw` just now and was shown to no one.
                drop(unsafe { Box::from_raw(new) });
            }
        }
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let made = *self.made.get_mut();
        if !made.is_null() {
            // SAFETY: not null, so it came from `Box::into_raw`; `&mut self` says that no borrower is left.
            drop(unsafe { Box::from_raw(made) });
        }
    }
}

/// The running runtime with the threads that wait for it.
pub(crate) struct Engine {
    handle: Handle,
    /// Taken at exit.
    runtime: Mutex<Option<Runtime>>,
    waiting: AtomicUsize,
}

impl Engine {
    fn start() -> io::Result<Self> {
        let workers =
            std::env::var(WORKERS).ok().and_then(|n| n.parse().ok()).filter(|&n| n > 0).unwrap_or(1);
        let runtime = Builder::new_multi_thread()
            .worker_threads(workers)
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name("easemob-presence")
            .enable_all()
            .build()?;
        let (handle, waiting) = (runtime.handle().clone(), AtomicUsize::new(0));
        Ok(Self { handle, runtime: Mutex::new(Some(runtime)), waiting })
    }

    /// Counts the calling thread as waiting until the answer is dropped; exit gives it time to leave.
    pub(crate) fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        Waiting(self)
    }
}

impl Deref for Engine {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

/// One thread that waits for an answer.
pub(crate) struct Waiting<'a>(&'a Engine);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Whether the interpreter is exiting.
pub(crate) fn is_stopped() -> bool {
    STOPPED.load(Ordering::Acquire)
}

/// This process's runtime, started at first use.
pub(crate) fn engine() -> Result<&'static Engine, Failure> {
    if is_stopped() {
        return Err(Failure::Stopped);
    }
    ENGINE.get_or_make(Engine::start).map_err(Failure::NoRuntime)
}

/// Ends every call in flight and the worker threads, at interpreter exit: a thread that came back to a finalized
/// interpreter would take the process down with it. Bounded, so that exit never hangs.
#[pyfunction]
pub(crate) fn stop(py: Python<'_>) {
    STOPPED.store(true, Ordering::Release);
    let Some(engine) = ENGINE.get() else { return };
    py.detach(|| {
        let runtime = engine.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = runtime {
            runtime.shutdown_timeout(EXIT_PATIENCE);
        }
        let end = Instant::now() + EXIT_PATIENCE;
        while engine.waiting.load(Ordering::Acquire) > 0 && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
}
