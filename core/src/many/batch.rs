use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::engine::Engine;
use super::partial::{Naming, outcome};
use super::progress::{Callback, Progress, Reporter};
use super::split::{Budget, Queue};
use crate::client::Client;
use crate::error::Error;
use crate::operation::{Bulk, Request};
use crate::pipeline::Limits;

/// A call on any number of users, made when it is awaited.
///
/// The service takes 100 users and 5,000 bytes at a time: longer lists become several requests, which run side by side
/// as the rate limit allows. The list is checked as a whole before anything is sent. An id that comes again, in any
/// letter case, is asked for once, and answers are in the order asked.
///
/// If some requests fail the others' answers are kept: the error's kind is [`Partial`](crate::ErrorKind::Partial), and
/// [`Error::partial`] says what became of each user. A failure that every request would meet (auth, permission,
/// feature disabled, quota exceeded, closed, config) ends the call: users whose request had not begun fail with the
/// same cause, unsent. A request that the service finds too large is sent again in halves.
///
/// Dropping the future cancels all of it down to the sockets.
///
/// ```
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// # use easemob_presence::Client;
/// # let emulator = easemob_presence_emulator::Emulator::start()?;
/// # let client = Client::builder().emulator(emulator.host()).build()?;
/// let team = (0..250).map(|n| format!("u{n}"));
/// let call = client.user("wzy")?.get_many(team).on_progress(|now| println!("{} of {:?}", now.done, now.total));
/// assert_eq!(call.requests()?.len(), 3);
/// assert_eq!(call.await?.len(), 250);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a call is made only when it is awaited"]
pub struct Many<O: Bulk> {
    client: Client,
    /// The parameters with all users, or which of them is wrong; told when the call is awaited.
    operation: Result<O, Error>,
    timeout: Option<Duration>,
    callback: Option<Callback>,
}

impl<O: Bulk> Many<O> {
    pub(crate) fn new(client: &Client, operation: Result<O, Error>) -> Self {
        let operation = operation.map_err(|error| error.during(O::DESCRIPTOR));
        Self { client: client.clone(), operation, timeout: None, callback: None }
    }

    pub(crate) fn map(self, change: impl FnOnce(O) -> O) -> Self {
        Self { operation: self.operation.map(change), ..self }
    }

    /// The most time the whole call may take, however many requests it needs. Without it each request has the client's
    /// timeout, and the whole has no other bound.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Is told how far the call is: at most ten times a second, and once at the end. It runs on the caller's task and
    /// must not block; if it panics it is not called again.
    pub fn on_progress(mut self, callback: impl FnMut(Progress) + Send + 'static) -> Self {
        self.callback = Some(Box::new(callback));
        self
    }

    /// What the call would send, without sending it.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput): what awaiting the call would say without sending.
    pub fn requests(&self) -> Result<Vec<Request>, Error> {
        let (operation, mut ids) = split_off(self.operation.as_ref().map_err(Clone::clone)?.clone())?;
        let budget = Budget::default();
        let request = |ids| operation.with_ids(ids).request().map_err(|error| error.during(O::DESCRIPTOR));
        let mut requests = Vec::new();
        while !ids.is_empty() {
            requests.push(request(ids.take(&budget))?);
        }
        Ok(requests)
    }

    async fn run(self) -> Result<O::Output, Error> {
        let limits = self.client.limits();
        let limits = Limits { timeout: self.timeout.unwrap_or(limits.timeout), ..limits };
        let end = self.client.pipeline().admit(limits).map_err(|error| error.during(O::DESCRIPTOR))?;
        let (operation, mut ids) = split_off(self.operation?)?;
        let mut reporter = Reporter::new(self.callback, Some(ids.len() as u64));
        let deadline = self.timeout.map(|_| end.at);
        let mut engine = Engine::new(&self.client, operation, limits, deadline);
        let mut chunks = Vec::new();
        loop {
            tokio::select! {
                biased;
                ticket = engine.ticket(), if !ids.is_empty() && engine.has_room() => {
                    engine.start(chunks.len(), ids.take(engine.budget()), ticket);
                    chunks.push(None);
                }
                Some(done) = engine.done(), if !engine.is_idle() => {
                    let (users, failed) = done.users();
                    reporter.advance(users, failed);
                    if let Some(chunk) = chunks.get_mut(done.place) {
                        *chunk = Some(done.pieces);
                    }
                }
                else => break,
            }
        }
        reporter.end();
        outcome::<O>(chunks.into_iter().flatten().flatten().collect(), Naming::IfSeveral)
    }
}

/// The operation without its users, and the users, after what can be wrong with them has been looked for.
fn split_off<O: Bulk>(operation: O) -> Result<(O, Queue), Error> {
    operation.check().map_err(|error| error.during(O::DESCRIPTOR))?;
    let ids = Queue::new(operation.ids());
    Ok((operation, ids))
}

impl<O: Bulk> IntoFuture for Many<O> {
    type Output = Result<O::Output, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.run().boxed()
    }
}

impl<O: Bulk> fmt::Debug for Many<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Many")
            .field("operation", &O::DESCRIPTOR.name)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
