//! Users whom the service refuses to read: how they are found in a poll that was refused as a whole, and when they are
//! tried again.
//!
//! A refused poll is taken apart. Who is refused alone, while others are answered, is set aside; if nobody is answered, the
//! refusal is not about users: all go back into the order of polls, and nobody is searched for until there is an answer.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Error;
use crate::model::UserId;

/// One search makes at most so many polls. Whoever is not found by then comes up again in the next pass.
const MOST_POLLS: u32 = 40;
/// So many refusals in a search with no answer between them are not about users: the one of a hundred is alone after
/// seven.
const MOST_UNANSWERED: u32 = 12;
/// Nobody is searched for so long after that, unless somebody is answered; each time twice as long,
const FIRST_REST: Duration = Duration::from_secs(60);
/// up to this.
const LONGEST_REST: Duration = Duration::from_secs(3_600);
/// When a user who was set aside is tried again: after this, and each time twice as long,
const FIRST_PAUSE: Duration = Duration::from_secs(300);
/// up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);
/// As long as others wait, a search has every second poll,
const SEARCH_EVERY: u32 = 2;
/// and those who were set aside have every twentieth.
const TRY_EVERY: u32 = 20;

#[derive(Debug, Default)]
pub(super) struct Refused {
    parts: VecDeque<Vec<UserId>>,
    /// Those in the parts, and in polls of them that are under way.
    searched: HashSet<UserId>,
    /// Those who were refused alone in this search.
    suspects: Vec<(UserId, Error)>,
    polls_left: u32,
    /// Somebody was answered since the search began.
    answered: bool,
    /// Refusals of the search since the last answer.
    unanswered: u32,
    /// Nobody is searched for until then.
    rests_until: Option<Instant>,
    rest: Option<Duration>,
    aside: HashMap<UserId, Aside>,
    due: BTreeSet<(Instant, UserId)>,
    /// Polls since the last one of these.
    others: u32,
}

#[derive(Debug)]
struct Aside {
    /// None as long as a poll is under way.
    due: Option<Instant>,
    pause: Duration,
}

/// What a search came to, with the error of each.
#[derive(Debug)]
pub(super) enum Verdict {
    /// That is not known yet.
    Open,
    /// These are refused: set aside as of now.
    Found(Vec<(UserId, Error)>),
    /// Nobody is answered: it is not about these, who may be polled as before.
    NotTheirs(Vec<UserId>, Error),
}

