//! The HTTP control API under `/_emulator/`: the library's handles for those in other processes and languages.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::callback;
use crate::fault::{Plan, PlanError};
use crate::http::exchange::Answer;
use crate::http::received::{LARGEST_CONTROL, Received};
use crate::service::Service;
use crate::settings::Settings;
use crate::world::state::State;

pub(crate) const PREFIX: &str = "/_emulator/";

/// What went wrong: a status and a sentence.
type Problem = (u16, String);

/// What is answered, and whether the port is closed for a time afterwards.
#[derive(Debug)]
pub(crate) struct Controlled {
    pub(crate) answer: Answer,
    pub(crate) close_for: Option<Duration>,
}

/// The answer, if the request is one for the control API.
pub(crate) fn answer(service: &Arc<Service>, received: &Received) -> Option<Controlled> {
    let path = received.path().strip_prefix(PREFIX)?;
    let mut close_for = None;
    let answer = match act(service, received, path, &mut close_for) {
        Ok(body) => Answer { status: 200, body },
        Err((status, problem)) => Answer { status, body: json!({ "error": problem }) },
    };
    Some(Controlled { answer, close_for })
}

fn act(
    service: &Arc<Service>,
    received: &Received,
    path: &str,
    close_for: &mut Option<Duration>,
) -> Result<Value, Problem> {
    if received.oversized {
        return Err((413, format!("the body is larger than {LARGEST_CONTROL} bytes")));
    }
    let done = || Ok(json!({ "ok": true }));
    let state = State::new(Arc::clone(service));
    match (received.method.as_str(), path) {
        ("GET", "health") => Ok(json!({
            "status": "ok",
            "version": env!("CARGO_PKG_VERSION"),
            "app_key": service.identity.app_key(),
            "app_id": service.identity.app_id,
        })),
        ("GET", "journal") => journal(service, received.query()),
        ("DELETE", "journal") => {
            service.journal.clear();
            done()
        }
        ("GET", "state") => Ok(state.snapshot()),
        ("POST", "reset") => {
            service.reset();
            done()
        }
        ("GET", "settings") => to_json(&service.lock().settings),
        ("PATCH", "settings") => patch_settings(service, body(received)?),
        ("GET", "clock") => Ok(clock(service)),
        ("POST", "clock") => move_clock(service, &body(received)?),
        ("POST", "devices") => {
            login(&state, body(received)?);
            done()
        }
        ("DELETE", "devices") => {
            let device: Login = body(received)?;
            Ok(json!({ "ok": state.logout(&device.user, &device.resource) }))
        }
        ("POST", "groups") => {
            let OnlineCount { group_id, query_type, count } = body(received)?;
            state.set_group_online_count(&group_id, query_type, count);
            done()
        }
        ("POST", "tokens") => Ok(token(service, body(received)?)),
        ("POST", "tokens/expire") => {
            service.lock().tokens.expire_all(service.scribe());
            done()
        }
        ("POST", "callbacks") => Ok(callback::body(service, &body(received)?)),
        ("POST", "listener") => {
            let Listener { down_ms } = body(received)?;
            *close_for = Some(Duration::from_millis(down_ms));
            done()
        }
        ("GET", "faults") => to_json(&service.faults.installed()),
        ("PUT", "faults") => install(service, received),
        ("DELETE", "faults") => {
            service.faults.clear();
            done()
        }
        (
            _,
            "health" | "journal" | "state" | "reset" | "settings" | "clock" | "devices" | "groups" | "tokens"
            | "tokens/expire" | "callbacks" | "faults" | "listener",
        ) => Err((405, format!("{PREFIX}{path} does not take {}", received.method))),
        _ => Err((404, format!("there is no {PREFIX}{path}"))),
    }
}

/// No body at all is one that names nothing.
fn body<'de, T: Deserialize<'de>>(received: &'de Received) -> Result<T, Problem> {
    let body: &[u8] = if received.body.is_empty() { b"{}" } else { &received.body };
    serde_json::from_slice(body).map_err(|problem| (400, problem.to_string()))
}

