//! A case set up: an emulator with its faults, what stands in between, and the job for a runner.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use easemob_presence_emulator::{Emulator, Plan, RateLimit, Settings, Tls};
use easemob_presence_faults_protocol::{Job, Options, Provider};
use serde_json::{Value, json};

use crate::Problem;
use crate::blackhole::Blackhole;
use crate::catalogue::{Act, Action, After, Case, Certificate, merge};
use crate::proxy::Proxy;
use crate::workload::settle;

/// Longer than any case: these are tokens that only an action ends.
const TOKEN_LIFE: Duration = Duration::from_secs(86_400);
/// How often a thread that waits for requests looks whether the case is over.
const LOOK: Duration = Duration::from_millis(200);
const DEFAULT_TIMEOUT_MS: u64 = 4_000;

static APPS: AtomicU64 = AtomicU64::new(0);

/// What must never be seen in anything that a client writes.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// The client secret of every case.
    pub client: String,
    /// The token of cases that are given one.
    pub token: String,
    /// The password of the proxy.
    pub proxy: String,
}

impl Secrets {
    /// Of the seed's making, with characters that encodings change.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            client: format!("canary/client+{seed:x}=s3cr3t~Zq"),
            token: format!("YWMtcanary-token_{seed:x}.Kx9vQpLmR2"),
            proxy: format!("canary-proxy-{seed:x}-Wd8"),
        }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> [&str; 3] {
        [&self.client, &self.token, &self.proxy]
    }
}

/// A case that is set up.
#[derive(Debug)]
pub struct Stage {
    hand: Hand,
    elsewhere: Emulator,
    proxy: Option<Proxy>,
    blackhole: Option<Blackhole>,
    actions: Vec<Action>,
    /// What a runner is to do.
    pub job: Job,
    /// The state before the first call.
    pub state_before: Value,
}

impl Stage {
    /// Sets a case up.
    ///
    /// # Errors
    /// If the emulator does not start, or takes neither settings nor plan.
    pub fn set(case: &Case, secrets: &Secrets, seed: u64, quick: bool) -> Result<Self, Problem> {
        let elsewhere = Emulator::start()?;
        let emulator = Emulator::builder()
            // Clients of one App Key share limits and what they have learned: each case is an app of its own.
            .app_key(format!("faults#case-{}", APPS.fetch_add(1, Ordering::Relaxed)))
            .credentials("faults-client-id", &secrets.client)
            .settings(settings(&case.settings)?);
        let emulator = match case.tls {
            Some(kind) => emulator.tls(certificate(kind)),
            None => emulator,
        };
        let emulator = Arc::new(emulator.start()?);
        settle(&emulator);
        emulator.accept_token(&secrets.token, TOKEN_LIFE);
        let proxy = case.proxy.map(|behaviour| Proxy::start(behaviour, emulator.host())).transpose()?;
        let blackhole = match case.host.as_deref() {
            Some("{blackhole}") => Some(Blackhole::dig()?),
            _ => None,
        };
        let mut job = job(case, &emulator, proxy.as_ref(), secrets, seed, quick);
        if let Some(host) = blackhole.as_ref().map(Blackhole::url).or_else(|| case.host.clone()) {
            job.host = host;
        }
        let provided = job.provider.as_ref().map(|provider| provider.tokens.clone()).unwrap_or_default();
        let stage = Self {
            elsewhere,
            proxy,
            blackhole,
            actions: case.actions.clone(),
            state_before: emulator.state().snapshot(),
            hand: Hand { emulator, over: Arc::default(), provided, threads: Arc::default() },
            job,
        };
        if let Some(plan) = &case.plan {
            stage.hand.emulator.faults().install(stage.plan(plan, secrets, seed)?);
        }
        stage.begin()?;
        Ok(stage)
    }

    /// The plan with what only a running emulator knows filled in.
    fn plan(&self, plan: &Value, secrets: &Secrets, seed: u64) -> Result<Plan, Problem> {
        let mut plan = plan.clone();
        if let Some(plan) = plan.as_object_mut() {
            plan.entry("seed").or_insert(seed.into());
        }
        let fill = Fill { elsewhere: &self.elsewhere.url(), host: &self.hand.emulator.url(), secrets };
        fill.value(&mut plan)?;
        let text = plan.to_string();
        text.parse().map_err(|problem| format!("plan: {problem}").into())
    }

