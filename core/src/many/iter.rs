use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};

use super::engine::{Done, Engine};
use super::partial::{Naming, outcome};
use super::progress::{Callback, Progress, Reporter};
use super::split::Room;
use crate::client::Client;
use crate::error::Error;
use crate::model::{Presences, UserId};
use crate::operation::{Batch, GetMany, Operation};

/// How many items are read ahead of the one that is given next, those under way included: enough that one slow answer
/// does not hold up the others, and no more than a few megabytes.
const AHEAD: usize = 256;

/// The presence of users who are read as it goes, as a [`Stream`]; see [`User::iter_many`](crate::User::iter_many).
#[must_use = "a stream does nothing until it is polled"]
pub struct IterMany(State);

enum State {
    Described(Box<Described>),
    Running(BoxStream<'static, Result<Presences, Error>>),
    Ended,
}

struct Described {
    client: Client,
    operation: GetMany,
    ids: Ids,
    total: Option<u64>,
    callback: Option<Callback>,
}

type Ids = BoxStream<'static, Result<UserId, Error>>;

impl IterMany {
    pub(crate) fn new<S>(client: &Client, user: &UserId, ids: S) -> Self
    where
        S: Stream + Send + 'static,
        S::Item: AsRef<str>,
    {
        let total = match ids.size_hint() {
            (least, Some(most)) if least == most => Some(most as u64),
            _ => None,
        };
        let ids = ids.enumerate().map(|(place, id)| Batch::read(place, id)).boxed();
        let operation = GetMany { user: user.clone(), batch: Batch::default() };
        let described = Described { client: client.clone(), operation, ids, total, callback: None };
        Self(State::Described(Box::new(described)))
    }

    /// Is told how far the stream is: at most ten times a second, and once at the end. It runs on the caller's task and
    /// must not block; if it panics it is not called again. Of no effect once the stream has been polled.
    pub fn on_progress(mut self, callback: impl FnMut(Progress) + Send + 'static) -> Self {
        if let State::Described(described) = &mut self.0 {
            described.callback = Some(Box::new(callback));
        }
        self
    }
}

impl Described {
    fn start(self) -> BoxStream<'static, Result<Presences, Error>> {
        let reader = Reader {
            engine: Engine::new(&self.client, self.operation, self.client.limits(), None),
            ids: Some(self.ids),
            filling: None,
            full: None,
            repeated: BTreeMap::new(),
            begun: 0,
            given: 0,
            ready: BTreeMap::new(),
            reporter: Reporter::new(self.callback, self.total),
        };
        unfold(reader, |mut reader| async move { Some((reader.next().await?, reader)) }).boxed()
    }
}

impl Stream for IterMany {
    type Item = Result<Presences, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.0 {
                State::Running(stream) => {
                    let item = stream.poll_next_unpin(context);
                    if matches!(item, Poll::Ready(None)) {
                        self.0 = State::Ended;
                    }
                    return item;
                }
                State::Ended => return Poll::Ready(None),
                State::Described(_) => {
                    if let State::Described(described) = std::mem::replace(&mut self.0, State::Ended) {
                        self.0 = State::Running(described.start());
                    }
                }
            }
        }
    }
}

impl fmt::Debug for IterMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IterMany").finish_non_exhaustive()
    }
}

/// Users of one request, while they are read.
struct Chunk {
    ids: Vec<UserId>,
    seen: HashSet<UserId>,
    room: Room,
    repeated: u64,
}

impl Chunk {
    /// Takes a user in; gives it back if the chunk is full.
    fn push(&mut self, id: UserId) -> Option<UserId> {
        if self.seen.contains(&id) {
            self.repeated += 1;
            return None;
        }
        if !self.room.take(&id) {
            return Some(id);
        }
        self.seen.insert(id.clone());
        self.ids.push(id);
        None
    }
}

/// Reads users, asks for them chunk by chunk, and gives the answers in the order read. Items are numbered when they are
/// begun; what ends before its turn waits in `ready`.
struct Reader {
    engine: Engine<GetMany>,
    /// None at their end.
    ids: Option<Ids>,
    filling: Option<Chunk>,
    /// A chunk that waits for the engine.
    full: Option<Chunk>,
    /// How many users of a chunk under way were repetitions: they are done with it.
    repeated: BTreeMap<usize, u64>,
    begun: usize,
    given: usize,
    ready: BTreeMap<usize, Result<Presences, Error>>,
    reporter: Reporter,
}

impl Reader {
    async fn next(&mut self) -> Option<Result<Presences, Error>> {
        loop {
            if let Some(item) = self.ready.remove(&self.given) {
                self.given += 1;
                return Some(item);
            }
            let may_read = self.full.is_none() && self.begun - self.given < AHEAD;
            tokio::select! {
                biased;
                ticket = self.engine.ticket(), if self.full.is_some() && self.engine.has_room() => {
                    if let Some(chunk) = self.full.take() {
                        self.repeated.insert(self.begun, chunk.repeated);
                        self.engine.start(self.begun, chunk.ids.into(), ticket);
                        self.begun += 1;
                    }
                }
                Some(done) = self.engine.done(), if !self.engine.is_idle() => self.settle(done),
                id = next_of(&mut self.ids), if may_read && self.ids.is_some() => match id {
                    Some(Ok(id)) => self.take(id),
                    Some(Err(error)) => {
                        self.ready.insert(self.begun, Err(error.during(GetMany::DESCRIPTOR)));
                        self.begun += 1;
                        self.reporter.advance(1, 1);
                    }
                    None => {
                        self.ids = None;
                        self.full = self.filling.take();
                    }
                },
                else => {
                    self.reporter.end();
                    return None;
                }
            }
        }
    }

    fn take(&mut self, id: UserId) {
        let budget = self.engine.budget();
        let new = || Chunk { ids: Vec::new(), seen: HashSet::new(), room: Room::new(budget), repeated: 0 };
        let chunk = self.filling.get_or_insert_with(new);
        if let Some(id) = chunk.push(id) {
            let mut next = new();
            // The first one always has room.
            next.push(id);
            self.full = self.filling.replace(next);
        }
    }

    fn settle(&mut self, done: Done<<GetMany as Operation>::Output>) {
        let (users, failed) = done.users();
        let repeated = self.repeated.remove(&done.place).unwrap_or_default();
        self.reporter.advance(users + repeated, failed);
        self.ready.insert(done.place, outcome::<GetMany>(done.pieces, Naming::Always));
    }
}

async fn next_of(ids: &mut Option<Ids>) -> Option<Result<UserId, Error>> {
    ids.as_mut()?.next().await
}
