//! One request of the service's API: address, route, token, rate, body, endpoint.

use serde_json::Value;

use crate::endpoint::groups;
use crate::endpoint::presence;
use crate::endpoint::subscriptions;
use crate::endpoint::token;
use crate::endpoint::turn::{Outcome, Turn};
use crate::endpoint::users;
use crate::http::received::Received;
use crate::http::refusal::Refusal;
use crate::http::route::{Miss, Route};
use crate::http::segment::Segment;
use crate::identity::Identity;
use crate::journal::mask;
use crate::journal::record::Request;
use crate::operation::Operation;
use crate::service::{Inner, Service};
use crate::settings::PresenceErrors;
use crate::world::store::Scribe;

/// The largest body that the service's gateway lets through.
pub(crate) const LARGEST_BODY: usize = 5_120;

/// A status and a body, not yet bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// A request read as one of the service's: what it addresses and what it asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    app: Option<(Segment, Segment)>,
    segments: Vec<Segment>,
    path: String,
    route: Result<Route, Miss>,
}

impl Asked {
    pub(crate) fn read(received: &Received) -> Self {
        let raw = received.path();
        let mut parts = raw.strip_prefix('/').unwrap_or(raw).splitn(3, '/');
        let (first, second, rest) = (parts.next(), parts.next(), parts.next());
        let app = first.zip(second).map(|(first, second)| (Segment::decode(first), Segment::decode(second)));
        let segments: Vec<Segment> =
            rest.into_iter().flat_map(|rest| rest.split('/')).map(Segment::decode).collect();
        let route = Route::of(&received.method, &segments);
        Self { app, segments, path: rest.map_or_else(String::new, |rest| format!("/{rest}")), route }
    }

    /// The acting user, in lower case.
    pub(crate) fn user(&self) -> Option<&str> {
        self.route.as_ref().ok().and_then(Route::user)
    }

    pub(crate) fn operation(&self) -> Operation {
        self.route.as_ref().map_or(Operation::Unknown, Route::operation)
    }
}

impl Service {
    /// Writes the request into the journal; its number names it as the cause of what it changes.
    pub(crate) fn record(&self, received: &Received, asked: &Asked) -> u64 {
        let body = mask::body(asked.operation(), &received.body, &self.identity.client_secret);
        self.journal.request(|seq, at_ms| Request {
            seq,
            at_ms,
            connection: received.connection,
            method: received.method.clone(),
            target: received.target.clone(),
            operation: asked.operation(),
            segments: asked.segments.clone(),
            body,
            authorization: received.authorization.is_some(),
            status: None,
        })
    }

    /// Decides a recorded request, under one lock: no request sees another half done.
    pub(crate) fn decide(&self, received: &Received, asked: &Asked, seq: u64) -> Answer {
        let mut inner = self.lock();
        let outcome = self.outcome(&mut inner, received, asked, seq);
        let now_ms = self.clock.unix_millis();
        match outcome {
            Ok(body) => Answer { status: 200, body },
            Err(no) => Answer { status: no.status, body: no.body(shape(asked, &inner), now_ms) },
        }
    }

    fn outcome(&self, inner: &mut Inner, received: &Received, asked: &Asked, seq: u64) -> Outcome {
        check_app(&self.identity, asked, received)?;
        let route = asked.route.as_ref().map_err(|miss| Refusal::missed(*miss))?;
        let (operation, now) = (route.operation(), self.clock.since_epoch());
        let now_ms = crate::clock::millis(now);
        if operation != Operation::Token {
            inner.tokens.check(received.authorization.as_deref(), now_ms)?;
        }
        if !inner.limiter.admits(&inner.settings.rate_limit, operation, now) {
            return Err(Refusal::over_the_rate());
        }
        if received.oversized {
            return Err(Refusal::too_large());
        }
        if operation.takes_body() && !received.is_json() {
            return Err(Refusal::wrong_content_type());
        }
        if operation.is_presence() && !inner.settings.presence_enabled {
            return Err(Refusal::service_closed("the app not open presence"));
        }
        let turn = &mut Turn {
            settings: &inner.settings,
            identity: &self.identity,
            world: &mut inner.world,
            tokens: &mut inner.tokens,
            scribe: Scribe { journal: &self.journal, cause: Some(seq) },
            now_ms,
            received,
            path: &asked.path,
        };
        answer(turn, route)
    }
}

