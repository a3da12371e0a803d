//! What a fault does to one request: whether it is decided, when, and what is answered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use crate::fault::edit::Edit;
use crate::fault::engine::Fired;
use crate::fault::kind::{Kind, Place, Then};
use crate::fault::script::{self, End, Script};
use crate::http::exchange::{Answer, Asked};
use crate::http::received::Received;
use crate::http::refusal::Refusal;
use crate::http::reply::{Reply, header};
use crate::service::Service;
use crate::world::store::Scribe;

/// A request written into the journal and not yet decided.
pub(crate) struct Pending {
    pub(crate) received: Received,
    pub(crate) asked: Asked,
    pub(crate) seq: u64,
}

/// What the connection does next.
pub(crate) enum Next {
    Reply(Reply),
    Script(Script),
    /// Nothing, until the peer goes.
    Silence,
}

/// Carries out a rule that fired for this request. `entry` is the number of its entry in the journal.
pub(crate) async fn act(service: &Arc<Service>, pending: Pending, fired: &Fired, entry: u64) -> Next {
    let pending = Arc::new(pending);
    let decide = || service.decide(&pending.received, &pending.asked, pending.seq);
    let apply_if = |applied: bool| applied.then(decide);
    let millis = Duration::from_millis;
    match &fired.rule.fault.kind {
        Kind::Delay { ms, jitter_ms } => {
            let ms = fired.delay(*ms, *jitter_ms);
            service.journal.remark(entry, &format!("{ms} ms"));
            sleep(millis(ms)).await;
            Next::Reply(decide().into())
        }
        Kind::Hold { ms } => {
            let answer = decide();
            sleep(millis(*ms)).await;
            Next::Reply(answer.into())
        }
        Kind::Late { ms } => match decided_later(service, &pending, millis(*ms)).await {
            Some(answer) => Next::Reply(answer.into()),
            None => Next::Silence,
        },
        Kind::Hang { applied } => {
            apply_if(*applied);
            Next::Silence
        }
        Kind::Answer { status, headers, body, text, hex, applied } => {
            apply_if(*applied);
            let body = match body {
                Some(body) => body.to_string().into_bytes(),
                None => script::given(text.as_deref(), hex.as_deref()),
            };
            ordinary(with_headers(Reply::new(*status, body), headers))
        }
        Kind::Edit { ops, status, headers } => {
            let mut answer = decide();
            let missed: Vec<&str> =
                ops.iter().filter(|op| !op.apply(&mut answer.body)).map(Edit::path).collect();
            if !missed.is_empty() {
                service.journal.remark(entry, &format!("nothing at {}", missed.join(", ")));
            }
            answer.status = status.unwrap_or(answer.status);
            ordinary(with_headers(answer.into(), headers))
        }
        Kind::Raw { text, hex, applied, then } => {
            apply_if(*applied);
            let end = match then {
                Then::Close => End::Close,
                Then::Reset => End::Reset,
                Then::Keep => End::Keep,
            };
            Next::Script(Script::raw(script::given(text.as_deref(), hex.as_deref()), end))
        }
        Kind::Reset { at: Place::Before, .. } => Next::Script(Script::silent(End::Reset)),
        Kind::Close { at: Place::Before, .. } => Next::Script(Script::silent(End::Close)),
        kind @ Kind::Endless { applied, .. } => {
            apply_if(*applied);
            Next::Script(script::mangled(kind, Reply::new(200, "")))
        }
        Kind::Redirect { status, location } => {
            let mut reply = Reply::new(*status, "");
            reply.headers.extend(header("location", location));
            Next::Reply(reply)
        }
        Kind::Reject { retry_after, retry_after_ms } => {
            let mut reply = refused(service, &Refusal::over_the_rate());
            for (name, value) in [("retry-after", retry_after), ("retry-after-ms", retry_after_ms)] {
                reply.headers.extend(value.as_deref().and_then(|value| header(name, value)));
            }
            Next::Reply(reply)
        }
        Kind::Quota {} => Next::Reply(refused(service, &Refusal::over_the_quota())),
        Kind::Unauthorized {} => Next::Reply(refused(service, &Refusal::no_token())),
        Kind::ExpireToken {} => {
            let scribe = Scribe { journal: &service.journal, cause: Some(pending.seq) };
            service.lock().tokens.expire(pending.received.authorization.as_deref(), scribe);
            Next::Reply(decide().into())
        }
        Kind::Token { expires_in, access_token } => {
            let mut answer = decide();
            replace(&mut answer, "expires_in", expires_in.as_ref());
            replace(&mut answer, "access_token", access_token.as_ref());
            Next::Reply(answer.into())
        }
        Kind::DropSubscriptions {} => {
            let scribe = Scribe { journal: &service.journal, cause: Some(pending.seq) };
            service.lock().world.drop_subscriptions(scribe);
            Next::Reply(decide().into())
        }
        mangling => Next::Script(script::mangled(mangling, decide().into())),
    }
}

/// Decides the request after this time, on a task of its own: also when the peer, and with it the caller, is gone.
async fn decided_later(service: &Arc<Service>, pending: &Arc<Pending>, after: Duration) -> Option<Answer> {
    let (service, pending) = (Arc::clone(service), Arc::clone(pending));
    let deciding = tokio::spawn(async move {
        sleep(after).await;
        service.decide(&pending.received, &pending.asked, pending.seq)
    });
    deciding.await.ok()
}

