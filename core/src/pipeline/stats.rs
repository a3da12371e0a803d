//! What a client has done so far, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

use super::limiter::EndpointStats;
use crate::error::{Error, ErrorKind};

/// What a client and its clones have done since they were built; see [`Client::stats`](crate::Client::stats).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Calls that needed a request, ended or under way.
    pub calls: u64,
    /// Calls under way.
    pub active: u64,
    /// Calls that succeeded.
    pub succeeded: u64,
    /// Calls that failed, superseded ones included. Cancelled calls are in neither.
    pub failed: u64,
    /// Sets whose place a newer one took.
    pub superseded: u64,
    /// Requests sent for the calls that have ended.
    pub attempts: u64,
    /// Attempts made after a pause.
    pub retries: u64,
    /// Attempts made again at once: after a 401, or on another connection when a used one had broken.
    pub replays: u64,
    /// Gets that went in the request of another get.
    pub coalesced: u64,
    /// Gets answered by the cache. They needed no request and are no calls.
    pub cached: u64,
    /// Requests for an app token.
    pub token_requests: u64,
    /// What is left of the retry quota, of 500. A retry takes 14, given back if the call succeeds.
    pub retry_quota: u32,
    /// The limiter of each endpoint; shared by all clients of one App Key in this process.
    pub endpoints: Vec<EndpointStats>,
}

#[derive(Default)]
pub(super) struct Counters {
    calls: AtomicU64,
    active: AtomicU64,
    succeeded: AtomicU64,
    failed: AtomicU64,
    superseded: AtomicU64,
    attempts: AtomicU64,
    retries: AtomicU64,
    replays: AtomicU64,
    coalesced: AtomicU64,
    cached: AtomicU64,
}

fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

impl Counters {
    pub(super) fn call(&self) -> Counted<'_> {
        add(&self.calls, 1);
        add(&self.active, 1);
        Counted(self)
    }

    pub(super) fn retried(&self) {
        add(&self.retries, 1);
    }

    pub(super) fn replayed(&self) {
        add(&self.replays, 1);
    }

    /// So many calls went in the request of another.
    pub(super) fn coalesced(&self, calls: u64) {
        add(&self.coalesced, calls);
    }

    pub(super) fn cached(&self) {
        add(&self.cached, 1);
    }

    /// A request that several calls may have shared has ended.
    pub(super) fn attempted(&self, attempts: u32) {
        add(&self.attempts, u64::from(attempts));
    }

    pub(super) fn read(&self, token_requests: u64, retry_quota: u32, endpoints: Vec<EndpointStats>) -> Stats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            calls: get(&self.calls),
            active: get(&self.active),
            succeeded: get(&self.succeeded),
            failed: get(&self.failed),
            superseded: get(&self.superseded),
            attempts: get(&self.attempts),
            retries: get(&self.retries),
            replays: get(&self.replays),
            coalesced: get(&self.coalesced),
            cached: get(&self.cached),
            token_requests,
            retry_quota,
            endpoints,
        }
    }
}

/// A call under way; dropped when it ends in any manner.
pub(super) struct Counted<'a>(&'a Counters);

impl Counted<'_> {
    pub(super) fn ended(&mut self, error: Option<&Error>, attempts: u32) {
        match error {
            None => add(&self.0.succeeded, 1),
            Some(error) => {
                add(&self.0.failed, 1);
                add(&self.0.superseded, u64::from(error.kind() == ErrorKind::Superseded));
            }
        }
        add(&self.0.attempts, u64::from(attempts));
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}
