//! The client and its operations: arguments in, a described call out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use easemob_presence as core;
use futures_util::StreamExt;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::arguments::{Ids, Number, Priority, Seconds, StatusArgument, Text};
use crate::bridge::Call;
use crate::errors::Failure;
use crate::runtime::{Local, PerProcess};
use crate::settings;
use crate::values::{GroupKind, Stats};

/// What the copies of one client share. Connections belong to the runtime that made them, so a process that was
/// forked builds its own client from the same settings.
struct Shared {
    builder: core::ClientBuilder,
    client: PerProcess<core::Client>,
    /// The client secret that took the builder's place. Without a lock, which a fork could inherit locked.
    rotated: ArcSwapOption<SecretString>,
    closed: AtomicBool,
}

impl Shared {
    /// This process's client, as the builder and what was changed since describe it.
    fn client(&self) -> Result<&core::Client, core::Error> {
        self.client.get_or_make(|| {
            let client = self.builder.clone().build()?;
            if let Some(secret) = &*self.rotated.load() {
                client.rotate_client_secret(secret.expose_secret())?;
            }
            Ok(client)
        })
    }
}

/// A client of one app.
#[pyclass(frozen, module = "easemob_presence._native")]
#[derive(Clone)]
pub(crate) struct Client {
    shared: Arc<Shared>,
    options: core::Options,
}

impl Client {
    fn core(&self) -> Result<core::Client, Failure> {
        let client = self.shared.client()?;
        if self.shared.closed.load(Ordering::Acquire) {
            client.close();
        }
        Ok(client.with_options(self.options))
    }

    /// Runs `describe` with this process's client.
    fn call<O: core::operation::Operation>(
        &self,
        py: Python<'_>,
        timeout: Option<Seconds>,
        describe: impl FnOnce(&core::Client) -> Result<core::Call<O>, core::Error>,
    ) -> PyResult<Call>
    where
        O::Output: Into<crate::values::Value>,
    {
        let call = self.core().and_then(|client| Ok(describe(&client)?));
        let call = call.map_err(|failure| failure.into_exception(py))?;
        Ok(Call::new(
            O::DESCRIPTOR.name,
            match timeout {
                Some(Seconds(timeout)) => call.timeout(timeout).into_future(),
                None => call.into_future(),
            },
        ))
    }
}

#[pymethods]
impl Client {
    #[new]
    fn new(py: Python<'_>, settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        let builder = settings::builder(settings)?;
        let shared = Shared {
            builder,
            client: PerProcess::new(),
            rotated: ArcSwapOption::empty(),
            closed: AtomicBool::new(false),
        };
        let client = Self { shared: Arc::new(shared), options: core::Options::new() };
        // Reading the system's certificates takes a while, and may log in some platforms' libraries.
        py.detach(|| client.core()).map_err(|failure| failure.into_exception(py))?;
        Ok(client)
    }

    #[pyo3(signature = (*, timeout, attempt_timeout, max_attempts, priority, grouped))]
    fn with_options(
        &self,
        timeout: Option<Seconds>,
        attempt_timeout: Option<Seconds>,
        max_attempts: Option<Number>,
        priority: Option<Priority>,
        grouped: Option<bool>,
    ) -> Self {
        let options = timeout.into_iter().fold(self.options, |o, Seconds(given)| o.timeout(given));
        let options = attempt_timeout.into_iter().fold(options, |o, Seconds(given)| o.attempt_timeout(given));
        let options = max_attempts.into_iter().fold(options, |o, Number(given)| o.max_attempts(given));
        let options = priority.into_iter().fold(options, |o, Priority(given)| o.priority(given));
        let options = grouped.into_iter().fold(options, core::Options::grouped);
        Self { shared: Arc::clone(&self.shared), options }
    }

    fn stats(&self, py: Python<'_>) -> PyResult<Stats> {
        Ok(self.core().map_err(|failure| failure.into_exception(py))?.stats().into())
    }

    fn rotate_client_secret(&self, py: Python<'_>, client_secret: Text) -> PyResult<()> {
        let client = self.core().map_err(|failure| failure.into_exception(py))?;
        let secret = SecretString::from(client_secret.0);
        let rotated = client.rotate_client_secret(secret.expose_secret());
        rotated.map_err(|error| Failure::from(error).into_exception(py))?;
        self.shared.rotated.store(Some(Arc::new(secret)));
        Ok(())
    }

    fn close(&self) {
        self.shared.closed.store(true, Ordering::Release);
        if let Some(client) = self.shared.client.get() {
            client.close();
        }
    }

    fn user(&self, py: Python<'_>, user_id: Text) -> PyResult<User> {
        let id = core::UserId::new(user_id.0).map_err(|error| Failure::from(error).into_exception(py))?;
        Ok(User { client: self.clone(), id })
    }

    fn online_states(&self, py: Python<'_>, ids: Ids, timeout: Option<Seconds>) -> PyResult<Call> {
        self.call(py, timeout, |client| Ok(client.online_states(ids.0)))
    }

