use std::fmt;
use std::time::SystemTime;

use crate::error::Error;
use crate::model::{Presence, UserId};

/// What a [`Watcher`](super::Watcher) tells.
///
/// `enter`, `leave` and `update` are about one user and carry a [`Change`]. Applied in order, they give the watcher's
/// view of every user who was ever online.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The user's first device is online. For a user who was online when first read, [`Change::initial`] is set.
    Enter(Change),
    /// The user's last device went offline.
    Leave(Change),
    /// Devices, a status or the text changed, and the user stayed online or stayed offline.
    Update(Change),
    /// Every watched user has been read once. Comes once.
    Synced,
    /// There is no contact with the service: what is known may be old. Nobody is taken to have left for it.
    #[non_exhaustive]
    Stale {
        /// When a poll last succeeded, by this machine's clock.
        since: SystemTime,
    },
    /// After `stale`: every watched user has been read again.
    Resynced,
    /// The events were not taken as fast as they came, and some were merged: of each user what came last counts.
    #[non_exhaustive]
    Lagged {
        /// How many events were merged into others or cancelled each other out.
        merged: u64,
    },
    /// Something that somebody should look at; the watcher goes on.
    Warning(Warning),
}

/// What kind of event it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// [`Event::Enter`]
    Enter,
    /// [`Event::Leave`]
    Leave,
    /// [`Event::Update`]
    Update,
    /// [`Event::Synced`]
    Synced,
    /// [`Event::Stale`]
    Stale,
    /// [`Event::Resynced`]
    Resynced,
    /// [`Event::Lagged`]
    Lagged,
    /// [`Event::Warning`]
    Warning,
}

impl EventKind {
    /// Every kind.
    pub const ALL: &'static [EventKind] = &[
        EventKind::Enter,
        EventKind::Leave,
        EventKind::Update,
        EventKind::Synced,
        EventKind::Stale,
        EventKind::Resynced,
        EventKind::Lagged,
        EventKind::Warning,
    ];

    /// The kind's name, the same in every language: `enter`, `leave`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            EventKind::Enter => "enter",
            EventKind::Leave => "leave",
            EventKind::Update => "update",
            EventKind::Synced => "synced",
            EventKind::Stale => "stale",
            EventKind::Resynced => "resynced",
            EventKind::Lagged => "lagged",
            EventKind::Warning => "warning",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Event {
    /// What kind of event it is.
    #[must_use]
    pub fn kind(&self) -> EventKind {
        match self {
            Event::Enter(_) => EventKind::Enter,
            Event::Leave(_) => EventKind::Leave,
            Event::Update(_) => EventKind::Update,
            Event::Synced => EventKind::Synced,
            Event::Stale { .. } => EventKind::Stale,
            Event::Resynced => EventKind::Resynced,
            Event::Lagged { .. } => EventKind::Lagged,
            Event::Warning(_) => EventKind::Warning,
        }
    }

    /// The change of an `enter`, `leave` or `update`.
    #[must_use]
    pub fn change(&self) -> Option<&Change> {
        match self {
            Event::Enter(change) | Event::Leave(change) | Event::Update(change) => Some(change),
            _ => None,
        }
    }

    /// The user whom the event is about, if it is about one.
    #[must_use]
    pub fn user_id(&self) -> Option<&UserId> {
        match self {
            Event::Warning(warning) => warning.user_id.as_ref(),
            _ => self.change().map(|change| change.presence.user_id()),
        }
    }
}

/// Where the watcher learned of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// A poll: `POST /users/{username}/presence`.
    Poll,
    /// The answer to subscribing: `POST /users/{username}/presence/{expiry}`.
    Subscribe,
    /// A callback that was fed in.
    Callback,
}

impl Source {
    /// The name in every language: `poll`, `subscribe`, `callback`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Source::Poll => "poll",
            Source::Subscribe => "subscribe",
            Source::Callback => "callback",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One user's change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The user's presence now. It has no `expires_at`.
    pub presence: Presence,
    /// What was last told or known of the user; none the first time.
    pub previous: Option<Presence>,
    /// Whether this is the first that is known of the user, who may have been online for long.
    pub initial: bool,
    /// Where the watcher learned of it. Of merged events, that of the last.
    pub source: Source,
}

/// What a `warning` says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Warning {
    /// What it is about.
    pub reason: WarningReason,
    /// The user concerned, if it is one.
    pub user_id: Option<UserId>,
    /// The error behind it, if there is one.
    pub error: Option<Error>,
}

/// Why there is a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WarningReason {
    /// The service does not answer for this user. Told once, until it does.
    NotAnswered,
    /// The service answers for no watched user: this deployment answers only for users who are subscribed to. Use
    /// `keep_subscribed`.
    NoneAnswered,
    /// The asking user cannot subscribe to itself. It is still polled.
    OwnUser,
    /// The service keeps at most 3,000 subscriptions per user. This user is polled without one.
    TooManySubscriptions,
    /// The service did not make this subscription. It is tried again later; the user is polled without one.
    NotSubscribed,
    /// Polls fail for a reason that does not go away by itself. They are tried again slowly. With a user: the service
    /// refuses to tell of this one, who is tried again rarely, by itself; the others are read as ever.
    PollsRefused,
    /// Subscribing, or reading the list of subscriptions, fails. It is tried again.
    SubscribingFails,
    /// The client was closed. The events end here.
    Closed,
}

impl WarningReason {
    /// The name in every language: `not_answered`, `none_answered`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            WarningReason::NotAnswered => "not_answered",
            WarningReason::NoneAnswered => "none_answered",
            WarningReason::OwnUser => "own_user",
            WarningReason::TooManySubscriptions => "too_many_subscriptions",
            WarningReason::NotSubscribed => "not_subscribed",
            WarningReason::PollsRefused => "polls_refused",
            WarningReason::SubscribingFails => "subscribing_fails",
            WarningReason::Closed => "closed",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            WarningReason::NotAnswered => "the service does not answer for this user",
            WarningReason::NoneAnswered => {
                "this deployment answers only for users who are subscribed to; use keep_subscribed"
            }
            WarningReason::OwnUser => {
                "a user cannot subscribe to itself; it is polled without a subscription"
            }
            WarningReason::TooManySubscriptions => {
                "the service keeps at most 3,000 subscriptions per user; this user is polled without one"
            }
            WarningReason::NotSubscribed => {
                "the service did not make the subscription; the user is polled without one"
            }
            WarningReason::PollsRefused => "polls are refused; they are tried again slowly",
            WarningReason::SubscribingFails => "subscribing fails; it is tried again",
            WarningReason::Closed => "the client was closed",
        }
    }
}

impl fmt::Display for WarningReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One line: the user, the reason, the error.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user_id) = &self.user_id {
            write!(f, "{user_id}: ")?;
        }
        f.write_str(self.reason.words())?;
        if let Some(error) = &self.error {
            write!(f, ": {error}")?;
        }
        Ok(())
    }
}

impl Warning {
    pub(super) fn new(reason: WarningReason, user_id: Option<UserId>, error: Option<Error>) -> Self {
        Self { reason, user_id, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_one_line_with_user_reason_and_error() {
        let user = UserId::new("c2").unwrap();
        let error = Error::invalid("bad");
        let warning = Warning::new(WarningReason::NotSubscribed, Some(user), Some(error));
        assert_eq!(
            warning.to_string(),
            "c2: the service did not make the subscription; the user is polled without one: invalid_input: bad"
        );
    }

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let names: std::collections::HashSet<_> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), EventKind::ALL.len());
    }
}
