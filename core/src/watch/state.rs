//! All that a watcher knows, told what happens and when. It never waits: `task.rs` does.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::buffer::Buffer;
use super::clock::ServiceClock;
use super::contact::Contact;
use super::event::{Change, Event, Source, Warning, WarningReason};
use super::pace::Pace;
use super::polls::Size;
use super::refused::Refused;
use super::schedule::{By, Schedule};
use super::stats::Counts;
use super::subscribe::Keeping;
use super::view::{Fed, Reading, Report, View};
use crate::error::{Error, ErrorKind};
use crate::model::{Presence, UserId};

/// A moment by both clocks. The wall clock is for telling people and never for deciding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) at: Instant,
    pub(super) wall: SystemTime,
}

impl Now {
    /// What the wall clock showed at an earlier moment.
    pub(super) fn wall_at(self, earlier: Instant) -> SystemTime {
        let ago = self.at.saturating_duration_since(earlier);
        self.wall.checked_sub(ago).unwrap_or(self.wall)
    }
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Next {
    /// Read these users.
    Poll(Vec<UserId>),
    Subscribe(Vec<UserId>),
    Unsubscribe(Vec<UserId>),
    /// Read the list of subscriptions.
    List,
    /// Nothing before this, unless something happens.
    Wait(Option<Instant>),
}

/// The passes over all users of which the end is told.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// The first one is over.
    synced: bool,
    /// The one under way is the one after contact was lost.
    pub(super) resyncing: bool,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) view: View,
    pub(super) schedule: Schedule,
    pub(super) buffer: Buffer,
    pub(super) contact: Contact,
    pub(super) pace: Pace,
    pub(super) counts: Counts,
    pub(super) keeping: Option<Keeping>,
    pub(super) upkeep_pace: Pace,
    /// Whether subscriptions that are not kept any more are ended.
    pub(super) unsubscribes: bool,
    /// Who is to be unsubscribed from.
    pub(super) leaving: VecDeque<UserId>,
    clock: ServiceClock,
    pub(super) in_flight: usize,
    pub(super) refused: Refused,
    pub(super) size: Size,
    pub(super) pass: Pass,
    pub(super) somebody_answered: bool,
    /// The kind of refusal that was warned of last.
    pub(super) warned_of: Option<ErrorKind>,
    pub(super) warned_of_upkeep: Option<ErrorKind>,
    pub(super) ended: bool,
}

impl State {
    pub(super) fn new(min_interval: Duration, capacity: usize, now: Instant) -> Self {
        Self {
            view: View::default(),
            schedule: Schedule::new(min_interval, now),
            buffer: Buffer::new(capacity),
            contact: Contact::new(now),
            pace: Pace::default(),
            counts: Counts::default(),
            keeping: None,
            upkeep_pace: Pace::default(),
            unsubscribes: false,
            leaving: VecDeque::new(),
            clock: ServiceClock::new(now),
            in_flight: 0,
            refused: Refused::default(),
            size: Size::default(),
            pass: Pass::default(),
            somebody_answered: false,
            warned_of: None,
            warned_of_upkeep: None,
            ended: false,
        }
    }

    /// Whether the user is new. One that is restored comes with what was known, and when it was read.
    pub(super) fn add(
        &mut self,
        user_id: &UserId,
        restored: Option<(Presence, Option<Instant>)>,
        now: Instant,
    ) -> bool {
        let (presence, read_at) = restored.map_or((None, None), |(presence, at)| (Some(presence), at));
        let new = self.view.add(user_id.clone(), presence, now);
        if new {
            self.schedule.add(user_id, read_at);
            self.keep(user_id, now);
        }
        new
    }

    pub(super) fn remove(&mut self, user_ids: &HashSet<UserId>, now: Instant) {
        self.stop_keeping(user_ids, now);
        for user_id in user_ids {
            if self.view.remove(user_id) {
                self.schedule.remove(user_id);
            }
        }
        self.buffer.remove(user_ids);
        let verdict = self.refused.remove(user_ids, now);
        self.judged(verdict);
    }

