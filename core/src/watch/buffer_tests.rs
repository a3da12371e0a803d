use std::time::SystemTime;

use tokio::time::Instant;

use super::*;
use crate::model::Status;
use crate::model::time::Moment;
use crate::watch::event::EventKind::{self, Enter, Lagged, Leave, Resynced, Stale, Update};
use crate::watch::event::WarningReason;
use crate::watch::view::Reading;

/// Users with statuses, what a taker makes of the events, and a buffer in between.
struct Stage {
    view: View,
    buffer: Buffer,
    /// What the taker has seen: status by user.
    taken: HashMap<UserId, u32>,
    lagged: u64,
    events: u64,
}

impl Stage {
    fn new(capacity: usize, users: u32) -> Self {
        let mut view = View::default();
        for user in 0..users {
            view.add(id(user), None, Instant::now());
        }
        let buffer = Buffer::new(capacity);
        Self { view, buffer, taken: HashMap::new(), lagged: 0, events: 0 }
    }

    fn set(&mut self, user: u32, status: u32) {
        let devices = [("ios_1", Status::from(status))].into_iter();
        let presence = Presence::of(id(user), "", Moment::default(), devices);
        let now = Instant::now();
        if let Reading::Changed(change) = self.view.read(&presence, now, now, Source::Poll) {
            self.buffer.change(change);
        }
    }

    /// Takes one event and applies it; its kind.
    fn take(&mut self) -> Option<EventKind> {
        let event = self.buffer.take(&self.view)?;
        if let Event::Lagged { merged } = event {
            self.lagged += merged;
            return Some(Lagged);
        }
        self.events += 1;
        if let Some(change) = event.change() {
            let user = change.presence.user_id();
            let status = |presence: &Presence| presence.devices().next().unwrap().status.number().unwrap();
            let before = change.previous.as_ref().map(status);
            // That a user was found offline is not told.
            let own = self.taken.get(user).copied();
            assert_eq!(before.unwrap_or(0), own.unwrap_or(0), "the taker's own state");
            assert!(!change.initial || own.is_none());
            self.taken.insert(user.clone(), status(&change.presence));
        }
        Some(event.kind())
    }

    fn take_all(&mut self) -> Vec<EventKind> {
        std::iter::from_fn(|| self.take()).collect()
    }

    /// Whether the taker's picture is the view's.
    fn is_true(&self) -> bool {
        self.view
            .presences()
            .filter(|presence| presence.is_online())
            .all(|p| self.taken.contains_key(p.user_id()))
            && self.taken.iter().all(|(user, status)| {
                let presence = self.view.get(user).unwrap();
                presence.devices().next().unwrap().status.number() == Some(*status)
            })
    }
}

fn id(user: u32) -> UserId {
    UserId::new(format!("u{user}")).unwrap()
}

#[test]
fn as_long_as_there_is_room_every_event_is_given_in_order() {
    let mut stage = Stage::new(4, 1);
    for status in [1, 100, 0, 1] {
        stage.set(0, status);
    }
    assert_eq!(stage.take_all(), [Enter, Update, Leave, Enter]);
    assert_eq!((stage.buffer.made(), stage.buffer.merged()), (4, 0));
}

#[test]
fn beyond_that_the_latest_of_each_user_counts_and_back_and_forth_is_nothing() {
    let mut stage = Stage::new(2, 4);
    stage.set(0, 1);
    stage.set(1, 1);
    // No room from here.
    stage.set(0, 0);
    stage.set(0, 1);
    stage.set(2, 7);
    stage.set(2, 8);
    stage.set(3, 1);
    assert_eq!(stage.take_all(), [Enter, Enter, Lagged, Enter, Enter]);
    assert_eq!(stage.lagged, 3, "two that cancelled each other out, and one of two");
    assert!(stage.is_true());
    assert_eq!(stage.buffer.made(), stage.events + stage.lagged);
}

#[test]
fn whatever_is_taken_when_the_events_add_up_to_the_view_and_none_is_unaccounted_for() {
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut stage = Stage::new(rng.usize(1..20), 30);
        for _ in 0..400 {
            if rng.f64() < 0.6 {
                stage.set(rng.u32(0..30), rng.u32(0..3));
            } else {
                for _ in 0..rng.usize(0..4) {
                    stage.take();
                }
            }
        }
        stage.take_all();
        assert!(stage.is_true(), "seed {seed}");
        assert_eq!(stage.buffer.made(), stage.events + stage.lagged, "seed {seed}");
        assert_eq!(stage.lagged, stage.buffer.merged());
        assert_eq!(stage.buffer.len(), 0);
    }
}

#[test]
fn memory_is_bounded_by_the_number_of_users() {
    let mut stage = Stage::new(10, 50);
    for round in 0..1_000 {
        for user in 0..50 {
            stage.set(user, round % 3);
        }
        stage.buffer.other(Event::Stale { since: SystemTime::UNIX_EPOCH });
        stage.buffer.other(Event::Resynced);
        stage.buffer.warning(Warning::new(WarningReason::PollsRefused, None, None));
        stage.buffer.warning(Warning::new(WarningReason::NotAnswered, Some(id(round % 50)), None));
    }
    assert!(stage.buffer.len() <= 10 + 50 + 3, "{}", stage.buffer.len());
    stage.take_all();
    assert!(stage.is_true());
    assert_eq!(stage.buffer.made(), stage.events + stage.lagged);
}

#[test]
fn a_gap_is_told_from_its_beginning_and_ends_once() {
    let mut stage = Stage::new(1, 1);
    let second = |n| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(n);
    stage.set(0, 1);
    for n in 1..4 {
        stage.buffer.other(Event::Stale { since: second(n) });
        stage.buffer.other(Event::Resynced);
    }
    let events: Vec<_> = std::iter::from_fn(|| stage.buffer.take(&stage.view)).collect();
    let kinds: Vec<_> = events.iter().map(Event::kind).collect();
    assert_eq!(kinds, [Enter, Lagged, Stale, Resynced]);
    assert!(matches!(events[1], Event::Lagged { merged: 4 }));
    assert!(matches!(events[2], Event::Stale { since } if since == second(1)));
}

#[test]
fn who_is_removed_is_not_told_of_any_more() {
    let mut stage = Stage::new(2, 3);
    for user in [0, 1, 2, 0] {
        stage.set(user, 1);
    }
    stage.buffer.warning(Warning::new(WarningReason::NotAnswered, Some(id(2)), None));
    let gone = HashSet::from([id(0), id(2)]);
    for user in &gone {
        stage.view.remove(user);
    }
    stage.buffer.remove(&gone);
    assert_eq!(stage.take_all(), [Enter]);
    assert!(stage.taken.contains_key(&id(1)));
}

#[test]
fn what_the_taker_has_seen_is_known_for_saving() {
    let mut stage = Stage::new(2, 3);
    stage.set(0, 1);
    stage.set(1, 1);
    stage.take_all();
    stage.set(0, 5);
    stage.set(0, 6);
    stage.set(1, 7);
    stage.set(2, 1);
    let status = |presence: Option<&Presence>| presence.map(|p| p.devices().next().unwrap().status);
    let seen: HashMap<_, _> =
        stage.buffer.seen().into_iter().map(|(user, seen)| (user.clone(), status(seen))).collect();
    let expected = [(id(0), Some(Status::Online)), (id(1), Some(Status::Online)), (id(2), None)];
    assert_eq!(seen, HashMap::from(expected));
}
