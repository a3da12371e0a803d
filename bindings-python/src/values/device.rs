use std::hash::{self, BuildHasher};
use std::sync::Mutex;

use easemob_presence as core;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use super::pickle::{Reduced, reduce};
use super::status::shown;
use super::{Status, Tried, repr};

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

    /// Whether this object stands for that device, without asking what it derives from its key.
    fn is(&self, py: Python<'_>, device: core::DeviceStatus<'_>) -> bool {
        device.status == self.status.get().into()
            && self.resource.bind(py).to_str().is_ok_and(|resource| resource == device.resource)
    }

    /// What the device is, for comparing and saving.
    fn view<'a>(&'a self, py: Python<'a>) -> PyResult<core::DeviceStatus<'a>> {
        let resource = self.resource.bind(py).to_str()?;
        let platform = resource.get(..self.platform_bytes).unwrap_or_default();
        Ok(core::DeviceStatus { resource, platform, status: self.status.get().into() })
    }
}

/// How many objects of devices are kept, and up to which length of their keys: a longer one, with a UUID in it, is of one
/// device alone.
const KEPT: usize = 256;
const LONGEST_KEPT: usize = 32;

type Kept = [Option<Py<DeviceStatus>>; KEPT];

/// The devices of one user. Where keys are short many users' devices are equal, and one object stands for all of them.
pub(super) fn devices<'py, 'a>(
    py: Python<'py>,
    devices: impl ExactSizeIterator<Item = core::DeviceStatus<'a>>,
) -> PyResult<Bound<'py, PyTuple>> {
    static OBJECTS: Mutex<Kept> = Mutex::new([const { None }; KEPT]);
    // Never waited for: making a tuple may run the garbage collector, and with it anybody's code, which may read devices.
    let mut kept = OBJECTS.try_lock().ok();
    PyTuple::new(py, devices.map(|device| Tried(one(py, device, kept.as_deref_mut()))))
}

fn one<'py>(
    py: Python<'py>,
    device: core::DeviceStatus<'_>,
    kept: Option<&mut Kept>,
) -> PyResult<Bound<'py, DeviceStatus>> {
    let Some(place) = kept.and_then(|kept| place(kept, device)) else {
        return Bound::new(py, DeviceStatus::new(py, device)?);
    };
    match place {
        Some(known) if known.get().is(py, device) => Ok(known.bind(py).clone()),
        _ => Ok(place.insert(Py::new(py, DeviceStatus::new(py, device)?)?).bind(py).clone()),
    }
}

/// Where the object of a device is kept, if it is.
fn place<'a>(kept: &'a mut Kept, device: core::DeviceStatus<'_>) -> Option<&'a mut Option<Py<DeviceStatus>>> {
    const ODD: u32 = 0x9e37_79b1;
    let key = device.resource.as_bytes();
    let end = key.last_chunk().map_or(0, |end| u32::from_le_bytes(*end));
    let (start, len) = (*key.first()?, u8::try_from(key.len()).ok()?);
    let mixed = end ^ u32::from_le_bytes([start, 0, 0, len]) ^ device.status.number()?.rotate_left(16);
    let place = usize::try_from(mixed.wrapping_mul(ODD) >> 24).ok()?;
    if key.len() > LONGEST_KEPT { None } else { kept.get_mut(place) }
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
