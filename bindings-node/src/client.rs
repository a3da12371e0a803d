//! One short method per operation: arguments in, a call submitted under the caller's id.
//!
//! Arguments are checked by the core when the call runs, on the runtime's thread.

use std::sync::Arc;

use easemob_presence::operation::Bulk;
use easemob_presence::{Client, Error, GroupKind, Many, Status, User};
use napi::bindgen_prelude::Result;
use napi_derive::napi;

use crate::bridge::{Bridge, Home};
use crate::config::{ClientConfig, millis, options};
use crate::failure::Failure;
use crate::payload::Payload;
use crate::readers::{ManyReader, SubscriptionsReader};
use crate::stats;
use crate::token_provider::Questions;
use crate::watch::{NativeWatchOptions, NativeWatcher};

/// A client of the core, bound to one environment's bridge.
#[napi]
pub struct NativeClient {
    client: Client,
    home: Home,
    questions: Arc<Questions>,
}

#[napi]
impl NativeClient {
    /// # Errors
    /// A failure's JSON as the reason.
    #[napi(constructor)]
    pub fn new(bridge: &Bridge, config: ClientConfig) -> Result<Self> {
        let (home, questions) = (bridge.home(), Arc::new(Questions::default()));
        let client = config.build(home.shared(), &questions).map_err(Failure::from)?;
        Ok(Self { client, home, questions })
    }

    /// The same client with other options.
    #[napi]
    pub fn with_options(
        &self,
        timeout_ms: Option<f64>,
        attempt_timeout_ms: Option<f64>,
        max_attempts: Option<u32>,
        background: Option<bool>,
        grouped: Option<bool>,
    ) -> Self {
        let options = options(timeout_ms, attempt_timeout_ms, max_attempts, background, grouped);
        Self {
            client: self.client.with_options(options),
            home: self.home.clone(),
            questions: Arc::clone(&self.questions),
        }
    }

    /// Ends every call under way, and refuses every later one.
    #[napi]
    pub fn close(&self) {
        self.client.close();
    }

    /// The client's numbers, as JSON.
    #[napi]
    pub fn stats(&self) -> String {
        stats::json(&self.client.stats())
    }

    /// # Errors
    /// A failure's JSON as the reason, if the client has no client secret, or it cannot be one.
    #[napi]
    pub fn rotate_client_secret(&self, client_secret: String) -> Result<()> {
        Ok(self.client.rotate_client_secret(client_secret).map_err(Failure::from)?)
    }

    /// The answer of the token provider to one question; no token if it threw.
    #[napi]
    pub fn answer_token(&self, request: u32, token: Option<String>, expires_in_ms: Option<f64>) {
        self.questions.answer(request, token, expires_in_ms.map(millis));
    }

    /// # Errors
    /// A failure's JSON as the reason, if that is no user id.
    #[napi]
    pub fn check_user(&self, user: String) -> Result<()> {
        Ok(self.client.user(user).map(drop).map_err(Failure::from)?)
    }

    #[napi]
    pub fn set(&self, id: u32, user: String, resource: String, status: Option<u32>, ext: Option<String>) {
        self.by_user(id, user, async move |user| {
            user.set(resource, Status::from(status)).ext(ext.unwrap_or_default()).await
        });
    }

    #[napi]
    pub fn subscribe(
        &self,
        id: u32,
        user: String,
        ids: String,
        ttl_seconds: Option<f64>,
        timeout_ms: Option<f64>,
        reports: bool,
    ) {
        let ask = self.asking(id, timeout_ms, reports);
        self.by_user(id, user, async move |user| {
            let call = user.subscribe(list(&ids));
            ask(match ttl_seconds {
                Some(seconds) => call.ttl(millis(seconds * 1_000.0)),
                None => call,
            })
            .await
        });
    }

    #[napi]
    pub fn get(&self, id: u32, user: String, user_id: String) {
        self.by_user(id, user, async move |user| user.get(user_id).await);
    }

    #[napi]
    pub fn get_many(&self, id: u32, user: String, ids: String, timeout_ms: Option<f64>, reports: bool) {
        let ask = self.asking(id, timeout_ms, reports);
        self.by_user(id, user, async move |user| ask(user.get_many(list(&ids))).await);
    }

    #[napi]
    pub fn unsubscribe(&self, id: u32, user: String, ids: String, timeout_ms: Option<f64>, reports: bool) {
        let ask = self.asking(id, timeout_ms, reports);
        self.by_user(id, user, async move |user| ask(user.unsubscribe(list(&ids))).await);
    }

