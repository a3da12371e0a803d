use easemob_presence as core;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyTuple};

use super::pickle::{Reduced, reduce};
use super::{ids, repr};

/// Whether each of several users is online, in the order asked; found by user id in any letter case.
///
/// Iterating gives pairs of user id and state.
///
/// Example:
///     >>> emulator.state.login("c2", "ios_1")
///     >>> dict(client.online_states(["c2", "c3"]))
///     {'c2': True, 'c3': False}
#[pyclass(frozen, eq, hash, module = "easemob_presence")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct OnlineStates(pub(crate) core::OnlineStates);

#[pymethods]
impl OnlineStates {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.items(py)?.try_iter()
    }

    fn __contains__(&self, user_id: &str) -> bool {
        self.0.get(user_id).is_some()
    }

    fn __getitem__(&self, user_id: &str) -> PyResult<bool> {
        self.0.get(user_id).ok_or_else(|| PyKeyError::new_err(user_id.to_owned()))
    }

    /// Whether the user is online, or the default for a user who was not asked for or is missing.
    #[pyo3(signature = (user_id, default=None))]
    fn get(&self, py: Python<'_>, user_id: &str, default: Option<Py<PyAny>>) -> Py<PyAny> {
        match self.0.get(user_id) {
            Some(online) => online
                .into_pyobject(py)
                .map_or_else(|never| match never {}, |flag| flag.to_owned().into_any().unbind()),
            None => default.unwrap_or_else(|| py.None()),
        }
    }

    /// Pairs of id and state, in the order asked.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let pairs: Vec<_> = self.0.iter().map(|(id, online)| (id.as_str(), online)).collect();
        PyTuple::new(py, pairs)
    }

    /// Ids that were asked for and not answered.
    #[getter]
    fn missing(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        ids(py, self.0.missing())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (states, missing) = (repr(py, self.items(py)?)?, repr(py, self.missing(py)?)?);
        Ok(format!("OnlineStates({states}, missing={missing})"))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        reduce(py, "OnlineStates", &self.0)
    }
}
