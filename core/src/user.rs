use std::fmt;

use futures_core::Stream;
use futures_util::stream;

use crate::call::Call;
use crate::client::Client;
use crate::many::{IterMany, Many};
use crate::model::{Resource, Status, UserId};
use crate::operation::{
    Batch, DEFAULT_PAGE_SIZE, DEFAULT_TTL, Devices, Get, GetMany, GetSubscriptionsPage, IsOnline, Set,
    Subscribe, Unsubscribe,
};
use crate::subscriptions::Subscriptions;
use crate::watch::Watch;

/// One user of the app, as the one who sets, subscribes and asks. Made by [`Client::user`]; cheap to clone.
#[derive(Clone)]
pub struct User {
    client: Client,
    id: UserId,
}

impl User {
    pub(crate) fn new(client: Client, id: UserId) -> Self {
        Self { client, id }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The user's id.
    #[must_use]
    pub fn id(&self) -> &UserId {
        &self.id
    }

    /// Sets the status of one of the user's devices, and the user's own text:
    /// `POST /users/{username}/presence/{resource}/{status}`.
    ///
    /// `resource` is the device (`android_123423453246`); the service does not check that it ever logged in. The
    /// text is given with [`.ext("busy")`](Call::ext), at most 1,024 bytes; without it the text becomes empty.
    /// Limit: 50 calls a second per App Key. Setting again what is set changes nothing.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) for a bad resource, status or text;
    /// [`FeatureDisabled`](crate::ErrorKind::FeatureDisabled) where presence is not switched on for the app; see
    /// [`Error`](crate::Error) for the rest.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use easemob_presence::{Client, Status};
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// client.user("c1")?.set("android_123423453246", Status::Custom(100)).ext("busy").await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set(&self, resource: impl AsRef<str>, status: Status) -> Call<Set> {
        let set = |resource| Set { user: self.id.clone(), resource, status, ext: String::new() };
        Call::new(&self.client, Resource::new(resource.as_ref()).map(set))
    }

