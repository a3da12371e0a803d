use easemob_presence as core;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyTuple};

use super::pickle::{Reduced, reduce};
use super::{Presence, ids, repr, tuple};
use crate::leftovers;

/// The presences of several users, in the order in which they were asked for; found by user id in any letter case.
///
/// Iterating gives the presences. Ids that were asked for and not answered are in `missing`.
///
/// Example:
///     >>> emulator.state.login("c2", "ios_1")
///     >>> presences = client.user("wzy").get_many(["C2", "c3"])
///     >>> presences["c2"].is_online, "c9" in presences, presences.missing
///     (True, False, ())
///     >>> [presence.user_id for presence in presences]
///     ['C2', 'c3']
#[pyclass(frozen, eq, hash, module = "easemob_presence")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Presences(pub(crate) core::Presences);

impl Drop for Presences {
    fn drop(&mut self) {
        leftovers::leave(&self.0);
    }
}

impl Presences {
    fn views(&self) -> impl ExactSizeIterator<Item = Presence> {
        self.0.iter().map(Presence)
    }
}

#[pymethods]
impl Presences {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.values(py)?.bind(py).try_iter()
    }

    fn __contains__(&self, user_id: &str) -> bool {
        self.0.get(user_id).is_some()
    }

    fn __getitem__(&self, user_id: &str) -> PyResult<Presence> {
        self.0.get(user_id).map(Presence).ok_or_else(|| PyKeyError::new_err(user_id.to_owned()))
    }

    /// The user's presence, or the default for a user who was not asked for or is missing.
    #[pyo3(signature = (user_id, default=None))]
    fn get(&self, py: Python<'_>, user_id: &str, default: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        match self.0.get(user_id) {
            Some(presence) => Ok(Py::new(py, Presence(presence))?.into_any()),
            None => Ok(default.unwrap_or_else(|| py.None())),
        }
    }

    /// The ids that were answered, spelled as asked and in that order.
    fn keys(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let ids: Vec<_> = self.0.iter().map(|presence| presence.user_id().as_str().to_owned()).collect();
        Ok(PyTuple::new(py, ids)?.into_any().unbind())
    }

    /// The presences, in the order asked.
    fn values(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        tuple(py, self.views())
    }

    /// Pairs of id and presence, in the order asked.
    fn items(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let pair = |presence: core::Presence| (presence.user_id().as_str().to_owned(), Presence(presence));
        tuple(py, self.0.iter().map(pair))
    }

    /// Ids that were asked for and not answered.
    #[getter]
    fn missing(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        ids(py, self.0.missing())
    }

    /// Items that answer no id asked for, under the id that the service gave them.
    #[getter]
    fn unmatched(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        tuple(py, self.0.unmatched().into_iter().map(Presence))
    }

    /// The answers' texts as they came, one for each request.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.raw())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (found, missing) = (repr(py, self.keys(py)?)?, repr(py, self.missing(py)?)?);
        Ok(format!("Presences({found}, missing={missing})"))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let part = |part: core::Presences| {
            let found = part.iter().map(|presence| presence.user_id().clone());
            let asked: Vec<_> = found.chain(part.missing().iter().cloned()).collect();
            (asked, part.raw().collect::<String>())
        };
        reduce(py, "Presences", &self.0.parts().map(part).collect::<Vec<_>>())
    }
}
