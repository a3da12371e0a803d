//! What Python passes in.

use std::time::Duration;

use easemob_presence as core;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyBool, PyBytes, PyList, PyMapping, PyString, PyTuple};

use crate::errors::invalid_input;
use crate::values::Status;

/// A length of time: seconds as a number, or a `timedelta`.
#[derive(Clone, Copy)]
pub(crate) struct Seconds(pub(crate) Duration);

impl<'py> FromPyObject<'_, 'py> for Seconds {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let refuse = || {
            let shown = shown(&value);
            let text = format!("{shown} is no length of time; write seconds as a number, or a timedelta.");
            invalid_input(value.py(), &text)
        };
        if value.is_instance_of::<PyBool>() {
            return Err(refuse());
        }
        let seconds =
            value.call_method0("total_seconds").unwrap_or_else(|_| value.to_owned()).extract::<f64>();
        let seconds = seconds.map_err(|_| refuse())?;
        Duration::try_from_secs_f64(seconds).map(Self).map_err(|_| refuse())
    }
}

/// A text.
pub(crate) struct Text(pub(crate) String);

impl<'py> FromPyObject<'_, 'py> for Text {
    type Error = PyErr;

    fn extract(text: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let wrong = || invalid_input(text.py(), &format!("{} was given where a str is meant.", kind(&text)));
        text.cast::<PyString>().map_err(|_| wrong())?.extract().map(Self)
    }
}

/// A whole number, as pages and counts are.
#[derive(Clone, Copy)]
pub(crate) struct Number(pub(crate) u32);

impl<'py> FromPyObject<'_, 'py> for Number {
    type Error = PyErr;

    fn extract(number: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let given = if number.is_instance_of::<PyBool>() { None } else { number.extract().ok() };
        given.map(Self).ok_or_else(|| {
            let text = format!("{} is no whole number from 0 to {}.", shown(&number), u32::MAX);
            invalid_input(number.py(), &text)
        })
    }
}

/// True or false.
#[derive(Clone, Copy)]
pub(crate) struct Flag(pub(crate) bool);

impl<'py> FromPyObject<'_, 'py> for Flag {
    type Error = PyErr;

    fn extract(flag: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let given = flag.cast::<PyBool>().map(|flag| Self(flag.is_true()));
        given.map_err(|_| invalid_input(flag.py(), &format!("{} is neither True nor False.", shown(&flag))))
    }
}

/// A number.
#[derive(Clone, Copy)]
pub(crate) struct Float(pub(crate) f64);

impl<'py> FromPyObject<'_, 'py> for Float {
    type Error = PyErr;

    fn extract(number: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let given = if number.is_instance_of::<PyBool>() { None } else { number.extract().ok() };
        given
            .map(Self)
            .ok_or_else(|| invalid_input(number.py(), &format!("{} is no number.", shown(&number))))
    }
}

/// User ids: any iterable of `str` but a `str` itself, which would be read letter by letter.
///
/// Copied and no more: to look at each id would hold the event loop, so that is left to the runtime's thread.
pub(crate) enum Ids {
    /// Of a list or a tuple, joined by line ends, which none of them has.
    Joined(String),
    Each(Vec<String>),
}

impl Ids {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let (joined, each) = match self {
            Self::Joined(ids) => (Some(ids.split('\n')), [].as_slice()),
            Self::Each(ids) => (None, ids.as_slice()),
        };
        joined.into_iter().flatten().chain(each.iter().map(String::as_str))
    }

    /// None if one of them is no `str`, or they could not be told apart.
    fn join(ids: Borrowed<'_, '_, PyAny>) -> Option<Self> {
        let count = if let Ok(list) = ids.cast_exact::<PyList>() {
            list.len()
        } else {
            ids.cast_exact::<PyTuple>().ok()?.len()
        };
        let joined = intern!(ids.py(), "\n").call_method1(intern!(ids.py(), "join"), (ids,)).ok()?;
        let joined = joined.cast::<PyString>().ok()?.to_str().ok()?;
        // Counted in bytes, of which the processor adds up many at a time; so in pieces whose count fits one.
        let ends = |some: &[u8]| some.iter().map(|&byte| u8::from(byte == b'\n')).sum::<u8>();
        let ends: usize = joined.as_bytes().chunks(255).map(|some| usize::from(ends(some))).sum();
        (count == ends + 1).then(|| Self::Joined(joined.to_owned()))
    }
}

