//! The emulator as seen from its socket, by raw HTTP over a plain `TcpStream`.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod control;
mod endpoints;
mod errors;
mod journal;
mod lifecycle;
mod limits;
mod paths;
mod peer;
mod switches;
mod time;
