//! A call that has been described and not yet made.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::client::Client;
use crate::error::Error;
use crate::operation::{Operation, Request};
use crate::pipeline::{Answered, Limits};
use crate::wire;

/// One call of the service, made when it is awaited.
///
/// The operations of [`User`](crate::User) and [`Client`] return one, or a [`Many`](crate::Many) where they take a
/// list. What an operation takes beside its arguments is set on it: [`ext`](Call::ext) of a set,
/// [`page_size`](Call::page_size) of a page, [`kind`](Call::kind) of a count, and [`timeout`](Call::timeout) of any.
///
/// Dropping the future cancels the call down to the socket.
///
/// ```
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// use std::time::Duration;
/// use easemob_presence::{Client, Status};
/// # let emulator = easemob_presence_emulator::Emulator::start()?;
/// # let client = Client::builder().emulator(emulator.host()).build()?;
///
/// let call = client.user("c1")?.set("android_1", Status::Online).ext("busy").timeout(Duration::from_secs(2));
/// call.await?;
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a call is made only when it is awaited"]
pub struct Call<O: Operation> {
    client: Client,
    /// The parameters, or which of them is wrong; told when the call is awaited.
    operation: Result<O, Error>,
    limits: Limits,
}

impl<O: Operation> Call<O> {
    pub(crate) fn new(client: &Client, operation: Result<O, Error>) -> Self {
        let operation = operation.map_err(|error| error.during(O::DESCRIPTOR));
        Self { client: client.clone(), operation, limits: client.limits() }
    }

    pub(crate) fn map(self, change: impl FnOnce(O) -> O) -> Self {
        Self { operation: self.operation.map(change), ..self }
    }

    /// The most time this call may take, in place of the client's.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// What the call would send, without sending it.
    ///
    /// ```
    /// # use easemob_presence::Client;
    /// # let client = Client::builder().emulator("127.0.0.1:8088").build()?;
    /// let call = client.user("wzy")?.get("c2");
    /// let request = call.request()?;
    /// assert_eq!((request.method(), request.path()), ("POST", "/users/wzy/presence"));
    /// assert_eq!(request.body(), Some(r#"{"usernames":["c2"]}"#));
    /// # Ok::<(), easemob_presence::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) or [`TooLarge`](crate::ErrorKind::TooLarge): what awaiting
    /// the call would say without sending.
    pub fn request(&self) -> Result<Request, Error> {
        let operation = self.operation.as_ref().map_err(Clone::clone)?;
        operation.request().map_err(|error| error.during(O::DESCRIPTOR))
    }

    /// Gives the answer as it came beside the typed value.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use easemob_presence::{Client, Status};
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// let raw = client.user("c1")?.set("android", Status::Online).with_raw().await?;
    /// assert_eq!((raw.status(), raw.text()), (200, r#"{"result":"ok"}"#));
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_raw(self) -> RawCall<O> {
        RawCall(self)
    }

    async fn value(self) -> Result<O::Output, Error> {
        let pipeline = self.client.pipeline();
        let operation = self.operation?;
        match operation.together().filter(|_| pipeline.gets().are_shared()) {
            Some(get) => pipeline.get_together(get, self.limits).await,
            None => pipeline.execute(operation, self.limits).await.map(|answered| answered.value),
        }
    }

    async fn run(self) -> Result<Answered<O::Output>, Error> {
        self.client.pipeline().execute(self.operation?, self.limits).await
    }
}

impl<O: Operation> IntoFuture for Call<O> {
    type Output = Result<O::Output, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.value().boxed()
    }
}

impl<O: Operation> fmt::Debug for Call<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", &O::DESCRIPTOR.name)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A [`Call`] that gives the raw answer too; see [`Call::with_raw`].
#[must_use = "a call is made only when it is awaited"]
#[derive(Debug)]
pub struct RawCall<O: Operation>(Call<O>);

impl<O: Operation> IntoFuture for RawCall<O> {
    type Output = Result<Raw<O::Output>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        async move { self.0.run().await.map(Raw) }.boxed()
    }
}

/// A typed value beside the answer that it was read from.
#[derive(Debug)]
pub struct Raw<T>(Answered<T>);

impl<T> Raw<T> {
    /// The typed value.
    pub fn value(&self) -> &T {
        &self.0.value
    }

    /// The typed value alone.
    pub fn into_value(self) -> T {
        self.0.value
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The answer's `x-request-id` header.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The answer's text as it came.
    #[must_use]
    pub fn text(&self) -> &str {
        wire::text(&self.0.body)
    }
}
