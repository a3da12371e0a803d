//! The order of writes to one device: one at a time, and the newest of those that wait.
//!
//! Two writes to the same place that are under way together arrive in any order, and a retry of the older may
//! arrive last. So the second waits for the first to settle. A third makes the second pointless: it takes its
//! place, and the second ends as superseded. A holder that has not been sent yet gives its place in the limiter's
//! queue to the newer one, so that a device that changes often does not wait forever.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::limiter::Permit;
use super::sync::{Mutex, MutexGuard};
use crate::operation::Target;

#[derive(Default)]
pub(super) struct Lanes {
    lanes: Mutex<HashMap<Target, Arc<Lane>>>,
}

#[derive(Default)]
struct Lane {
    /// The newest write that waits. Set and taken under the lock of all lanes.
    heir: Mutex<Option<oneshot::Sender<Holder>>>,
    /// Told when there is one.
    arrived: Notify,
}

impl Lane {
    fn heir(&self) -> MutexGuard<'_, Option<oneshot::Sender<Holder>>> {
        // Nothing panics while the lock is held; if it ever does, there is an heir or there is none.
        self.heir.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to write to one device. Passed on to the newest waiting write when dropped.
pub(super) struct Holder {
    lanes: Arc<Lanes>,
    target: Target,
    lane: Arc<Lane>,
    /// A place in the limiter's queue that has been reached, from the one before.
    permit: Option<Permit>,
}

impl Lanes {
    /// Waits for earlier writes to this device to settle; none if a newer one came meanwhile.
    pub(super) async fn enter(self: &Arc<Self>, target: Target) -> Option<Holder> {
        let waiting = {
            let mut lanes = self.lock();
            match lanes.entry(target) {
                Entry::Vacant(place) => {
                    let target = place.key().clone();
                    let lane = Arc::clone(place.insert(Arc::default()));
                    return Some(Holder { lanes: Arc::clone(self), target, lane, permit: None });
                }
                Entry::Occupied(place) => {
                    let (heir, waiting) = oneshot::channel();
                    // The one replaced, if any, learns of it by its sender's end.
                    let replaced = place.get().heir().replace(heir);
                    drop(replaced);
                    place.get().arrived.notify_one();
                    waiting
                }
            }
        };
        waiting.await.ok()
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Target, Arc<Lane>>> {
        // Nothing panics while the lock is held; if it ever does, the map is whole between any two statements.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Holder {
    /// Whether a newer write waits.
    pub(super) fn is_superseded(&self) -> bool {
        self.lane.heir().as_ref().is_some_and(|heir| !heir.is_closed())
    }

    /// Ends when a newer write waits.
    pub(super) async fn superseded(&self) {
        while !self.is_superseded() {
            self.lane.arrived.notified().await;
        }
    }

    /// The place in the queue that came with the lane.
    pub(super) fn take_permit(&mut self) -> Option<Permit> {
        self.permit.take()
    }

    /// Ends this write's turn in favour of the newer one, which need not queue again.
    pub(super) fn hand_over(mut self, permit: Permit) {
        self.permit = Some(permit);
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let heir = {
            let mut lanes = self.lanes.lock();
            let heir = self.lane.heir().take();
            if heir.is_none() {
                lanes.remove(&self.target);
            }
            heir
        };
        let Some(heir) = heir else { return };
        let next = Holder {
            lanes: Arc::clone(&self.lanes),
            target: self.target.clone(),
            lane: Arc::clone(&self.lane),
            permit: self.permit.take(),
        };
        // An heir that has given up gives the lane back; dropping that goes on to the next, or ends it.
        drop(heir.send(next));
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::model::{Resource, UserId};

    fn target(user: &str) -> Target {
        (UserId::new(user).unwrap(), Resource::new("android").unwrap())
    }

    fn enter(lanes: &Arc<Lanes>, user: &str) -> impl Future<Output = Option<Holder>> + Unpin {
        let lanes = Arc::clone(lanes);
        let target = target(user);
        async move { lanes.enter(target).await }.boxed()
    }

    #[test]
    fn other_devices_do_not_wait_and_letter_case_is_no_other_device() {
        let lanes = Arc::new(Lanes::default());
        let first = enter(&lanes, "a").now_or_never().unwrap().unwrap();
        assert!(enter(&lanes, "b").now_or_never().unwrap().is_some());
        assert!(enter(&lanes, "A").now_or_never().is_none());
        drop(first);
        assert!(lanes.is_empty());
    }

    #[test]
    fn the_newest_takes_the_place_of_those_that_wait() {
        let lanes = Arc::new(Lanes::default());
        let first = enter(&lanes, "a").now_or_never().unwrap().unwrap();
        assert!(!first.is_superseded());
        let (mut second, mut third) = (enter(&lanes, "a"), enter(&lanes, "a"));
        assert!((&mut second).now_or_never().is_none());
        assert!(first.is_superseded());
        assert!((&mut third).now_or_never().is_none());
        assert!(second.now_or_never().unwrap().is_none(), "superseded");
        drop(first);
        let third = third.now_or_never().unwrap().unwrap();
        assert!(!third.is_superseded());
        drop(third);
        assert!(lanes.is_empty());
    }

    #[test]
    fn one_who_gives_up_leaves_the_lane_to_others() {
        let lanes = Arc::new(Lanes::default());
        let first = enter(&lanes, "a").now_or_never().unwrap().unwrap();
        let mut second = enter(&lanes, "a");
        assert!((&mut second).now_or_never().is_none());
        drop(second);
        assert!(!first.is_superseded());
        drop(first);
        assert!(lanes.is_empty());

        // Given up between the hand-over and the look at it.
        let first = enter(&lanes, "a").now_or_never().unwrap().unwrap();
        let mut second = enter(&lanes, "a");
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        drop(second);
        assert!(lanes.is_empty());
    }

    #[test]
    fn a_holder_hears_of_a_newer_write() {
        let lanes = Arc::new(Lanes::default());
        let first = enter(&lanes, "a").now_or_never().unwrap().unwrap();
        let mut told = Box::pin(first.superseded());
        assert!((&mut told).now_or_never().is_none());
        let mut second = enter(&lanes, "a");
        assert!((&mut second).now_or_never().is_none());
        assert!(told.now_or_never().is_some());
    }
}
