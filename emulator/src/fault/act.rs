//! What a fault does to one request: whether it is decided, when, and what is answered.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use serde_json::Value;
use tokio::time::sleep;

use crate::fault::edit::Edit;
use crate::fault::engine::Fired;
use crate::fault::kind::{Kind, Place, Then};
use crate::fault::script::{self, End, Script};
use crate::http::exchange::{Answer, Asked};
use crate::http::received::Received;
use crate::http::refusal::Refusal;
use crate::http::reply::Reply;
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
            let location = HeaderValue::from_str(location).map(|location| (LOCATION, location));
            let mut reply = Reply::new(*status, "");
            reply.headers.extend(location);
            Next::Reply(reply)
        }
        Kind::Reject { retry_after, retry_after_ms } => {
            let mut reply = refused(service, &Refusal::over_the_rate());
            let names = [RETRY_AFTER, HeaderName::from_static("retry-after-ms")];
            for (name, value) in names.into_iter().zip([retry_after, retry_after_ms]) {
                let value = value.as_deref().and_then(|value| HeaderValue::from_str(value).ok());
                reply.headers.extend(value.map(|value| (name, value)));
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

fn with_headers(mut reply: Reply, headers: &std::collections::BTreeMap<String, String>) -> Reply {
    for (name, value) in headers {
        let parsed = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
        reply.headers.extend(parsed);
    }
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
