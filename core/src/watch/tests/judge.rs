//! Sees both sides of a watcher and checks everything that it tells.
//!
//! What a judge demands of every event:
//! - What came before is what the taker has seen.
//! - Each device is told as it was at some moment, and never as it was before what was told of it last: nobody leaves who did
//!   not, and nothing goes back and forth.
//! - Who has stayed the same for long enough, with contact, is shown as they are.
//! - A gap is announced; after quiet the view, and what the events add up to, are what the service holds.

use std::collections::HashMap;

use tokio::time::Instant;

use super::service::Presence;
use super::*;
use crate::watch::Source as Told;

/// What was true of one device, and since when.
pub(super) type History = Vec<(Instant, u32)>;

#[derive(Default)]
pub(super) struct Truth {
    /// By user and device.
    pub(super) devices: HashMap<(usize, &'static str), History>,
    /// When each user changed last, and which changes were not seen yet.
    pub(super) changed: HashMap<usize, Instant>,
    pub(super) unseen: HashMap<usize, Vec<Instant>>,
}

#[derive(Default)]
pub(super) struct Judge {
    pub(super) truth: Truth,
    /// What the events add up to.
    pub(super) seen: HashMap<String, Presence>,
    /// The place in its history of what was told of a device last.
    pub(super) told: HashMap<(usize, &'static str), usize>,
    pub(super) delays: Vec<Duration>,
    pub(super) stale: u64,
    pub(super) resynced: u64,
    pub(super) lagged: u64,
}

pub(super) const DEVICES: [&str; 3] = ["ios_1", "web_1", "android_77"];

pub(super) fn name(user: usize) -> String {
    format!("u{user}")
}

fn number(name: &str) -> usize {
    name.trim_start_matches('u').parse().unwrap()
}

pub(super) fn plain(presence: &crate::Presence) -> Presence {
    let device =
        |device: crate::DeviceStatus<'_>| (device.resource.to_owned(), device.status.number().unwrap());
    Presence {
        devices: presence.devices().map(device).collect(),
        ext: presence.ext().to_owned(),
        last_time: 0,
    }
}

impl Judge {
    pub(super) fn take(&mut self, event: &Event, now: Instant) {
        match event {
            Event::Stale { .. } => self.stale += 1,
            Event::Resynced => self.resynced += 1,
            Event::Lagged { .. } => self.lagged += 1,
            _ => {}
        }
        let Some(change) = event.change() else { return };
        let user = number(change.presence.user_id().as_str());
        let (before, after) = (change.previous.as_ref().map(plain), plain(&change.presence));
        let own = self.seen.insert(name(user), after.clone());
        assert!(own.is_none() || own == before, "{event:?}: the taker has seen {own:?}");
        let before = before.unwrap_or_default();
        let expected = match (before.is_online(), after.is_online()) {
            (false, true) => EventKind::Enter,
            (true, false) => EventKind::Leave,
            _ => EventKind::Update,
        };
        assert_eq!(event.kind(), expected, "{event:?}");
        for device in DEVICES {
            let status = after.devices.get(device).copied();
            if before.devices.get(device).copied() != status {
                self.device(user, device, status.unwrap_or_default(), change.source, event);
            }
        }
        self.seen(user, now);
    }

    fn device(&mut self, user: usize, device: &'static str, status: u32, source: Told, event: &Event) {
        let history = self.truth.devices.get(&(user, device)).cloned().unwrap_or_default();
        let last = self.told.get(&(user, device)).copied().unwrap_or_default();
        // A login by callback tells that a device is online, not its custom status.
        let is_it = |own: u32| own == status || (source == Told::Callback && (own > 0) == (status > 0));
        let place = history.iter().skip(last).position(|(_, own)| is_it(*own));
        let place =
            place.unwrap_or_else(|| panic!("{device} of {event:?} was not so since {last} of {history:?}"));
        self.told.insert((user, device), last + place);
    }

    /// Whoever is told as they are now: the changes so far have been seen.
    fn seen(&mut self, user: usize, now: Instant) {
        let online = |device| {
            self.truth
                .devices
                .get(&(user, device))
                .and_then(|history| history.last())
                .map_or(0, |(_, own)| *own)
        };
        let shown = self.seen.get(&name(user)).unwrap();
        if DEVICES
            .iter()
            .all(|device| shown.devices.get(*device).copied().unwrap_or_default() == online(device))
        {
            let seen = self.truth.unseen.remove(&user).unwrap_or_default();
            self.delays.extend(seen.into_iter().map(|at| now - at));
        }
    }

    pub(super) fn mean_delay(&self) -> Duration {
        self.delays.iter().sum::<Duration>() / u32::try_from(self.delays.len().max(1)).unwrap()
    }
}
