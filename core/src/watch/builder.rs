use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::Watcher;
use super::saved::Saved;
use super::shared::Shared;
use super::state::State;
use super::subscribe::Keeping;
use super::task::{Caller, list, run};
use crate::client::Options;
use crate::error::Error;
use crate::model::UserId;
use crate::operation::{Batch, DEFAULT_TTL, Operation, Subscribe};
use crate::pipeline::limiter::Priority;
use crate::user::User;

const DEFAULT_SHARE: f64 = 0.5;
const DEFAULT_MIN_INTERVAL: Duration = Duration::from_secs(5);
const DEFAULT_BUFFER: usize = 1_024;
/// What a clock can hold the multiples of.
const LONGEST_INTERVAL: Duration = Duration::from_secs(86_400);
const MOST_CALLS_PER_SECOND: f64 = 100_000.0;

/// A watch that has been described and not yet started; see [`User::watch`](crate::User::watch).
#[derive(Clone, Debug)]
#[must_use = "a watch does nothing until it is started"]
pub struct Watch {
    user: User,
    ids: Result<Vec<UserId>, Error>,
    share: f64,
    calls_per_second: Option<f64>,
    min_interval: Duration,
    buffer: usize,
    restore: Option<String>,
    keep_subscribed: Option<Duration>,
    unsubscribe_on_close: bool,
}

/// Distinct ids in the order given.
pub(super) fn distinct<I>(ids: I) -> Result<Vec<UserId>, Error>
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    let (mut seen, mut distinct) = (HashSet::new(), Vec::new());
    for (place, id) in ids.into_iter().enumerate() {
        let id =
            UserId::new(id).map_err(|error| Error::invalid(format!("ids[{place}]: {}", error.message())))?;
        if seen.insert(id.clone()) {
            distinct.push(id);
        }
    }
    Ok(distinct)
}

impl Watch {
    pub(crate) fn new<I>(user: &User, ids: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        Self {
            user: user.clone(),
            ids: distinct(ids),
            share: DEFAULT_SHARE,
            calls_per_second: None,
            min_interval: DEFAULT_MIN_INTERVAL,
            buffer: DEFAULT_BUFFER,
            restore: None,
            keep_subscribed: None,
            unsubscribe_on_close: false,
        }
    }

    /// The part of the rate of `get` that polls may use, above 0 and at most 1; a half if not given. The rate is the
    /// one that is configured, or what the service has taught the limiter if that is lower; with the rate limits off,
    /// the documented 50 calls a second.
    pub fn share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// So many polls a second in place of a share, above 0. Never more than the rate limit of `get` allows.
    pub fn calls_per_second(mut self, calls: f64) -> Self {
        self.calls_per_second = Some(calls);
        self
    }

    /// A user is not polled more often than that, unless something about the user changed in the last half minute; 5
    /// seconds if not given, at most a day.
    pub fn min_interval(mut self, interval: Duration) -> Self {
        self.min_interval = interval;
        self
    }

    /// How many events wait at most, 1 or more, before those of one user merge; 1,024 if not given.
    pub fn buffer(mut self, events: usize) -> Self {
        self.buffer = events;
        self
    }

    /// Goes on from what [`Watcher::save`] gave: nobody is polled before their turn, and events tell what is different
    /// from then. Saved users who are not watched any more are left out.
    pub fn restore(mut self, saved: impl Into<String>) -> Self {
        self.restore = Some(saved.into());
        self
    }

    /// Also keeps the user subscribed to those it watches, so that the service notifies the user's own clients; and so
    /// that a deployment that answers only for users who are subscribed to answers for them.
    ///
    /// Subscriptions last so long (1 second to 30 days, a day is usual) and are renewed when half of that is left,
    /// within a twentieth by chance. Those that exist are kept until then and not made again; those that the service has
    /// lost are made again. The service keeps at most 3,000 per user and makes none to the user itself: those without one
    /// are told of by a warning each, and are polled like the others. Answers to subscribing count as readings.
    ///
    /// Endpoint: `POST /users/{username}/presence/{expiry}`, within the same share of its rate.
    pub fn keep_subscribed(mut self, ttl: Duration) -> Self {
        self.keep_subscribed = Some(ttl);
        self
    }