    /// Does what is due before the first call, and has threads wait for the rest.
    fn begin(&self) -> Result<(), Problem> {
        for action in self.actions.clone() {
            match action.after {
                None => self.hand.act(&action.act)?,
                Some(After::Phase(_)) => {}
                Some(After::Requests { operation, count }) => {
                    let (hand, emulator) = (self.hand.clone(), Arc::clone(&self.hand.emulator));
                    let thread = thread::spawn(move || {
                        while !hand.over.load(Ordering::Acquire) {
                            if emulator.journal().wait_for(|journal| journal.count(operation) >= count, LOOK)
                            {
                                report(hand.act(&action.act));
                                return;
                            }
                        }
                    });
                    self.hand.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
                }
            }
        }
        Ok(())
    }

    /// Does what is due after a phase.
    pub fn after_phase(&self, phase: usize) {
        for action in &self.actions {
            if matches!(action.after, Some(After::Phase(after)) if after == phase) {
                report(self.hand.act(&action.act));
            }
        }
    }

    /// Ends everything; gives the journal, the state, and how many requests came to the other host.
    #[must_use]
    pub fn end(self) -> (Value, Value, u64) {
        self.hand.over.store(true, Ordering::Release);
        self.hand.join();
        drop((self.proxy, self.blackhole));
        let state = self.hand.emulator.state().snapshot();
        let journal = json!(self.hand.emulator.journal().entries());
        self.hand.emulator.stop();
        (journal, state, self.elsewhere.journal().len() as u64)
    }
}

fn report(done: Result<(), Problem>) {
    if let Err(problem) = done {
        eprintln!("an action failed: {problem}");
    }
}

fn settings(patch: &Value) -> Result<Settings, Problem> {
    let mut settings = Settings::default();
    settings.rate_limit = RateLimit::off();
    changed(&settings, patch)
}

fn changed(settings: &Settings, patch: &Value) -> Result<Settings, Problem> {
    if patch.is_null() {
        return Ok(settings.clone());
    }
    let mut whole = serde_json::to_value(settings)?;
    // A window replaces another of whatever form.
    if let Some(window) = patch.pointer("/rate_limit/window")
        && let Some(old) = whole.pointer_mut("/rate_limit/window")
    {
        old.clone_from(window);
    }
    merge(&mut whole, patch);
    Ok(serde_json::from_value(whole)?)
}

/// What carries actions out.
#[derive(Clone, Debug)]
struct Hand {
    emulator: Arc<Emulator>,
    over: Arc<AtomicBool>,
    /// The tokens that a provider gives out, one after the other.
    provided: Vec<String>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Hand {
    fn act(&self, act: &Act) -> Result<(), Problem> {
        let emulator = &self.emulator;
        match act {
            Act::DownMs(ms) => self.down(Duration::from_millis(*ms)),
            Act::ExpireTokens => {
                emulator.expire_tokens();
                // Those that the provider has not given out yet are of a later day.
                for token in self.provided.iter().skip(1) {
                    emulator.accept_token(token, TOKEN_LIFE);
                }
            }
            Act::Settings(patch) => {
                let settings = changed(&emulator.settings(), patch)?;
                emulator.configure(|old| *old = settings);
            }
            Act::Install(plan) => emulator.faults().install(plan.to_string().parse()?),
            Act::Clear => emulator.faults().clear(),
        }
        Ok(())
    }
}

impl Hand {
    /// Nothing listens for a while.
    fn down(&self, time: Duration) {
        self.emulator.stop_listening();
        let (emulator, over, end) =
            (Arc::clone(&self.emulator), Arc::clone(&self.over), Instant::now() + time);
        let thread = thread::spawn(move || {
            while !over.load(Ordering::Acquire) {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    report(emulator.listen().map_err(Into::into));
                    return;
                }
                // The outage itself: this is how long it lasts, unless the case is over before.
                thread::park_timeout(left.min(LOOK));
            }
        });
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
    }

    fn join(&self) {
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// Fills in what a file of cases cannot know, and what would make it long.
struct Fill<'a> {
    elsewhere: &'a str,
    host: &'a str,
    secrets: &'a Secrets,
}

impl Fill<'_> {
    fn value(&self, value: &mut Value) -> Result<(), Problem> {
        match value {
            Value::String(text) => *text = self.text(text)?,
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.value(item))?,
            Value::Object(fields) => fields.values_mut().try_for_each(|field| self.value(field))?,
            _ => {}
        }
        Ok(())
    }

    fn text(&self, text: &str) -> Result<String, Problem> {
        let text = text.replace("{elsewhere}", self.elsewhere).replace("{host}", self.host);
        let text = text.replace("{token}", &self.secrets.token).replace("{secret}", &self.secrets.client);
        repeated(&dated(&text)?)
    }
}

