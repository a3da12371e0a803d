//! What a watcher does about subscriptions: the part of its state's work that only those have who keep them.

use std::collections::{HashMap, HashSet, VecDeque};

use tokio::time::Instant;

use super::event::WarningReason;
use super::polls::{is_in_vain, is_refusal};
use super::schedule::By;
use super::state::{Next, Now, State};
use super::subscribe::{Keeping, Without};
use crate::error::{Error, ErrorKind};
use crate::many::split::take_batch;
use crate::model::time::Moment;
use crate::model::{Presences, Subscription, UserId};
use crate::pipeline::Random;

/// A failure is warned of when so many calls in a row have failed, or it will not pass by itself.
const FAILURES: u32 = 3;

impl State {
    /// What to do about subscriptions now, or when there is something to do. None if there are none to keep.
    pub(super) fn next_upkeep(&mut self, now: Instant) -> Option<Next> {
        let keeping = self.keeping.as_mut()?;
        let paced = self.upkeep_pace.due(now);
        if !self.leaving.is_empty() && paced <= now {
            self.upkeep_pace.went(now);
            return Some(Next::Unsubscribe(take_batch(&mut self.leaving, self.size.budget(now))));
        }
        if keeping.take_look(now) {
            return Some(Next::List);
        }
        let due = keeping.due(now).map(|due| due.max(paced));
        if due.is_none_or(|due| due > now) {
            let due = if self.leaving.is_empty() { due } else { Some(paced) };
            return Some(Next::Wait(due));
        }
        let users = keeping.take(now, self.size.budget(now));
        if users.is_empty() {
            return Some(Next::Wait(keeping.due(now)));
        }
        self.upkeep_pace.went(now);
        self.counts.subscribe_calls += 1;
        Some(Next::Subscribe(users))
    }

    /// Takes in a new user.
    pub(super) fn keep(&mut self, user_id: &UserId, now: Instant) {
        let without = self.keeping.as_mut().and_then(|keeping| keeping.add(user_id, now));
        let reason = match without {
            None => return,
            Some(Without::Own) => WarningReason::OwnUser,
            Some(Without::TooMany) => WarningReason::TooManySubscriptions,
        };
        self.warn(reason, Some(user_id.clone()), None);
    }

    pub(super) fn stop_keeping(&mut self, user_ids: &HashSet<UserId>, now: Instant) {
        let Some(keeping) = &mut self.keeping else { return };
        if self.unsubscribes {
            self.leaving.extend(keeping.held_of(user_ids));
        }
        for user_id in user_ids {
            keeping.remove(user_id, now);
        }
    }

    /// Takes in how a call of subscribe to these users, which began then, ended.
    pub(super) fn subscribed(
        &mut self,
        asked: Vec<UserId>,
        began: Instant,
        outcome: Result<Presences, Error>,
        random: &Random,
        now: Now,
    ) {
        let Some(keeping) = &mut self.keeping else { return };
        match outcome {
            Ok(presences) => {
                self.warned_of_upkeep = None;
                let end = |presence: &crate::Presence| presence.expires_at().map(Moment::from_time);
                let made: HashMap<_, _> =
                    presences.iter().map(|presence| (presence.user_id().clone(), end(&presence))).collect();
                let without = keeping.answered(&asked, &made, began, now.at, random);
                self.somebody_answered |= !presences.is_empty();
                for presence in &presences {
                    self.read(&presence, By::Subscribing { began }, began, now.at);
                }
                self.warn_without(without, None);
                self.end_round();
            }
            Err(error) if error.kind() == ErrorKind::TooLarge && asked.len() > 1 => {
                self.size.too_large(&asked, now.at);
                keeping.too_large(&asked, now.at);
            }
            Err(error) if is_refusal(&error) => {
                let without = keeping.refused(asked, now.at);
                self.warn_without(without, Some(&error));
            }
            Err(error) => {
                let failures = keeping.failed(&asked, now.at, random.fraction());
                self.upkeep_failed(error, failures);
            }
        }
    }

    fn warn_without(&mut self, user_ids: Vec<UserId>, error: Option<&Error>) {
        for user_id in user_ids {
            self.warn(WarningReason::NotSubscribed, Some(user_id), error.cloned());
        }
    }

    fn upkeep_failed(&mut self, error: Error, failures: u32) {
        if error.kind() == ErrorKind::Closed {
            self.client_closed(error);
            return;
        }
        let tell = failures >= FAILURES || is_in_vain(&error);
        if tell && self.warned_of_upkeep.replace(error.kind()) != Some(error.kind()) {
            self.warn(WarningReason::SubscribingFails, None, Some(error));
        }
    }

    /// Takes in the list of subscriptions, the reading of which began then.
    pub(super) fn listed(
        &mut self,
        outcome: Result<Vec<Subscription>, Error>,
        began: Instant,
        random: &Random,
        now: Now,
    ) {
        let Some(keeping) = &mut self.keeping else { return };
        match outcome {
            Ok(list) => keeping.listed(&list, began, now.at, random),
            Err(error) => {
                keeping.look_failed(now.at);
                self.upkeep_failed(error, 0);
            }
        }
    }

    /// Whom to unsubscribe from at the end.
    pub(super) fn take_held(&mut self) -> VecDeque<UserId> {
        let keeping = self.keeping.take().filter(|_| self.unsubscribes);
        // What is not ended now is told, whatever was told before.
        self.warned_of_upkeep = None;
        let mut held = std::mem::take(&mut self.leaving);
        held.extend(keeping.iter().flat_map(Keeping::held));
        held
    }

    /// Those who could not be unsubscribed from stay subscribed to until the end comes by itself.
    pub(super) fn unsubscribed(&mut self, outcome: Result<(), Error>) {
        if let Err(error) = outcome {
            self.upkeep_failed(error, FAILURES);
        }
    }
}
