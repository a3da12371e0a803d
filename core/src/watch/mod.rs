//! Watching users: a live view, and a stream of events.
//!
//! The service pushes nothing to a backend, so a [`Watcher`] polls, within a part of the rate: at half of 50 calls a second
//! 2,500 users are read in a second, and 100,000 in 40 seconds. Those least recently read come first. Of the 100 places
//! of each call 4 are for users who changed lately, who are read again after 2, 4, 8 and 16 seconds.
//!
//! # What is promised
//!
//! - Applied in order, `enter`, `leave` and `update` give the view of every user who was ever online. One event per user and
//!   poll.
//! - A poll that fails changes nothing. When there is no contact `stale` says so, and nobody is taken to have left; after
//!   it `resynced` comes when every user has been read again.
//! - A user for whom the service does not answer is unknown, not offline: there is one warning, and what was known stays.
//! - A user whom the service refuses to read does not keep others from being read: there is one warning, and it is tried
//!   again rarely, alone.
//! - Memory is bounded by the number of users, however slowly events are taken; `lagged` says how many were merged.
//! - A change that began and ended between two readings of a user is not seen.

// | file | what it decides |
// |---|---|
// | builder.rs | what a watcher is started with |
// | view.rs | what is known of each user, and what a reading changes about it |
// | schedule.rs, pace.rs | who is read next, and when; ../many/split.rs: how many at once |
// | refused.rs | whom the service refuses to read, and when they are tried again |
// | contact.rs | when contact counts as lost, and how polls go on without it |
// | buffer.rs | which events wait, and how they merge |
// | clock.rs | when what a callback tells happened |
// | subscribe.rs, adopt.rs, upkeep.rs | which subscriptions are made and renewed, and when |
// | saved.rs, stats.rs, event.rs | the values |
// | state.rs, polls.rs | what all of these have to do with each other |
// | shared.rs, task.rs | the lock, and the task that makes the calls |
//
// All but the last row are told the time and never wait.

mod adopt;
mod buffer;
mod builder;
mod clock;
mod contact;
mod event;
mod pace;
mod polls;
mod refused;
mod saved;
mod schedule;
mod shared;
mod state;
mod stats;
mod subscribe;
mod task;
#[cfg(test)]
mod tests;
mod upkeep;
mod view;

use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::sync::futures::OwnedNotified;
use tokio::task::AbortHandle;

pub use builder::Watch;
pub use event::{Change, Event, EventKind, Source, Warning, WarningReason};
use saved::{Saved, SavedUser};
use shared::{Shared, Taken};
use stats::percentile;
pub use stats::{Occupancy, WatchStats};
use subscribe::Keeping;

use view::Report;

use crate::error::Error;
use crate::model::{Presence, UserId};
use crate::webhook::Callback;

/// A running watch over users: a [`Stream`] of [`Event`]s, and a view that is always at hand. Made by
/// [`User::watch`](crate::User::watch).
///
/// Cheap to clone and safe to share between tasks and threads. Clones are the same watcher: each event is given once, to
/// whichever asks first. It runs until [`close`](Self::close), until the client is closed, or until the last clone is
/// dropped.
///
/// ```
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// use easemob_presence::{Client, Event, Status};
/// use futures_util::StreamExt;
/// # let emulator = easemob_presence_emulator::Emulator::start()?;
/// # let client = Client::builder().emulator(emulator.host()).build()?;
/// client.user("c2")?.set("ios_1", Status::Online).await?;
///
/// let mut watcher = client.user("wzy")?.watch(["c2", "c3"]).start().await?;
/// while let Some(event) = watcher.next().await {
///     match event {
///         Event::Enter(change) => println!("{} is online", change.presence.user_id()),
///         Event::Leave(change) => println!("{} is gone", change.presence.user_id()),
///         Event::Warning(warning) => eprintln!("{warning}"),
///         Event::Synced => break, // every user has been read once
///         _ => {}
///     }
/// }
/// assert!(watcher.get("c2").is_some_and(|c2| c2.is_online()));
/// assert_eq!(watcher.occupancy().online, 1);
/// watcher.close().await;
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Watcher {
    life: Arc<Life>,
    /// This clone waits for events.
    waiting: Option<Pin<Box<OwnedNotified>>>,
}

