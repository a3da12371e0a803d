use std::hash::{self, BuildHasher};

use easemob_presence as core;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::pickle::{Reduced, reduce};
use super::status::shown;
use super::{Status, repr};

/// One device in a user's presence.
#[pyclass(frozen, module = "easemob_presence")]
pub(crate) struct DeviceStatus {
    // Made at once: all fields of a device are read most of the time, and a field that holds an object is read without
    // a call.
    /// The device's key, opaque: "android_6b5610ac-…", or a bare "android".
    #[pyo3(get)]
    resource: Py<PyString>,
    /// The device's status.
    #[pyo3(get)]
    status: Py<Status>,
    platform_bytes: usize,
}

impl DeviceStatus {
    pub(super) fn new(py: Python<'_>, device: core::DeviceStatus<'_>) -> PyResult<Self> {
        Ok(Self {
            resource: PyString::new(py, device.resource).unbind(),
            status: Status::of(py, device.status)?,
            platform_bytes: device.platform.len(),
        })
    }

    /// What the device is, for comparing and saving.
    fn view<'a>(&'a self, py: Python<'a>) -> PyResult<core::DeviceStatus<'a>> {
        let resource = self.resource.bind(py).to_str()?;
        let platform = resource.get(..self.platform_bytes).unwrap_or_default();
        Ok(core::DeviceStatus { resource, platform, status: self.status.get().into() })
    }
}

#[pymethods]
impl DeviceStatus {
    /// The part of the key before its first "_".
    #[getter]
    fn platform<'a>(&'a self, py: Python<'a>) -> PyResult<&'a str> {
        Ok(self.view(py)?.platform)
    }

    fn __eq__(&self, py: Python<'_>, other: &Self) -> PyResult<bool> {
        Ok(self.view(py)? == other.view(py)?)
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(hash::BuildHasherDefault::<hash::DefaultHasher>::default().hash_one(self.view(py)?))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        written(py, self.view(py)?)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let core::DeviceStatus { resource, platform, status } = self.view(py)?;
        reduce(py, "DeviceStatus", &(resource, platform, status))
    }
}

/// How a device is shown.
pub(super) fn written(py: Python<'_>, device: core::DeviceStatus<'_>) -> PyResult<String> {
    let status = shown(device.status);
    Ok(format!("DeviceStatus(resource={}, status={status})", repr(py, device.resource)?))
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
