use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::callback::Callback;
use super::fields::Fields;
use super::seen::Seen;
use super::signature::{Secret, Signature, is_signed_with_any};
use crate::error::{Error, ErrorKind};
use crate::wire::excerpt;

const DEFAULT_MAX_AGE: Duration = Duration::from_secs(600);

/// Checks callbacks and reads them. See the [module](crate::webhook) for what to answer the service.
///
/// It is safe to share between threads (in an `Arc`), and it has to be shared: it remembers the callbacks that it
/// accepted, to drop repeats. Several processes behind one address each have a memory of their own.
///
/// ```
/// use std::time::Duration;
/// use easemob_presence::webhook::Verifier;
///
/// let verifier = Verifier::new("the new secret")?
///     .also("the old secret, until the console has the new one")?
///     .max_age(Duration::from_secs(300))?
///     .app_key("my-org#my-app")?;
/// # Ok::<(), easemob_presence::Error>(())
/// ```
pub struct Verifier {
    secrets: Vec<Secret>,
    max_age: Duration,
    app_key: Option<String>,
    seen: Mutex<Seen>,
}

impl Verifier {
    /// How many callbacks are remembered at most, about 15 MB. Above it the oldest is forgotten, and a repeat of it
    /// is taken for new.
    pub const MAX_REMEMBERED: usize = 100_000;

    /// The longest body, in bytes. A callback has a few hundred.
    pub const MAX_BODY_BYTES: usize = 65_536;

    /// Takes the secret of the console's rule.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) if it is empty, or begins or ends with white space, as one read from a file may.
    pub fn new(secret: impl Into<String>) -> Result<Self, Error> {
        Ok(Self {
            secrets: vec![Secret::new(secret.into())?],
            max_age: DEFAULT_MAX_AGE,
            app_key: None,
            seen: Mutex::default(),
        })
    }

    /// Accepts another secret too: the old one while the console changes it, or that of another rule. Which one a
    /// callback was signed with is not told, and takes the same time to find.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn also(mut self, secret: impl Into<String>) -> Result<Self, Error> {
        self.secrets.push(Secret::new(secret.into())?);
        Ok(self)
    }

    /// How far a callback's timestamp may be from this machine's clock, before it and after it. 10 minutes if not given;
    /// the service delivers again within a few. Repeats are remembered as long.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) if it is zero.
    pub fn max_age(mut self, max_age: Duration) -> Result<Self, Error> {
        if max_age.is_zero() {
            return Err(Error::config("the age window of callbacks is zero: it would refuse them all"));
        }
        self.max_age = max_age;
        Ok(self)
    }

    /// Refuses callbacks of other apps, should their rule have the same secret: both the callback's id, which is signed,
    /// and its `appkey` must be this one's. Letter case does not matter.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) if it is not written `org#app`.
    pub fn app_key(mut self, app_key: impl Into<String>) -> Result<Self, Error> {
        let app_key = app_key.into();
        match app_key.split('#').collect::<Vec<_>>()[..] {
            [org, app] if !org.is_empty() && !app.is_empty() => {}
            _ => {
                return Err(Error::config(format!(
                    "the App Key {} is not written org#app",
                    excerpt(&app_key)
                )));
            }
        }
        self.app_key = Some(app_key);
        Ok(self)
    }

    /// Checks the body of a request, byte for byte as it came, and reads it. None for a repeat: a callback whose
    /// [`call_id`](Callback::call_id) was accepted before.
    ///
    /// # Errors
    /// - [`InvalidSignature`](ErrorKind::InvalidSignature): not signed, not with one of the secrets, too old, too far
    ///   in the future, or another app's. Answer 401.
    /// - [`Decode`](ErrorKind::Decode): no JSON object, or not one of these callbacks; the service can be told to
    ///   post others, such as messages, to the same address. Answer 400.
    ///
    /// The error shows neither a secret nor anything of the body.
    pub fn parse(&self, body: impl AsRef<[u8]>) -> Result<Option<Callback>, Error> {
        self.parse_at(body.as_ref(), SystemTime::now())
    }

    /// As [`parse`](Self::parse), at a time of the caller's choice.
    pub(crate) fn parse_at(&self, body: &[u8], now: SystemTime) -> Result<Option<Callback>, Error> {
        let mut fields = Fields::read(body)?;
        let signature = Signature::take(&mut fields)?;
        if !is_signed_with_any(&self.secrets, &signature) {
            return Err(forged("the callback is not signed with the secret")
                .with_hint(Some("Compare the secret with that of the rule in the console.")));
        }
        let time = signature.time();
        let distance = now.duration_since(time).unwrap_or_else(|error| error.duration());
        if distance > self.max_age {
            return Err(forged(&format!(
                "the callback is from {} s {} and at most {} s are allowed",
                distance.as_secs(),
                if time < now { "ago" } else { "in the future" },
                self.max_age.as_secs_f64()
            ))
            .with_hint(Some(
                "Check this machine's clock; the window is an option (max_age; in Node maxAgeMs).",
            )));
        }
        if self.app_key.as_ref().is_some_and(|app_key| !signature.is_of(app_key)) {
            return Err(another_app());
        }
        let callback = Callback::read(signature, &mut fields)?;
        if self.app_key.as_ref().is_some_and(|app_key| !callback.app_key().eq_ignore_ascii_case(app_key)) {
            return Err(another_app());
        }
        // Remembered last: only what is genuine and whole takes memory, and only that makes a repeat of another.
        let oldest = now.checked_sub(self.max_age);
        let first = self.seen().remember(callback.call_id(), time, oldest);
        Ok(first.then_some(callback))
    }

    /// Takes the callback with this [`call_id`](Callback::call_id) for new if it comes again. For a handler that could
    /// not deal with it: forget it, answer 500, and the service delivers it once more. True if it was remembered.
    pub fn forget(&self, call_id: &str) -> bool {
        self.seen().forget(call_id)
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("secrets", &self.secrets.len())
            .field("max_age", &self.max_age)
            .field("app_key", &self.app_key)
            .finish_non_exhaustive()
    }
}

fn forged(message: &str) -> Error {
    Error::new(ErrorKind::InvalidSignature, message)
}

fn another_app() -> Error {
    forged("the callback is of another app")
        .with_hint(Some("Compare the App Key with that of the rule in the console."))
}
