use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// How many watched users are where; see [`Watcher::occupancy`](super::Watcher::occupancy).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Occupancy {
    /// Users watched.
    pub watched: usize,
    /// Users of whom something is known.
    pub known: usize,
    /// Users with a device online.
    pub online: usize,
    /// Users with a device online, by its platform. A user on two platforms counts for both.
    pub by_platform: BTreeMap<String, usize>,
}

/// What a watcher has done; see [`Watcher::stats`](super::Watcher::stats).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WatchStats {
    /// Users watched.
    pub users: usize,
    /// The time between two readings of a user, half of the users at most: the latest two of each, or since the latest
    /// if that is longer. None before anybody has been read twice.
    pub refresh_interval_p50: Option<Duration>,
    /// The same for 99 of 100 users.
    pub refresh_interval_p99: Option<Duration>,
    /// Polls a second that are made at most, as of now.
    pub calls_per_second: f64,
    /// Polls made, retries not counted.
    pub polls: u64,
    /// Polls that failed, with their retries.
    pub polls_failed: u64,
    /// Calls of subscribe.
    pub subscribe_calls: u64,
    /// Events made.
    pub events: u64,
    /// Events that wait to be taken.
    pub lag: usize,
    /// Events that became part of another, or cancelled each other out, because they were not taken in time.
    pub merged: u64,
    /// Callbacks fed in.
    pub callbacks: u64,
    /// Callbacks of watched users that said nothing new, or less than was known.
    pub callbacks_ignored: u64,
    /// Changes that callbacks told first.
    pub changes_from_callbacks: u64,
    /// Changes that polls told first.
    pub changes_from_polls: u64,
    /// Changes that answers to subscribing told first.
    pub changes_from_subscribing: u64,
    /// Subscriptions kept.
    pub subscriptions: usize,
    /// Subscriptions that were found to be gone before their end, and made again.
    pub subscriptions_lost: u64,
    /// When a poll last succeeded, by this machine's clock; none before the first.
    pub last_contact: Option<SystemTime>,
    /// Whether contact is lost.
    pub stale: bool,
}

/// What is counted on the way.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) polls: u64,
    pub(super) polls_succeeded: u64,
    pub(super) polls_failed: u64,
    pub(super) subscribe_calls: u64,
    pub(super) callbacks: u64,
    pub(super) callbacks_ignored: u64,
    pub(super) from_callbacks: u64,
    pub(super) from_polls: u64,
    pub(super) from_subscribing: u64,
}

/// The value that this part of the values does not exceed; none of none.
pub(super) fn percentile(sorted: &[Duration], part: f64) -> Option<Duration> {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list, from 0 to its length"
    )]
    let place = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(place.clamp(1, sorted.len().max(1)) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_value_that_so_many_do_not_exceed() {
        let values: Vec<_> = (1..=100).map(Duration::from_secs).collect();
        assert_eq!(percentile(&values, 0.5), Some(Duration::from_secs(50)));
        assert_eq!(percentile(&values, 0.99), Some(Duration::from_secs(99)));
        assert_eq!(percentile(&values[..1], 0.5), Some(Duration::from_secs(1)));
        assert_eq!(percentile(&[], 0.5), None);
    }
}