impl Refused {
    /// When there is somebody to poll.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        if self.parts.is_empty() { self.due.first().map(|(at, _)| *at) } else { Some(now) }
    }

    /// The users of the next poll, if it is for these. `others`: whether others wait.
    pub(super) fn take(&mut self, others: bool, now: Instant) -> Option<Vec<UserId>> {
        self.others = self.others.saturating_add(1);
        let every = if self.parts.is_empty() { TRY_EVERY } else { SEARCH_EVERY };
        if others && self.others < every {
            return None;
        }
        let taken = if let Some(part) = self.parts.pop_front() {
            part
        } else {
            let (at, user_id) = self.due.first().filter(|(at, _)| *at <= now)?.clone();
            self.due.remove(&(at, user_id.clone()));
            self.aside.get_mut(&user_id)?.due = None;
            vec![user_id]
        };
        self.others = 0;
        Some(taken)
    }

    /// Whether this is another try of one who is set aside.
    pub(super) fn is_try(&self, asked: &[UserId]) -> bool {
        matches!(asked, [user_id] if self.aside.contains_key(user_id))
    }

    /// Whether the user is polled by this alone, for now.
    pub(super) fn holds(&self, user_id: &UserId) -> bool {
        self.searched.contains(user_id)
            || self.aside.contains_key(user_id)
            || self.suspects.iter().any(|(own, _)| own == user_id)
    }

    /// A poll of these users was refused.
    pub(super) fn refused(&mut self, asked: &[UserId], error: Error, now: Instant) -> Verdict {
        let searched = asked.iter().any(|user_id| self.searched.contains(user_id)) || asked.len() == 1;
        self.unanswered = self.unanswered.saturating_add(u32::from(searched));
        let rests = self.rests_until.is_some_and(|until| now < until);
        if rests || self.unanswered > MOST_UNANSWERED {
            let mut back = self.give_up(now);
            back.extend_from_slice(asked);
            return Verdict::NotTheirs(back, error);
        }
        // One search at a time: the others wait for the next pass.
        if !searched && !self.searched.is_empty() {
            return Verdict::Open;
        }
        if self.searched.is_empty() && self.suspects.is_empty() {
            (self.polls_left, self.answered) = (MOST_POLLS, false);
        }
        match asked {
            [user_id] => {
                self.searched.remove(user_id);
                self.suspects.push((user_id.clone(), error));
            }
            _ if self.polls_left >= 2 => {
                self.polls_left -= 2;
                self.searched.extend(asked.iter().cloned());
                let (first, second) = asked.split_at(asked.len() / 2);
                self.parts.push_front(second.to_vec());
                self.parts.push_front(first.to_vec());
            }
            // They wait for the next pass, without those who are found in this one.
            _ => self.let_go(asked),
        }
        self.verdict(now)
    }

    /// A poll of these users was answered.
    pub(super) fn answered(&mut self, asked: &[UserId], now: Instant) -> Verdict {
        (self.answered, self.unanswered) = (true, 0);
        (self.rests_until, self.rest) = (None, None);
        self.let_go(asked);
        for user_id in asked {
            self.aside.remove(user_id);
        }
        self.verdict(now)
    }

    /// A poll of these users failed in another way.
    pub(super) fn failed(&mut self, asked: &[UserId], now: Instant) -> Verdict {
        self.let_go(asked);
        self.verdict(now)
    }

    /// Nobody else is left to be polled, who could be answered.
    pub(super) fn alone(&mut self, now: Instant) -> Verdict {
        let Some((_, error)) = self.suspects.last() else { return Verdict::Open };
        let error = error.clone();
        Verdict::NotTheirs(self.give_up(now), error)
    }

    pub(super) fn remove(&mut self, user_ids: &HashSet<UserId>, now: Instant) -> Verdict {
        for user_id in user_ids {
            self.searched.remove(user_id);
            if let Some(due) = self.aside.remove(user_id).and_then(|aside| aside.due) {
                self.due.remove(&(due, user_id.clone()));
            }
        }
        self.suspects.retain(|(user_id, _)| !user_ids.contains(user_id));
        for part in &mut self.parts {
            part.retain(|user_id| !user_ids.contains(user_id));
        }
        self.parts.retain(|part| !part.is_empty());
        self.verdict(now)
    }

    /// Ends the search; everybody who was in it.
    fn give_up(&mut self, now: Instant) -> Vec<UserId> {
        if self.rests_until.is_none_or(|until| until <= now) {
            let rest = self.rest.map_or(FIRST_REST, |rest| rest.saturating_mul(2).min(LONGEST_REST));
            (self.rest, self.rests_until, self.unanswered) = (Some(rest), Some(now + rest), 0);
        }
        self.parts.clear();
        let suspects = self.suspects.drain(..).map(|(user_id, _)| user_id);
        suspects.chain(self.searched.drain()).collect()
    }

    fn let_go(&mut self, user_ids: &[UserId]) {
        for user_id in user_ids {
            self.searched.remove(user_id);
        }
    }

    /// One who is set aside is tried again later.
    pub(super) fn put_off(&mut self, asked: &[UserId], now: Instant) {
        for user_id in asked {
            let Some(aside) = self.aside.get_mut(user_id) else { continue };
            aside.due = Some(now + aside.pause);
            self.due.insert((now + aside.pause, user_id.clone()));
            aside.pause = aside.pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }

    /// What is known when the search is over and somebody was answered.
    fn verdict(&mut self, now: Instant) -> Verdict {
        if !self.searched.is_empty() || self.suspects.is_empty() || !self.answered {
            return Verdict::Open;
        }
        let suspects = std::mem::take(&mut self.suspects);
        for (user_id, _) in &suspects {
            self.aside.insert(user_id.clone(), Aside { due: None, pause: FIRST_PAUSE });
            self.put_off(std::slice::from_ref(user_id), now);
        }
        Verdict::Found(suspects)
    }
}

#[cfg(test)]
#[path = "refused_tests.rs"]
mod tests;
