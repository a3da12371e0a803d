//! When a call ends at the latest.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::gets::Batch;
use super::limiter::Until;

/// A deadline, with the timeout that it came from, for what errors say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) at: Instant,
    pub(super) timeout: Duration,
}

/// The deadline of one call, or that of a batch: the latest of its callers', who come and go.
pub(super) enum Deadline {
    Fixed(End),
    Latest(Arc<Batch>),
}

impl Deadline {
    pub(super) fn end(&self) -> End {
        match self {
            Self::Fixed(end) => *end,
            Self::Latest(batch) => batch.end(),
        }
    }

    /// Ends when the deadline has passed, wherever it has moved to by then.
    pub(super) async fn passed(&self) {
        while Instant::now() < self.end().at {
            sleep_until(self.end().at).await;
        }
    }
}

impl Until for &Deadline {
    fn at(&self) -> Instant {
        self.end().at
    }
}
