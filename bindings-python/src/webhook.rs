//! Callbacks: a body in, a value out. The GIL is held all along: it takes microseconds, and no fork can then find the
//! memory of callbacks locked.

use easemob_presence::webhook::Verifier;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView, PyString};

use crate::arguments::{Seconds, Text, kind};
use crate::errors::{Failure, config, invalid_input};
use crate::values::Callback;

/// Checks and reads the callbacks that the service posts to your server when users log in and out.
///
/// Keep one for the life of the process: it remembers the callbacks that it accepted, to drop repeats. Safe to use from
/// any thread; it does no I/O. Of several processes each has a memory of its own.
///
/// Args:
///     secret: The secret of the rule in the console.
///     also: Other secrets to accept: the old one while the console changes it, or those of other rules.
///     max_age: How far a callback's timestamp may be from this machine's clock, before it and after it, in seconds or
///         as a timedelta; 10 minutes if not given. Repeats are remembered as long, at most 100,000 of them.
///     app_key: Refuses callbacks of other apps than "org#app", should their rule have the same secret.
///
/// Raises:
///     ConfigError: For a secret that is empty or has white space around it, no age at all, or no App Key.
///
/// Example:
///     >>> from easemob_presence import Webhook
///     >>> webhook = Webhook("the rule's secret")
///     >>> body = emulator.callback("c2", "android_1", "login", "the rule's secret")  # what the service would post
///     >>> callback = webhook.parse(body)
///     >>> callback.user_id, callback.resource, callback.online
///     ('c2', 'android_1', True)
///     >>> webhook.parse(body) is None  # a repeat
///     True
#[pyclass(frozen, module = "easemob_presence")]
pub(crate) struct Webhook(Verifier);

#[pymethods]
impl Webhook {
    #[new]
    #[pyo3(signature = (secret, *, also=None, max_age=None, app_key=None))]
    fn new(
        py: Python<'_>,
        secret: Text,
        also: Option<Secrets>,
        max_age: Option<Seconds>,
        app_key: Option<Text>,
    ) -> PyResult<Self> {
        let made = Verifier::new(secret.0).and_then(|verifier| {
            let also = also.map(|Secrets(also)| also).unwrap_or_default();
            let verifier = also.into_iter().try_fold(verifier, |all, Text(secret)| all.also(secret))?;
            let verifier = max_age.into_iter().try_fold(verifier, |all, Seconds(age)| all.max_age(age))?;
            app_key.into_iter().try_fold(verifier, |all, Text(app_key)| all.app_key(app_key))
        });
        made.map(Self).map_err(|error| Failure::from(error).into_exception(py))
    }

    /// Checks the body of a request and reads it.
    ///
    /// Answer 200 within 60 seconds for a callback and for a repeat, 401 to InvalidSignatureError, 400 to DecodeError.
    ///
    /// Args:
    ///     body: The body as it came, byte for byte; not what a framework made of its JSON.
    ///
    /// Returns:
    ///     The callback; None for a repeat of one that was accepted.
    ///
    /// Raises:
    ///     InvalidSignatureError: If it is not signed, or not with one of the secrets, too old, too far in the future,
    ///         or another app's.
    ///     DecodeError: If it is no JSON object, or not one of these callbacks; the service can be told to post others,
    ///         such as messages, to the same address.
    ///     InvalidInputError: If the body is neither bytes nor str.
    ///
    /// Example:
    ///     >>> from easemob_presence import InvalidSignatureError, Webhook
    ///     >>> body = emulator.callback("c2", "android_1", "logout", "another secret")
    ///     >>> try:
    ///     ...     Webhook("the rule's secret").parse(body)
    ///     ... except InvalidSignatureError as error:
    ///     ...     print(error.message)
    ///     the callback is not signed with the secret
    fn parse(&self, py: Python<'_>, body: Body<'_>) -> PyResult<Option<Callback>> {
        let Body(body) = body;
        let parsed = self.0.parse(body.as_bytes()).map_err(Failure::from);
        parsed.map(|callback| callback.map(Callback)).map_err(|failure| failure.into_exception(py))
    }

    /// Takes the callback with this id for new if it comes again.
    ///
    /// For a handler that could not deal with it: forget it, answer 500, and the service delivers it once more.
    ///
    /// Args:
    ///     call_id: The `call_id` of what `parse` returned.
    ///
    /// Returns:
    ///     Whether it was remembered.
    ///
    /// Example:
    ///     >>> from easemob_presence import Webhook
    ///     >>> webhook = Webhook("the rule's secret")
    ///     >>> body = emulator.callback("c2", "android_1", "login", "the rule's secret")
    ///     >>> callback = webhook.parse(body)
    ///     >>> webhook.forget(callback.call_id), webhook.parse(body) == callback
    ///     (True, True)
    fn forget(&self, call_id: &str) -> bool {
        self.0.forget(call_id)
    }
}

/// Further secrets: any iterable of `str` but a `str` itself.
struct Secrets(Vec<Text>);

impl<'py> FromPyObject<'_, 'py> for Secrets {
    type Error = PyErr;

    fn extract(secrets: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let items = if secrets.is_instance_of::<PyString>() { None } else { secrets.try_iter().ok() };
        let items = items.ok_or_else(|| {
            let text = format!("also is {}, not a list of secrets; write a list of str.", kind(&secrets));
            config(secrets.py(), &text)
        })?;
        items.map(|secret| secret?.extract()).collect::<PyResult<_>>().map(Self)
    }
}

/// A request's body.
struct Body<'py>(Bound<'py, PyBytes>);

impl<'py> FromPyObject<'_, 'py> for Body<'py> {
    type Error = PyErr;

    fn extract(body: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let py = body.py();
        if let Ok(bytes) = body.cast::<PyBytes>() {
            return Ok(Self(bytes.to_owned()));
        }
        let bytes = if body.is_instance_of::<PyString>() {
            // Half a surrogate pair is no text; as bytes it is none either, and refused as such.
            body.call_method1("encode", ("utf-8", "surrogatepass"))?
        } else if body.is_instance_of::<PyByteArray>() || body.is_instance_of::<PyMemoryView>() {
            py.get_type::<PyBytes>().call1((body,))?
        } else {
            let text = format!("the body is {}; give the bytes of the request as they came.", kind(&body));
            return Err(invalid_input(py, &text));
        };
        Ok(Self(bytes.cast_into()?))
    }
}