    #[napi]
    pub fn subscriptions_page(&self, id: u32, user: String, page: u32, page_size: Option<u32>) {
        self.by_user(id, user, async move |user| {
            let call = user.subscriptions_page(page);
            match page_size {
                Some(size) => call.page_size(size).await,
                None => call.await,
            }
        });
    }

    #[napi]
    pub fn devices(&self, id: u32, user: String) {
        self.by_user(id, user, async |user| user.devices().await);
    }

    #[napi]
    pub fn is_online(&self, id: u32, user: String) {
        self.by_user(id, user, async |user| user.is_online().await);
    }

    #[napi]
    pub fn online_states(&self, id: u32, ids: String, timeout_ms: Option<f64>, reports: bool) {
        let ask = self.asking(id, timeout_ms, reports);
        self.submit(id, async move |client| ask(client.online_states(list(&ids))).await);
    }

    #[napi]
    pub fn group_online_count(&self, id: u32, group_id: String, super_community_server: bool) {
        let kind = if super_community_server { GroupKind::SuperCommunityServer } else { GroupKind::Group };
        self.submit(id, async move |client| client.group_online_count(group_id).kind(kind).await);
    }

    #[napi]
    pub fn app_token(&self, id: u32) {
        self.submit(id, async |client| client.app_token().await);
    }

    /// A reader of all subscriptions.
    ///
    /// # Errors
    /// A failure's JSON as the reason, if that is no user id.
    #[napi]
    pub fn subscriptions(&self, user: String, page_size: Option<u32>) -> Result<SubscriptionsReader> {
        let stream = self.client.user(user).map_err(Failure::from)?.subscriptions();
        let stream = match page_size {
            Some(size) => stream.page_size(size),
            None => stream,
        };
        Ok(SubscriptionsReader::new(stream, self.home.clone()))
    }

    /// A reader of the presence of users who are given as it goes; `total` is how many, if that is known.
    ///
    /// # Errors
    /// A failure's JSON as the reason, if that is no user id.
    #[napi]
    pub fn iter_many(&self, user: String, total: Option<u32>) -> Result<ManyReader> {
        let user = self.client.user(user).map_err(Failure::from)?;
        Ok(ManyReader::new(&user, total, self.home.clone()))
    }

    /// A watch, not yet started.
    ///
    /// # Errors
    /// A failure's JSON as the reason, if that is no user id.
    #[napi]
    #[allow(clippy::needless_pass_by_value, reason = "napi hands strings over; here they are only looked at")]
    pub fn watch(&self, user: String, ids: String, options: NativeWatchOptions) -> Result<NativeWatcher> {
        let user = self.client.user(user).map_err(Failure::from)?;
        Ok(NativeWatcher::new(options.on(user.watch(list(&ids))), self.home.clone()))
    }
}

impl NativeClient {
    /// What is set on a call on many users before it is made.
    fn asking<O: Bulk>(
        &self,
        id: u32,
        timeout_ms: Option<f64>,
        reports: bool,
    ) -> impl FnOnce(Many<O>) -> <Many<O> as IntoFuture>::IntoFuture + Send + use<O> {
        let shared = Arc::clone(self.home.shared());
        move |call| {
            let call = timeout_ms.into_iter().fold(call, |call, timeout| call.timeout(millis(timeout)));
            let call = if reports { call.on_progress(move |now| shared.tell(id, now)) } else { call };
            call.into_future()
        }
    }

    fn submit<T, F, Fut>(&self, id: u32, call: F)
    where
        T: Into<Payload>,
        F: FnOnce(Client) -> Fut + Send + 'static,
        Fut: Future<Output = std::result::Result<T, Error>> + Send + 'static,
    {
        let client = self.client.clone();
        self.home.submit(id, async move { Ok(call(client).await?.into()) });
    }

    fn by_user<T, F, Fut>(&self, id: u32, user: String, call: F)
    where
        T: Into<Payload>,
        F: FnOnce(User) -> Fut + Send + 'static,
        Fut: Future<Output = std::result::Result<T, Error>> + Send + 'static,
    {
        self.submit(id, async move |client: Client| call(client.user(user)?).await);
    }
}

/// The ids in a text: how many there are, then each behind a NUL. One that holds a NUL itself makes them more than there
/// are: then all of it goes on as an id, which the core refuses.
pub(crate) fn list(text: &str) -> Vec<&str> {
    let mut parts = text.split('\0');
    let count = parts.next().and_then(|count| count.parse().ok());
    let list: Vec<_> = parts.collect();
    if count == Some(list.len()) { list } else { vec![text] }
}