impl<'py> FromPyObject<'_, 'py> for Ids {
    type Error = PyErr;

    fn extract(ids: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let py = ids.py();
        if let Some(joined) = Self::join(ids) {
            return Ok(joined);
        }
        if ids.is_instance_of::<PyString>() || ids.is_instance_of::<PyBytes>() {
            let text = format!("the ids are one {}, not a list of ids; write [{}].", kind(&ids), ids.repr()?);
            return Err(invalid_input(py, &text));
        }
        let items = ids.try_iter().map_err(|_| {
            invalid_input(py, &format!("the ids are {}, not a list of ids; write a list of str.", kind(&ids)))
        })?;
        let id = |(place, item): (usize, PyResult<Bound<'py, PyAny>>)| {
            let item = item?;
            let wrong =
                |_| invalid_input(py, &format!("ids[{place}] is {}; a user id is a str.", kind(&item)));
            item.cast::<PyString>().map_err(wrong)?.extract()
        };
        items.enumerate().map(id).collect::<PyResult<_>>().map(Self::Each)
    }
}

/// Ids out of the middle of a list.
pub(crate) struct IdsFrom {
    pub(crate) ids: Vec<String>,
    /// The first that is no str; it is left out.
    pub(crate) wrong: Option<PyErr>,
}

impl IdsFrom {
    /// Reads ids, the first of which is at place `from`.
    pub(crate) fn read(py: Python<'_>, from: usize, items: Vec<Py<PyAny>>) -> Self {
        let mut read = Self { ids: Vec::with_capacity(items.len()), wrong: None };
        for (place, item) in (from..).zip(items) {
            if let Ok(id) = item.extract(py) {
                read.ids.push(id);
            } else {
                let text = format!("ids[{place}] is {}; a user id is a str.", kind(item.bind(py)));
                read.wrong.get_or_insert_with(|| invalid_input(py, &text));
            }
        }
        read
    }
}

pub(crate) fn kind(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "an object".to_owned(), |name| name.to_string())
}

/// How Python writes a value.
fn shown(value: &Bound<'_, PyAny>) -> String {
    value.repr().map_or_else(|_| kind(value), |text| text.to_string())
}

/// The rates of the service: as documented, none, the same everywhere, or the documented ones with some replaced.
pub(crate) struct RateLimits(pub(crate) core::RateLimits);

impl<'py> FromPyObject<'_, 'py> for RateLimits {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(rates) = given.cast::<PyMapping>() {
            return replaced(&rates).map(Self);
        }
        if let Ok(name) = given.extract::<PyBackedStr>() {
            match &*name {
                "documented" => return Ok(Self(core::RateLimits::documented())),
                "off" => return Ok(Self(core::RateLimits::off())),
                _ => {}
            }
        } else if let Ok(Number(rate)) = given.extract() {
            return Ok(Self(core::RateLimits::uniform(rate)));
        }
        let text = format!(
            "{} is no rate; write \"documented\", \"off\", a whole number of calls a second, or a dict of endpoint and \
             number.",
            shown(&given)
        );
        Err(invalid_input(given.py(), &text))
    }
}

fn replaced(rates: &Bound<'_, PyMapping>) -> PyResult<core::RateLimits> {
    let mut limits = core::RateLimits::documented();
    for item in rates.items()? {
        let (name, Number(rate)): (Bound<'_, PyAny>, Number) = item.extract()?;
        let endpoint = name.extract::<PyBackedStr>().ok().and_then(|name| core::Endpoint::from_name(&name));
        let Some(endpoint) = endpoint else {
            let known: Vec<_> = core::Endpoint::ALL.iter().map(|endpoint| endpoint.name()).collect();
            let text = format!("{} is no endpoint; known are {}.", shown(&name), known.join(", "));
            return Err(invalid_input(rates.py(), &text));
        };
        limits = limits.with(endpoint, rate);
    }
    Ok(limits)
}

/// Whether calls go before or after others: "normal" or "background".
#[derive(Clone, Copy)]
pub(crate) struct Priority(pub(crate) core::Priority);

impl<'py> FromPyObject<'_, 'py> for Priority {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match given.extract::<PyBackedStr>().as_deref() {
            Ok("normal") => Ok(Self(core::Priority::Normal)),
            Ok("background") => Ok(Self(core::Priority::Background)),
            _ => {
                let text = format!("{} is no priority; write \"normal\" or \"background\".", shown(&given));
                Err(invalid_input(given.py(), &text))
            }
        }
    }
}

/// A status to set: a `Status`, or its number.
#[derive(Clone, Copy)]
pub(crate) struct StatusArgument(pub(crate) easemob_presence::Status);

impl<'py> FromPyObject<'_, 'py> for StatusArgument {
    type Error = PyErr;

    fn extract(status: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(status) = status.cast::<Status>() {
            return Ok(Self(status.get().into()));
        }
        let number = if status.is_instance_of::<PyBool>() { None } else { status.extract::<u32>().ok() };
        let wrong = "the status is neither a Status nor a number from 0 to 4294967295; write Status.ONLINE, \
                     Status.OFFLINE or Status.custom(100).";
        number.map(|number| Self(number.into())).ok_or_else(|| invalid_input(status.py(), wrong))
    }
}
