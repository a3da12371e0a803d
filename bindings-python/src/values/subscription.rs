use easemob_presence as core;
use pyo3::prelude::*;
use pyo3::types::PyIterator;

use super::moment::datetime;
use super::pickle::{Reduced, reduce};
use super::{repr, tuple};

/// One user that another has subscribed to.
#[pyclass(frozen, eq, hash, module = "easemob_presence")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Subscription(pub(super) core::Subscription);

#[pymethods]
impl Subscription {
    /// The user subscribed to, in the service's spelling (lower case).
    #[getter]
    fn user_id(&self) -> &str {
        self.0.user_id().as_str()
    }

    /// When the subscription ends, as an aware datetime.
    #[getter]
    fn expires_at<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        datetime(py, self.0.expires_at())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (user_id, expires_at) = (repr(py, self.user_id())?, repr(py, self.expires_at(py)?)?);
        Ok(format!("Subscription(user_id={user_id}, expires_at={expires_at})"))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        reduce(py, "Subscription", &self.0)
    }
}

/// One page of a user's subscriptions. Iterating gives the subscriptions.
#[pyclass(frozen, eq, hash, module = "easemob_presence")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct SubscriptionsPage(pub(super) core::SubscriptionsPage);

#[pymethods]
impl SubscriptionsPage {
    /// How many subscriptions there are on all pages, as the service counted for this one.
    #[getter]
    fn total(&self) -> Option<u64> {
        self.0.total()
    }

    /// The subscriptions on this page, in the service's order.
    #[getter]
    fn subscriptions(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        tuple(py, self.0.subscriptions().iter().cloned().map(Subscription))
    }

    fn __len__(&self) -> usize {
        self.0.subscriptions().len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.subscriptions(py)?.bind(py).try_iter()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (total, subscriptions) = (repr(py, self.total())?, repr(py, self.subscriptions(py)?)?);
        Ok(format!("SubscriptionsPage(total={total}, subscriptions={subscriptions})"))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        reduce(py, "SubscriptionsPage", &self.0)
    }
}
