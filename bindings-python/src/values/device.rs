use easemob_presence as core;
use pyo3::prelude::*;

use super::pickle::{Reduced, reduce};
use super::{Status, repr};

/// One device in a user's presence.
#[pyclass(frozen, eq, hash, module = "easemob_presence")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct DeviceStatus {
    pub(super) resource: String,
    pub(super) platform: String,
    pub(super) status: core::Status,
}

impl From<core::DeviceStatus<'_>> for DeviceStatus {
    fn from(device: core::DeviceStatus<'_>) -> Self {
        Self {
            resource: device.resource.to_owned(),
            platform: device.platform.to_owned(),
            status: device.status,
        }
    }
}

#[pymethods]
impl DeviceStatus {
    /// The device's key, opaque: "android_6b5610ac-…", or a bare "android".
    #[getter]
    fn resource(&self) -> &str {
        &self.resource
    }

    /// The part of the key before its first "_".
    #[getter]
    fn platform(&self) -> &str {
        &self.platform
    }

    /// The device's status.
    #[getter]
    fn status(&self) -> Status {
        self.status.into()
    }

    pub(super) fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let status = Status::from(self.status).__repr__();
        Ok(format!("DeviceStatus(resource={}, status={status})", repr(py, &self.resource)?))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        reduce(py, "DeviceStatus", &(&self.resource, &self.platform, self.status))
    }
}

/// One device on which a user is logged in.
///
/// Example:
///     >>> emulator.state.login("c2", "ios_1", device_name="phone")
///     >>> client.user("c2").devices()
///     (Device(resource='ios_1', device_name='phone'),)
#[pyclass(frozen, eq, hash, module = "easemob_presence")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Device(pub(super) core::Device);

#[pymethods]
impl Device {
    /// The device's key: what `set` takes as its resource.
    #[getter]
    fn resource(&self) -> &str {
        self.0.resource()
    }

    /// The part of the key before its first "_": "android", "ios", "web", …
    #[getter]
    fn platform(&self) -> &str {
        self.0.platform()
    }

    /// The device's own identifier.
    #[getter]
    fn device_uuid(&self) -> Option<&str> {
        self.0.device_uuid()
    }

    /// The device's name, for example its model.
    #[getter]
    fn device_name(&self) -> Option<&str> {
        self.0.device_name()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (resource, name) = (repr(py, self.0.resource())?, repr(py, self.0.device_name())?);
        Ok(format!("Device(resource={resource}, device_name={name})"))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        reduce(py, "Device", &self.0)
    }
}