    /// Subscribes to any number of users and answers their current presence, with the time when each subscription ends:
    /// `POST /users/{username}/presence/{expiry}`, for each 100 of them.
    ///
    /// Subscribing makes the service notify the clients of *this* user. It lasts a day unless
    /// [`.ttl(…)`](Many::ttl) says otherwise (1 s to 30 days); subscribing again replaces the end. The service keeps
    /// at most 3,000 subscriptions per user and 3,000 subscribers of one. Limit: 50 requests a second per App Key. No
    /// ids: an empty answer without a request.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) for a bad id, the user itself or a ttl out of range;
    /// [`Partial`](crate::ErrorKind::Partial) if some requests succeeded and others failed; see
    /// [`Error`](crate::Error) for the rest.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use std::time::Duration;
    /// # use easemob_presence::Client;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// let presences = client.user("wzy")?.subscribe(["c2", "c3"]).ttl(Duration::from_secs(1000)).await?;
    /// for presence in &presences {
    ///     println!("{} until {:?}", presence.user_id(), presence.expires_at());
    /// }
    /// # assert_eq!(presences.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscribe<I>(&self, ids: I) -> Many<Subscribe>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let subscribe = |batch| Subscribe { user: self.id.clone(), batch, ttl: DEFAULT_TTL };
        Many::new(&self.client, Batch::collect(ids).map(subscribe))
    }

    /// Reads the presence of one user: `POST /users/{username}/presence`.
    ///
    /// Limit: 50 calls a second per App Key, shared with [`get_many`](User::get_many). Gets made at the same time, from
    /// any number of tasks, go as one call of up to 100 users ([`coalesce`](crate::ClientBuilder::coalesce)); answers
    /// are given again for a while on request ([`cache`](crate::ClientBuilder::cache)).
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if the answer holds nothing about that user (some deployments answer
    /// only for users subscribed to); [`InvalidInput`](crate::ErrorKind::InvalidInput) for a bad id; see
    /// [`Error`](crate::Error) for the rest.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use easemob_presence::Client;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// # emulator.state().login("c2", "ios_1");
    /// let c2 = client.user("wzy")?.get("c2").await?;
    /// assert!(c2.is_online());
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get(&self, id: impl AsRef<str>) -> Call<Get> {
        let batch = UserId::new(id).map(|id| Batch::of([id]));
        Call::new(&self.client, batch.map(|batch| Get::new(self.id.clone(), batch)))
    }

    /// Reads the presence of any number of users: `POST /users/{username}/presence`, for each 100 of them.
    ///
    /// The answer is in the order asked, an id given twice once; ids that the service did not answer are in
    /// [`missing`](crate::Presences::missing). Limit: 50 requests a second per App Key, which is 5,000 users. No ids: an
    /// empty answer without a request. For lists that should not be in memory as a whole there is
    /// [`iter_many`](User::iter_many).
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) for a bad id; [`Partial`](crate::ErrorKind::Partial) if some
    /// requests succeeded and others failed; see [`Error`](crate::Error) for the rest.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use easemob_presence::Client;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// let presences = client.user("wzy")?.get_many(["c2", "c3"]).await?;
    /// assert_eq!(presences.iter().map(|p| p.user_id().to_string()).collect::<Vec<_>>(), ["c2", "c3"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_many<I>(&self, ids: I) -> Many<GetMany>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        Many::new(&self.client, Batch::collect(ids).map(|batch| GetMany { user: self.id.clone(), batch }))
    }

    /// Watches any number of users: a view that is always at hand, and a stream of events, kept by polling within a part
    /// of the rate of `get` (half of it if not given).
    ///
    /// Those least recently read come first, and those who changed lately are read again sooner. At half of 50 calls a
    /// second 2,500 users are read in a second. Any letter case, duplicates once; users may be added and removed while
    /// it runs. See [`Watcher`](crate::Watcher).
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use easemob_presence::{Client, Event, Status};
    /// # use futures_util::StreamExt;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// let mut team = client.user("wzy")?.watch(["c2", "c3"]).share(0.2).start().await?;
    /// client.user("c3")?.set("web_1", Status::Online).ext("busy").await?;
    /// while let Some(event) = team.next().await {
    ///     if let Event::Enter(change) = event {
    ///         println!("{} is here: {}", change.presence.user_id(), change.presence.ext());
    ///         break;
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn watch<I>(&self, ids: I) -> Watch
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        Watch::new(self, ids)
    }

    /// Reads the presence of users out of an iterator, as it goes: `POST /users/{username}/presence`, for each 100 of
    /// them. Memory stays bounded, however many there are.
    ///
    /// Each item is the answer to one request, in the order of the ids; requests run side by side as the rate limit
    /// allows, some 25,000 users ahead at most. An id that comes again within one request is asked for once, one that
    /// comes again later is asked for again. Each request has the client's timeout.
    ///
    /// # Errors
    /// Items are results, and the stream goes on after a failed one, whose [`partial`](crate::Error::partial) names its
    /// users. After a failure that every request would meet (see [`Many`]) the users that are left fail with the same
    /// cause, unsent. An id that breaks a rule is an item of its own,
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput), which names its place; the ids around it are asked for.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// use futures_util::StreamExt;
    /// # use easemob_presence::Client;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// let everyone = (0..1_000).map(|n| format!("u{n}"));
    /// let mut answers = client.user("wzy")?.iter_many(everyone);
    /// let mut online = 0;
    /// while let Some(answer) = answers.next().await {
    ///     match answer {
    ///         Ok(presences) => online += presences.iter().filter(|presence| presence.is_online()).count(),
    ///         Err(error) => eprintln!("{} users: {error}", error.partial().map_or(1, |p| p.failed().len())),
    ///     }
    /// }
    /// # assert_eq!(online, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter_many<I>(&self, ids: I) -> IterMany
    where
        I: IntoIterator,
        I::IntoIter: Send + 'static,
        I::Item: AsRef<str>,
    {
        self.iter_many_stream(stream::iter(ids))
    }

    /// The same for ids that come from a [`Stream`]. A request is sent when it is full, or at the stream's end.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// use futures_util::{TryStreamExt, stream};
    /// use easemob_presence::Presences;
    /// # use easemob_presence::Client;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// let ids = stream::iter(["c2", "c3"]); // such as the rows of a query
    /// let presences: Vec<Presences> = client.user("wzy")?.iter_many_stream(ids).try_collect().await?;
    /// assert_eq!(presences.iter().map(Presences::len).sum::<usize>(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter_many_stream<S>(&self, ids: S) -> IterMany
    where
        S: Stream + Send + 'static,
        S::Item: AsRef<str>,
    {
        IterMany::new(&self.client, &self.id, ids)
    }

    /// Ends the subscriptions to any number of users: `DELETE /users/{username}/presence`, for each 100 of them.
    ///
    /// Users never subscribed to are no error. Limit: 50 requests a second per App Key. No ids: done without a request.
    ///
    /// # Errors
    /// As [`get_many`](User::get_many).
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use easemob_presence::Client;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// client.user("wzy")?.unsubscribe(["c1"]).await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unsubscribe<I>(&self, ids: I) -> Many<Unsubscribe>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        Many::new(&self.client, Batch::collect(ids).map(|batch| Unsubscribe { user: self.id.clone(), batch }))
    }

    /// All of the user's subscriptions, page after page, as a stream:
    /// `GET /users/{username}/presence/sublist?pageNum=…&pageSize=…`.
    ///
    /// The service's list is up to 10 seconds behind writes. Limit: 50 pages a second per App Key.
    ///
    /// # Errors
    /// Items are results; see [`Error`](crate::Error). The stream ends after the first failure.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// use futures_util::TryStreamExt;
    /// # use easemob_presence::Client;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// let wzy = client.user("wzy")?;
    /// wzy.subscribe(["c2", "c3"]).await?;
    ///
    /// let mut subscriptions = wzy.subscriptions();
    /// while let Some(subscription) = subscriptions.try_next().await? {
    ///     println!("{} until {:?}", subscription.user_id(), subscription.expires_at());
    /// }
    /// # assert_eq!(wzy.subscriptions().try_collect::<Vec<_>>().await?.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscriptions(&self) -> Subscriptions {
        Subscriptions::new(self.clone())
    }

    /// One page of the user's subscriptions, from 1 on:
    /// `GET /users/{username}/presence/sublist?pageNum=…&pageSize=…`.
    ///
    /// 100 to a page unless [`.page_size(…)`](Call::page_size) says otherwise. Limit: 50 calls a second per App Key.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) for page 0 or a page size outside 1 to 500; see
    /// [`Error`](crate::Error) for the rest.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use easemob_presence::Client;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// let page = client.user("wzy")?.subscriptions_page(1).page_size(50).await?;
    /// assert_eq!(page.total(), Some(0));
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscriptions_page(&self, page: u32) -> Call<GetSubscriptionsPage> {
        let get = GetSubscriptionsPage { user: self.id.clone(), page, page_size: DEFAULT_PAGE_SIZE };
        Call::new(&self.client, Ok(get))
    }

    /// The devices on which the user is logged in: `GET /users/{username}/resources`.
    ///
    /// Each [`resource`](crate::Device::resource) is what [`set`](User::set) takes. Limit: 100 calls a second per App
    /// Key.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) for a user who does not exist; see [`Error`](crate::Error) for the
    /// rest.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use easemob_presence::Client;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// # emulator.state().login("c1", "ios_1");
    /// for device in client.user("c1")?.devices().await? {
    ///     println!("{} ({})", device.resource(), device.platform());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn devices(&self) -> Call<Devices> {
        Call::new(&self.client, Ok(Devices { user: self.id.clone() }))
    }

    /// Whether the user is logged in somewhere: `GET /users/{username}/status`.
    ///
    /// This is the login state, not the presence that the user set. Limit: 100 calls a second per App Key.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) for a user who does not exist; see [`Error`](crate::Error) for the
    /// rest.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use easemob_presence::Client;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// # emulator.state().login("user1", "ios_1");
    /// assert!(client.user("user1")?.is_online().await?);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_online(&self) -> Call<IsOnline> {
        Call::new(&self.client, Ok(IsOnline { user: self.id.clone() }))
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("User").field(&self.id).finish()
    }
}
