use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::lane::Lane;

/// The right to make one call. Dropped before [`sending`](Self::sending) its place is back at once; dropped after,
/// without an answer, a window later, since the service may have counted the call until now.
#[derive(Debug)]
#[must_use = "a permit that is dropped gives its place back"]
pub(crate) struct Permit {
    lane: Arc<Lane>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Unused,
    Sent(Instant),
    Answered,
}

/// What the service said about the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Anything but `reach_limit`: the call was let through.
    Accepted,
    /// `reach_limit`, with the wait that the service asks for.
    Limited { retry_after: Option<Duration> },
}

impl Permit {
    pub(super) fn new(lane: Arc<Lane>) -> Self {
        Self { lane, state: State::Unused }
    }

    /// The request leaves now.
    pub(crate) fn sending(&mut self) {
        self.state = State::Sent(Instant::now());
        self.lane.sending();
    }

    /// The complete answer was seen now.
    pub(crate) fn answered(mut self, seen: Seen) {
        if let State::Sent(sent) = self.state {
            self.state = State::Answered;
            let now = Instant::now();
            match seen {
                Seen::Accepted => self.lane.accepted(now, sent),
                Seen::Limited { retry_after } => self.lane.rejected(now, sent, retry_after),
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        match self.state {
            State::Unused => self.lane.unused(Instant::now()),
            State::Sent(_) => self.lane.aborted(Instant::now()),
            State::Answered => {}
        }
    }
}
