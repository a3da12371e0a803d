//! Who goes next: normal calls before background calls, callers in turn, first come first served inside a caller.

use std::collections::{BTreeMap, BTreeSet};

/// How urgent a call is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Priority {
    /// Somebody waits for the answer.
    #[default]
    Normal,
    /// May wait: goes when no normal call waits, and once in ten calls when some do, so that it never starves.
    Background,
}

/// Whose call it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    /// One caller's calls go in order; callers take turns. A batch is one caller.
    pub(crate) caller: u64,
    pub(crate) priority: Priority,
}

/// Normal calls that go in a row while a background call waits.
const IN_A_ROW: usize = 9;

/// The order of the calls that wait, each known by a key. Keys ascend in the order of arrival.
#[derive(Debug, Default)]
pub(super) struct Queue {
    normal: Line,
    background: Line,
    in_a_row: usize,
}

impl Queue {
    /// Queues a call; its number among its caller's calls, for [`ahead`](Self::ahead).
    pub(super) fn push(&mut self, turn: Turn, key: u64) -> u64 {
        self.line_mut(turn.priority).push(turn.caller, key)
    }

    pub(super) fn remove(&mut self, turn: Turn, key: u64) {
        self.line_mut(turn.priority).remove(turn.caller, key);
    }

    /// The key of the call that goes next.
    pub(super) fn head(&self) -> Option<u64> {
        self.line(self.next()).head()
    }

    /// Takes the head out and passes the turn on.
    pub(super) fn pop(&mut self) {
        let next = self.next();
        self.line_mut(next).pop();
        let kept_waiting = next == Priority::Normal && self.background.head().is_some();
        self.in_a_row = if kept_waiting { self.in_a_row + 1 } else { 0 };
    }

    /// How many calls go before a new one of this turn at least, if none of them gives up.
    pub(super) fn ahead_of_new(&self, turn: Turn) -> usize {
        let ahead = self.line(turn.priority).ahead_of_new(turn.caller);
        match turn.priority {
            Priority::Normal => ahead,
            Priority::Background => {
                // The first of the row may have gone already.
                let rows = (ahead + 1).saturating_mul(IN_A_ROW).saturating_sub(self.in_a_row);
                ahead + rows.min(self.normal.waiting)
            }
        }
    }

    /// About how many calls go before the one with this number among its caller's: as many of each other caller as of
    /// its own.
    pub(super) fn ahead(&self, turn: Turn, number: u64) -> usize {
        let line = self.line(turn.priority);
        let own = line.caller(turn.caller).map_or(0, |caller| number.saturating_sub(caller.gone));
        let own = usize::try_from(own).unwrap_or(usize::MAX);
        let ahead = own.saturating_add(1).saturating_mul(line.turns.len()).saturating_sub(1);
        match turn.priority {
            Priority::Normal => ahead,
            Priority::Background => ahead.saturating_add(self.normal.waiting),
        }
    }

    fn next(&self) -> Priority {
        let background_waits = self.background.head().is_some();
        if background_waits && (self.in_a_row >= IN_A_ROW || self.normal.head().is_none()) {
            Priority::Background
        } else {
            Priority::Normal
        }
    }

    fn line(&self, priority: Priority) -> &Line {
        match priority {
            Priority::Normal => &self.normal,
            Priority::Background => &self.background,
        }
    }

    fn line_mut(&mut self, priority: Priority) -> &mut Line {
        match priority {
            Priority::Normal => &mut self.normal,
            Priority::Background => &mut self.background,
        }
    }
}

/// The callers of one priority in the order of their turns. Every change costs a logarithm, however many thousands of
/// calls wait or give up.
#[derive(Debug, Default)]
struct Line {
    turns: BTreeMap<u64, Caller>,
    turn_of: BTreeMap<u64, u64>,
    next_turn: u64,
    waiting: usize,
}

#[derive(Debug)]
struct Caller {
    id: u64,
    keys: BTreeSet<u64>,
    /// How many calls went, or gave up, from the front.
    gone: u64,
}

impl Line {
    fn push(&mut self, id: u64, key: u64) -> u64 {
        self.waiting += 1;
        let existing = self.turn_of.get(&id).and_then(|turn| self.turns.get_mut(turn));
        let Some(caller) = existing else {
            self.join(Caller { id, keys: BTreeSet::from([key]), gone: 0 });
            return 0;
        };
        let number = caller.gone + caller.keys.len() as u64;
        caller.keys.insert(key);
        number
    }

    fn join(&mut self, caller: Caller) {
        self.turn_of.insert(caller.id, self.next_turn);
        self.turns.insert(self.next_turn, caller);
        self.next_turn += 1;
    }

