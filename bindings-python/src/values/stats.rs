use super::fields::fields;
use super::pickle::{Reduced, reduce};
use super::repr;
use easemob_presence as core;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMappingProxy};

fields! {
    /// What the rate limiter does at one endpoint, at the moment of asking.
    EndpointStats {
        /// The endpoint's name: "get", "set", …
        endpoint: String,
        /// The configured rate in calls a second; None if there is no limit.
        limit: Option<f64>,
        /// The rate now, in calls a second: below `limit` for a while after the service has rejected calls.
        rate: Option<f64>,
        /// Calls that wait for their turn.
        waiting: usize,
        /// Calls that have their turn and no answer yet.
        in_flight: usize,
        /// Requests sent so far.
        sent: u64,
        /// Requests so far that the service rejected for its rate (429 `reach_limit`).
        limited: u64,
        /// For how many seconds more no call goes, because the service rejected one; None if calls go.
        paused_for: Option<f64>,
    }
}

impl From<core::EndpointStats> for EndpointStats {
    fn from(stats: core::EndpointStats) -> Self {
        Self {
            endpoint: stats.endpoint.name().to_owned(),
            limit: stats.limit,
            rate: stats.rate,
            waiting: stats.waiting,
            in_flight: stats.in_flight,
            sent: stats.sent,
            limited: stats.limited,
            paused_for: stats.paused_for.map(|wait| wait.as_secs_f64()),
        }
    }
}

#[pymethods]
impl EndpointStats {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("EndpointStats({})", self.written(py)?.join(", ")))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        reduce(py, "EndpointStats", self)
    }
}

fields! {
    /// What a client and its copies have done since it was built.
    ///
    /// Example:
    ///     >>> client.user("wzy").get("c2").user_id
    ///     'c2'
    ///     >>> stats = client.stats()
    ///     >>> stats.succeeded, stats.attempts, stats.endpoints["get"].waiting
    ///     (1, 1, 0)
    Stats {
        /// Calls that needed a request, ended or under way.
        calls: u64,
        /// Calls under way.
        active: u64,
        /// Calls that succeeded.
        succeeded: u64,
        /// Calls that failed, superseded ones included. Cancelled calls are in neither.
        failed: u64,
        /// Sets whose place a newer one took.
        superseded: u64,
        /// Requests sent for the calls that have ended.
        attempts: u64,
        /// Attempts made after a pause.
        retries: u64,
        /// Attempts made again at once: after a 401, or on another connection when a used one had broken.
        replays: u64,
        /// Gets that went in the request of another get.
        coalesced: u64,
        /// Gets answered by the cache. They needed no request and are no calls.
        cached: u64,
        /// Requests for an app token.
        token_requests: u64,
        /// What is left of the retry quota, of 500. A retry takes 14, given back if the call succeeds.
        retry_quota: u32,
        ; endpoints: Vec<EndpointStats>,
    }
}

impl From<core::Stats> for Stats {
    fn from(stats: core::Stats) -> Self {
        Self {
            calls: stats.calls,
            active: stats.active,
            succeeded: stats.succeeded,
            failed: stats.failed,
            superseded: stats.superseded,
            attempts: stats.attempts,
            retries: stats.retries,
            replays: stats.replays,
            coalesced: stats.coalesced,
            cached: stats.cached,
            token_requests: stats.token_requests,
            retry_quota: stats.retry_quota,
            endpoints: stats.endpoints.into_iter().map(Into::into).collect(),
        }
    }
}

impl Stats {
    fn by_name<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let endpoints = PyDict::new(py);
        for stats in &self.endpoints {
            endpoints.set_item(&stats.endpoint, stats.clone())?;
        }
        Ok(endpoints)
    }
}

#[pymethods]
impl Stats {
    /// The rate limiter by endpoint; shared by all clients of one App Key in this process.
    #[getter]
    fn endpoints<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMappingProxy>> {
        Ok(PyMappingProxy::new(py, self.by_name(py)?.as_mapping()))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let endpoints = repr(py, self.by_name(py)?)?;
        Ok(format!("Stats({}, endpoints={endpoints})", self.written(py)?.join(", ")))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        reduce(py, "Stats", self)
    }
}
