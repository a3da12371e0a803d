//! Callbacks (webhooks): what the service posts to your server when a user logs in, logs out or is replaced.
//!
//! A rule in the service's console names an address of yours and has a secret; for each of these events the service
//! posts a signed JSON object there. A [`Verifier`] checks its signature, its age and whether it is a repeat, and gives
//! a typed [`Callback`]. It does no I/O: it takes the body from any web framework.
//!
//! ```
//! use easemob_presence::ErrorKind;
//! use easemob_presence::webhook::Verifier;
//!
//! /// The status to answer with.
//! fn receive(verifier: &Verifier, body: &[u8]) -> u16 {
//!     match verifier.parse(body) {
//!         Ok(Some(callback)) => {
//!             println!("{} is online: {}", callback.user_id(), callback.online());
//!             200
//!         }
//!         Ok(None) => 200, // a repeat of one that was accepted
//!         Err(error) if error.kind() == ErrorKind::InvalidSignature => 401,
//!         Err(_) => 400,
//!     }
//! }
//!
//! let verifier = Verifier::new("the rule's secret")?;
//! assert_eq!(receive(&verifier, b"{}"), 400);
//! # Ok::<(), easemob_presence::Error>(())
//! ```
//!
//! # What to answer
//!
//! 200 within 60 seconds, for what was accepted and for repeats. Anything else makes the service deliver once more:
//! right for what your server could not deal with ([`Verifier::forget`] first), and harmless for what is not genuine
//! (4xx).
//!
//! # What the signature covers
//!
//! The service signs the id of the callback, the secret and the timestamp, with MD5. It does **not** sign the user, the
//! reason or the status. Who can read a callback on its way can therefore send it again with another user in it, once,
//! and within the age window. Give the service an `https` address.
//!
//! # Order
//!
//! Callbacks may overtake each other. Of two for the same device the one with the later
//! [`timestamp`](Callback::timestamp) is the newer. There are callbacks for logging in and out only: a custom status and
//! a new subscription cause none.

mod callback;
mod fields;
mod seen;
mod signature;
#[cfg(test)]
mod tests;
mod verifier;

pub use callback::{Callback, Reason};
pub use verifier::Verifier;
