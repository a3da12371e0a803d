use easemob_presence as core;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

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
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Status(Option<u32>);

impl From<&Status> for core::Status {
    fn from(status: &Status) -> Self {
        status.0.into()
    }
}

impl From<core::Status> for Status {
    fn from(status: core::Status) -> Self {
        Self(status.number())
    }
}

#[pymethods]
impl Status {
    /// Any number from 0 to 4294967295; what it means beyond 0 and 1 is the app's own choice.
    #[staticmethod]
    fn custom(number: i128) -> PyResult<Self> {
        u32::try_from(number).map(|number| Self(Some(number))).map_err(|_| {
            PyValueError::new_err(format!("{number} is no status; it is a number from 0 to {}", u32::MAX))
        })
    }

    #[classattr]
    #[pyo3(name = "OFFLINE")]
    fn offline() -> Self {
        Self(Some(0))
    }

    #[classattr]
    #[pyo3(name = "ONLINE")]
    fn online() -> Self {
        Self(Some(1))
    }

    /// The service sent no number, or one out of range. Cannot be set.
    #[classattr]
    #[pyo3(name = "UNKNOWN")]
    fn unknown() -> Self {
        Self(None)
    }

    /// The number; None for UNKNOWN.
    #[getter]
    fn number(&self) -> Option<u32> {
        self.0
    }

    /// Whether the device is there: online, or in a custom status other than 0.
    #[getter]
    fn is_online(&self) -> bool {
        core::Status::from(self).is_online()
    }

    pub(super) fn __repr__(&self) -> String {
        match self.0 {
            Some(0) => "Status.OFFLINE".to_owned(),
            Some(1) => "Status.ONLINE".to_owned(),
            Some(number) => format!("Status.custom({number})"),
            None => "Status.UNKNOWN".to_owned(),
        }
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Reduced<'py>> {
        reduce(slf.py(), "Status", &core::Status::from(slf.get()))
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
