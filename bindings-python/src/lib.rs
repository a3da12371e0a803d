//! The native half of the Python package `easemob_presence`: conversion between Python and the Rust core, and nothing
//! else. Table of contents:
//!
//! - `runtime`: the process's tokio runtime, and what fork does to it
//! - `bridge`: how a finished call reaches an event loop, or a thread that waits
//! - `leftovers`: answers that Python is done with
//! - `client`: one short function per operation; `streams`: what is read as it goes; `settings` reads the keyword arguments
//! - `watch`: a running watcher
//! - `arguments`: what Python passes in; `values`: what it gets back; `errors`: what it catches
//! - `provider`: app tokens from a Python function
//! - `webhook`: callbacks, checked and read
//! - `emulator`: `easemob_presence.testing`

#![allow(
    clippy::doc_markdown,
    clippy::doc_link_with_quotes,
    reason = "what stands above a Python class or method is its docstring, not Markdown"
)]

mod arguments;
mod bridge;
mod client;
mod emulator;
mod errors;
mod leftovers;
mod provider;
mod runtime;
mod settings;
mod streams;
mod values;
mod watch;
mod webhook;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::bridge::{Call, Queue};
    #[pymodule_export]
    use crate::client::{Client, User};
    #[pymodule_export]
    use crate::emulator::Emulator;
    #[pymodule_export]
    use crate::provider::TokenRequest;
    #[pymodule_export]
    use crate::runtime::{generation, stop};
    #[pymodule_export]
    use crate::streams::{ManyStream, SubscriptionStream};
    #[pymodule_export]
    use crate::values::{
        AppToken, Callback, Device, DeviceStatus, EndpointStats, Event, GroupKind, Occupancy, OnlineStates,
        Presence, Presences, Stats, Status, Subscription, SubscriptionsPage, WatchStats, restore,
        restore_event,
    };
    #[pymodule_export]
    use crate::watch::{Watch, Watcher};
    #[pymodule_export]
    use crate::webhook::Webhook;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::runtime::watch_forks()?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
