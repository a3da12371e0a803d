//! The process's one tokio runtime.
//!
//! Never shut down: several environments (the main thread and `worker_threads`) use it, in no known order, and a
//! task that an environment leaves behind is aborted by that environment's [`Bridge`](crate::bridge::Bridge). napi's
//! own runtime is not used because it goes up and down with environments.

use std::io;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

static RUNTIME: OnceLock<Result<Runtime, io::ErrorKind>> = OnceLock::new();

/// The runtime, started by the first caller.
///
/// # Errors
/// If the system gives no thread; every later call says the same.
pub(crate) fn handle() -> io::Result<&'static Handle> {
    // One worker: a call is a few microseconds of work here, and JavaScript has its own thread.
    let start = || {
        let builder =
            || Builder::new_multi_thread().worker_threads(1).thread_name("presence").enable_all().build();
        builder().map_err(|error| error.kind())
    };
    match RUNTIME.get_or_init(start) {
        Ok(runtime) => Ok(runtime.handle()),
        Err(kind) => Err((*kind).into()),
    }
}
