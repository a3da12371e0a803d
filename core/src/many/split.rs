//! How a list of users becomes requests that the service takes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::model::UserId;
use crate::operation::MAX_BODY_BYTES;

/// The most users in one request.
pub(crate) const MAX_USERS: usize = 100;
/// `{"usernames":[` and `]}`. A bare array, which one operation sends, is shorter.
const FRAME: usize = 16;

/// How many bytes a request's body may have: the documented limit, less after the service has refused a body as too
/// large.
#[derive(Debug)]
pub(crate) struct Budget(AtomicUsize);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicUsize::new(MAX_BODY_BYTES))
    }
}

impl Budget {
    fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// A request with these users was too large: the ids of later ones take at most half as much.
    pub(crate) fn too_large(&self, ids: &[UserId]) {
        let bytes = ids.iter().map(written).sum::<usize>();
        self.0.fetch_min(FRAME + bytes / 2, Ordering::Relaxed);
    }
}

/// The bytes of an id in a list. Ids need no escapes in JSON.
fn written(id: &UserId) -> usize {
    id.as_str().len() + r#""","#.len()
}

/// Room for the users of one request.
#[derive(Debug)]
pub(crate) struct Room {
    users: usize,
    bytes: usize,
}

impl Room {
    pub(crate) fn new(budget: &Budget) -> Self {
        // The last id has no comma behind it.
        Self { users: MAX_USERS, bytes: (budget.bytes() + 1).saturating_sub(FRAME) }
    }

    /// Takes the id's place; false if there is none. The first id always has one: a request cannot be smaller.
    pub(crate) fn take(&mut self, id: &UserId) -> bool {
        let bytes = written(id);
        if self.users != MAX_USERS && (self.users == 0 || self.bytes < bytes) {
            return false;
        }
        self.users -= 1;
        self.bytes = self.bytes.saturating_sub(bytes);
        true
    }
}

/// How many of the next users one request takes: at least one unless there is none.
fn fitting<'a>(ids: impl Iterator<Item = &'a UserId>, budget: &Budget) -> usize {
    let mut room = Room::new(budget);
    ids.take_while(|id| room.take(id)).count()
}

/// Takes the users of the next request from the front of a queue: as many as fit.
pub(crate) fn take_batch(queue: &mut VecDeque<UserId>, budget: &Budget) -> Vec<UserId> {
    let fitting = fitting(queue.iter(), budget);
    queue.drain(..fitting).collect()
}

/// The users of a list who are in no request yet.
pub(super) struct Queue {
    ids: Arc<[UserId]>,
    taken: usize,
}

impl Queue {
    pub(super) fn new(ids: Arc<[UserId]>) -> Self {
        Self { ids, taken: 0 }
    }

    fn left(&self) -> &[UserId] {
        self.ids.get(self.taken..).unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.left().len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the users of the next request: as many as fit. A list that fits into one is not copied.
    pub(super) fn take(&mut self, budget: &Budget) -> Arc<[UserId]> {
        let fitting = fitting(self.left().iter(), budget);
        let next = if fitting == self.ids.len() {
            Arc::clone(&self.ids)
        } else {
            self.left().get(..fitting).unwrap_or_default().into()
        };
        self.taken += fitting;
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Batch, GetMany, Operation};

    fn queue(n: usize, width: usize) -> VecDeque<UserId> {
        (0..n).map(|i| UserId::new(format!("{i:0width$}")).unwrap()).collect()
    }

    fn body(ids: &[UserId]) -> usize {
        let get = GetMany { user: UserId::new("wzy").unwrap(), batch: Batch::of(ids) };
        get.request().unwrap().body().unwrap().len()
    }

    fn sizes(mut queue: VecDeque<UserId>, budget: &Budget) -> Vec<usize> {
        std::iter::from_fn(|| (!queue.is_empty()).then(|| take_batch(&mut queue, budget).len())).collect()
    }

    #[test]
    fn a_hundred_users_to_a_request_in_the_order_given() {
        assert_eq!(sizes(queue(250, 3), &Budget::default()), [100, 100, 50]);
        assert!(sizes(queue(0, 3), &Budget::default()).is_empty());
        let mut queue = queue(3, 1);
        let batch = take_batch(&mut queue, &Budget::default());
        assert_eq!(batch.iter().map(UserId::as_str).collect::<Vec<_>>(), ["0", "1", "2"]);
    }

    #[test]
    fn a_list_is_shared_out_as_a_queue_is_and_copied_only_if_it_takes_several_requests() {
        let budget = Budget::default();
        for n in [0, 1, 99, 100, 101, 250] {
            let (mut ids, mut list) = (queue(n, 40), Queue::new(Vec::from(queue(n, 40)).into()));
            let whole = Arc::as_ptr(&list.ids);
            while !ids.is_empty() {
                let next = list.take(&budget);
                assert_eq!(*next, take_batch(&mut ids, &budget));
                assert_eq!(list.len(), ids.len());
                assert_eq!(std::ptr::addr_eq(Arc::as_ptr(&next), whole), n <= 100);
            }
            assert!(list.is_empty() && list.take(&budget).is_empty());
        }
    }

    #[test]
    fn a_body_is_filled_to_its_last_byte_and_never_beyond() {
        for width in 40..=64 {
            let mut queue = queue(200, width);
            while !queue.is_empty() {
                let batch = take_batch(&mut queue, &Budget::default());
                let bytes = body(&batch);
                assert!(bytes <= MAX_BODY_BYTES, "{bytes}");
                let full = batch.len() == MAX_USERS || queue.is_empty();
                assert!(full || bytes + width + 3 > MAX_BODY_BYTES, "one more id would fit: {bytes}");
            }
        }
        // 4,999 bytes: 69 ids of 64 bytes, and one of 26 and its neighbours around the limit.
        for (last, fits) in [(0, true), (1, true), (2, false)] {
            let mut queue = queue(74, 64);
            let left = MAX_BODY_BYTES - body(queue.make_contiguous());
            queue.push_back(UserId::new("x".repeat(left - 4 + last)).unwrap());
            assert_eq!(take_batch(&mut queue, &Budget::default()).len() == 75, fits);
        }
    }

    #[test]
    fn after_a_refusal_requests_are_at_most_half_as_large_and_never_empty() {
        let budget = Budget::default();
        let first = take_batch(&mut queue(100, 10), &budget);
        budget.too_large(&first);
        let half = take_batch(&mut queue(100, 10), &budget);
        assert_eq!(half.len(), 50);
        assert!(body(&half) - FRAME <= (body(&first) - FRAME) / 2);
        for _ in 0..20 {
            budget.too_large(&[UserId::new("a").unwrap()]);
        }
        assert_eq!(sizes(queue(3, 64), &budget), [1, 1, 1]);
    }
}
