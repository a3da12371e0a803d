//! What is known of each user, and what a reading changes about it.
//!
//! A reading counts only if it began after the last one was taken in: of two that overlap nobody can say which is the
//! newer, and a view that takes both may go back and forth.

use std::collections::HashMap;
use std::time::SystemTime;

use tokio::time::Instant;

use super::event::{Change, Event, Source};
use super::stats::Occupancy;
use crate::model::resource::platform;
use crate::model::time::Moment;
use crate::model::{Presence, Status, UserId};

/// Of so many devices of one user it is known when the last callback was. Four a platform are the service's limit.
const MOST_FED: usize = 16;

/// A login or logout of one device, as a callback tells it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report<'a> {
    pub(super) user_id: &'a UserId,
    pub(super) resource: &'a str,
    pub(super) online: bool,
    /// By the service's clock.
    pub(super) timestamp: SystemTime,
}

#[derive(Debug, Default)]
pub(super) struct View {
    users: HashMap<UserId, Known>,
    known: usize,
    online: usize,
    /// Users online, by platform.
    platforms: HashMap<String, usize>,
}

#[derive(Debug)]
struct Known {
    presence: Option<Presence>,
    /// When the last reading or callback was taken in. A reading that began before counts no more.
    taken_in: Instant,
    /// When the last reading that counted began, and when it was taken in.
    read: Option<(Instant, Instant)>,
    /// By a callback, which no reading has confirmed yet.
    fed: bool,
    /// When each device's last callback was, by the service's clock.
    reports: Vec<(Box<str>, Moment)>,
    warned: bool,
}

/// What became of a reading.
#[derive(Debug)]
pub(super) enum Reading {
    /// The user is not watched.
    Stranger,
    /// It began before the last reading was taken in; `fed`: before a callback was.
    Outdated {
        fed: bool,
    },
    Same,
    Changed(Change),
}

/// What became of a callback.
#[derive(Debug)]
pub(super) enum Fed {
    Stranger,
    /// There was a newer one of the same device.
    Old,
    /// A reading that began after it is known already.
    Known,
    /// It cannot be told what follows: it happened during the last reading; or nothing is known of the user, and a logout
    /// does not say what other devices there are.
    Unknown,
    /// Nothing new.
    Same,
    Changed(Change),
}

/// Whether there is anything to tell: not of a user who is offline when first read.
pub(super) fn is_news(change: &Change) -> bool {
    match &change.previous {
        None => change.presence.is_online(),
        Some(previous) => !same(previous, &change.presence),
    }
}

/// Which event a change is.
pub(super) fn event(change: Change) -> Event {
    let before = change.previous.as_ref().is_some_and(Presence::is_online);
    match (before, change.presence.is_online()) {
        (false, true) => Event::Enter(change),
        (true, false) => Event::Leave(change),
        _ => Event::Update(change),
    }
}

/// Whether two presences say the same, whatever the order of the devices. When a user was last seen is no news.
pub(super) fn same(a: &Presence, b: &Presence) -> bool {
    a.ext() == b.ext()
        && a.devices().len() == b.devices().len()
        && (a.devices().eq(b.devices()) || a.devices().all(|device| b.devices().any(|other| other == device)))
}

/// A copy that holds on to no answer.
fn compact(presence: &Presence, user_id: UserId) -> Presence {
    let devices = presence.devices().map(|device| (device.resource, device.status));
    Presence::of(user_id, presence.ext(), presence.last_seen_moment(), devices)
}

impl View {
    /// Whether the user is new here.
    pub(super) fn add(&mut self, user_id: UserId, presence: Option<Presence>, now: Instant) -> bool {
        if self.users.contains_key(&user_id) {
            return false;
        }
        self.count(presence.as_ref(), true);
        let known =
            Known { presence, taken_in: now, read: None, fed: false, reports: Vec::new(), warned: false };
        self.users.insert(user_id, known);
        true
    }

    /// Whether the user was here.
    pub(super) fn remove(&mut self, user_id: &UserId) -> bool {
        let Some(known) = self.users.remove(user_id) else { return false };
        self.count(known.presence.as_ref(), false);
        true
    }

    /// The user's presence, if something is known.
    pub(super) fn get(&self, user_id: &UserId) -> Option<&Presence> {
        self.users.get(user_id)?.presence.as_ref()
    }

    pub(super) fn presences(&self) -> impl Iterator<Item = &Presence> {
        self.users.values().filter_map(|known| known.presence.as_ref())
    }

