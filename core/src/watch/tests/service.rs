//! A service in this process: users, subscriptions and faults. It reads requests and writes answers as text, as the real
//! one does, and takes its time by the paused clock.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use crate::error::Sent;
use crate::pipeline::transport::{Failure, FailureKind, Received, ToSend, Transport};

/// What the service's clock shows when the test begins. It has nothing to do with this machine's.
pub(crate) const EPOCH: u64 = 1_234_567_890;

/// What goes wrong with how many of the calls, 0 to 1 each.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) limited: f64,
    pub(crate) failing: f64,
    pub(crate) broken: f64,
    /// Answered after this long at most.
    pub(crate) slow: Duration,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Presence {
    pub(crate) devices: BTreeMap<String, u32>,
    pub(crate) ext: String,
    pub(crate) last_time: u64,
}

impl Presence {
    pub(crate) fn is_online(&self) -> bool {
        self.devices.values().any(|status| *status > 0)
    }
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a test's service, each by itself")]
pub(crate) struct World {
    pub(crate) users: HashMap<String, Presence>,
    /// Of the one user who subscribes: who, and until when by the service's clock.
    pub(crate) subscriptions: BTreeMap<String, u64>,
    pub(crate) faults: Faults,
    /// No request comes through.
    pub(crate) down: bool,
    /// Requests come through and are never answered.
    pub(crate) silent: bool,
    /// An answer for every get in place of the right one.
    pub(crate) refuses: Option<(u16, &'static str)>,
    /// Users for whom there is no answer, and whom nobody may subscribe to.
    pub(crate) hidden: Vec<String>,
    /// Get answers only for users who are subscribed to.
    pub(crate) only_subscribed: bool,
    /// The whole call is refused if one of its users is hidden.
    pub(crate) refuses_whole: bool,
    /// With 413.
    pub(crate) too_large_with_hidden: bool,
    /// How the next calls of unsubscribe are answered.
    pub(crate) unsubscribing: Vec<(u16, &'static str)>,
    pub(crate) most_ids: Option<usize>,
    /// Every call that came through, with its users and its moment.
    pub(crate) calls: Vec<(Instant, Kind, Vec<String>)>,
    /// Only their number is kept: for long runs.
    pub(crate) counts_only: bool,
    pub(crate) count: HashMap<Kind, u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Get,
    Subscribe,
    Unsubscribe,
    List,
}

pub(crate) struct Service {
    began: Instant,
    world: Mutex<World>,
    rng: Mutex<fastrand::Rng>,
}

#[derive(Deserialize)]
struct Usernames {
    usernames: Vec<String>,
}

impl Service {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        let rng = Mutex::new(fastrand::Rng::with_seed(seed));
        Arc::new(Self { began: Instant::now(), world: Mutex::default(), rng })
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Unix seconds by the service's clock.
    pub(crate) fn clock(&self) -> u64 {
        EPOCH + self.began.elapsed().as_secs()
    }

    pub(crate) fn set(&self, user: &str, device: &str, status: u32) {
        let now = self.clock();
        let mut world = self.world();
        let presence = world.users.entry(user.to_owned()).or_default();
        presence.devices.insert(device.to_owned(), status);
        presence.last_time = now;
    }

    pub(crate) fn presence(&self, user: &str) -> Presence {
        self.world().users.get(user).cloned().unwrap_or_default()
    }

    /// How many calls of this kind came through.
    pub(crate) fn count(&self, kind: Kind) -> u64 {
        self.world().count.get(&kind).copied().unwrap_or_default()
    }

    /// The users of each call of this kind.
    pub(crate) fn calls(&self, kind: Kind) -> Vec<Vec<String>> {
        let of_kind = |(_, own, users): &(Instant, Kind, Vec<String>)| (*own == kind).then(|| users.clone());
        self.world().calls.iter().filter_map(of_kind).collect()
    }

    fn answer(&self, request: &ToSend) -> (u16, String) {
        let path: Vec<&str> = request.path.split(['/', '?']).collect();
        let body = request.body.as_deref().unwrap_or_default();
        let users = || serde_json::from_slice::<Usernames>(body).unwrap().usernames;
        let now = self.clock();
        let mut world = self.world();
        let (kind, users) = match (request.method.as_str(), path.get(4)) {
            ("POST", None) => (Kind::Get, users()),
            ("POST", Some(_)) => (Kind::Subscribe, users()),
            ("DELETE", _) => (Kind::Unsubscribe, serde_json::from_slice(body).unwrap()),
            _ => (Kind::List, vec![]),
        };
        let spelled = users.clone();
        let users: Vec<String> = users.into_iter().map(|user| user.to_lowercase()).collect();
        *world.count.entry(kind).or_default() += 1;
        if !world.counts_only {
            world.calls.push((Instant::now(), kind, spelled));
        }
        if let (Kind::Get, Some((status, body))) = (kind, world.refuses) {
            return (status, body.to_owned());
        }
        if world.most_ids.is_some_and(|most| users.len() > most) {
            return (413, String::new());
        }
        let is_hidden = |world: &World, user: &String| world.hidden.contains(user);
        if world.too_large_with_hidden && users.iter().any(|user| is_hidden(&world, user)) {
            return (413, String::new());
        }
        if world.refuses_whole && users.iter().any(|user| is_hidden(&world, user)) {
            return (400, r#"{"result":"resource not exist"}"#.to_owned());
        }
        match kind {
            Kind::Get => {
                let seen = |user: &&String| {
                    !is_hidden(&world, user)
                        && (!world.only_subscribed
                            || world.subscriptions.get(*user).is_some_and(|end| *end > now))
                };
                let shown: Vec<_> = users.iter().filter(seen).map(|user| (user, None)).collect();
                (200, world.list(shown))
            }
            Kind::Subscribe => {
                let end = now + path[4].parse::<u64>().unwrap();
                let mut shown = vec![];
                for user in &users {
                    if !is_hidden(&world, user) {
                        world.subscriptions.insert(user.clone(), end);
                        shown.push((user, Some(end)));
                    }
                }
                (200, world.list(shown))
            }
            Kind::Unsubscribe => {
                if let Some((status, body)) = world.unsubscribing.pop() {
                    return (status, body.to_owned());
                }
                for user in &users {
                    world.subscriptions.remove(user);
                }
                (200, r#"{"result":"ok"}"#.to_owned())
            }
            Kind::List => (200, world.subscriptions_page(&request.path, now)),
        }
    }
}

impl World {
    fn list(&self, users: Vec<(&String, Option<u64>)>) -> String {
        let mut text = String::from(r#"{"result":["#);
        let none = Presence::default();
        for (n, (user, expiry)) in users.into_iter().enumerate() {
            let presence = self.users.get(user).unwrap_or(&none);
            let comma = if n == 0 { "" } else { "," };
            let Presence { devices, ext, last_time } = presence;
            write!(text, r#"{comma}{{"uid":"{user}","last_time":"{last_time}","ext":"{ext}","#).unwrap();
            if let Some(expiry) = expiry {
                write!(text, r#""expiry":"{expiry}","#).unwrap();
            }
            text.push_str(r#""status":{"#);
            for (n, (device, status)) in devices.iter().enumerate() {
                let comma = if n == 0 { "" } else { "," };
                write!(text, r#"{comma}"{device}":"{status}""#).unwrap();
            }
            text.push_str("}}");
        }
        text + "]}"
    }

    fn subscriptions_page(&self, path: &str, now: u64) -> String {
        let number = |name: &str| {
            let mut pairs = path.split(['?', '&']).filter_map(|pair| pair.split_once('='));
            pairs.rfind(|(own, _)| *own == name).unwrap().1.parse::<usize>().unwrap()
        };
        let (page, size) = (number("pageNum"), number("pageSize"));
        let live: Vec<_> = self.subscriptions.iter().filter(|(_, end)| **end > now).collect();
        let shown = live.iter().skip((page - 1) * size).take(size);
        let items: Vec<_> =
            shown.map(|(user, end)| format!(r#"{{"uid":"{user}","expiry":"{end}"}}"#)).collect();
        format!(r#"{{"result":{{"totalnum":"{}","sublist":[{}]}}}}"#, live.len(), items.join(","))
    }
}

impl Transport for Service {
    fn send(&self, request: ToSend) -> BoxFuture<'_, Result<Received, Failure>> {
        async move {
            let (faults, down) = {
                let world = self.world();
                (world.faults, world.down)
            };
            let broken = |sent| {
                let message = "scripted".into();
                Err(Failure { kind: FailureKind::Connect, sent, reused: false, message, source: None })
            };
            let chance = || self.rng.lock().unwrap().f64();
            if down {
                return broken(Sent::No);
            }
            // Half of the time on the way there, half on the way back: an answer may be old when it comes.
            let (there, back) = (faults.slow.mul_f64(chance() / 2.0), faults.slow.mul_f64(chance() / 2.0));
            sleep(there).await;
            let (limited, failing, breaks) =
                (chance() < faults.limited, chance() < faults.failing, chance() < faults.broken);
            if breaks {
                return broken(Sent::Maybe);
            }
            if self.world().silent {
                return std::future::pending().await;
            }
            let (status, body) = match (limited, failing) {
                (true, _) => (429, r#"{"error":"reach_limit"}"#.to_owned()),
                (_, true) => (503, String::new()),
                _ => self.answer(&request),
            };
            sleep(back).await;
            if self.world().down {
                return broken(Sent::Maybe);
            }
            Ok(Received { status, headers: HeaderMap::new(), body: Bytes::from(body) })
        }
        .boxed()
    }
}
