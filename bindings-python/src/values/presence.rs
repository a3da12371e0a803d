use easemob_presence as core;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::device::{devices, written};
use super::moment::datetime;
use super::pickle::{Reduced, reduce};
use super::repr;

/// The presence of one user at the moment of the answer.
///
/// A light view into the answer it came with; its fields become Python objects when they are read.
///
/// Example:
///     >>> emulator.state.login("c2", "ios_1")
///     >>> presence = client.user("wzy").get("c2")
///     >>> presence.devices[0].platform, presence.devices[0].status
///     ('ios', Status.ONLINE)
#[pyclass(frozen, eq, hash, module = "easemob_presence")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Presence(pub(crate) core::Presence);

#[pymethods]
impl Presence {
    /// The user, spelled as it was asked for.
    #[getter]
    fn user_id(&self) -> &str {
        self.0.user_id().as_str()
    }

    /// The user's devices, in the service's order; empty for a user who was never online.
    #[getter]
    fn devices<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        devices(py, self.0.devices())
    }

    /// The user's own text; it belongs to the user, not to a device.
    #[getter]
    fn ext(&self) -> &str {
        self.0.ext()
    }

    /// When the user was last online, as an aware datetime; None if the service does not know.
    #[getter]
    fn last_seen<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        datetime(py, self.0.last_seen())
    }

    /// When the subscription ends; only `subscribe` answers it.
    #[getter]
    fn expires_at<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        datetime(py, self.0.expires_at())
    }

    /// Whether any device is online or in a custom status.
    #[getter]
    fn is_online(&self) -> bool {
        self.0.is_online()
    }

    pub(super) fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (user_id, ext) = (repr(py, self.user_id())?, repr(py, self.ext())?);
        let devices = self.0.devices().map(|device| written(py, device));
        let devices = devices.collect::<PyResult<Vec<_>>>()?.join(", ");
        Ok(format!("Presence(user_id={user_id}, devices=[{devices}], ext={ext})"))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        reduce(py, "Presence", &self.0)
    }
}
