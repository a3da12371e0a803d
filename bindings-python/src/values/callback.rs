use std::time::SystemTime;

use easemob_presence::webhook as core;
use pyo3::prelude::*;

use super::pickle::{Reduced, reduce};
use super::repr;

/// One device of one user logged in, logged out or was replaced: a callback that `Webhook` checked.
///
/// Callbacks may overtake each other: of two for the same device the one with the later `timestamp` is the newer.
///
/// Example:
///     >>> from easemob_presence import Webhook
///     >>> body = emulator.callback("c2", "ios_1", "logout", "the rule's secret")
///     >>> callback = Webhook("the rule's secret").parse(body)
///     >>> callback.user_id, callback.reason, callback.online, callback.app_key
///     ('c2', 'logout', False, 'easemob-demo#test')
#[pyclass(frozen, eq, hash, module = "easemob_presence")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Callback(pub(crate) core::Callback);

#[pymethods]
impl Callback {
    /// The callback's id, "{app key}_{uuid}"; a repeat has the same.
    #[getter]
    fn call_id(&self) -> &str {
        self.0.call_id()
    }

    /// What happened: "login", "logout", "replaced", or a word that the documents do not know, as it came.
    #[getter]
    fn reason(&self) -> &str {
        self.0.reason().name()
    }

    /// Whether this device of the user is online now. The user may be on another one as well.
    #[getter]
    fn online(&self) -> bool {
        self.0.online()
    }

    /// The user.
    #[getter]
    fn user_id(&self) -> &str {
        self.0.user_id().as_str()
    }

    /// The device's key, as in `DeviceStatus.resource`.
    #[getter]
    fn resource(&self) -> &str {
        self.0.resource()
    }

    /// The device's system: "android", "ios", …
    #[getter]
    fn os(&self) -> Option<&str> {
        self.0.os()
    }

    /// The device's address, with its port as a rule.
    #[getter]
    fn ip(&self) -> Option<&str> {
        self.0.ip()
    }

    /// The service's server that the device was connected to.
    #[getter]
    fn host(&self) -> Option<&str> {
        self.0.host()
    }

    /// The App Key, "org#app".
    #[getter]
    fn app_key(&self) -> &str {
        self.0.app_key()
    }

    /// The version of the client SDK on the device.
    #[getter]
    fn version(&self) -> Option<&str> {
        self.0.version()
    }

    /// When it happened, to the millisecond, as an aware datetime.
    #[getter]
    fn timestamp(&self) -> SystemTime {
        self.0.timestamp()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (user_id, resource) = (repr(py, self.user_id())?, repr(py, self.resource())?);
        let (reason, online) = (repr(py, self.reason())?, repr(py, self.online())?);
        let timestamp = repr(py, self.timestamp())?;
        Ok(format!(
            "Callback(user_id={user_id}, resource={resource}, reason={reason}, online={online}, timestamp={timestamp})"
        ))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        reduce(py, "Callback", &self.0)
    }
}