    /// What to do now, at these rates in calls a second.
    pub(super) fn next(&mut self, now: Now, rate: f64, upkeep_rate: f64) -> Next {
        self.upkeep_pace.set(upkeep_rate);
        let upkeep = match self.next_upkeep(now.at) {
            Some(Next::Wait(wake)) => wake,
            Some(call) => return call,
            None => None,
        };
        match self.next_poll(now, rate) {
            Next::Wait(wake) => Next::Wait(wake.into_iter().chain(upkeep).min()),
            poll => poll,
        }
    }

    /// Nothing ran for much longer than it should have: what is known is as old as that.
    pub(super) fn slept(&mut self, now: Now) {
        if self.schedule.len() > 0 && self.contact.slept() {
            self.lost(now);
        }
    }

    pub(super) fn lost(&mut self, now: Now) {
        self.buffer.other(Event::Stale { since: now.wall_at(self.contact.last()) });
    }

    /// Takes in one user's part of an answer.
    pub(super) fn read(&mut self, presence: &Presence, by: By, began: Instant, now: Instant) {
        let user_id = presence.user_id();
        let polled = matches!(by, By::Poll { .. });
        let source = if polled { Source::Poll } else { Source::Subscribe };
        match self.view.read(presence, began, now, source) {
            Reading::Outdated { fed } if polled => self.schedule.answered_in_vain(user_id, fed, now),
            Reading::Stranger | Reading::Outdated { .. } => {}
            Reading::Same => self.schedule.learned(user_id, by, false, now),
            Reading::Changed(change) => {
                self.schedule.learned(user_id, by, !change.initial, now);
                self.tell(change);
            }
        }
    }

    fn tell(&mut self, change: Change) {
        match change.source {
            Source::Poll => self.counts.from_polls += 1,
            Source::Subscribe => self.counts.from_subscribing += 1,
            Source::Callback => self.counts.from_callbacks += 1,
        }
        self.buffer.change(change);
    }

    pub(super) fn client_closed(&mut self, error: Error) {
        if !std::mem::replace(&mut self.ended, true) {
            self.warn(WarningReason::Closed, None, Some(error));
        }
    }

    pub(super) fn warn(&mut self, reason: WarningReason, user_id: Option<UserId>, error: Option<Error>) {
        self.buffer.warning(Warning::new(reason, user_id, error));
    }

    /// Tells of a pass over all users that has ended.
    pub(super) fn end_round(&mut self) {
        if !self.schedule.round_is_over() || (self.pass.synced && !self.pass.resyncing) {
            return;
        }
        if !std::mem::replace(&mut self.pass.synced, true) {
            if !self.somebody_answered && self.keeping.is_none() && self.counts.polls_succeeded > 0 {
                self.warn(WarningReason::NoneAnswered, None, None);
            }
            self.buffer.other(Event::Synced);
        }
        if std::mem::take(&mut self.pass.resyncing) {
            self.buffer.other(Event::Resynced);
        }
    }

    /// Takes in a callback.
    pub(super) fn feed(&mut self, report: Report<'_>, now: Instant) {
        self.counts.callbacks += 1;
        let happened = self.clock.heard(report.timestamp, now);
        match self.view.feed(report, happened, now) {
            Fed::Stranger => {}
            Fed::Old | Fed::Known => self.counts.callbacks_ignored += 1,
            Fed::Unknown => self.schedule.again(report.user_id, now),
            Fed::Same => {
                self.counts.callbacks_ignored += 1;
                self.schedule.learned(report.user_id, By::Callback, false, now);
            }
            Fed::Changed(change) => {
                if change.initial {
                    // One device is known of, and the user's other devices are not.
                    self.schedule.again(report.user_id, now);
                } else {
                    self.schedule.learned(report.user_id, By::Callback, true, now);
                }
                self.tell(change);
            }
        }
    }
}
