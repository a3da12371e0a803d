//! Watchers through the real pipeline, on a service in this process and a paused clock.

mod events;
mod feeding;
mod judge;
mod life;
mod service;
mod simulation;
mod subscribing;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(super) use service::Service;

use super::event::{Event, EventKind};
use super::{Watch, Watcher};
use crate::client::Client;
use crate::pipeline::limiter::{Limiter, Priority, RateLimits};
use crate::pipeline::transport::Transport;
use crate::pipeline::{AppToken, Caller, Limits, Pipeline, Random, Source, Tokens};
use crate::user::User;

const SECOND: Duration = Duration::from_secs(1);

const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(30),
    attempt_timeout: Duration::from_secs(10),
    max_attempts: 4,
    priority: Priority::Normal,
    caller: Caller::Each,
};

/// A client of the service, at the documented rates.
fn client(service: &Arc<Service>) -> Client {
    static APPS: AtomicU64 = AtomicU64::new(0);
    let app = format!("watch test {}", APPS.fetch_add(1, Ordering::Relaxed));
    let transport: Arc<dyn Transport> = service.clone();
    let source = Source::Fixed(AppToken::new("t"));
    let tokens = Tokens::new(source, Arc::clone(&transport), LIMITS, 10 * SECOND, Random::seeded(7)).unwrap();
    let limiter = Limiter::shared(&app, &RateLimits::documented(), 10_000).unwrap();
    Client::new(Pipeline::new(transport, tokens, limiter), LIMITS)
}

fn user(service: &Arc<Service>) -> User {
    client(service).user("wzy").unwrap()
}

fn watch(service: &Arc<Service>, users: &[&str]) -> Watch {
    user(service).watch(users)
}

async fn next(watcher: &Watcher) -> Event {
    watcher.next_events(1).await.pop().expect("an event")
}

/// Takes events up to one of this kind, which is the last.
async fn until(watcher: &Watcher, kind: EventKind) -> Vec<Event> {
    let mut events = vec![];
    while events.last().map(Event::kind) != Some(kind) {
        events.push(next(watcher).await);
    }
    events
}

fn kinds(events: &[Event]) -> Vec<EventKind> {
    events.iter().map(Event::kind).collect()
}

/// The events that wait, after everything that can happen now has happened.
async fn waiting(watcher: &Watcher) -> Vec<Event> {
    tokio::time::sleep(Duration::from_millis(1)).await;
    match watcher.stats().lag {
        0 => vec![],
        _ => watcher.next_events(usize::MAX).await,
    }
}