    fn remove(&mut self, id: u64, key: u64) {
        let Some(turn) = self.turn_of.get(&id) else { return };
        let Some(caller) = self.turns.get_mut(turn) else { return };
        caller.gone += u64::from(caller.keys.first() == Some(&key));
        if !caller.keys.remove(&key) {
            return;
        }
        self.waiting -= 1;
        if caller.keys.is_empty() {
            self.turns.remove(turn);
            self.turn_of.remove(&id);
        }
    }

    fn caller(&self, id: u64) -> Option<&Caller> {
        self.turns.get(self.turn_of.get(&id)?)
    }

    fn head(&self) -> Option<u64> {
        let (_, caller) = self.turns.first_key_value()?;
        caller.keys.first().copied()
    }

    fn pop(&mut self) {
        let Some((_, mut caller)) = self.turns.pop_first() else { return };
        self.waiting -= 1;
        caller.keys.pop_first();
        caller.gone += 1;
        self.turn_of.remove(&caller.id);
        if !caller.keys.is_empty() {
            self.join(caller);
        }
    }

    /// All the caller's own calls, and one call of each other caller.
    fn ahead_of_new(&self, caller: u64) -> usize {
        self.caller(caller).map_or(self.turns.len(), |own| own.keys.len() + self.turns.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(caller: u64, priority: Priority) -> Turn {
        Turn { caller, priority }
    }

    fn drain(queue: &mut Queue) -> Vec<u64> {
        std::iter::from_fn(|| {
            let head = queue.head()?;
            queue.pop();
            Some(head)
        })
        .collect()
    }

    #[test]
    fn callers_take_turns_and_keep_their_own_order() {
        let mut queue = Queue::default();
        for (caller, key) in [(1, 0), (1, 1), (1, 2), (2, 3), (2, 4), (3, 5)] {
            queue.push(turn(caller, Priority::Normal), key);
        }
        assert_eq!(drain(&mut queue), [0, 3, 5, 1, 4, 2]);
    }

    #[test]
    fn a_background_call_goes_last_and_once_in_ten() {
        let mut queue = Queue::default();
        for key in 0..3 {
            queue.push(turn(1, Priority::Background), key);
        }
        for key in 100..120 {
            queue.push(turn(2, Priority::Normal), key);
        }
        let order = drain(&mut queue);
        assert_eq!((order[9], order[19], order[22]), (0, 1, 2));
        assert!(order.iter().filter(|&&key| key >= 100).is_sorted());
        assert_eq!(order.len(), 23);
    }

    #[test]
    fn a_call_that_gives_up_leaves_no_trace() {
        let mut queue = Queue::default();
        let normal = |caller| turn(caller, Priority::Normal);
        for (caller, key) in [(1, 0), (2, 1), (1, 2), (3, 3)] {
            queue.push(normal(caller), key);
        }
        queue.remove(normal(1), 0);
        queue.remove(normal(2), 1);
        queue.remove(normal(2), 1);
        assert_eq!(queue.ahead_of_new(normal(9)), 2);
        assert_eq!(drain(&mut queue), [2, 3]);
        assert_eq!((queue.normal.waiting, queue.normal.turn_of.len()), (0, 0));
    }

    #[test]
    fn what_goes_before_a_new_call_is_its_callers_calls_and_one_round_of_the_others() {
        let mut queue = Queue::default();
        for key in 0..1000 {
            queue.push(turn(1, Priority::Normal), key);
        }
        queue.push(turn(2, Priority::Normal), 1000);
        assert_eq!(queue.ahead_of_new(turn(1, Priority::Normal)), 1001);
        assert_eq!(queue.ahead_of_new(turn(3, Priority::Normal)), 2);
        assert_eq!(queue.ahead_of_new(turn(3, Priority::Background)), 9);
    }

    #[test]
    fn what_goes_before_a_call_shrinks_as_its_callers_earlier_calls_go_or_give_up() {
        let mut queue = Queue::default();
        let caller = turn(1, Priority::Normal);
        let numbers: Vec<u64> = (0..6).map(|key| queue.push(caller, key)).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
        assert_eq!(queue.ahead(caller, 5), 5);
        queue.pop();
        queue.pop();
        assert_eq!(queue.ahead(caller, 5), 3);
        queue.remove(caller, 2);
        queue.remove(caller, 3);
        assert_eq!(queue.ahead(caller, 5), 1);
        assert_eq!(queue.push(caller, 6), 6);
        queue.remove(caller, 6);
        assert_eq!(queue.ahead(caller, 5), 1);
    }
}
