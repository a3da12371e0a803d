use std::hash::{Hash, Hasher};

use easemob_presence as core;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::pickle::{Reduced, reduce};

/// A device's status: a number that the service stores, of which 0 and 1 have a meaning of their own.
///
/// Example:
///     >>> from easemob_presence import Status
///     >>> Status.custom(100)
///     Status.custom(100)
///     >>> Status.custom(1) == Status.ONLINE
///     True
///     >>> Status.OFFLINE.is_online
///     False
#[pyclass(frozen, eq, hash, module = "easemob_presence")]
pub(crate) struct Status {
    status: core::Status,
    /// The number; None for UNKNOWN.
    #[pyo3(get)]
    number: Py<PyAny>,
}

/// Numbers below this have one object each, which is made when it is first met.
const KEPT: usize = 256;

impl Status {
    /// The object for a status.
    pub(crate) fn of(py: Python<'_>, status: core::Status) -> PyResult<Py<Self>> {
        static KNOWN: [PyOnceLock<Py<Status>>; KEPT] = [const { PyOnceLock::new() }; KEPT];
        let make = || Py::new(py, Self { status, number: status.number().into_py_any(py)? });
        let place = status.number().and_then(|number| KNOWN.get(usize::try_from(number).ok()?));
        match place {
            Some(place) => place.get_or_try_init(py, make).map(|known| known.clone_ref(py)),
            None => make(),
        }
    }
}

impl PartialEq for Status {
    fn eq(&self, other: &Self) -> bool {
        self.status == other.status
    }
}

impl Eq for Status {}

impl Hash for Status {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.status.hash(state);
    }
}

impl From<&Status> for core::Status {
    fn from(status: &Status) -> Self {
        status.status
    }
}

/// How a status is shown.
pub(super) fn shown(status: core::Status) -> String {
    match status.number() {
        Some(0) => "Status.OFFLINE".to_owned(),
        Some(1) => "Status.ONLINE".to_owned(),
        Some(number) => format!("Status.custom({number})"),
        None => "Status.UNKNOWN".to_owned(),
    }
}

#[pymethods]
impl Status {
    /// Any number from 0 to 4294967295; what it means beyond 0 and 1 is the app's own choice.
    #[staticmethod]
    fn custom(py: Python<'_>, number: i128) -> PyResult<Py<Self>> {
        let number = u32::try_from(number).map_err(|_| {
            PyValueError::new_err(format!("{number} is no status; it is a number from 0 to {}", u32::MAX))
        })?;
        Self::of(py, number.into())
    }

    #[classattr]
    #[pyo3(name = "OFFLINE")]
    fn offline(py: Python<'_>) -> PyResult<Py<Self>> {
        Self::of(py, core::Status::Offline)
    }

    #[classattr]
    #[pyo3(name = "ONLINE")]
    fn online(py: Python<'_>) -> PyResult<Py<Self>> {
        Self::of(py, core::Status::Online)
    }

    /// The service sent no number, or one out of range. Cannot be set.
    #[classattr]
    #[pyo3(name = "UNKNOWN")]
    fn unknown(py: Python<'_>) -> PyResult<Py<Self>> {
        Self::of(py, core::Status::Unknown)
    }

    /// Whether the device is there: online, or in a custom status other than 0.
    #[getter]
    fn is_online(&self) -> bool {
        self.status.is_online()
    }

    fn __repr__(&self) -> String {
        shown(self.status)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Reduced<'py>> {
        reduce(slf.py(), "Status", &slf.get().status)
    }
}

/// What a group id names.
#[pyclass(frozen, eq, hash, from_py_object, rename_all = "SCREAMING_SNAKE_CASE", module = "easemob_presence")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum GroupKind {
    /// A group.
    Group,
    /// A server of a super community.
    SuperCommunityServer,
}

impl From<GroupKind> for core::GroupKind {
    fn from(kind: GroupKind) -> Self {
        match kind {
            GroupKind::Group => Self::Group,
            GroupKind::SuperCommunityServer => Self::SuperCommunityServer,
        }
    }
}

#[pymethods]
impl GroupKind {
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Reduced<'py>> {
        reduce(slf.py(), "GroupKind", &(*slf.get() == Self::Group))
    }
}