/// hyper writes final answers; interim ones in their place are beyond what it allows.
fn ordinary(reply: Reply) -> Next {
    if reply.status >= 200 {
        return Next::Reply(reply);
    }
    let steps = vec![script::whole(&reply)];
    Next::Script(Script::of(&reply, steps, End::Keep))
}

fn with_headers(mut reply: Reply, headers: &BTreeMap<String, String>) -> Reply {
    reply.headers.extend(headers.iter().filter_map(|(name, value)| header(name, value)));
    reply
}

fn refused(service: &Service, refusal: &Refusal) -> Reply {
    let shape = service.lock().settings.presence_errors;
    Answer { status: refusal.status, body: refusal.body(shape, service.clock.unix_millis()) }.into()
}

/// Null takes the field away. An answer that refuses the token call has no such field and stays as it is.
fn replace(answer: &mut Answer, field: &str, value: Option<&Value>) {
    let fields = answer.body.as_object_mut().filter(|fields| fields.contains_key(field));
    match (fields, value) {
        (Some(fields), Some(Value::Null)) => drop(fields.shift_remove(field)),
        (Some(fields), Some(value)) => drop(fields.insert(field.to_owned(), value.clone())),
        (None, _) | (_, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::time::{Instant, timeout};

    use super::*;
    use crate::fault::engine::Subject;
    use crate::fault::plan::{Plan, Target};
    use crate::identity::Identity;
    use crate::settings::Settings;

    const SECOND: Duration = Duration::from_secs(1);

    struct Scene {
        service: Arc<Service>,
        token: String,
    }

    impl Scene {
        /// With a plan that always does this.
        #[expect(clippy::needless_pass_by_value, reason = "called with `json!` on the spot")]
        fn with(fault: Value) -> Self {
            let service = Arc::new(Service::new(Identity::default(), Settings::default()));
            let token = service.lock().tokens.issue(None, 0, service.scribe());
            service.journal.clear();
            service.faults.install(Plan::try_from(json!({"faults": [{ "fault": fault }]})).unwrap(), 0);
            Self { service, token }
        }

        /// A request that sets this status of c1, written into the journal.
        fn set(&self, status: u8) -> Pending {
            let mut received =
                Received::without_body("POST", &format!("/easemob-demo/test/users/c1/presence/ios/{status}"));
            received.authorization = Some(format!("Bearer {}", self.token));
            received.content_type = Some("application/json".into());
            received.body = br#"{"ext":""}"#.to_vec();
            let asked = Asked::read(&received);
            let seq = self.service.record(&received, &asked);
            Pending { received, asked, seq }
        }

        async fn act(&self, pending: Pending) -> Next {
            let target = Target::Request(pending.asked.operation());
            let subject = Subject { target, ..Subject::CONNECT };
            let fired = self.service.faults.choose(subject, 0).unwrap();
            act(&self.service, pending, &fired, 0).await
        }

        /// The causes of the changes, in their order.
        fn causes(&self) -> Vec<Option<u64>> {
            self.service.journal.changes().iter().map(|change| change.cause).collect()
        }
    }

    fn status(next: Next) -> u16 {
        match next {
            Next::Reply(reply) => reply.status,
            Next::Script(_) | Next::Silence => panic!("no ordinary answer"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_delay_is_over_before_the_decision_and_nothing_is_decided_for_who_left() {
        let scene = Scene::with(json!({"type": "delay", "ms": 1_000}));
        let left = timeout(SECOND / 2, scene.act(scene.set(1))).await;
        assert!(left.is_err());
        sleep(10 * SECOND).await;
        assert_eq!(scene.causes(), []);
        let begun = Instant::now();
        let stays = scene.set(1);
        let seq = stays.seq;
        assert_eq!(status(scene.act(stays).await), 200);
        assert_eq!((begun.elapsed(), scene.causes()), (SECOND, vec![Some(seq)]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_held_answer_is_decided_before_it_waits() {
        let scene = Scene::with(json!({"type": "hold", "ms": 1_000}));
        let leaves = scene.set(1);
        let seq = leaves.seq;
        assert!(timeout(SECOND / 2, scene.act(leaves)).await.is_err());
        assert_eq!(scene.causes(), [Some(seq)]);
        let begun = Instant::now();
        assert_eq!(status(scene.act(scene.set(1)).await), 200);
        assert_eq!(begun.elapsed(), SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_request_is_decided_after_newer_ones_also_when_its_client_left() {
        let scene = Scene::with(json!({"type": "late", "ms": 1_000}));
        let old = scene.set(1);
        let late = old.seq;
        assert!(timeout(SECOND / 2, scene.act(old)).await.is_err());
        let newer = scene.set(2);
        scene.service.decide(&newer.received, &newer.asked, newer.seq);
        assert_eq!(scene.causes(), [Some(newer.seq)]);
        sleep(SECOND).await;
        assert_eq!(scene.causes(), [Some(newer.seq), Some(late)]);
        assert_eq!(scene.service.journal.requests()[0].status, None);
    }
}