    /// Takes in what the service answered to a call that began then.
    pub(super) fn read(&mut self, read: &Presence, began: Instant, now: Instant, source: Source) -> Reading {
        let Some((user_id, known)) = self.users.get_key_value(read.user_id()) else {
            return Reading::Stranger;
        };
        if began < known.taken_in {
            return Reading::Outdated { fed: known.fed };
        }
        let presence = match &known.presence {
            Some(previous) if same(previous, read) && previous.last_seen() == read.last_seen() => None,
            _ => Some(compact(read, user_id.clone())),
        };
        let Some(known) = self.users.get_mut(read.user_id()) else { return Reading::Stranger };
        (known.taken_in, known.read, known.fed, known.warned) = (now, Some((began, now)), false, false);
        match presence {
            None => Reading::Same,
            Some(presence) => self.replace(presence, source).map_or(Reading::Same, Reading::Changed),
        }
    }

    /// Notes that the service did not answer for the user, of whom what is known stays; whether to warn of it.
    pub(super) fn not_answered(&mut self, user_id: &UserId) -> bool {
        self.users.get_mut(user_id).is_some_and(|known| !std::mem::replace(&mut known.warned, true))
    }

    /// Takes in a callback. `happened` is the latest moment, by this machine's clock, at which it can have happened.
    pub(super) fn feed(&mut self, report: Report<'_>, happened: Instant, now: Instant) -> Fed {
        let Some((user_id, _)) = self.users.get_key_value(report.user_id) else { return Fed::Stranger };
        let user_id = user_id.clone();
        let Some(known) = self.users.get_mut(report.user_id) else { return Fed::Stranger };
        let at = Moment::from_time(report.timestamp);
        if known
            .reports
            .iter()
            .any(|(resource, last)| **resource == *report.resource && last.millis() > at.millis())
        {
            return Fed::Old;
        }
        match known.read {
            Some((began, _)) if happened < began => return Fed::Known,
            Some((_, taken_in)) if happened < taken_in => return Fed::Unknown,
            _ => {}
        }
        known.note(report.resource, at);
        let presence = match &known.presence {
            None if !report.online => return Fed::Unknown,
            None => Presence::of(user_id, "", at, [(report.resource, Status::Online)].into_iter()),
            Some(previous) => with_device(previous, report, at),
        };
        (known.taken_in, known.fed) = (now, true);
        self.replace(presence, Source::Callback).map_or(Fed::Same, Fed::Changed)
    }

    /// Sets what is known; what there is to tell of it.
    fn replace(&mut self, presence: Presence, source: Source) -> Option<Change> {
        let known = self.users.get_mut(presence.user_id())?;
        let previous = known.presence.replace(presence.clone());
        self.count(previous.as_ref(), false);
        self.count(Some(&presence), true);
        let change = Change { initial: previous.is_none(), previous, presence, source };
        is_news(&change).then_some(change)
    }

    fn count(&mut self, presence: Option<&Presence>, add: bool) {
        let Some(presence) = presence else { return };
        let step = |n: &mut usize| *n = if add { *n + 1 } else { n.saturating_sub(1) };
        step(&mut self.known);
        if !presence.is_online() {
            return;
        }
        step(&mut self.online);
        let mut platforms: Vec<&str> = presence
            .devices()
            .filter_map(|device| device.status.is_online().then_some(device.platform))
            .collect();
        platforms.sort_unstable();
        platforms.dedup();
        for platform in platforms {
            match self.platforms.get_mut(platform) {
                Some(n) => step(n),
                None => drop(self.platforms.insert(platform.to_owned(), usize::from(add))),
            }
        }
        self.platforms.retain(|_, n| *n > 0);
    }

    pub(super) fn occupancy(&self) -> Occupancy {
        let by_platform = self.platforms.iter().map(|(name, n)| (name.clone(), *n)).collect();
        Occupancy { watched: self.users.len(), known: self.known, online: self.online, by_platform }
    }
}

impl Known {
    fn note(&mut self, resource: &str, at: Moment) {
        if let Some((_, last)) = self.reports.iter_mut().find(|(own, _)| **own == *resource) {
            *last = at;
            return;
        }
        if self.reports.len() >= MOST_FED {
            self.reports.remove(0);
        }
        self.reports.push((resource.into(), at));
    }
}

/// The presence after one device has logged in or out. A custom status of a device that is online already stays: a login
/// does not tell it. Where the service shows a bare platform (`android`) the device is that one.
fn with_device(presence: &Presence, report: Report<'_>, at: Moment) -> Presence {
    let has = |key: &str| presence.devices().any(|device| device.resource == key);
    let bare = platform(report.resource);
    let key = if !has(report.resource) && has(bare) { bare } else { report.resource };
    let status = |current: Status| match (report.online, current.is_online()) {
        (true, false) => Status::Online,
        (false, true) => Status::Offline,
        _ => current,
    };
    let devices = presence.devices().map(|device| {
        (device.resource, if device.resource == key { status(device.status) } else { device.status })
    });
    let new = (!has(key)).then_some((key, if report.online { Status::Online } else { Status::Offline }));
    // A device that nothing was known of and that is gone is left out.
    let new = new.filter(|_| report.online);
    let last_seen = presence.last_seen_moment().max(at);
    Presence::of(presence.user_id().clone(), presence.ext(), last_seen, devices.chain(new))
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
