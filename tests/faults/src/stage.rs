//! A case set up: an emulator with its faults, what stands in between, and the job for a runner.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread;

use easemob_presence_emulator::{Emulator, Plan, Tls};
use easemob_presence_faults_protocol::{Job, Options, Provider};
use serde_json::{Value, json};

use crate::Problem;
use crate::blackhole::Blackhole;
use crate::catalogue::{Action, After, Case, Certificate};
use crate::fill::Fill;
use crate::hand::{Hand, LOOK, TOKEN_LIFE, report, settings};
use crate::proxy::Proxy;
use crate::workload::settle;

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
    fn secrets_differ_by_seed_and_hold_what_encodings_change() {
        assert_ne!(Secrets::new(1).client, Secrets::new(2).client);
        assert!(Secrets::new(1).client.contains('+'));
    }
}
