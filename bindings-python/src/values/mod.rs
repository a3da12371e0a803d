//! What Python gets back: light frozen views of the core's values. A Python object is made when a field is read.
//!
//! All have equality and hash by content, a readable repr, and pickle as the core's own saved form.

mod callback;
mod device;
mod event;
mod fields;
mod moment;
mod online_states;
mod pickle;
mod presence;
mod presences;
mod stats;
mod status;
mod subscription;
mod token;
mod watch_stats;

pub(crate) use callback::Callback;
pub(crate) use device::{Device, DeviceStatus};
use easemob_presence as core;
pub(crate) use event::{Event, restore_event};
pub(crate) use online_states::OnlineStates;
pub(crate) use pickle::restore;
pub(crate) use presence::Presence;
pub(crate) use presences::Presences;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
pub(crate) use stats::{EndpointStats, Stats};
pub(crate) use status::{GroupKind, Status};
pub(crate) use subscription::{Subscription, SubscriptionsPage};
pub(crate) use token::AppToken;
pub(crate) use watch_stats::{Occupancy, WatchStats};

use crate::watch::Watcher;

/// The value of any call, on its way from a tokio thread to Python.
pub(crate) enum Value {
    Done,
    Flag(bool),
    Count(u64),
    Presence(core::Presence),
    Presences(core::Presences),
    Devices(Vec<core::Device>),
    Subscriptions(Vec<core::Subscription>),
    Page(core::SubscriptionsPage),
    OnlineStates(core::OnlineStates),
    Token(core::AppToken),
    Watcher(core::Watcher),
}

impl Value {
    pub(crate) fn into_python(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Self::Done => Ok(py.None()),
            Self::Flag(flag) => flag.into_py_any(py),
            Self::Count(count) => count.into_py_any(py),
            Self::Presence(presence) => Presence(presence).into_py_any(py),
            Self::Presences(presences) => Presences(presences).into_py_any(py),
            Self::Devices(devices) => tuple(py, devices.into_iter().map(Device)),
            Self::Subscriptions(items) => tuple(py, items.into_iter().map(Subscription)),
            Self::Page(page) => SubscriptionsPage(page).into_py_any(py),
            Self::OnlineStates(states) => OnlineStates(states).into_py_any(py),
            Self::Token(token) => AppToken(token).into_py_any(py),
            Self::Watcher(watcher) => Watcher::new(watcher).into_py_any(py),
        }
    }
}

/// Says once which of the core's types is which value.
macro_rules! values {
    ($($from:ty => $value:ident),+ $(,)?) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$value(value)
            }
        })+
    };
}

values! {
    bool => Flag,
    u64 => Count,
    core::Presence => Presence,
    core::Presences => Presences,
    Vec<core::Device> => Devices,
    Vec<core::Subscription> => Subscriptions,
    core::SubscriptionsPage => Page,
    core::OnlineStates => OnlineStates,
    core::AppToken => Token,
    core::Watcher => Watcher,
}

impl From<()> for Value {
    fn from((): ()) -> Self {
        Self::Done
    }
}

/// A tuple of views.
pub(crate) fn tuple<T: for<'py> IntoPyObject<'py>>(
    py: Python<'_>,
    items: impl ExactSizeIterator<Item = T>,
) -> PyResult<Py<PyAny>> {
    Ok(PyTuple::new(py, items)?.into_any().unbind())
}

/// An object that could or could not be made, as an item of a tuple.
struct Tried<'py, T>(PyResult<Bound<'py, T>>);

impl<'py, T> IntoPyObject<'py> for Tried<'py, T> {
    type Target = T;
    type Output = Bound<'py, T>;
    type Error = PyErr;

    fn into_pyobject(self, _py: Python<'py>) -> PyResult<Bound<'py, T>> {
        self.0
    }
}

/// A tuple of ids.
fn ids(py: Python<'_>, ids: &[core::UserId]) -> PyResult<Py<PyAny>> {
    Ok(PyTuple::new(py, ids.iter().map(core::UserId::as_str))?.into_any().unbind())
}

/// How Python writes a value.
fn repr<'py>(py: Python<'py>, value: impl IntoPyObjectExt<'py>) -> PyResult<String> {
    Ok(value.into_bound_py_any(py)?.repr()?.to_string())
}