fn install(service: &Service, received: &Received) -> Result<Value, Problem> {
    let text = std::str::from_utf8(&received.body).map_err(|_| (400, "the plan is not UTF-8".to_owned()))?;
    let plan: Plan = text.parse().map_err(|problem: PlanError| (400, problem.to_string()))?;
    service.faults.install(plan, service.clock.unix_millis());
    Ok(json!({ "ok": true }))
}

fn to_json(value: &impl serde::Serialize) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(|problem| (500, problem.to_string()))
}

fn journal(service: &Service, query: &str) -> Result<Value, Problem> {
    let since = query.split('&').find_map(|pair| pair.strip_prefix("since="));
    let since = since.map_or(Ok(0), str::parse).map_err(|_| (400, "since is not a number".to_owned()))?;
    let (entries, last_seq, dropped) = service.journal.page(since);
    Ok(json!({ "last_seq": last_seq, "dropped": dropped, "entries": to_json(&entries)? }))
}

fn patch_settings(service: &Service, patch: Value) -> Result<Value, Problem> {
    let mut inner = service.lock();
    let mut merged = to_json(&inner.settings)?;
    merge(&mut merged, patch);
    let settings = Settings::deserialize(merged).map_err(|problem| (400, problem.to_string()))?;
    inner.settings = settings;
    to_json(&inner.settings)
}

