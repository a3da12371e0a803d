//! Pickle: a value is saved as the JSON that the core's serde makes of it, and read back by one function.

use easemob_presence as core;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{
    Callback, Device, DeviceStatus, EndpointStats, GroupKind, Occupancy, OnlineStates, Presence, Presences,
    Stats, Status, Subscription, SubscriptionsPage, WatchStats,
};

/// What `__reduce__` returns.
pub(super) type Reduced<'py> = (Bound<'py, PyAny>, (&'static str, String));

/// The pickled form of a value of the class `name`.
pub(super) fn reduce<'py>(
    py: Python<'py>,
    name: &'static str,
    value: &impl Serialize,
) -> PyResult<Reduced<'py>> {
    static RESTORE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let restore = RESTORE.import(py, "easemob_presence._native", "restore")?;
    Ok((restore.clone(), (name, saved(value)?)))
}

/// A value's saved form.
pub(super) fn saved(value: &impl Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Reads a pickled value back.
#[pyfunction]
pub(crate) fn restore(py: Python<'_>, name: &str, json: &str) -> PyResult<Py<PyAny>> {
    match name {
        "Status" => Ok(Status::of(py, read(json)?)?.into_any()),
        "GroupKind" => {
            let kind = if read::<bool>(json)? { GroupKind::Group } else { GroupKind::SuperCommunityServer };
            kind.into_py_any(py)
        }
        "Callback" => Callback(read(json)?).into_py_any(py),
        "Device" => Device(read(json)?).into_py_any(py),
        "DeviceStatus" => {
            let (resource, platform, status) = read::<(String, String, _)>(json)?;
            DeviceStatus::new(py, core::DeviceStatus { resource: &resource, platform: &platform, status })?
                .into_py_any(py)
        }
        "Presence" => Presence(read(json)?).into_py_any(py),
        "Presences" => {
            let parts = read::<Vec<(Vec<String>, String)>>(json)?.into_iter();
            let presences =
                parts.map(|(asked, raw)| core::Presences::from_raw(asked, raw)).collect::<Result<_, _>>();
            Presences(presences.map_err(|error| PyValueError::new_err(error.to_string()))?).into_py_any(py)
        }
        "Subscription" => Subscription(read(json)?).into_py_any(py),
        "SubscriptionsPage" => SubscriptionsPage(read(json)?).into_py_any(py),
        "Occupancy" => read::<Occupancy>(json)?.into_py_any(py),
        "WatchStats" => read::<WatchStats>(json)?.into_py_any(py),
        "Stats" => read::<Stats>(json)?.into_py_any(py),
        "EndpointStats" => read::<EndpointStats>(json)?.into_py_any(py),
        "OnlineStates" => OnlineStates(read(json)?).into_py_any(py),
        _ => Err(PyValueError::new_err(format!("{name} is no value of this package"))),
    }
}

pub(super) fn read<T: DeserializeOwned>(json: &str) -> PyResult<T> {
    serde_json::from_str(json).map_err(|error| PyValueError::new_err(error.to_string()))
}
