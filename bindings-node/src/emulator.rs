//! The emulator for `easemob-presence/testing`. Entries, state and settings cross as the JSON of its control API.

#![expect(clippy::needless_pass_by_value, reason = "napi hands strings over; here they are only looked at")]

use easemob_presence_emulator::{Builder, Emulator, Operation, PlanError, Settings};
use napi::bindgen_prelude::{Error, Result};
use napi_derive::napi;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bridge::{Bridge, Home};
use crate::config::millis;
use crate::payload::Payload;

/// What the emulator is; what it does is in its settings.
#[napi(object, object_to_js = false)]
pub struct EmulatorConfig {
    pub port: Option<u16>,
    pub app_key: Option<String>,
    pub app_id: Option<String>,
    /// Both or none.
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
}

/// A running emulator.
#[napi]
pub struct NativeEmulator {
    emulator: Emulator,
    home: Home,
}

#[napi]
impl NativeEmulator {
    /// # Errors
    /// What starting it may fail with.
    #[napi(constructor)]
    pub fn new(bridge: &Bridge, config: EmulatorConfig) -> Result<Self> {
        let mut builder: Builder = Emulator::builder().port(config.port.unwrap_or(0));
        if let Some(app_key) = config.app_key {
            builder = builder.app_key(app_key);
        }
        if let Some(app_id) = config.app_id {
            builder = builder.app_id(app_id);
        }
        if let (Some(id), Some(secret)) = (config.client_id, config.client_secret) {
            builder = builder.credentials(id, secret);
        }
        Ok(Self { emulator: builder.start()?, home: bridge.home() })
    }

    #[napi(getter)]
    pub fn host(&self) -> String {
        self.emulator.host()
    }

    #[napi(getter)]
    pub fn app_key(&self) -> String {
        self.emulator.app_key()
    }

    #[napi(getter)]
    pub fn app_id(&self) -> &str {
        self.emulator.app_id()
    }

    #[napi(getter)]
    pub fn client_id(&self) -> &str {
        self.emulator.client_id()
    }

    #[napi(getter)]
    pub fn client_secret(&self) -> &str {
        self.emulator.client_secret()
    }

    /// The settings in force, as JSON.
    ///
    /// # Errors
    /// None in practice: settings can be written.
    #[napi]
    pub fn settings(&self) -> Result<String> {
        json(&self.emulator.settings())
    }

    /// Replaces the settings; what is left out of the JSON gets its default.
    ///
    /// # Errors
    /// If one is unknown or has a value that it cannot have.
    #[napi]
    pub fn configure(&self, settings: String) -> Result<()> {
        let settings: Settings = read(&settings)?;
        self.emulator.configure(|current| *current = settings);
        Ok(())
    }

    #[napi]
    pub fn issue_token(&self, ttl_ms: f64) -> String {
        self.emulator.issue_token(millis(ttl_ms))
    }

    #[napi]
    pub fn accept_token(&self, token: String, ttl_ms: f64) {
        self.emulator.accept_token(&token, millis(ttl_ms));
    }

    /// The body of a callback, signed.
    #[napi]
    pub fn callback(&self, user: String, resource: String, reason: String, secret: String) -> String {
        self.emulator.callback(&user, &resource, &reason, &secret)
    }

    #[napi]
    pub fn expire_tokens(&self) {
        self.emulator.expire_tokens();
    }

    #[napi]
    pub fn reset(&self) {
        self.emulator.reset();
    }

    #[napi]
    pub fn stop_listening(&self) {
        self.emulator.stop_listening();
    }

    /// # Errors
    /// If the port cannot be opened, or the emulator was stopped.
    #[napi]
    pub fn listen(&self) -> Result<()> {
        Ok(self.emulator.listen()?)
    }

    #[napi]
    pub fn stop(&self) {
        self.emulator.stop();
    }

    /// The journal's entries after `seq`, as JSON.
    ///
    /// # Errors
    /// None in practice: entries can be written.
    #[napi]
    pub fn journal_since(&self, seq: f64) -> Result<String> {
        json(&self.emulator.journal().since(whole(seq)))
    }

