//! A watcher: started and waited for by submitted calls, and asked directly for all the rest.
//!
//! Events stay in the core until JavaScript takes them: whoever waits is woken once for all that have come, a wait that is
//! given up loses none, and what JavaScript has not seen counts as not given when the state is saved.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use easemob_presence::webhook::Callback;
use easemob_presence::{Watch, Watcher};
use futures_util::FutureExt;
use napi::bindgen_prelude::{Array, Env, Result};
use napi_derive::napi;

use crate::bridge::Home;
use crate::client::list;
use crate::config::millis;
use crate::failure::Failure;
use crate::payload::Payload;
use crate::presences::FlatPresences;
use crate::watch_values as values;

/// The options of a watch; what is not given is the core's default.
#[napi(object, object_to_js = false)]
pub struct NativeWatchOptions {
    pub share: Option<f64>,
    pub calls_per_second: Option<f64>,
    pub min_interval_ms: Option<f64>,
    pub buffer: Option<u32>,
    pub keep_subscribed_seconds: Option<f64>,
    pub unsubscribe_on_close: Option<bool>,
    pub restore: Option<String>,
}

impl NativeWatchOptions {
    pub(crate) fn on(self, watch: Watch) -> Watch {
        let watch = self.share.into_iter().fold(watch, Watch::share);
        let watch = self.calls_per_second.into_iter().fold(watch, Watch::calls_per_second);
        let watch = self.min_interval_ms.into_iter().fold(watch, |w, ms| w.min_interval(millis(ms)));
        let watch = self.buffer.into_iter().fold(watch, |watch, most| watch.buffer(most as usize));
        let ttl = self.keep_subscribed_seconds.map(|seconds| millis(seconds * 1_000.0));
        let watch = ttl.into_iter().fold(watch, Watch::keep_subscribed);
        let watch = self.unsubscribe_on_close.into_iter().fold(watch, Watch::unsubscribe_on_close);
        self.restore.into_iter().fold(watch, Watch::restore)
    }
}

/// A watch, and once it has started its watcher. Dropping it ends that.
#[napi]
pub struct NativeWatcher {
    /// None once it was started: it may hold a hundred thousand ids.
    watch: Mutex<Option<Watch>>,
    started: Arc<OnceLock<Watcher>>,
    home: Home,
}

impl NativeWatcher {
    pub(crate) fn new(watch: Watch, home: Home) -> Self {
        Self { watch: Mutex::new(Some(watch)), started: Arc::default(), home }
    }

    fn watcher(&self) -> Result<&Watcher> {
        Ok(self.started.get().ok_or_else(Failure::broken)?)
    }
}

#[napi]
impl NativeWatcher {
    #[napi]
    pub fn start(&self, id: u32) {
        let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner).take();
        let started = Arc::clone(&self.started);
        self.home.submit(id, async move {
            let watcher = watch.ok_or_else(Failure::broken)?.start().await?;
            started.get_or_init(|| watcher);
            Ok(Payload::Nothing)
        });
    }

    /// Waits until there is an event to take; false if there never will be.
    ///
    /// # Errors
    /// If it was not started; so with all that follow.
    #[napi]
    pub fn ready(&self, id: u32) -> Result<()> {
        let watcher = self.watcher()?.clone();
        self.home.submit(id, async move { Ok(watcher.ready().await.into()) });
        Ok(())
    }

    /// The next event, if one waits: its JSON, then its presence and the one before it if there are any.
    ///
    /// # Errors
    /// If the engine has no memory for the values.
    #[napi]
    pub fn take<'env>(&self, env: &'env Env) -> Result<Option<Array<'env>>> {
        let Some(event) = self.watcher()?.take_ready(1).pop() else { return Ok(None) };
        let mut row = env.create_array(0)?;
        row.insert(values::event(&event))?;
        if let Some(change) = event.change() {
            let presences = std::iter::once(&change.presence).chain(&change.previous);
            row.insert(FlatPresences::list(presences).to_array(env)?)?;
        }
        Ok(Some(row))
    }

    /// # Errors
    /// If the engine has no memory for the values.
    #[napi]
    pub fn get<'env>(&self, env: &'env Env, user_id: String) -> Result<Option<Array<'env>>> {
        let presence = self.watcher()?.get(user_id);
        presence.map(|presence| FlatPresences::list([&presence]).to_array(env)).transpose()
    }

    /// # Errors
    /// If the engine has no memory for the values.
    #[napi]
    pub fn snapshot<'env>(&self, env: &'env Env) -> Result<Array<'env>> {
        let presences = self.watcher()?.snapshot();
        FlatPresences::list(&presences).to_array(env)
    }

    /// As JSON.
    ///
    /// # Errors
    /// None of its own.
    #[napi]
    pub fn occupancy(&self) -> Result<String> {
        Ok(values::occupancy(&self.watcher()?.occupancy()))
    }

    /// # Errors
    /// A failure's JSON as the reason, for a bad id.
    #[napi]
    #[allow(clippy::needless_pass_by_value, reason = "napi hands strings over; here they are only looked at")]
    pub fn add(&self, ids: String) -> Result<()> {
        Ok(self.watcher()?.add(list(&ids)).map_err(Failure::from)?)
    }

    /// # Errors
    /// None of its own.
    #[napi]
    pub fn remove(&self, ids: Vec<String>) -> Result<()> {
        self.watcher()?.remove(ids);
        Ok(())
    }

    /// Takes in a callback in its saved form.
    ///
    /// # Errors
    /// A failure's JSON as the reason, if that is none.
    #[napi]
    pub fn feed(&self, callback: String) -> Result<()> {
        let callback: Callback = serde_json::from_slice(&callback.into_bytes())
            .map_err(|error| napi::Error::from_reason(error.to_string()))?;
        self.watcher()?.feed(&callback);
        Ok(())
    }

    /// As JSON.
    ///
    /// # Errors
    /// None of its own.
    #[napi]
    pub fn stats(&self) -> Result<String> {
        Ok(values::stats(&self.watcher()?.stats()))
    }

    /// # Errors
    /// None of its own.
    #[napi]
    pub fn save(&self) -> Result<String> {
        Ok(self.watcher()?.save())
    }

    /// Begins to close at once; the call ends when the watcher has.
    ///
    /// # Errors
    /// None of its own.
    #[napi]
    pub fn close(&self, id: u32) -> Result<()> {
        let watcher = self.watcher()?.clone();
        // Polled once, which tells the watcher's task.
        let _ = watcher.close().now_or_never();
        self.home.submit(id, async move {
            watcher.close().await;
            Ok(Payload::Nothing)
        });
        Ok(())
    }
}