/// The task lives as long as this does.
struct Life {
    shared: Arc<Shared>,
    task: AbortHandle,
    user_id: UserId,
}

impl Drop for Life {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watcher {
    fn new(shared: Arc<Shared>, task: AbortHandle, user_id: UserId) -> Self {
        Self { life: Arc::new(Life { shared, task, user_id }), waiting: None }
    }

    fn shared(&self) -> &Shared {
        &self.life.shared
    }

    /// The events that wait, at most so many, as soon as there are any. None at all means that the watcher has ended.
    ///
    /// Dropping the future loses no event.
    pub async fn next_events(&self, most: usize) -> Vec<Event> {
        loop {
            let events = self.take_ready(most.max(1));
            if !events.is_empty() || !self.ready().await {
                return events;
            }
        }
    }

    /// Waits until an event can be taken; false if none will ever come, because the watcher has ended.
    ///
    /// With [`take_ready`](Self::take_ready), for callers to whom each step of a stream is dear, such as another
    /// language's event loop: it is woken once for all that have come by then. Another taker may be faster.
    pub async fn ready(&self) -> bool {
        loop {
            let mut news = std::pin::pin!(self.shared().news.notified());
            news.as_mut().enable();
            if let Some(ready) = self.shared().is_ready() {
                return ready;
            }
            news.await;
        }
    }

    /// The events that wait, at most so many; none if none waits. What is not taken goes on merging, and counts as not
    /// given.
    #[must_use]
    pub fn take_ready(&self, most: usize) -> Vec<Event> {
        match self.shared().take(most) {
            Taken::Events(events) => events,
            Taken::NothingYet | Taken::Ended => Vec::new(),
        }
    }

    /// What is known of a user, found in any letter case; none if the user is not watched or was not read yet.
    #[must_use]
    pub fn get(&self, user_id: impl AsRef<str>) -> Option<Presence> {
        self.shared().lock().view.get(&UserId::from_answer(user_id.as_ref())).cloned()
    }

    /// What is known of all users, in no order. Users who were not read yet are not in it.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Presence> {
        self.shared().lock().view.presences().cloned().collect()
    }

    /// How many users are online, and on which platforms.
    #[must_use]
    pub fn occupancy(&self) -> Occupancy {
        self.shared().lock().view.occupancy()
    }

