//! Callbacks: a body in, the value's saved form out, as JSON.

use easemob_presence::webhook::Verifier;
use napi::bindgen_prelude::{Either, Error, Result, Uint8Array};
use napi_derive::napi;

use crate::config::millis;
use crate::failure::Failure;

/// A verifier of the core.
#[napi]
pub struct NativeWebhook(Verifier);

#[napi]
impl NativeWebhook {
    /// # Errors
    /// A failure's JSON as the reason.
    #[napi(constructor)]
    pub fn new(
        secret: String,
        also: Vec<String>,
        max_age_ms: Option<f64>,
        app_key: Option<String>,
    ) -> Result<Self> {
        let made = Verifier::new(secret).and_then(|verifier| {
            let verifier = also.into_iter().try_fold(verifier, Verifier::also)?;
            let verifier = max_age_ms.map(millis).into_iter().try_fold(verifier, Verifier::max_age)?;
            app_key.into_iter().try_fold(verifier, Verifier::app_key)
        });
        Ok(Self(made.map_err(Failure::from)?))
    }

    /// None for a repeat.
    ///
    /// # Errors
    /// A failure's JSON as the reason.
    #[napi]
    pub fn parse(&self, body: Either<String, Uint8Array>) -> Result<Option<String>> {
        let parsed = match body {
            Either::A(text) => self.0.parse(text),
            Either::B(bytes) => self.0.parse(bytes),
        };
        let saved = parsed.map_err(Failure::from)?.map(|callback| serde_json::to_string(&callback));
        saved.transpose().map_err(|error| Error::from_reason(error.to_string()))
    }

    /// Whether it was remembered.
    #[napi]
    #[allow(clippy::needless_pass_by_value, reason = "napi hands strings over; here it is only looked at")]
    pub fn forget(&self, call_id: String) -> bool {
        self.0.forget(&call_id)
    }
}
