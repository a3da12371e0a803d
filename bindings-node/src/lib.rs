//! The native half of the Node package: values in, values out. No policy, no URL, no parsing; those are in the core.
//!
//! The public API is TypeScript, in `../ts`. This is what it calls.

mod bridge;
mod client;
mod config;
mod emulator;
mod failure;
mod payload;
pub mod presences;
mod readers;
mod runtime;
mod stats;
mod text;
mod token_provider;
mod watch;
mod watch_values;
mod webhook;