    /// Watches these users too. They are read before the others. Users who are watched already stay as they are.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) for a bad id; then none is added.
    pub fn add<I>(&self, ids: I) -> Result<(), Error>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let ids = builder::distinct(ids)?;
        let now = Shared::now().at;
        self.shared().change_plans(|state| {
            for user_id in &ids {
                state.add(user_id, None, now);
            }
        });
        Ok(())
    }

    /// Stops watching these users. No event about them is given any more, neither one that waits nor one from a poll
    /// under way. Their subscriptions are not renewed, and ended with [`Watch::unsubscribe_on_close`].
    pub fn remove<I>(&self, ids: I)
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let ids: HashSet<_> = ids.into_iter().map(|id| UserId::from_answer(id.as_ref())).collect();
        let now = Shared::now().at;
        self.shared().change_plans(|state| state.remove(&ids, now));
    }

    /// Takes in a callback that was checked: what it tells counts at once, and a poll that began before does not undo it.
    ///
    /// A callback that is older than the last one of the same device, or than a poll that is known already, changes
    /// nothing. The user goes to the end of the polls' order. A callback tells of one device's login or logout; custom
    /// statuses and texts come with the polls. Callbacks of users who are not watched are left aside.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use easemob_presence::Client;
    /// use easemob_presence::webhook::Verifier;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// let verifier = Verifier::new("the rule's secret")?;
    /// let watcher = client.user("wzy")?.watch(["c2"]).start().await?;
    /// // In the server that receives the callbacks:
    /// # let body = b"{}";
    /// if let Ok(Some(callback)) = verifier.parse(body) {
    ///     watcher.feed(&callback);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn feed(&self, callback: &Callback) {
        let now = Shared::now().at;
        let report = Report {
            user_id: callback.user_id(),
            resource: callback.resource(),
            online: callback.online(),
            timestamp: callback.timestamp(),
        };
        self.shared().change_plans(|state| state.feed(report, now));
    }

    /// What the watcher has done so far. Looks at every user, so not a thing to call a hundred times a second.
    #[must_use]
    pub fn stats(&self) -> WatchStats {
        let now = Shared::now();
        let state = self.shared().lock();
        let (counts, buffer, contact) = (state.counts, &state.buffer, &state.contact);
        let keeping = state.keeping.as_ref();
        let mut intervals = state.schedule.intervals(now.at);
        let so_far = WatchStats {
            users: state.schedule.len(),
            refresh_interval_p50: None,
            refresh_interval_p99: None,
            calls_per_second: state.pace.per_second(),
            polls: counts.polls,
            polls_failed: counts.polls_failed,
            subscribe_calls: counts.subscribe_calls,
            events: buffer.made(),
            lag: buffer.len(),
            merged: buffer.merged(),
            callbacks: counts.callbacks,
            callbacks_ignored: counts.callbacks_ignored,
            changes_from_callbacks: counts.from_callbacks,
            changes_from_polls: counts.from_polls,
            changes_from_subscribing: counts.from_subscribing,
            subscriptions: keeping.map_or(0, Keeping::len),
            subscriptions_lost: keeping.map_or(0, Keeping::lost),
            last_contact: (counts.polls_succeeded > 0).then(|| now.wall_at(contact.last())),
            stale: contact.is_lost(),
        };
        drop(state);
        intervals.sort_unstable();
        WatchStats {
            refresh_interval_p50: percentile(&intervals, 0.5),
            refresh_interval_p99: percentile(&intervals, 0.99),
            ..so_far
        }
    }

    /// The state as text, for [`Watch::restore`] in a later process: who is watched, what is known of each, and whose
    /// turn it is. Events that wait count as not given: after restoring they come again, as far as they still hold.
    #[must_use]
    pub fn save(&self) -> String {
        let now = Shared::now();
        let state = self.shared().lock();
        let seen = state.buffer.seen();
        let users = state.schedule.in_order(now.at).into_iter().map(|(user_id, age)| {
            let known = seen.get(user_id).copied().unwrap_or_else(|| state.view.get(user_id));
            let until = state.keeping.as_ref().and_then(|keeping| keeping.until(user_id));
            SavedUser::new(user_id.clone(), age.filter(|_| known.is_some()), known, until)
        });
        let saved = Saved::new(self.life.user_id.clone(), now.wall, users.collect());
        drop(state);
        saved.write()
    }

    /// Stops the watcher and waits until it has, which takes a moment only with [`Watch::unsubscribe_on_close`], and at most
    /// the client's timeout: calls that fail are tried again until then, and what is left is told by a `warning`. Events
    /// that wait are still given, then the stream ends. May be repeated.
    pub async fn close(&self) {
        self.shared().close();
        self.shared().ended().await;
    }
}

impl Clone for Watcher {
    fn clone(&self) -> Self {
        Self { life: Arc::clone(&self.life), waiting: None }
    }
}

impl Stream for Watcher {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let Self { life, waiting } = self.get_mut();
        loop {
            // Set up before looking, so that what comes in between is not missed.
            let news = waiting.get_or_insert_with(|| {
                let mut news = Box::pin(Arc::clone(&life.shared.news).notified_owned());
                news.as_mut().enable();
                news
            });
            match life.shared.take(1) {
                Taken::Events(events) => return Poll::Ready(events.into_iter().next()),
                Taken::Ended => return Poll::Ready(None),
                Taken::NothingYet => {
                    ready!(news.as_mut().poll(context));
                    *waiting = None;
                }
            }
        }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher")
            .field("user_id", &self.life.user_id)
            .field("users", &self.shared().lock().schedule.len())
            .finish_non_exhaustive()
    }
}
