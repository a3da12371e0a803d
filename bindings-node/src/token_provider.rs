//! A token provider written in JavaScript: the client's question goes out with the drained messages, the answer
//! comes back by its number.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use easemob_presence::{AppToken, ProvidedToken, TokenProvider};
use tokio::sync::oneshot;

use crate::bridge::Shared;

/// What the provider gave; without a token it failed, and JavaScript keeps what it threw.
pub(crate) type Answer = Option<AppToken>;

/// The questions of one client that wait for their answers.
#[derive(Default)]
pub(crate) struct Questions {
    waiting: Mutex<HashMap<u32, oneshot::Sender<Answer>>>,
    last: AtomicU32,
}

impl Questions {
    /// Hands in the answer to a question. One that nobody waits for any more is dropped.
    pub(crate) fn answer(&self, request: u32, token: Option<String>, lifetime: Option<Duration>) {
        let token = token.map(|token| match lifetime {
            Some(lifetime) => AppToken::new(token).expires_in(lifetime),
            None => AppToken::new(token),
        });
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&request);
        if let Some(waiting) = waiting {
            // Fails only if the call gave up in between.
            let _ = waiting.send(token);
        }
    }

    fn ask(&self) -> (u32, oneshot::Receiver<Answer>) {
        let request = self.last.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(request, answer);
        (request, answered)
    }
}

/// The core's view of a provider in JavaScript.
pub(crate) struct JsTokenProvider {
    pub(crate) shared: Arc<Shared>,
    pub(crate) client: u32,
    pub(crate) questions: Arc<Questions>,
}

impl TokenProvider for JsTokenProvider {
    fn token(&self) -> ProvidedToken<'_> {
        Box::pin(async move {
            let (request, answered) = self.questions.ask();
            let asked = Asked { questions: &self.questions, request };
            self.shared.want_token(self.client, request);
            let answer = answered.await;
            drop(asked);
            answer.ok().flatten().ok_or_else(|| ProviderFailure { request }.into())
        })
    }
}

/// Forgets the question when nobody waits for its answer any more.
struct Asked<'a> {
    questions: &'a Questions,
    request: u32,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.questions.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.request);
    }
}

/// Names what the provider threw; the value itself stays in JavaScript.
#[derive(Debug)]
pub(crate) struct ProviderFailure {
    pub(crate) request: u32,
}

impl fmt::Display for ProviderFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the token provider threw")
    }
}

impl std::error::Error for ProviderFailure {}