fn merge(into: &mut Value, patch: Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch,
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ClockMove {
    freeze: bool,
    set_ms: Option<u64>,
    advance_ms: Option<u64>,
    resume: bool,
}

fn move_clock(service: &Service, asked: &ClockMove) -> Result<Value, Problem> {
    if !asked.freeze && !asked.resume && asked.set_ms.is_none() && asked.advance_ms.is_none() {
        return Err((400, "one of freeze, set_ms, advance_ms and resume is needed".into()));
    }
    if asked.freeze {
        service.clock.freeze();
    }
    if let Some(at) = asked.set_ms {
        service.clock.set(at);
    }
    if let Some(by) = asked.advance_ms {
        service.clock.advance(Duration::from_millis(by));
    }
    if asked.resume {
        service.clock.resume();
    }
    Ok(clock(service))
}

fn clock(service: &Service) -> Value {
    json!({ "unix_ms": service.clock.unix_millis(), "frozen": service.clock.is_frozen() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    user: String,
    resource: String,
    device_uuid: Option<String>,
    device_name: Option<String>,
}

fn login(state: &State, device: Login) {
    match (device.device_uuid, device.device_name) {
        (None, None) => state.login(&device.user, &device.resource),
        (uuid, name) => state.login_with(
            &device.user,
            &device.resource,
            &uuid.unwrap_or_default(),
            &name.unwrap_or_default(),
        ),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnlineCount {
    group_id: String,
    #[serde(default = "a_group")]
    query_type: u8,
    count: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listener {
    down_ms: u64,
}

fn a_group() -> u8 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    token: Option<String>,
    ttl_ms: Option<u64>,
}

fn token(service: &Service, asked: Token) -> Value {
    let mut inner = service.lock();
    let now_ms = service.clock.unix_millis();
    let life = asked.ttl_ms.map_or(inner.settings.default_token_ttl, Duration::from_millis);
    let token = match asked.token {
        None => inner.tokens.issue(Some(life), now_ms, service.scribe()),
        Some(token) => {
            inner.tokens.accept(token.clone(), Some(life), now_ms, service.scribe());
            token
        }
    };
    json!({ "access_token": token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_changes_only_what_it_names() {
        let mut value = json!({"a": {"b": 1, "c": 2}, "window": "fixed"});
        merge(&mut value, json!({"a": {"b": 3}, "window": {"bucket": {"burst": 1}}}));
        assert_eq!(value, json!({"a": {"b": 3, "c": 2}, "window": {"bucket": {"burst": 1}}}));
    }

    fn service() -> Arc<Service> {
        Arc::new(Service::new(crate::identity::Identity::default(), Settings::default()))
    }

    fn ask(service: &Arc<Service>, method: &str, target: &str, body: &str) -> (u16, Value) {
        let mut received = Received::without_body(method, &format!("/_emulator/{target}"));
        received.body = body.into();
        let answer = answer(service, &received).unwrap().answer;
        (answer.status, answer.body)
    }

    #[test]
    fn other_paths_are_left_to_the_service() {
        for target in ["/", "/_emulator", "/o/_emulator/health", "/_emulatorx/health"] {
            assert!(answer(&service(), &Received::without_body("GET", target)).is_none(), "{target}");
        }
    }

    #[test]
    fn what_is_not_there_and_what_is_not_taken_are_told_apart() {
        let service = service();
        assert_eq!(ask(&service, "GET", "nothing", "").0, 404);
        assert_eq!(ask(&service, "GET", "reset", "").0, 405);
        assert_eq!(ask(&service, "POST", "devices", r#"{"user":"a"}"#).0, 400);
        assert_eq!(ask(&service, "POST", "devices", r#"{"user":"a","resource":"b","x":1}"#).0, 400);
        let mut large = Received::without_body("POST", "/_emulator/reset");
        large.oversized = true;
        assert_eq!(answer(&service, &large).map(|controlled| controlled.answer.status), Some(413));
    }

    #[test]
    fn a_patch_that_is_refused_changes_nothing() {
        let service = service();
        let patch = r#"{"numbers_as_strings":false,"rate_limit":{"window":"none"}}"#;
        assert_eq!(ask(&service, "PATCH", "settings", patch).0, 400);
        assert_eq!(service.lock().settings, Settings::default());
        assert_eq!(ask(&service, "PATCH", "settings", "5").0, 400);
    }

    #[test]
    fn a_body_in_which_all_is_optional_may_be_missing() {
        let service = service();
        let (status, made) = ask(&service, "POST", "tokens", "");
        assert_eq!(status, 200);
        assert!(made["access_token"].as_str().is_some_and(|token| token.starts_with("YWMt")));
        assert_eq!(service.lock().tokens.valid(service.clock.unix_millis()), 1);
        assert_eq!(ask(&service, "POST", "clock", "").0, 400);
    }

    #[test]
    fn the_clock_is_moved_in_the_documented_order() {
        let service = service();
        let all = r#"{"resume":true,"advance_ms":2,"set_ms":5,"freeze":true}"#;
        assert_eq!(ask(&service, "POST", "clock", all).1["frozen"], false);
        let moved = ask(&service, "POST", "clock", r#"{"advance_ms":2,"set_ms":5,"freeze":true}"#);
        assert_eq!(moved, (200, json!({"unix_ms": 7, "frozen": true})));
    }

    #[test]
    fn a_reader_who_goes_on_from_last_seq_misses_nothing_that_others_write() {
        const CHANGES: usize = 10_000;
        let service = service();
        let state = State::new(Arc::clone(&service));
        let writer = std::thread::spawn(move || (0..CHANGES).all(|n| state.register(&format!("u{n}"))));
        let (mut since, mut seen) = (0, Vec::new());
        while seen.len() < CHANGES {
            let ended = writer.is_finished();
            let page = ask(&service, "GET", &format!("journal?since={since}"), "").1;
            since = page["last_seq"].as_u64().unwrap();
            seen.extend(
                page["entries"].as_array().unwrap().iter().map(|entry| entry["seq"].as_u64().unwrap()),
            );
            assert!(!ended || seen.len() == CHANGES, "{} of {CHANGES}", seen.len());
        }
        assert!(writer.join().unwrap());
        assert!(seen.into_iter().eq(1..=CHANGES as u64));
    }
}
