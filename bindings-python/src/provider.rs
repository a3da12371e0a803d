//! App tokens from a Python function, asked for by the core in the middle of a call.
//!
//! The core asks from a tokio thread, which must not take the GIL. A short-lived thread of our own takes it instead,
//! only to start a *Python* daemon thread that runs the function: with no Rust frame beneath it, the interpreter may
//! end that thread at exit in its usual way. Tokens are asked for a few times a day, so two threads cost nothing.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use easemob_presence::{self as core, ProvidedToken, TokenProvider};
use futures_util::FutureExt;
use pyo3::exceptions::PyBaseException;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::arguments::Seconds;
use crate::runtime::engine;

type Answer = Result<core::AppToken, Box<dyn StdError + Send + Sync>>;

/// The Python callable that takes a [`TokenRequest`] and starts a thread to answer it. It refers to the user's function
/// weakly: the Python client holds that one, and a strong reference from Rust would close a cycle that Python's
/// collector cannot see.
pub(crate) struct Provider(Arc<Py<PyAny>>);

impl Provider {
    pub(crate) fn new(start: Py<PyAny>) -> Self {
        Self(Arc::new(start))
    }
}

impl TokenProvider for Provider {
    fn token(&self) -> ProvidedToken<'_> {
        let (sender, answer) = oneshot::channel();
        let (start, request) = (Arc::clone(&self.0), TokenRequest { answer: Mutex::new(Some(sender)) });
        let thread = std::thread::Builder::new().name("easemob-presence-token".into());
        let handed_over = thread.spawn(move || hand_over(&start, request));
        async move {
            handed_over?;
            answer.await?
        }
        .boxed()
    }
}

/// Starts the Python thread. While the interpreter exits there is none to be had: the request is dropped, which its
/// caller sees.
fn hand_over(start: &Py<PyAny>, request: TokenRequest) {
    let Ok(engine) = engine() else { return };
    let _waiting = engine.wait();
    Python::try_attach(|py| {
        let Ok(request) = Py::new(py, request) else { return };
        if let Err(error) = start.call1(py, (&request,)) {
            request.get().fail(error.into_value(py));
        }
    });
}

/// The core's wait for one token.
#[pyclass(frozen, module = "easemob_presence._native")]
pub(crate) struct TokenRequest {
    answer: Mutex<Option<oneshot::Sender<Answer>>>,
}

impl TokenRequest {
    fn send(&self, answer: Answer) {
        let sender = self.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Fails only if no one waits any more.
        let _ = sender.map(|sender| sender.send(answer));
    }
}

#[pymethods]
impl TokenRequest {
    fn answer(&self, token: String, expires_in: Option<Seconds>) {
        let token = core::AppToken::new(token);
        self.send(Ok(match expires_in {
            Some(Seconds(lifetime)) => token.expires_in(lifetime),
            None => token,
        }));
    }

    fn fail(&self, exception: Py<PyBaseException>) {
        self.send(Err(ProviderFailed(exception).into()));
    }
}

/// What the function raised. Its text is not asked for here: that would need the GIL.
#[derive(Debug)]
pub(crate) struct ProviderFailed(pub(crate) Py<PyBaseException>);

impl fmt::Display for ProviderFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the Python function raised an exception")
    }
}

impl StdError for ProviderFailed {}
