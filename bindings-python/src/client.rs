//! The client and its operations: arguments in, a described call out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use easemob_presence as core;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use secrecy::{ExposeSecret, SecretString};

use crate::arguments::{Ids, Number, Priority, Seconds, StatusArgument, Text};
use crate::bridge::{Call, Sink};
use crate::errors::Failure;
use crate::runtime::PerProcess;
use crate::settings;
use crate::streams::{ManyStream, SubscriptionStream};
use crate::values::{GroupKind, Stats, Value};
use crate::watch::{Watch, WatchOptions};

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
    pub(crate) fn core(&self) -> Result<core::Client, Failure> {
        let client = self.shared.client()?;
        if self.shared.closed.load(Ordering::Acquire) {
            client.close();
        }
        Ok(client.with_options(self.options))
    }

    /// The same for a call on many users, which may tell its progress.
    fn many<O: core::operation::Bulk>(
        &self,
        py: Python<'_>,
        timeout: Option<Seconds>,
        reports: bool,
        describe: impl FnOnce(&core::Client) -> Result<core::Many<O>, core::Error> + Send + 'static,
    ) -> PyResult<Call>
    where
        O::Output: Into<Value>,
    {
        let client = self.core().map_err(|failure| failure.into_exception(py))?;
        // Described on the runtime's thread, which then is the one that looks at every id.
        Ok(Call::reporting(O::DESCRIPTOR.name, async move |sink: Sink| {
            let call = describe(&client)?;
            let call = timeout.into_iter().fold(call, |call, Seconds(timeout)| call.timeout(timeout));
            if reports { call.on_progress(move |now| sink.tell(now)).await } else { call.await }
        }))
    }
}

/// A call that `describe` describes, on the runtime's thread.
fn call<O: core::operation::Operation>(
    timeout: Option<Seconds>,
    describe: impl FnOnce() -> core::Call<O> + Send + 'static,
) -> Call
where
    O::Output: Into<Value>,
{
    Call::reporting(O::DESCRIPTOR.name, move |_| match timeout {
        Some(Seconds(timeout)) => describe().timeout(timeout).into_future(),
        None => describe().into_future(),
    })
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
        Ok(User { client: self.clone(), id, made: PerProcess::new() })
    }

    fn online_states(
        &self,
        py: Python<'_>,
        ids: Ids,
        timeout: Option<Seconds>,
        reports: bool,
    ) -> PyResult<Call> {
        self.many(py, timeout, reports, move |client| Ok(client.online_states(ids.iter())))
    }

    fn group_online_count(
        &self,
        py: Python<'_>,
        group_id: Text,
        kind: GroupKind,
        timeout: Option<Seconds>,
    ) -> PyResult<Call> {
        let client = self.core().map_err(|failure| failure.into_exception(py))?;
        Ok(call(timeout, move || client.group_online_count(group_id.0).kind(kind.into())))
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
    made: PerProcess<core::User>,
}

impl User {
    /// This user in this process's client.
    fn core(&self) -> Result<core::User, Failure> {
        self.made.get_or_make(|| Ok(self.client.core()?.user(&self.id)?)).cloned()
    }

    fn call<O: core::operation::Operation>(
        &self,
        py: Python<'_>,
        timeout: Option<Seconds>,
        describe: impl FnOnce(core::User) -> core::Call<O> + Send + 'static,
    ) -> PyResult<Call>
    where
        O::Output: Into<Value>,
    {
        let user = self.core().map_err(|failure| failure.into_exception(py))?;
        Ok(call(timeout, move || describe(user)))
    }

    fn many<O: core::operation::Bulk>(
        &self,
        py: Python<'_>,
        timeout: Option<Seconds>,
        reports: bool,
        describe: impl FnOnce(core::User) -> core::Many<O> + Send + 'static,
    ) -> PyResult<Call>
    where
        O::Output: Into<Value>,
    {
        let id = self.id.clone();
        self.client.many(py, timeout, reports, move |client| Ok(describe(client.user(id)?)))
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
        self.call(py, timeout, move |user| user.set(resource.0, status.0).ext(ext.0))
    }

    fn subscribe(
        &self,
        py: Python<'_>,
        ids: Ids,
        ttl: Option<Seconds>,
        timeout: Option<Seconds>,
        reports: bool,
    ) -> PyResult<Call> {
        self.many(py, timeout, reports, move |user| match ttl {
            Some(Seconds(ttl)) => user.subscribe(ids.iter()).ttl(ttl),
            None => user.subscribe(ids.iter()),
        })
    }

    fn get(&self, py: Python<'_>, user_id: Text, timeout: Option<Seconds>) -> PyResult<Call> {
        self.call(py, timeout, move |user| user.get(user_id.0))
    }

    fn get_many(&self, py: Python<'_>, ids: Ids, timeout: Option<Seconds>, reports: bool) -> PyResult<Call> {
        self.many(py, timeout, reports, move |user| user.get_many(ids.iter()))
    }

    fn iter_many(&self, py: Python<'_>, total: Option<usize>) -> PyResult<ManyStream> {
        let stream = self.core().and_then(|user| ManyStream::start(&user, total));
        stream.map_err(|failure| failure.into_exception(py))
    }

    fn unsubscribe(
        &self,
        py: Python<'_>,
        ids: Ids,
        timeout: Option<Seconds>,
        reports: bool,
    ) -> PyResult<Call> {
        self.many(py, timeout, reports, move |user| user.unsubscribe(ids.iter()))
    }

    fn subscriptions(&self, py: Python<'_>, page_size: Option<Number>) -> PyResult<SubscriptionStream> {
        let stream =
            self.core().map(|user| user.subscriptions()).map_err(|failure| failure.into_exception(py))?;
        let stream = page_size.into_iter().fold(stream, |stream, Number(size)| stream.page_size(size));
        Ok(SubscriptionStream::new(stream))
    }

    fn subscriptions_page(
        &self,
        py: Python<'_>,
        page: Number,
        page_size: Option<Number>,
        timeout: Option<Seconds>,
    ) -> PyResult<Call> {
        self.call(py, timeout, move |user| match page_size {
            Some(Number(size)) => user.subscriptions_page(page.0).page_size(size),
            None => user.subscriptions_page(page.0),
        })
    }

    fn devices(&self, py: Python<'_>, timeout: Option<Seconds>) -> PyResult<Call> {
        self.call(py, timeout, move |user| user.devices())
    }

    fn is_online(&self, py: Python<'_>, timeout: Option<Seconds>) -> PyResult<Call> {
        self.call(py, timeout, move |user| user.is_online())
    }

    fn watch(&self, ids: Ids, options: WatchOptions) -> Watch {
        Watch::new(self.client.clone(), self.id.clone(), ids, options)
    }
}
