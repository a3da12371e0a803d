//! Sockets, requests and answers: everything that knows HTTP.

pub(crate) mod connection;
pub(crate) mod control;
pub(crate) mod crowd;
pub(crate) mod door;
pub(crate) mod exchange;
pub(crate) mod received;
pub(crate) mod refusal;
pub(crate) mod reply;
pub(crate) mod route;
pub(crate) mod segment;
pub(crate) mod server;
pub(crate) mod socket;
pub(crate) mod wire;