    /// Whether the subscriptions that the watcher keeps are ended when users are removed and when it is closed (not when
    /// it is dropped). Not if not given: they run out by themselves, or are adopted after a restart.
    pub fn unsubscribe_on_close(mut self, unsubscribe: bool) -> Self {
        self.unsubscribe_on_close = unsubscribe;
        self
    }

    /// Starts the watcher, in a task on this tokio runtime. With [`keep_subscribed`](Self::keep_subscribed) it reads the
    /// subscriptions that exist first; otherwise nothing is waited for.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) for a bad id, an option out of range, or a text to restore that
    /// no watcher saved; [`Config`](crate::ErrorKind::Config) outside a tokio runtime; with `keep_subscribed` what reading
    /// the subscriptions ended with (see [`Error`]).
    pub async fn start(self) -> Result<Watcher, Error> {
        self.check()?;
        let ids = self.ids?;
        let saved = self.restore.as_deref().map(Saved::read).transpose()?;
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|_| Error::config("the watcher was started outside a tokio runtime"))?;
        let options = Options::new().grouped(true).priority(Priority::Background);
        let user = User::new(self.user.client().with_options(options), self.user.id().clone());
        let user_id = user.id().clone();
        let asked_at = Shared::now().at;
        let existing = match self.keep_subscribed {
            Some(_) => list(&user).await?,
            None => Vec::new(),
        };
        let ttl = self.keep_subscribed.unwrap_or(DEFAULT_TTL);
        let caller = Caller { user, share: self.share, calls_per_second: self.calls_per_second, ttl };

        let now = Shared::now();
        let mut state = State::new(self.min_interval, self.buffer, now.at);
        let watched: HashMap<_, _> = ids.iter().map(|id| (id, id)).collect();
        if self.keep_subscribed.is_some() {
            let others = existing.iter().filter(|own| !watched.contains_key(own.user_id())).count();
            state.keeping = Some(Keeping::new(user_id.clone(), ttl, others, now.at));
            state.unsubscribes = self.unsubscribe_on_close;
        }
        if let Some(saved) = &saved {
            let away = saved.age(now.wall);
            for user in &saved.users {
                let Some(&id) = watched.get(&user.user_id) else { continue };
                // A clock that cannot go back so far has not run so long: then it is as if read just now.
                let read_at =
                    user.age().map(|age| now.at.checked_sub(age.saturating_add(away)).unwrap_or(now.at));
                if let Some(presence) = user.presence(id.clone()) {
                    state.add(id, Some((presence, read_at)), now.at);
                }
            }
        }
        for id in &ids {
            state.add(id, None, now.at);
        }
        if let Some(keeping) = &mut state.keeping {
            let own = saved.iter().filter(|saved| saved.user_id == user_id).flat_map(|saved| &saved.users);
            for (user, until) in own.filter_map(|user| Some((user, user.subscribed_until?))) {
                keeping.restore(&user.user_id, until, now.at);
            }
            keeping.listed(&existing, asked_at, now.at, caller.user.client().pipeline().random());
        }
        let shared = Arc::new(Shared::new(state));
        let task = runtime.spawn(run(Arc::clone(&shared), caller));
        Ok(Watcher::new(shared, task.abort_handle(), user_id))
    }

    fn check(&self) -> Result<(), Error> {
        if !(self.share > 0.0 && self.share <= 1.0) {
            return Err(Error::invalid(format!("a share of {} is not above 0 and at most 1", self.share)));
        }
        if let Some(calls) =
            self.calls_per_second.filter(|calls| !(*calls > 0.0 && *calls <= MOST_CALLS_PER_SECOND))
        {
            return Err(Error::invalid(format!(
                "{calls} calls a second are not above 0 and at most {MOST_CALLS_PER_SECOND}"
            )));
        }
        if self.min_interval > LONGEST_INTERVAL {
            return Err(Error::invalid("the least interval is more than a day"));
        }
        if let Some(ttl) = self.keep_subscribed {
            let batch = Batch::collect(["a"; 0])?;
            Subscribe { user: self.user.id().clone(), batch, ttl }.request()?;
        }
        if self.buffer == 0 {
            return Err(Error::invalid("a buffer of 0 events holds none"));
        }
        Ok(())
    }
}
