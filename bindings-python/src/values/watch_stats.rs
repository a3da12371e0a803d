use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use easemob_presence::watch as core;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::fields::fields;
use super::pickle::{Reduced, reduce};

fields! {
    /// How many watched users are where.
    ///
    /// Example:
    ///     >>> emulator.state.login("c2", "ios_1")
    ///     >>> with client.user("wzy").watch(["c2", "c3"]) as watcher:
    ///     ...     for event in watcher:
    ///     ...         if event.kind == "synced":
    ///     ...             break
    ///     ...     watcher.occupancy()
    ///     Occupancy(watched=2, known=2, online=1, by_platform={'ios': 1})
    Occupancy {
        /// Users watched.
        watched: usize,
        /// Users of whom something is known.
        known: usize,
        /// Users with a device online.
        online: usize,
        /// Users with a device online, by its platform. A user on two platforms counts for both.
        by_platform: BTreeMap<String, usize>,
    }
}

impl From<core::Occupancy> for Occupancy {
    fn from(counts: core::Occupancy) -> Self {
        Self {
            watched: counts.watched,
            known: counts.known,
            online: counts.online,
            by_platform: counts.by_platform,
        }
    }
}

#[pymethods]
impl Occupancy {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Occupancy({})", self.written(py)?.join(", ")))
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyTuple::new(py, self.written(py)?)?.hash()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        reduce(py, "Occupancy", self)
    }
}

fields! {
    /// What a watcher has done so far.
    WatchStats {
        /// Users watched.
        users: usize,
        /// The seconds between two readings of a user, for half of the users at most: the latest two of each, or since
        /// the latest if that is longer. None before anybody has been read twice.
        refresh_interval_p50: Option<f64>,
        /// The same for 99 of 100 users.
        refresh_interval_p99: Option<f64>,
        /// Polls a second that are made at most, as of now.
        calls_per_second: f64,
        /// Polls made, retries not counted.
        polls: u64,
        /// Polls that failed, with their retries.
        polls_failed: u64,
        /// Calls of subscribe.
        subscribe_calls: u64,
        /// Events made.
        events: u64,
        /// Events that wait to be taken.
        lag: usize,
        /// Events that became part of another, or cancelled each other out, because they were not taken in time.
        merged: u64,
        /// Callbacks fed in.
        callbacks: u64,
        /// Callbacks of watched users that said nothing new, or less than was known.
        callbacks_ignored: u64,
        /// Changes that callbacks told first.
        changes_from_callbacks: u64,
        /// Changes that polls told first.
        changes_from_polls: u64,
        /// Changes that answers to subscribing told first.
        changes_from_subscribing: u64,
        /// Subscriptions kept.
        subscriptions: usize,
        /// Subscriptions that were found to be gone before their end, and made again.
        subscriptions_lost: u64,
        /// When a poll last succeeded, by this machine's clock, as an aware datetime; None before the first.
        last_contact: Option<SystemTime>,
        /// Whether contact is lost.
        stale: bool,
    }
}

impl From<core::WatchStats> for WatchStats {
    fn from(stats: core::WatchStats) -> Self {
        let seconds = |interval: Option<Duration>| interval.map(|interval| interval.as_secs_f64());
        Self {
            users: stats.users,
            refresh_interval_p50: seconds(stats.refresh_interval_p50),
            refresh_interval_p99: seconds(stats.refresh_interval_p99),
            calls_per_second: stats.calls_per_second,
            polls: stats.polls,
            polls_failed: stats.polls_failed,
            subscribe_calls: stats.subscribe_calls,
            events: stats.events,
            lag: stats.lag,
            merged: stats.merged,
            callbacks: stats.callbacks,
            callbacks_ignored: stats.callbacks_ignored,
            changes_from_callbacks: stats.changes_from_callbacks,
            changes_from_polls: stats.changes_from_polls,
            changes_from_subscribing: stats.changes_from_subscribing,
            subscriptions: stats.subscriptions,
            subscriptions_lost: stats.subscriptions_lost,
            last_contact: stats.last_contact,
            stale: stats.stale,
        }
    }
}

#[pymethods]
impl WatchStats {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("WatchStats({})", self.written(py)?.join(", ")))
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyTuple::new(py, self.written(py)?)?.hash()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        reduce(py, "WatchStats", self)
    }
}