    /// # Errors
    /// If there is no such operation.
    #[napi]
    pub fn journal_count(&self, operation: String) -> Result<f64> {
        Ok(number(self.emulator.journal().count(named(operation)?)))
    }

    #[napi]
    pub fn journal_clear(&self) {
        self.emulator.journal().clear();
    }

    /// Grows with every entry and every answer.
    #[napi]
    pub fn journal_version(&self) -> f64 {
        number(self.emulator.journal().version())
    }

    /// A call that ends when the journal's version is no longer this one; `false` after `timeout_ms`.
    #[napi]
    pub fn journal_changed(&self, id: u32, version: f64, timeout_ms: f64) {
        let (journal, seen) = (self.emulator.journal().clone(), whole(version));
        self.home.submit(id, async move {
            let changed = journal.wait_until(|journal| journal.version() != seen);
            Ok(Payload::Flag(tokio::time::timeout(millis(timeout_ms), changed).await.is_ok()))
        });
    }

    /// Puts a plan of faults in force.
    ///
    /// # Errors
    /// If the plan cannot be carried out: the place in it, and what is wrong there.
    #[napi]
    pub fn install_faults(&self, plan: String) -> Result<()> {
        let plan = plan.parse().map_err(|problem: PlanError| Error::from_reason(problem.to_string()))?;
        self.emulator.faults().install(plan);
        Ok(())
    }

    /// The plan in force as JSON, or `null`.
    ///
    /// # Errors
    /// None in practice: plans can be written.
    #[napi]
    pub fn installed_faults(&self) -> Result<String> {
        json(&self.emulator.faults().installed())
    }

    #[napi]
    pub fn clear_faults(&self) {
        self.emulator.faults().clear();
    }

    #[napi]
    pub fn clock_now(&self) -> f64 {
        number(self.emulator.clock().unix_millis())
    }

    #[napi]
    pub fn clock_set(&self, unix_ms: f64) {
        self.emulator.clock().set(whole(unix_ms));
    }

    #[napi]
    pub fn clock_advance(&self, ms: f64) {
        self.emulator.clock().advance(millis(ms));
    }

    #[napi]
    pub fn clock_freeze(&self) {
        self.emulator.clock().freeze();
    }

    #[napi]
    pub fn clock_resume(&self) {
        self.emulator.clock().resume();
    }

    #[napi(getter)]
    pub fn clock_is_frozen(&self) -> bool {
        self.emulator.clock().is_frozen()
    }

    #[napi]
    pub fn register(&self, user: String) -> bool {
        self.emulator.state().register(&user)
    }

    #[napi]
    pub fn delete(&self, user: String) -> bool {
        self.emulator.state().delete(&user)
    }

    #[napi]
    pub fn login(&self, user: String, resource: String, uuid: Option<String>, name: Option<String>) {
        let state = self.emulator.state();
        match (uuid, name) {
            (Some(uuid), Some(name)) => state.login_with(&user, &resource, &uuid, &name),
            _ => state.login(&user, &resource),
        }
    }

    #[napi]
    pub fn logout(&self, user: String, resource: String) -> bool {
        self.emulator.state().logout(&user, &resource)
    }

    #[napi]
    pub fn set_group_online_count(&self, group_id: String, query_type: u8, count: f64) {
        self.emulator.state().set_group_online_count(&group_id, query_type, whole(count));
    }

    /// How much there is of everything, as JSON.
    ///
    /// # Errors
    /// None in practice: counts can be written.
    #[napi]
    pub fn counts(&self) -> Result<String> {
        json(&self.emulator.state().counts())
    }

    /// Everything remembered, as JSON.
    ///
    /// # Errors
    /// None in practice: the state can be written.
    #[napi]
    pub fn snapshot(&self) -> Result<String> {
        json(&self.emulator.state().snapshot())
    }
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::from_reason(error.to_string()))
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| Error::from_reason(error.to_string()))
}

fn named(operation: String) -> Result<Operation> {
    serde_json::from_value(operation.into()).map_err(|error| Error::from_reason(error.to_string()))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "JavaScript's only number; what is counted here stays below 2^53"
)]
fn number(n: u64) -> f64 {
    n as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and TypeScript lets only numbers from 0 on pass"
)]
fn whole(n: f64) -> u64 {
    n as u64
}
