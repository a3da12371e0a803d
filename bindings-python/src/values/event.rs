use std::borrow::Cow;
use std::time::SystemTime;

use easemob_presence as core;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use serde::{Deserialize, Serialize};

use super::pickle::{read, saved};
use super::{Presence, repr};
use crate::errors::Failure;

/// What a watcher tells.
///
/// "enter", "leave" and "update" are about one user and have a presence, a source, and what was known before. Applied in
/// order, they give the watcher's view of every user who was ever online.
///
/// Example:
///     >>> emulator.state.login("c2", "ios_1")
///     >>> with client.user("wzy").watch(["c2"]) as watcher:
///     ...     event = next(watcher)
///     >>> event.kind, event.user_id, event.presence.is_online, event.previous, event.initial, event.source
///     ('enter', 'c2', True, None, True, 'poll')
#[pyclass(frozen, eq, hash, module = "easemob_presence")]
pub(crate) struct Event {
    told: Told,
    error: Option<Py<PyAny>>,
}

/// Everything but the error, which is Python's and told by the message.
#[derive(Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Told {
    kind: Cow<'static, str>,
    user_id: Option<String>,
    presence: Option<core::Presence>,
    previous: Option<core::Presence>,
    initial: bool,
    source: Option<Cow<'static, str>>,
    since: Option<SystemTime>,
    merged: Option<u64>,
    reason: Option<Cow<'static, str>>,
    message: Option<String>,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.told == other.told
    }
}

impl std::hash::Hash for Event {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.told.hash(state);
    }
}

impl Event {
    pub(crate) fn new(py: Python<'_>, event: core::Event) -> Self {
        let user_id = event.user_id().map(|user_id| user_id.as_str().to_owned());
        let told = Told { kind: event.kind().name().into(), user_id, ..Told::default() };
        let mut error = None;
        let told = match event {
            core::Event::Enter(change) | core::Event::Leave(change) | core::Event::Update(change) => Told {
                presence: Some(change.presence),
                previous: change.previous,
                initial: change.initial,
                source: Some(change.source.name().into()),
                ..told
            },
            core::Event::Stale { since, .. } => Told { since: Some(since), ..told },
            core::Event::Lagged { merged, .. } => Told { merged: Some(merged), ..told },
            core::Event::Warning(warning) => {
                let message = Some(warning.to_string());
                error = warning.error.map(|error| Failure::from(error).into_exception(py));
                Told { reason: Some(warning.reason.name().into()), message, ..told }
            }
            _ => told,
        };
        Self { told, error: error.map(|error| error.into_value(py).into_any()) }
    }
}

#[pymethods]
impl Event {
    /// "enter": the user's first device is online. "leave": the last one went offline. "update": devices, a status or the
    /// text changed without either. "synced": every watched user has been read once. "stale": there is no contact with
    /// the service, what is known may be old. "resynced": after "stale", every user has been read again. "lagged": events
    /// were not taken as fast as they came, and some were merged. "warning": somebody should look at it.
    #[getter]
    fn kind(&self) -> &str {
        &self.told.kind
    }

    /// The user whom it is about, if it is about one.
    #[getter]
    fn user_id(&self) -> Option<&str> {
        self.told.user_id.as_deref()
    }

    /// The user's presence now, of "enter", "leave" and "update". It has no `expires_at`.
    #[getter]
    fn presence(&self) -> Option<Presence> {
        self.told.presence.clone().map(Presence)
    }

    /// What was last told or known of the user; None the first time.
    #[getter]
    fn previous(&self) -> Option<Presence> {
        self.told.previous.clone().map(Presence)
    }

    /// Whether this is the first that is known of the user, who may have been online for long.
    #[getter]
    fn initial(&self) -> bool {
        self.told.initial
    }

    /// Where the watcher learned of the change: "poll", "subscribe" or "callback". Of merged events, that of the last.
    #[getter]
    fn source(&self) -> Option<&str> {
        self.told.source.as_deref()
    }

    /// Of "stale": when a poll last succeeded, by this machine's clock, as an aware datetime.
    #[getter]
    fn since(&self) -> Option<SystemTime> {
        self.told.since
    }

    /// Of "lagged": how many events were merged into others or cancelled each other out.
    #[getter]
    fn merged(&self) -> Option<u64> {
        self.told.merged
    }

    /// Of "warning": what it is about, "not_answered" for instance.
    #[getter]
    fn reason(&self) -> Option<&str> {
        self.told.reason.as_deref()
    }

    /// Of "warning": the user, the reason and the error in one line.
    #[getter]
    fn message(&self) -> Option<&str> {
        self.told.message.as_deref()
    }

    /// Of "warning": the error behind it, if there is one. Two events with the same message count as equal.
    #[getter]
    fn error(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.error.as_ref().map(|error| error.clone_ref(py))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let Told { user_id, previous, initial, source, since, merged, reason, message, .. } = &self.told;
        let mut fields = vec![format!("kind={}", repr(py, self.kind())?)];
        let mut show = |name: &str, value: Option<String>| {
            fields.extend(value.map(|value| format!("{name}={value}")));
        };
        if let (Some(presence), Some(source)) = (self.presence(), source) {
            show("presence", Some(presence.__repr__(py)?));
            show("previous", Some(repr(py, previous.clone().map(Presence))?));
            show("initial", Some(repr(py, *initial)?));
            show("source", Some(repr(py, &**source)?));
        } else {
            show("user_id", user_id.as_deref().map(|user_id| repr(py, user_id)).transpose()?);
        }
        show("since", since.map(|since| repr(py, since)).transpose()?);
        show("merged", merged.map(|merged| merged.to_string()));
        show("reason", reason.as_deref().map(|reason| repr(py, reason)).transpose()?);
        show("message", message.as_deref().map(|message| repr(py, message)).transpose()?);
        Ok(format!("Event({})", fields.join(", ")))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        static RESTORE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let restore = RESTORE.import(py, "easemob_presence._native", "restore_event")?;
        Ok((restore.clone(), (saved(&self.told)?, self.error(py))))
    }
}

type Reduced<'py> = (Bound<'py, PyAny>, (String, Option<Py<PyAny>>));

/// Reads a pickled event back; its error pickles by itself.
#[pyfunction]
pub(crate) fn restore_event(json: &str, error: Option<Py<PyAny>>) -> PyResult<Event> {
    Ok(Event { told: read(json)?, error })
}
