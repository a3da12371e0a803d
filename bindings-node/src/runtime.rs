//! The process's one tokio runtime, on a thread of its own.
//!
//! Never shut down: several environments (the main thread and `worker_threads`) use it, in no known order, and a
//! task that an environment leaves behind is aborted by that environment's [`Bridge`](crate::bridge::Bridge). napi's
//! own runtime is not used because it goes up and down with environments.

use std::future;
use std::io;
use std::sync::OnceLock;
use std::thread;

use tokio::runtime::{Builder, Handle};

static RUNTIME: OnceLock<Result<Handle, io::ErrorKind>> = OnceLock::new();

/// The runtime, started by the first caller.
///
/// # Errors
/// If the system gives no thread; every later call says the same.
pub(crate) fn handle() -> io::Result<&'static Handle> {
    match RUNTIME.get_or_init(|| start().map_err(|error| error.kind())) {
        Ok(handle) => Ok(handle),
        Err(kind) => Err((*kind).into()),
    }
}

/// One thread: a call is a few microseconds of work here, and a scheduler for several costs each call a tenth more.
fn start() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("presence".into())
        .spawn(move || runtime.block_on(future::pending::<()>()))?;
    Ok(handle)
}
