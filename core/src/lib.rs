//! A typed client for the presence (online status) REST API of Easemob IM and Agora Chat.
//!
//! # Quickstart
//!
//! ```
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! use std::time::Duration;
//!
//! use easemob_presence::{Client, Status};
//!
//! # let emulator = easemob_presence_emulator::Emulator::start()?;
//! # let (host, app_key) = (emulator.url(), emulator.app_key());
//! # let (client_id, client_secret) = (emulator.client_id(), emulator.client_secret());
//! let client = Client::builder()
//!     .host(host) // such as "a1.easemob.com"; the console shows it
//!     .app_key(app_key) // "org#app"
//!     .client_credentials(client_id, client_secret)
//!     .build()?;
//!
//! client.user("c2")?.set("android_123423453246", Status::Online).ext("busy").await?;
//!
//! let wzy = client.user("wzy")?;
//! for presence in &wzy.subscribe(["c2", "c3"]).ttl(Duration::from_secs(1000)).await? {
//!     println!("{} is online: {}", presence.user_id(), presence.is_online());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Operations
//!
//! | operation | endpoint | calls a second |
//! |---|---|---|
//! | [`User::set`] | `POST /users/{username}/presence/{resource}/{status}` | 50 |
//! | [`User::subscribe`] | `POST /users/{username}/presence/{expiry}` | 50 |
//! | [`User::get`], [`User::get_many`], [`User::iter_many`] | `POST /users/{username}/presence` | 50 |
//! | [`User::unsubscribe`] | `DELETE /users/{username}/presence` | 50 |
//! | [`User::subscriptions`], [`User::subscriptions_page`] | `GET /users/{username}/presence/sublist` | 50 |
//! | [`User::devices`] | `GET /users/{username}/resources` | 100 |
//! | [`User::is_online`] | `GET /users/{username}/status` | 100 |
//! | [`Client::online_states`] | `POST /users/batch/status` | 50 |
//! | [`Client::group_online_count`] | `GET /presence/online/{group_id}/type/{query_type}` | 100 |
//! | [`Client::app_token`] | `POST /token` | 300 |
//!
//! [`User::watch`] keeps a live view of any number of users and tells what changes; see [`watch`].
//!
//! The limits are the documented ones, per App Key, and shared with the app's own clients; packs raise them.
//!
//! # What a call does
//!
//! A call is described by a method of [`User`] or [`Client`] and made when it is awaited ([`Call`]). Its parameters
//! are checked before any connection is opened. It then has one deadline ([`ClientBuilder::timeout`], 30 s) in which
//! everything happens:
//!
//! - It waits for its turn. The rates above are kept by all clients of one App Key in the process together
//!   ([`ClientBuilder::rate_limits`]); callers take turns ([`Options::grouped`], [`Options::priority`]).
//! - The app token is fetched once for all calls, kept, and renewed ahead of its end while the old one serves; a call
//!   that is answered 401 is made once more with a new token.
//! - An attempt that fails in a way that may pass is followed by another, up to [`ClientBuilder::max_attempts`] (4),
//!   after a random pause of at most 50 ms, 100 ms, … or as long as the service asks, and only while enough other calls
//!   succeed. Attempts that the service's rate limit refused (429 `reach_limit`) do not count.
//! - Of two sets of one device the later wins. It waits for the one under way and takes the place of one that still
//!   waits, which ends with [`ErrorKind::Superseded`].
//! - Single gets of one user that are made at the same time go as one request ([`ClientBuilder::coalesce`]), and may be
//!   answered from a cache ([`ClientBuilder::cache`]).
//!
//! Dropping the future cancels the call down to the socket. [`Client::stats`] shows what happened.
//!
//! # Many users
//!
//! [`User::get_many`], [`User::subscribe`], [`User::unsubscribe`] and [`Client::online_states`] take any number of users
//! ([`Many`]); [`User::iter_many`] reads them as it goes, in bounded memory ([`IterMany`]). The service takes 100 at a
//! time: they make as many requests as it takes. If a part fails, [`Error::partial`] has both parts.
//!
//! # Errors
//!
//! All failures are an [`Error`]: branch on its [`kind`](Error::kind), and on [`sent`](Error::sent) where it matters
//! whether the service may have acted.
//!
//! ```
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! # use easemob_presence::{Client, ErrorKind, Status};
//! # let emulator = easemob_presence_emulator::Emulator::start()?;
//! # let client = Client::builder().emulator(emulator.host()).build()?;
//! # emulator.configure(|settings| settings.presence_enabled = false);
//! match client.user("c1")?.set("android", Status::Online).await {
//!     Ok(()) => println!("set"),
//!     Err(error) if error.kind() == ErrorKind::FeatureDisabled => println!("{error}"),
//!     Err(error) if error.retryable() => println!("later: {error}"),
//!     Err(error) => return Err(error.into()),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Callbacks
//!
//! What the service posts to your server when users log in and out is checked and read by [`webhook`].
//!
//! # Testing your own code
//!
//! The crate `easemob-presence-emulator` runs the service's presence API in your test's process; point a client at
//! it with [`ClientBuilder::emulator`], or a whole program with `EASEMOB_EMULATOR_HOST`.

#![forbid(unsafe_code)]

mod call;
mod client;
mod config;
mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(instructions)]
#[doc(hidden)]
pub mod instructions;
mod many;
mod model;
pub mod operation;
mod pipeline;
mod subscriptions;
mod user;
pub mod watch;
pub mod webhook;
mod wire;

pub use call::{Call, Raw, RawCall};
pub use client::{Client, Options};
pub use config::ClientBuilder;
pub use error::{Error, ErrorKind, Sent};
pub use many::{IterMany, Many, PartialFailure, Progress};
pub use model::{
    Device, DeviceStatus, OnlineStates, Presence, Presences, Resource, Status, Subscription,
    SubscriptionsPage, UserId,
};
pub use operation::{Endpoint, GroupKind};
pub use pipeline::limiter::{EndpointStats, Priority, RateLimits};
pub use pipeline::{AppToken, ProvidedToken, Stats, TokenProvider};
pub use subscriptions::Subscriptions;
pub use user::User;
pub use watch::{Event, Watch, Watcher};
