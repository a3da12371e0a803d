//! From a failure to the Python exception that stands for it. The classes, their fields and their builtin bases are
//! declared in Python (`easemob_presence/errors.py`), where they can carry fields; here is only the hand-over.

use std::error::Error as StdError;
use std::io;

use easemob_presence::{Error, PartialFailure, UserId};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};

use crate::provider::ProviderFailed;
use crate::values::{OnlineStates, Presences};

/// Why a call brought no value.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What the core says.
    Core(Error),
    /// The call was begun in the process that this one was forked from.
    Forked,
    /// The runtime is gone: the interpreter is exiting.
    Stopped,
    /// No thread could be started.
    NoRuntime(io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl Failure {
    /// The exception, or the one that making it raised.
    pub(crate) fn into_exception(self, py: Python<'_>) -> PyErr {
        let made = match self {
            Self::Core(error) => described(py, &error),
            Self::Forked => plain(
                py,
                "forked",
                "this call was begun before the process forked, and its connection stayed with the parent. \
                 Make the call again: the client itself works in the child.",
            ),
            Self::Stopped => plain(py, "closed", "the interpreter is exiting; no call can be made any more."),
            Self::NoRuntime(error) => return error.into(),
        };
        made.map_or_else(|error| error, PyErr::from_value)
    }
}

/// An exception for an argument that cannot be read at all.
pub(crate) fn invalid_input(py: Python<'_>, text: &str) -> PyErr {
    plain(py, "invalid_input", text).map_or_else(|error| error, PyErr::from_value)
}

/// An exception for a setting that cannot be read at all.
pub(crate) fn config(py: Python<'_>, text: &str) -> PyErr {
    plain(py, "config", text).map_or_else(|error| error, PyErr::from_value)
}

fn plain<'py>(py: Python<'py>, kind: &str, text: &str) -> PyResult<Bound<'py, PyAny>> {
    let fields = PyDict::new(py);
    fields.set_item("message", text)?;
    make(py, kind, text, &fields, Vec::new())
}

fn described<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let fields = PyDict::new(py);
    fields.set_item("message", error.message())?;
    fields.set_item("operation", error.operation())?;
    fields.set_item("status", error.status())?;
    fields.set_item("code", error.code())?;
    fields.set_item("hint", error.hint())?;
    fields.set_item("request_id", error.request_id())?;
    fields.set_item("retryable", error.retryable())?;
    fields.set_item("retry_after", error.retry_after().map(|wait| wait.as_secs_f64()))?;
    fields.set_item("sent", error.sent().name())?;
    fields.set_item("attempts", error.attempts())?;
    fields.set_item("body", error.body())?;
    if let Some(told) = error.partial() {
        fields.set_item("partial", partial(py, told)?)?;
    }
    make(py, error.kind().name(), &error.to_string(), &fields, causes(py, error)?)
}

/// What succeeded, and the failures with the users of each.
fn partial<'py>(py: Python<'py>, told: &PartialFailure) -> PyResult<Bound<'py, PyAny>> {
    static PARTIAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let presences = told.presences().cloned().map(|all| Py::new(py, Presences(all))).transpose()?;
    let states = told.online_states().cloned().map(|all| Py::new(py, OnlineStates(all))).transpose()?;
    let ids = |ids: &[UserId]| PyTuple::new(py, ids.iter().map(UserId::as_str));
    let cause = |(users, error)| Ok((ids(users)?, described(py, error)?));
    let causes = told.causes().map(cause).collect::<PyResult<Vec<_>>>()?;
    let fields = (presences, states, ids(told.succeeded())?, PyTuple::new(py, causes)?);
    PARTIAL.import(py, "easemob_presence.errors", "PartialFailure")?.call1(fields)
}

fn make<'py>(
    py: Python<'py>,
    kind: &str,
    text: &str,
    fields: &Bound<'py, PyDict>,
    causes: Vec<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    MAKE.import(py, "easemob_presence._failure", "make")?.call1((kind, text, fields, causes))
}

/// The causes from the nearest to the innermost: an exception that Python raised as itself, an operating system's
/// error as `(errno, text)`, anything else as its text.
fn causes<'py>(py: Python<'py>, error: &Error) -> PyResult<Vec<Bound<'py, PyAny>>> {
    std::iter::successors(error.source(), |&cause| next(cause))
        .map(|cause| {
            if let Some(ProviderFailed(exception)) = cause.downcast_ref() {
                return Ok(exception.bind(py).clone().into_any());
            }
            match cause.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error) {
                Some(errno) => Ok((errno, cause.to_string()).into_pyobject(py)?.into_any()),
                None => Ok(cause.to_string().into_pyobject(py)?.into_any()),
            }
        })
        .collect()
}

fn next<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        // An io::Error's own `source` skips the error that it wraps.
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
