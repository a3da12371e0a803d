//! How a finished future reaches JavaScript: the completions of many calls settle in one wake.
//!
//! JavaScript makes a promise, keeps it under an id and submits the call with that id. The finished call puts
//! `(id, outcome)` into the mailbox of its environment and, if that says so, sends a wake through the environment's
//! only thread-safe function. JavaScript then drains. No wake is lost: `Mailbox` has the protocol.
//!
//! The thread-safe function is weak; it is referred to while a call is under way, and only then does it keep the
//! process alive. When the environment ends, its calls are dropped and later completions go nowhere.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use easemob_presence::Progress;
use easemob_presence_bindings::{Mailbox, behind_others};
use napi::bindgen_prelude::{Array, Env, Function, Null, Result};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::failure::Failure;
use crate::payload::{Payload, progress_json};
use crate::runtime;

type Wake = ThreadsafeFunction<(), (), (), napi::Status, false, true>;

/// What a call ends with.
pub(crate) type Outcome = std::result::Result<Payload, Failure>;

/// A message for JavaScript.
enum Row {
    Ended(u32, Outcome),
    /// How far a call is.
    Progress(u32, Progress),
    /// A client asks its token provider, which is JavaScript, for a token.
    TokenWanted {
        client: u32,
        request: u32,
    },
}

/// One environment's calls under way.
#[derive(Default)]
struct State {
    calls: HashMap<u32, AbortHandle>,
    ended: bool,
}

/// What the environment's thread and the runtime's share.
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Messages not yet fetched. Those of calls are put in under the lock of `state`: whoever holds it sees a call
    /// either there or here.
    rows: Mailbox<Row>,
    wake: Mutex<Wake>,
    runtime: &'static Handle,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held; if it ever does, the state is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks JavaScript for a token of that client.
    pub(crate) fn want_token(self: &Arc<Self>, client: u32, request: u32) {
        if self.rows.put(Row::TokenWanted { client, request }) {
            self.send_wake();
        }
    }

    /// Tells how far a call is, unless it is nobody's any more.
    pub(crate) fn tell(self: &Arc<Self>, id: u32, progress: Progress) {
        let asleep = {
            let state = self.lock();
            state.calls.contains_key(&id) && self.rows.put(Row::Progress(id, progress))
        };
        if asleep {
            self.send_wake();
        }
    }

    fn complete(self: &Arc<Self>, id: u32, outcome: Outcome) {
        let asleep = {
            let mut state = self.lock();
            // A call that was cancelled, or whose environment has ended, is nobody's any more.
            state.calls.remove(&id).is_some() && self.rows.put(Row::Ended(id, outcome))
        };
        if asleep {
            self.send_wake();
        }
    }

    /// Behind the tasks that are ready now, see `behind_others`. Where the runtime ends before, dropping wakes.
    fn send_wake(self: &Arc<Self>) {
        let wake = WakeOnDrop(Arc::clone(self));
        self.runtime.spawn(async move {
            let _wake = wake;
            behind_others().await;
        });
    }

    fn lock_wake(&self) -> MutexGuard<'_, Wake> {
        self.wake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        self.rows.discard();
        for (_, call) in state.calls.drain() {
            call.abort();
        }
    }
}

/// Wakes the environment's thread when it is dropped.
struct WakeOnDrop(Arc<Shared>);

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        if self.0.lock().ended {
            return;
        }
        // Refused only where the environment is going away, and nobody waits any more.
        self.0.lock_wake().call((), ThreadsafeFunctionCallMode::NonBlocking);
    }
}

/// An environment's own end, for its thread.
#[derive(Clone)]
pub(crate) struct Home {
    env: Env,
    shared: Arc<Shared>,
}

