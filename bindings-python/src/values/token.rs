use easemob_presence as core;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::arguments::Seconds;

/// An app token, with its lifetime where that is known. Never prints itself and cannot be pickled.
///
/// Example:
///     >>> from easemob_presence import AppToken
///     >>> AppToken("YWMt…", expires_in=3600)
///     AppToken([redacted])
#[pyclass(frozen, module = "easemob_presence")]
pub(crate) struct AppToken(pub(super) core::AppToken);

#[expect(clippy::unused_self, reason = "Python calls these on an instance, and they tell nothing of it")]
#[pymethods]
impl AppToken {
    #[new]
    #[pyo3(signature = (token, *, expires_in=None))]
    fn new(token: String, expires_in: Option<Seconds>) -> Self {
        let token = core::AppToken::new(token);
        Self(match expires_in {
            Some(Seconds(lifetime)) => token.expires_in(lifetime),
            None => token,
        })
    }

    /// The token itself, for a call of your own. Keep it out of logs.
    fn expose(&self) -> &str {
        self.0.expose()
    }

    /// How many seconds the token still lived when it was handed out; None where that is not known.
    #[getter]
    fn lifetime(&self) -> Option<f64> {
        self.0.lifetime().map(|lifetime| lifetime.as_secs_f64())
    }

    fn __repr__(&self) -> &'static str {
        "AppToken([redacted])"
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("an app token is a secret and is not pickled; call expose() where you must"))
    }
}
