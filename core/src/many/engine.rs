//! The requests of one list: how many wait, how many are on the wire, and what becomes of one that is too large.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::split::Budget;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Sent};
use crate::model::UserId;
use crate::operation::Bulk;
use crate::pipeline::{Caller, Limits, Shared};

/// How many requests of one list wait for their turn: the next, and one behind it, so that a turn is never missed while
/// the next request is made. Each has its own deadline, which it is not to spend behind requests of its own list; callers
/// take turns, so every further one would wait for a turn of each other caller more.
const WAITING: usize = 2;
/// How many requests of one list are under way. Enough for 50 a second with answers that take two seconds.
const UNDER_WAY: usize = 128;

/// What one request came to, for the users it was about.
pub(super) struct Piece<T> {
    pub(super) ids: Arc<[UserId]>,
    pub(super) outcome: Result<T, Error>,
}

/// What became of one chunk of a list: one request, or several where it was too large.
pub(super) struct Done<T> {
    /// The chunk's place among the chunks of its list.
    pub(super) place: usize,
    pub(super) pieces: Vec<Piece<T>>,
}

impl<T> Done<T> {
    /// How many users it was about, and for how many of them it failed.
    pub(super) fn users(&self) -> (u64, u64) {
        let count = |failed: bool| {
            let pieces = self.pieces.iter().filter(|piece| !failed || piece.outcome.is_err());
            pieces.map(|piece| piece.ids.len() as u64).sum()
        };
        (count(false), count(true))
    }
}

/// A request's place among those that wait.
pub(super) type Ticket = Option<OwnedSemaphorePermit>;

/// Runs the chunks of one list.
pub(super) struct Engine<O: Bulk> {
    list: Arc<List<O>>,
    waiting: Arc<Semaphore>,
    under_way: FuturesUnordered<BoxFuture<'static, Done<O::Output>>>,
}

/// What the requests of one list share.
struct List<O> {
    client: Client,
    operation: O,
    limits: Limits,
    deadline: Option<Instant>,
    budget: Budget,
    /// A failure that every later request would meet too, as it is told of those.
    stopped: OnceLock<Error>,
}

impl<O: Bulk> Engine<O> {
    /// The deadline is the whole list's; without one each request has the timeout of `limits`.
    pub(super) fn new(client: &Client, operation: O, limits: Limits, deadline: Option<Instant>) -> Self {
        let caller = match limits.caller {
            Caller::Each => Caller::group(),
            group @ Caller::Group(_) => group,
        };
        let list = List {
            client: client.clone(),
            operation,
            limits: Limits { caller, ..limits },
            deadline,
            budget: Budget::default(),
            stopped: OnceLock::new(),
        };
        Self {
            list: Arc::new(list),
            waiting: Arc::new(Semaphore::new(WAITING)),
            under_way: FuturesUnordered::new(),
        }
    }

    pub(super) fn budget(&self) -> &Budget {
        &self.list.budget
    }

    pub(super) fn is_idle(&self) -> bool {
        self.under_way.is_empty()
    }

    pub(super) fn has_room(&self) -> bool {
        self.under_way.len() < UNDER_WAY
    }

    /// Ends when one more request may wait for its turn.
    pub(super) fn ticket(&self) -> impl Future<Output = Ticket> + use<O> {
        // The semaphore is never closed.
        Arc::clone(&self.waiting).acquire_owned().map(Result::ok)
    }

    pub(super) fn start(&mut self, place: usize, ids: Arc<[UserId]>, ticket: Ticket) {
        let list = Arc::clone(&self.list);
        self.under_way.push(async move { Done { place, pieces: list.chunk(ids, ticket).await } }.boxed());
    }

    /// The next chunk that ends, whichever it is; none if none is under way.
    pub(super) async fn done(&mut self) -> Option<Done<O::Output>> {
        self.under_way.next().await
    }
}

impl<O: Bulk> List<O> {
    /// Asks for a chunk, in halves where it is too large, in the order given.
    async fn chunk(&self, ids: Arc<[UserId]>, mut ticket: Ticket) -> Vec<Piece<O::Output>> {
        let mut pieces = Vec::with_capacity(1);
        let mut left = VecDeque::from([ids]);
        while let Some(ids) = left.pop_front() {
            let outcome = self.ask(Arc::clone(&ids), ticket.take()).await;
            let halves = ids.len() > 1 && matches!(&outcome, Err(e) if e.kind() == ErrorKind::TooLarge);
            if halves {
                self.budget.too_large(&ids);
                let (first, second) = ids.split_at(ids.len().div_ceil(2));
                left.push_front(second.into());
                left.push_front(first.into());
            } else {
                pieces.push(Piece { ids, outcome });
            }
        }
        pieces
    }

    /// One request, unless it is known that it would be in vain.
    async fn ask(&self, ids: Arc<[UserId]>, waiting: Ticket) -> Result<O::Output, Error> {
        if let Some(cause) = self.stopped.get() {
            return Err(cause.clone());
        }
        if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            let message = format!("no turn within the timeout of {} s", self.limits.timeout.as_secs_f64());
            return Err(Error::new(ErrorKind::QueueTimeout, message)
                .with_retry(true, None)
                .during(O::DESCRIPTOR));
        }
        let shared = Shared { deadline: self.deadline, waiting };
        let operation = self.operation.with_ids(ids);
        let answered = self.client.pipeline().execute_sharing(operation, self.limits, shared).await;
        if let Err(error) = &answered
            && met_by_all(error.kind())
        {
            // The first cause stays: those under way meet it as well.
            let _ = self.stopped.set(error.clone().with_sent(Sent::No).with_attempts(0));
        }
        answered.map(|answered| answered.value)
    }
}

/// Whether every request of a list would fail in this way.
fn met_by_all(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidInput
            | ErrorKind::Config
            | ErrorKind::Auth
            | ErrorKind::Permission
            | ErrorKind::FeatureDisabled
            | ErrorKind::QuotaExceeded
            | ErrorKind::Closed
    )
}