fn check_app(identity: &Identity, asked: &Asked, received: &Received) -> Result<(), Refusal> {
    match &asked.app {
        None => Err(Refusal::missed(Miss::NoSuchPath)),
        Some((first, second)) if identity.is_at(first, second) => Ok(()),
        Some((first, second)) => {
            let path = received.path().trim_start_matches('/');
            Err(Refusal::no_such_application(&first.to_text(), &second.to_text(), path))
        }
    }
}

fn answer(turn: &mut Turn<'_>, route: &Route) -> Outcome {
    match route {
        Route::Set { user, resource, status } => presence::set(turn, user, resource, status),
        Route::Subscribe { user, expiry } => subscriptions::subscribe(turn, user, expiry),
        Route::Get { user } => presence::get(turn, user),
        Route::Unsubscribe { user } => subscriptions::unsubscribe(turn, user),
        Route::Subscriptions { user } => subscriptions::list(turn, user),
        Route::GroupOnlineCount { group, query_type } => groups::online_count(turn, group, query_type),
        Route::OnlineState { user } => users::online_state(turn, user),
        Route::OnlineStates => users::online_states(turn),
        Route::Devices { user } => users::devices(turn, user),
        Route::Token => token::issue(turn),
        Route::Register => users::register(turn),
        Route::DeleteUser { user } => users::delete(turn, user),
    }
}

/// The online state calls are older than presence: their reasons come in the envelope only.
fn shape(asked: &Asked, inner: &Inner) -> PresenceErrors {
    match asked.operation() {
        Operation::OnlineStates => PresenceErrors::Envelope,
        _ => inner.settings.presence_errors,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(target: &str) -> Asked {
        Asked::read(&Received::without_body("POST", target))
    }

    #[test]
    fn the_app_is_the_first_two_segments_and_the_operation_the_rest() {
        let asked = asked("/org/app/users/a/presence?x=/y");
        assert_eq!(asked.app, Some((Segment::decode("org"), Segment::decode("app"))));
        assert_eq!(asked.segments, ["users", "a", "presence"]);
        assert_eq!(asked.path, "/users/a/presence");
        assert_eq!(asked.operation(), Operation::Get);
    }

    #[test]
    fn a_path_too_short_for_an_app_asks_for_nothing() {
        for target in ["/", "/org", "*"] {
            assert_eq!(asked(target).app, None, "{target}");
        }
        assert_eq!(asked("/org/app").operation(), Operation::Unknown);
    }

    #[test]
    fn a_request_is_recorded_before_it_is_answered() {
        let service = Service::new(Identity::default(), crate::settings::Settings::default());
        let received = Received::without_body("DELETE", "/easemob-demo/test/users/a");
        let asked = Asked::read(&received);
        let seq = service.record(&received, &asked);
        let answer = service.decide(&received, &asked, seq);
        assert_eq!(answer.status, 401);
        assert_eq!(service.journal.requests().first().map(|r| (r.seq, r.status)), Some((seq, None)));
        assert!(service.journal.changes().is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_in_the_documented_order() {
        let service = Service::new(Identity::default(), crate::settings::Settings::default());
        service.lock().tokens.accept("mine".into(), None, 0, service.scribe());
        let status = |received: &Received| service.decide(received, &Asked::read(received), 1).status;
        // Everything is wrong with it; one thing after the other is mended.
        let broken = |method: &str, target: &str| {
            let mut received = Received::without_body(method, target);
            received.oversized = true;
            received
        };
        service.lock().settings.rate_limit = crate::RateLimit::uniform(0);
        assert_eq!(status(&broken("PUT", "/other/app/users/a/presence")), 404);
        assert_eq!(status(&broken("PUT", "/easemob-demo/test/users/a/presence")), 405);
        let mut received = broken("POST", "/easemob-demo/test/users/a/presence");
        assert_eq!(status(&received), 401);
        received.authorization = Some("Bearer mine".into());
        assert_eq!(status(&received), 429);
        service.lock().settings.rate_limit = crate::RateLimit::off();
        assert_eq!(status(&received), 413);
        received.oversized = false;
        assert_eq!(status(&received), 415);
    }

    #[test]
    fn reasons_of_the_online_states_come_in_the_envelope_only() {
        let service = Service::new(Identity::default(), crate::settings::Settings::default());
        let batch = asked("/easemob-demo/test/users/batch/status");
        assert_eq!(shape(&batch, &service.lock()), PresenceErrors::Envelope);
        assert_eq!(shape(&asked("/o/a/users/batch/presence"), &service.lock()), PresenceErrors::Result);
    }
}
