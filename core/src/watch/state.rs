//! All that a watcher knows, told what happens and when. It never waits: `task.rs` does.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::buffer::Buffer;
use super::clock::ServiceClock;
use super::contact::Contact;
use super::event::{Change, Event, Source, Warning, WarningReason};
use super::pace::Pace;
use super::room::Room;
use super::schedule::{By, Schedule};
use super::stats::Counts;
use super::subscribe::Keeping;
use super::view::{Fed, Reading, Report, View};
use crate::error::{Error, ErrorKind};
use crate::model::{Presence, Presences, UserId};

/// At most so many seconds' worth of polls are under way: a service that is slower than that is not pressed.
const MOST_SECONDS_IN_FLIGHT: f64 = 2.0;
const LEAST_IN_FLIGHT: usize = 4;
const MOST_IN_FLIGHT: usize = 128;

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
struct Pass {
    /// The first one is over.
    synced: bool,
    /// The one under way is the one after contact was lost.
    resyncing: bool,
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
    pub(super) leaving: Vec<UserId>,
    clock: ServiceClock,
    in_flight: usize,
    /// The most users of one call, lowered when the service finds a call too large.
    pub(super) most_users: usize,
    pass: Pass,
    pub(super) somebody_answered: bool,
    /// The kind of refusal that was warned of last.
    warned_of: Option<ErrorKind>,
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
            leaving: Vec::new(),
            clock: ServiceClock::new(now),
            in_flight: 0,
            most_users: Room::MOST_USERS,
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

    fn next_poll(&mut self, now: Now, rate: f64) -> Next {
        if self.contact.is_newly_lost(now.at) {
            self.lost(now);
        }
        self.end_round();
        self.pace.set(rate);
        let wake = self.contact.deadline();
        if self.keeping.as_ref().is_some_and(Keeping::is_starting) {
            return Next::Wait(wake);
        }
        let most = if self.contact.is_failing() { 1 } else { most_in_flight(rate) };
        let Some(due) = self.schedule.due().filter(|_| self.in_flight < most) else {
            return Next::Wait(wake);
        };
        let due = due.max(self.pace.due(now.at)).max(self.contact.paused_until().unwrap_or(now.at));
        if due > now.at {
            return Next::Wait(wake.map_or(Some(due), |wake| Some(wake.min(due))));
        }
        let users = self.schedule.take(now.at, Room::of(self.most_users));
        self.pace.went(now.at);
        self.contact.began(now.at);
        self.in_flight += 1;
        self.counts.polls += 1;
        Next::Poll(users)
    }

    /// Nothing ran for much longer than it should have: what is known is as old as that.
    pub(super) fn slept(&mut self, now: Now) {
        if self.schedule.len() > 0 && self.contact.slept() {
            self.lost(now);
        }
    }

    fn lost(&mut self, now: Now) {
        self.buffer.other(Event::Stale { since: now.wall_at(self.contact.last()) });
    }

    /// Takes in how a poll of these users, which began then, ended. `fraction` is a number by chance, 0 to 1.
    pub(super) fn polled(
        &mut self,
        asked: &[UserId],
        began: Instant,
        outcome: Result<Presences, Error>,
        fraction: f64,
        now: Now,
    ) {
        self.in_flight -= 1;
        match outcome {
            Ok(presences) => self.answered(&presences, began, now.at),
            Err(error) => {
                self.schedule.failed(asked);
                self.poll_failed(asked.len(), error, fraction, now);
            }
        }
    }

    fn answered(&mut self, presences: &Presences, began: Instant, now: Instant) {
        self.counts.polls_succeeded += 1;
        self.warned_of = None;
        let lost_since = self.contact.last();
        if self.contact.succeeded(now, self.in_flight > 0) {
            self.pass.resyncing = true;
            self.schedule.begin_round(lost_since);
            // It may have been restarted, without the subscriptions.
            if let Some(keeping) = &mut self.keeping {
                keeping.look(now);
            }
        }
        self.somebody_answered |= !presences.is_empty();
        for presence in presences {
            self.read(&presence, By::Poll { began }, began, now);
        }
        for user_id in presences.missing() {
            self.schedule.learned(user_id, By::Poll { began }, false, now);
            let settled = self.keeping.as_ref().is_none_or(|keeping| keeping.is_settled(user_id));
            if self.somebody_answered && settled && self.view.not_answered(user_id) {
                self.warn(WarningReason::NotAnswered, Some(user_id.clone()), None);
            }
        }
        self.end_round();
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

    fn poll_failed(&mut self, asked: usize, error: Error, fraction: f64, now: Now) {
        self.counts.polls_failed += 1;
        if error.kind() == ErrorKind::Closed {
            self.client_closed(error);
            return;
        }
        if error.kind() == ErrorKind::TooLarge && asked > 1 {
            self.most_users = self.most_users.min(asked / 2);
            return;
        }
        let in_vain = is_in_vain(&error);
        self.contact.failed(now.at, in_vain, fraction);
        if in_vain && self.warned_of.replace(error.kind()) != Some(error.kind()) {
            self.warn(WarningReason::PollsRefused, None, Some(error));
        }
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

fn most_in_flight(rate: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped on the next line")]
    let most = (rate * MOST_SECONDS_IN_FLIGHT).ceil() as usize;
    most.clamp(LEAST_IN_FLIGHT, MOST_IN_FLIGHT)
}

/// Whether the failure is one that will most likely come again as long as nobody does anything about it.
pub(super) fn is_in_vain(error: &Error) -> bool {
    let passing = matches!(error.kind(), ErrorKind::Decode | ErrorKind::Server | ErrorKind::TooLarge);
    !error.retryable() && !passing
}
