//! An in-memory, stateful stand-in for the presence REST API of Easemob IM and Agora Chat: what your own backend
//! talks to in its tests.
//!
//! It starts in milliseconds inside the test's process, on a free port of 127.0.0.1, and needs no container and no
//! account. It keeps users, devices, subscriptions and tokens; enforces the documented limits; runs on a
//! [clock](Clock) that the test moves; and writes every request and every change into a [journal](Journal) that the
//! test reads.
//!
//! ```
//! use std::time::Duration;
//! use easemob_presence_emulator::{Emulator, Operation};
//!
//! # fn main() -> std::io::Result<()> {
//! let emulator = Emulator::start()?;
//! // Point your backend at emulator.url(), with app_key(), client_id() and client_secret(); then, for instance:
//! emulator.state().login("wzy", "android_1");
//! emulator.clock().advance(Duration::from_secs(3600));
//! emulator.expire_tokens();
//! emulator.configure(|settings| settings.numbers_as_strings = false);
//! assert_eq!(emulator.journal().count(Operation::Set), 0);
//! # Ok(())
//! # }
//! ```
//!
//! # What it answers
//!
//! Under `/{org}/{app}` and `/app-id/{app_id}`, both the same app: set, subscribe, get, unsubscribe and subscriptions
//! of `/users/{username}/presence…`, `/presence/online/{group_id}/type/{query_type}`, `/users/{username}/status`,
//! `/users/batch/status`, `/users/{username}/resources`, `/token`, `POST /users` and `DELETE /users/{username}`.
//! [`Operation`] has the full paths.
//!
//! - The operation follows from the method and the number of path segments, as in the service, and empty segments
//!   do not count: `POST …/presence/` is a *get*. A segment is split off at each `/` as sent, then decoded once.
//! - User ids are compared and answered in lower case; they are not validated.
//! - get answers one item for each id asked, in that order, also for ids never heard of (`"status":[]`).
//! - A user has at most 3,000 subscriptions and 3,000 subscribers. When either is full, a new subscription takes the
//!   place of the one that ends soonest if it ends later than that; otherwise it is left out of the answer.
//! - Checked in this order: app (404), path (404) and method (405), token (401), rate (429), size (413),
//!   `Content-Type` (415), then what the operation itself refuses. Only calls
//!   that get past the rate use it up.
//! - `expires_in` is the `ttl` asked for, also 0 for a token that never expires; without a `ttl` it is the default life,
//!   rounded up to a whole second.
//!
//! Where sources about the service differ, [`Settings`] has a switch.
//!
//! # What goes wrong on purpose
//!
//! A [`Plan`] makes requests and connections fail: late answers, errors, other JSON, broken HTTP, resets. See
//! [`Emulator::faults`]. [`Emulator::stop_listening`] closes the port for a while, and with the feature `tls` (in the
//! default) [`Builder::tls`] serves HTTPS with a right or a wrong certificate.
//!
//! # Control API
//!
//! For tests in another process or language. JSON in and out, not rate limited, not in the journal, no token.
//!
//! | request | does |
//! |---|---|
//! | `GET /_emulator/health` | `{"status":"ok","version","app_key","app_id"}` |
//! | `GET /_emulator/journal?since=SEQ` | `{"last_seq","dropped","entries":[…]}`: see [`Entry`] |
//! | `DELETE /_emulator/journal` | forgets the entries |
//! | `GET /_emulator/state` | as [`State::snapshot`] |
//! | `POST /_emulator/reset` | as [`Emulator::reset`] |
//! | `GET /_emulator/settings` | all [`Settings`] |
//! | `PATCH /_emulator/settings` | changes those named, e.g. `{"rate_limit":{"per_second":{"get":5},"window":"sliding_log"}}` |
//! | `GET /_emulator/clock` | `{"unix_ms","frozen"}` |
//! | `POST /_emulator/clock` | any of `{"freeze":true,"set_ms":N,"advance_ms":N,"resume":true}`, done in this order |
//! | `POST /_emulator/devices` | logs in `{"user","resource"}`; optional `device_uuid`, `device_name` |
//! | `DELETE /_emulator/devices` | logs out `{"user","resource"}`; `"ok"` says whether it was logged in |
//! | `POST /_emulator/groups` | `{"group_id","count"}`; optional `query_type`, 1 unless given |
//! | `POST /_emulator/tokens` | `{"access_token"}`, new; optional `ttl_ms`, and `token` for one from elsewhere |
//! | `POST /_emulator/tokens/expire` | as [`Emulator::expire_tokens`] |
//! | `POST /_emulator/callbacks` | the body of a callback for `{"user","resource","reason","secret"}`, as [`Emulator::callback`] |
//! | `PUT /_emulator/faults` | installs a plan of faults; 400 with the place and the reason if it is refused |
//! | `GET /_emulator/faults` | the plan in force, or `null` |
//! | `DELETE /_emulator/faults` | ends the plan |
//! | `POST /_emulator/listener` | `{"down_ms"}`: closes the port and every other connection, answers, and opens it after so long |
//!
//! The same emulator is a program: `easemob-presence-emulator --help`. Without it, `default-features = false` leaves
//! its dependencies out.

#![forbid(unsafe_code)]

mod builder;
mod callback;
mod clock;
mod emulator;
mod endpoint;
mod fault;
mod http;
mod identity;
mod journal;
mod limit;
mod operation;
mod service;
mod settings;
#[cfg(test)]
mod stage;
#[cfg(feature = "tls")]
mod tls;
mod world;

pub use builder::Builder;
pub use clock::Clock;
pub use emulator::Emulator;
pub use fault::{Faults, Plan, PlanError};
pub use http::segment::Segment;
pub use journal::log::Journal;
pub use journal::record::{Change, ChangeKind, Entry, Fault, Request};
pub use limit::rates::{PerSecond, RateLimit, Window};
pub use operation::Operation;
pub use settings::{PresenceErrors, Settings};
#[cfg(feature = "tls")]
pub use tls::Tls;
pub use world::state::{Counts, State};