impl Home {
    /// Starts a call; its outcome will be drained under `id`.
    pub(crate) fn submit<F>(&self, id: u32, call: F)
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        // Held until the call is known: it may end before `spawn` returns.
        let mut state = self.shared.lock();
        if state.ended {
            return;
        }
        let slip = Slip { shared: Arc::clone(&self.shared), id, outcome: None };
        let task = self.shared.runtime.spawn(async move { slip.hand_in(call.await) });
        if state.calls.insert(id, task.abort_handle()).is_none() {
            self.keep_alive(true);
        }
    }

    /// Where futures run.
    pub(crate) fn runtime(&self) -> &'static Handle {
        self.shared.runtime
    }

    /// What the runtime's thread may hold.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Whether the process stays alive for this environment's calls. Costs next to nothing where nothing changes.
    #[expect(deprecated, reason = "what napi advises instead, dropping the function, cannot be taken back")]
    fn keep_alive(&self, alive: bool) {
        let mut wake = self.shared.lock_wake();
        // Refused only where the environment is going away, and there is nothing left to keep alive.
        let _ = if alive { wake.refer(&self.env) } else { wake.unref(&self.env) };
    }
}

/// Hands in the outcome when the task's future is dropped, so that a call that panics is told as well.
struct Slip {
    shared: Arc<Shared>,
    id: u32,
    outcome: Option<Outcome>,
}

impl Slip {
    fn hand_in(mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }
}

impl Drop for Slip {
    fn drop(&mut self) {
        let outcome = self.outcome.take().unwrap_or_else(|| Err(Failure::broken()));
        self.shared.complete(self.id, outcome);
    }
}

/// One environment's bridge. Made once by the environment's `bridge.ts`.
#[napi]
pub struct Bridge {
    home: Home,
}

impl Bridge {
    /// For what makes calls.
    pub(crate) fn home(&self) -> Home {
        self.home.clone()
    }
}

#[napi]
impl Bridge {
    /// `wake` is called, without arguments, when there is something to drain.
    ///
    /// # Errors
    /// If the system gives no thread for the runtime, or the environment no thread-safe function.
    #[napi(constructor)]
    pub fn new(env: Env, wake: Function<'_, (), ()>) -> Result<Self> {
        let runtime = runtime::handle()?;
        let wake = wake.build_threadsafe_function::<()>().weak::<true>().build()?;
        let (state, rows, wake) = (Mutex::default(), Mailbox::default(), Mutex::new(wake));
        let shared = Arc::new(Shared { state, rows, wake, runtime });
        env.add_env_cleanup_hook(Arc::clone(&shared), |shared| shared.end())?;
        Ok(Self { home: Home { env, shared } })
    }

    /// Takes all messages, three array elements each: `id, succeeded, value` of a call that ended (the value of a
    /// failure is its JSON, or a list of that and the presences that were answered), `id, null, progress` of a call under
    /// way, or `client, undefined, request` of a client that asks for a token.
    ///
    /// # Errors
    /// If the engine has no memory for the values.
    #[napi]
    pub fn drain<'env>(&self, env: &'env Env) -> Result<Array<'env>> {
        let shared = &self.home.shared;
        let (rows, all_ended) = {
            let state = shared.lock();
            (shared.rows.take(), state.calls.is_empty())
        };
        if all_ended {
            self.home.keep_alive(false);
        }
        let mut drained = env.create_array(0)?;
        for row in rows {
            match row {
                Row::Ended(id, outcome) => {
                    drained.insert(id)?;
                    drained.insert(outcome.is_ok())?;
                    match outcome {
                        Ok(payload) => payload.append_to(&mut drained, *env)?,
                        Err(failure) => failure.append_to(&mut drained, *env)?,
                    }
                }
                Row::Progress(id, progress) => {
                    drained.insert(id)?;
                    drained.insert(Null)?;
                    drained.insert(progress_json(&progress))?;
                }
                Row::TokenWanted { client, request } => {
                    drained.insert(client)?;
                    drained.insert(())?;
                    drained.insert(request)?;
                }
            }
        }
        Ok(drained)
    }

    /// Drops a call under way, and with it its request. Nothing is drained for it, unless it has ended already.
    #[napi]
    pub fn cancel(&self, id: u32) {
        let mut state = self.home.shared.lock();
        if let Some(call) = state.calls.remove(&id) {
            call.abort();
        }
        if state.calls.is_empty() && self.home.shared.rows.is_empty() {
            self.home.keep_alive(false);
        }
    }
}