/// `{date:+5}` is the HTTP date five seconds from now.
fn dated(text: &str) -> Result<String, Problem> {
    let Some((before, rest)) = text.split_once("{date:+") else { return Ok(text.to_owned()) };
    let (seconds, after) = rest.split_once('}').ok_or("a date without an end")?;
    let date = SystemTime::now() + Duration::from_secs(seconds.parse()?);
    Ok(format!("{before}{}{}", httpdate::fmt_http_date(date), dated(after)?))
}

/// `{repeat:[|1000}` is a thousand opening brackets.
fn repeated(text: &str) -> Result<String, Problem> {
    let Some((before, rest)) = text.split_once("{repeat:") else { return Ok(text.to_owned()) };
    let parts = rest.split_once('|').and_then(|(what, rest)| Some((what, rest.split_once('}')?)));
    let (what, (times, after)) = parts.ok_or("a repetition without an end")?;
    Ok(format!("{before}{}{}", what.repeat(times.parse()?), repeated(after)?))
}

fn job(
    case: &Case,
    emulator: &Emulator,
    proxy: Option<&Proxy>,
    secrets: &Secrets,
    seed: u64,
    quick: bool,
) -> Job {
    let mut first = 0;
    let phases = case
        .phases
        .iter()
        .map(|workload| {
            let phase = workload.phase(first, seed, quick);
            first += phase.calls.len() as u64;
            phase
        })
        .collect();
    let provider = case.provider.as_ref().map(|spec| Provider {
        behaviour: spec.behaviour.clone(),
        tokens: (0..spec.tokens).map(|_| emulator.issue_token(TOKEN_LIFE)).collect(),
    });
    let options = Options {
        timeout_ms: case.client.timeout_ms.or(Some(DEFAULT_TIMEOUT_MS)),
        // What is about limits says so.
        rate_limits: case.client.rate_limits.clone().or_else(|| Some("off".into())),
        min_token_interval_ms: case.client.min_token_interval_ms.or(Some(0)),
        ..case.client.clone()
    };
    Job {
        host: emulator.url(),
        app_key: emulator.app_key(),
        client_id: emulator.client_id().to_owned(),
        client_secret: emulator.client_secret().to_owned(),
        app_token: case.fixed_token.then(|| secrets.token.clone()),
        provider,
        proxy: proxy.map(|proxy| proxy.url(&secrets.proxy)),
        root_certificate: emulator.certificate_authority().map(str::to_owned),
        options,
        phases,
        ..Job::default()
    }
}

fn certificate(kind: Certificate) -> Tls {
    match kind {
        Certificate::Trusted => Tls::Trusted,
        Certificate::Expired => Tls::Expired,
        Certificate::SelfSigned => Tls::SelfSigned,
        Certificate::WrongHost => Tls::WrongHost,
        Certificate::UnknownAuthority => Tls::UnknownAuthority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_may_hold_colons_and_braces() {
        assert_eq!(repeated(r#"[{repeat:{"a":1},|2}{repeat:]|3}!"#).unwrap(), r#"[{"a":1},{"a":1},]]]!"#);
        assert!(repeated("{repeat:x").is_err());
    }

    #[test]
    fn a_date_is_from_now_on() {
        let text = dated("at {date:+3600}.").unwrap();
        let date = httpdate::parse_http_date(text.trim_start_matches("at ").trim_end_matches('.')).unwrap();
        let ahead = date.duration_since(SystemTime::now()).unwrap().as_secs();
        assert!((3_500..=3_600).contains(&ahead), "{ahead}");
    }

    #[test]
    fn settings_are_those_of_the_emulator_but_for_the_rate() {
        assert_eq!(settings(&Value::Null).unwrap().rate_limit, RateLimit::off());
        let patch = json!({"rate_limit": {"window": {"bucket": {"burst": 3}}, "per_second": {"set": 5}}});
        let patched = settings(&patch).unwrap().rate_limit;
        assert_eq!((patched.per_second.set, patched.per_second.get), (5, 50));
        assert!(settings(&json!({"no_such": 1})).is_err());
    }

    #[test]
    fn secrets_differ_by_seed_and_hold_what_encodings_change() {
        assert_ne!(Secrets::new(1).client, Secrets::new(2).client);
        assert!(Secrets::new(1).client.contains('+'));
    }
}