    fn group_online_count(
        &self,
        py: Python<'_>,
        group_id: Text,
        kind: GroupKind,
        timeout: Option<Seconds>,
    ) -> PyResult<Call> {
        self.call(py, timeout, |client| Ok(client.group_online_count(group_id.0).kind(kind.into())))
    }

    fn app_token(&self, py: Python<'_>) -> PyResult<Call> {
        let client = self.core().map_err(|failure| failure.into_exception(py))?;
        Ok(Call::new("app_token", async move { client.app_token().await }))
    }
}

/// One user of the app, as the one who sets, subscribes and asks.
#[pyclass(frozen, module = "easemob_presence._native")]
pub(crate) struct User {
    client: Client,
    id: core::UserId,
}

impl User {
    fn call<O: core::operation::Operation>(
        &self,
        py: Python<'_>,
        timeout: Option<Seconds>,
        describe: impl FnOnce(core::User) -> core::Call<O>,
    ) -> PyResult<Call>
    where
        O::Output: Into<crate::values::Value>,
    {
        self.client.call(py, timeout, |client| Ok(describe(client.user(&self.id)?)))
    }
}

#[pymethods]
impl User {
    #[getter]
    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn set(
        &self,
        py: Python<'_>,
        status: StatusArgument,
        resource: Text,
        ext: Text,
        timeout: Option<Seconds>,
    ) -> PyResult<Call> {
        self.call(py, timeout, |user| user.set(resource.0, status.0).ext(ext.0))
    }

    fn subscribe(
        &self,
        py: Python<'_>,
        ids: Ids,
        ttl: Option<Seconds>,
        timeout: Option<Seconds>,
    ) -> PyResult<Call> {
        self.call(py, timeout, |user| match ttl {
            Some(Seconds(ttl)) => user.subscribe(ids.0).ttl(ttl),
            None => user.subscribe(ids.0),
        })
    }

    fn get(&self, py: Python<'_>, user_id: Text, timeout: Option<Seconds>) -> PyResult<Call> {
        self.call(py, timeout, |user| user.get(user_id.0))
    }

    fn get_many(&self, py: Python<'_>, ids: Ids, timeout: Option<Seconds>) -> PyResult<Call> {
        self.call(py, timeout, |user| user.get_many(ids.0))
    }

    fn unsubscribe(&self, py: Python<'_>, ids: Ids, timeout: Option<Seconds>) -> PyResult<Call> {
        self.call(py, timeout, |user| user.unsubscribe(ids.0))
    }

    fn subscriptions(&self, py: Python<'_>, page_size: Option<Number>) -> PyResult<SubscriptionStream> {
        let stream = || {
            let stream = self.client.core()?.user(&self.id)?.subscriptions();
            Ok(page_size.into_iter().fold(stream, |stream, Number(size)| stream.page_size(size)))
        };
        let stream: Result<_, Failure> = stream();
        let stream = stream.map_err(|failure| failure.into_exception(py))?;
        Ok(SubscriptionStream { stream: Local::new(Arc::new(Mutex::new(stream))), total: Arc::default() })
    }

    fn subscriptions_page(
        &self,
        py: Python<'_>,
        page: Number,
        page_size: Option<Number>,
        timeout: Option<Seconds>,
    ) -> PyResult<Call> {
        self.call(py, timeout, |user| match page_size {
            Some(Number(size)) => user.subscriptions_page(page.0).page_size(size),
            None => user.subscriptions_page(page.0),
        })
    }

    fn devices(&self, py: Python<'_>, timeout: Option<Seconds>) -> PyResult<Call> {
        self.call(py, timeout, |user| user.devices())
    }

    fn is_online(&self, py: Python<'_>, timeout: Option<Seconds>) -> PyResult<Call> {
        self.call(py, timeout, |user| user.is_online())
    }
}

/// All subscriptions of a user, page after page. A call that is cancelled loses nothing: the next one goes on.
#[pyclass(frozen, module = "easemob_presence._native")]
pub(crate) struct SubscriptionStream {
    stream: Local<Arc<Mutex<core::Subscriptions>>>,
    total: Arc<ArcSwapOption<u64>>,
}

#[pymethods]
impl SubscriptionStream {
    /// How many subscriptions there are, as the latest page counted; none before the first page.
    #[getter]
    fn total(&self) -> Option<u64> {
        self.total.load().as_deref().copied()
    }

    /// The next subscriptions, as many as one page brought; none at the end.
    fn next(&self, py: Python<'_>) -> PyResult<Call> {
        let stream = self.stream.get().ok_or_else(|| Failure::Forked.into_exception(py))?;
        let (stream, total) = (Arc::clone(stream), Arc::clone(&self.total));
        Ok(Call::new("subscriptions", async move {
            let mut stream = stream.lock().await;
            let first = stream.next().await.transpose()?;
            total.store(stream.total().map(Arc::new));
            let Some(first) = first else { return Ok(Vec::new()) };
            let mut ready = vec![first];
            ready.append(&mut stream.take_ready());
            Ok::<_, core::Error>(ready)
        }))
    }
}
