//! `easemob_presence.testing`: the emulator in the same process. Structures cross as JSON, as in its control API.

use easemob_presence_emulator as emulator;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use serde::Serialize;

use crate::arguments::Seconds;
use crate::runtime::Local;

/// A running emulator. It belongs to the process that started it; a forked child talks to it over its port.
#[pyclass(frozen, module = "easemob_presence._native")]
pub(crate) struct Emulator {
    emulator: Local<emulator::Emulator>,
}

impl Emulator {
    fn here(&self) -> PyResult<&emulator::Emulator> {
        self.emulator.get().ok_or_else(|| {
            PyRuntimeError::new_err(
                "this emulator runs in the parent process; a child can only call its host",
            )
        })
    }
}

#[pymethods]
impl Emulator {
    #[new]
    fn new(py: Python<'_>, app_key: Option<String>, settings: &str) -> PyResult<Self> {
        let settings = read(settings)?;
        let builder = emulator::Emulator::builder().settings(settings);
        let builder = app_key.into_iter().fold(builder, emulator::Builder::app_key);
        let emulator = py.detach(|| builder.start())?;
        Ok(Self { emulator: Local::new(emulator) })
    }

    /// All settings with their defaults, as JSON.
    #[staticmethod]
    fn default_settings() -> PyResult<String> {
        json(&emulator::Settings::default())
    }

    /// Host, App Key, app id, client id and client secret.
    fn address(&self) -> PyResult<(String, String, String, String, String)> {
        let here = self.here()?;
        let [app_id, client_id, secret] = [here.app_id(), here.client_id(), here.client_secret()];
        Ok((here.host(), here.app_key(), app_id.into(), client_id.into(), secret.into()))
    }

    fn settings(&self) -> PyResult<String> {
        json(&self.here()?.settings())
    }

    fn replace_settings(&self, py: Python<'_>, settings: &str) -> PyResult<()> {
        let (here, settings) = (self.here()?, read(settings)?);
        py.detach(|| here.configure(|current| *current = settings));
        Ok(())
    }

    /// The journal's entries with a number above `since`, as JSON.
    fn journal(&self, py: Python<'_>, since: u64) -> PyResult<String> {
        let journal = self.here()?.journal();
        py.detach(|| json(&journal.since(since)))
    }

    fn clear_journal(&self) -> PyResult<()> {
        self.here()?.journal().clear();
        Ok(())
    }

    fn last_seq(&self) -> PyResult<u64> {
        Ok(self.here()?.journal().last_seq())
    }

    /// Puts a plan of faults in force.
    fn install_faults(&self, plan: &str) -> PyResult<()> {
        let here = self.here()?;
        let refused = |problem: emulator::PlanError| PyValueError::new_err(problem.to_string());
        here.faults().install(plan.parse().map_err(refused)?);
        Ok(())
    }

    /// The plan in force as JSON, or null.
    fn installed_faults(&self) -> PyResult<String> {
        json(&self.here()?.faults().installed())
    }

    fn clear_faults(&self) -> PyResult<()> {
        self.here()?.faults().clear();
        Ok(())
    }

    /// Waits, without the GIL, until an entry with a number above `since` is there.
    fn wait_for_entry(&self, py: Python<'_>, since: u64, timeout: Seconds) -> PyResult<bool> {
        let journal = self.here()?.journal();
        Ok(py.detach(|| journal.wait_for(|journal| journal.last_seq() > since, timeout.0)))
    }

    /// Milliseconds since the Unix epoch, and whether the clock stands still.
    fn clock(&self) -> PyResult<(u64, bool)> {
        let clock = self.here()?.clock();
        Ok((clock.unix_millis(), clock.is_frozen()))
    }

    fn set_clock(&self, unix_millis: u64) -> PyResult<()> {
        self.here()?.clock().set(unix_millis);
        Ok(())
    }

    fn advance_clock(&self, by: Seconds) -> PyResult<()> {
        self.here()?.clock().advance(by.0);
        Ok(())
    }

    fn freeze_clock(&self, freeze: bool) -> PyResult<()> {
        let clock = self.here()?.clock();
        if freeze {
            clock.freeze();
        } else {
            clock.resume();
        }
        Ok(())
    }

    /// Users and groups, as JSON.
    fn snapshot(&self) -> PyResult<String> {
        json(&self.here()?.state().snapshot())
    }

    /// How many users, logged in devices, subscriptions and valid tokens there are, as JSON.
    fn counts(&self) -> PyResult<String> {
        json(&self.here()?.state().counts())
    }

    fn register(&self, user: &str) -> PyResult<bool> {
        Ok(self.here()?.state().register(user))
    }

    fn delete(&self, user: &str) -> PyResult<bool> {
        Ok(self.here()?.state().delete(user))
    }

    fn login(&self, user: &str, resource: &str, uuid: Option<&str>, name: Option<&str>) -> PyResult<()> {
        let state = self.here()?.state();
        match (uuid, name) {
            (None, None) => state.login(user, resource),
            (uuid, name) => state.login_with(user, resource, uuid.unwrap_or(""), name.unwrap_or("")),
        }
        Ok(())
    }

    fn logout(&self, user: &str, resource: &str) -> PyResult<bool> {
        Ok(self.here()?.state().logout(user, resource))
    }

    fn set_group_online_count(&self, group_id: &str, query_type: u8, count: u64) -> PyResult<()> {
        self.here()?.state().set_group_online_count(group_id, query_type, count);
        Ok(())
    }

    fn issue_token(&self, ttl: Seconds) -> PyResult<String> {
        Ok(self.here()?.issue_token(ttl.0))
    }

    fn accept_token(&self, token: &str, ttl: Seconds) -> PyResult<()> {
        self.here()?.accept_token(token, ttl.0);
        Ok(())
    }

    /// The body of a callback, signed.
    fn callback(&self, user: &str, resource: &str, reason: &str, secret: &str) -> PyResult<String> {
        Ok(self.here()?.callback(user, resource, reason, secret))
    }

    fn expire_tokens(&self) -> PyResult<()> {
        self.here()?.expire_tokens();
        Ok(())
    }

    fn reset(&self) -> PyResult<()> {
        self.here()?.reset();
        Ok(())
    }

    fn stop_listening(&self, py: Python<'_>) -> PyResult<()> {
        let here = self.here()?;
        py.detach(|| here.stop_listening());
        Ok(())
    }

    fn listen(&self, py: Python<'_>) -> PyResult<()> {
        let here = self.here()?;
        Ok(py.detach(|| here.listen())?)
    }

    fn stop(&self, py: Python<'_>) {
        if let Some(here) = self.emulator.get() {
            py.detach(|| here.stop());
        }
    }
}

fn json(value: &impl Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| PyValueError::new_err(error.to_string()))
}

fn read(settings: &str) -> PyResult<emulator::Settings> {
    serde_json::from_str(settings).map_err(|error| PyValueError::new_err(error.to_string()))
}
