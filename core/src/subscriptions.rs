use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt};

use crate::error::{Error, ErrorKind, Sent};
use crate::model::{Subscription, SubscriptionsPage, UserId};
use crate::operation::{DEFAULT_PAGE_SIZE, GetSubscriptionsPage, Operation};
use crate::user::User;

/// All subscriptions of a user as a [`Stream`]; see [`User::subscriptions`].
///
/// Pages are read one at a time, as they are needed. While they are read the list may change; a user who moves to a
/// later page is given once.
#[must_use = "a stream does nothing until it is polled"]
pub struct Subscriptions {
    user: User,
    page_size: u32,
    /// The page being read; none before the first poll and after the end.
    reading: Option<BoxFuture<'static, Result<SubscriptionsPage, Error>>>,
    next_page: u32,
    ready: VecDeque<Subscription>,
    given: HashSet<UserId>,
    /// How many items the pages have held, repeated ones included.
    read: u64,
    total: Option<u64>,
    /// How many pages in a row have held nothing new.
    repeated: u32,
    ended: bool,
}

/// Users who move between pages while they are read may fill one page with repetitions, not this many.
const MOST_REPEATED: u32 = 3;

impl Subscriptions {
    pub(crate) fn new(user: User) -> Self {
        Self {
            user,
            page_size: DEFAULT_PAGE_SIZE,
            reading: None,
            next_page: 1,
            ready: VecDeque::new(),
            given: HashSet::new(),
            read: 0,
            total: None,
            repeated: 0,
            ended: false,
        }
    }

    /// How many subscriptions one request brings: 1 to 500, 100 if not given. Newer deployments take at most 100.
    pub fn page_size(mut self, page_size: u32) -> Self {
        self.page_size = page_size;
        self
    }

    /// How many subscriptions there are, as the latest page counted; none before the first page.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Reads on to the end, or until there are `limit` subscriptions, and no page more than that takes. `None` for all.
    ///
    /// What the latest page held beyond the limit comes next.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use easemob_presence::Client;
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// let wzy = client.user("wzy")?;
    /// wzy.subscribe(["c2", "c3", "c4"]).await?;
    /// let mut subscriptions = wzy.subscriptions().page_size(2);
    /// assert_eq!(subscriptions.to_list(1).await?[0].user_id(), "c2");
    /// assert_eq!(subscriptions.total(), Some(3));
    /// assert_eq!(subscriptions.to_list(None).await?.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// What a page ends with; what was read before it is lost.
    pub async fn to_list(&mut self, limit: impl Into<Option<usize>>) -> Result<Vec<Subscription>, Error> {
        self.take(limit.into().unwrap_or(usize::MAX)).try_collect().await
    }

    /// What has been read and not given yet: the rest of the latest page, taken without waiting.
    ///
    /// For callers to whom each step of a stream is dear, such as another language's event loop.
    pub fn take_ready(&mut self) -> Vec<Subscription> {
        self.ready.drain(..).collect()
    }

    /// Takes in a page. The end is an empty page, or as many items read as the service counts; a page may be shorter
    /// than asked for (deployments differ in the largest size), so that alone is no end. A service that repeats
    /// itself would be asked for ever: where it counts nothing, the first page with nothing new is the end; where it
    /// goes on counting more, that is an error, because silence would lose what it counts.
    fn take_in(&mut self, page: SubscriptionsPage) -> Result<(), Error> {
        self.total = page.total().or(self.total);
        let items = page.subscriptions().len();
        self.read += items as u64;
        let before = self.ready.len();
        for subscription in page {
            if self.given.insert(subscription.user_id().clone()) {
                self.ready.push_back(subscription);
            }
        }
        self.repeated = if self.ready.len() > before { 0 } else { self.repeated + 1 };
        self.ended = items == 0 || self.total.map_or(self.repeated > 0, |total| self.read >= total);
        if !self.ended && self.repeated == MOST_REPEATED {
            let message = format!(
                "{MOST_REPEATED} pages in a row held nothing new, after {} of the {} subscriptions that the service counts",
                self.given.len(),
                self.total.unwrap_or_default()
            );
            return Err(Error::new(ErrorKind::Decode, message)
                .with_sent(Sent::Yes)
                .during(GetSubscriptionsPage::DESCRIPTOR));
        }
        self.next_page = self.next_page.saturating_add(1);
        Ok(())
    }
}

impl Stream for Subscriptions {
    type Item = Result<Subscription, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(subscription) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(subscription)));
            }
            if this.ended {
                return Poll::Ready(None);
            }
            let page =
                || this.user.subscriptions_page(this.next_page).page_size(this.page_size).into_future();
            let answer = ready!(this.reading.get_or_insert_with(page).poll_unpin(context));
            this.reading = None;
            if let Err(error) = answer.and_then(|page| this.take_in(page)) {
                this.ended = true;
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}

impl fmt::Debug for Subscriptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriptions")
            .field("user", &self.user)
            .field("page_size", &self.page_size)
            .field("next_page", &self.next_page)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Moment;
    use crate::{Client, Options};

    fn stream() -> Subscriptions {
        let client = Client::builder().emulator("127.0.0.1:1").build().unwrap().with_options(Options::new());
        client.user("wzy").unwrap().subscriptions()
    }

    fn page(total: Option<u64>, users: &[&str]) -> SubscriptionsPage {
        let subscription = |user: &&str| Subscription::new(UserId::from_answer(user), Moment::default());
        SubscriptionsPage::new(total, users.iter().map(subscription).collect())
    }

    #[test]
    fn the_end_is_where_the_count_is_reached_or_a_page_is_empty() {
        for (pages, ended) in [
            (vec![page(Some(0), &[])], true),
            (vec![page(Some(3), &["a", "b"])], false),
            (vec![page(Some(3), &["a", "b"]), page(Some(3), &["c"])], true),
            (vec![page(Some(3), &["a"]), page(Some(3), &[])], true),
            (vec![page(None, &["a"])], false),
            (vec![page(None, &["a"]), page(None, &["A"])], true),
            (vec![page(None, &["a"]), page(None, &["b"]), page(None, &[])], true),
        ] {
            let mut stream = stream();
            for page in pages.clone() {
                stream.take_in(page).unwrap();
            }
            assert_eq!(stream.ended, ended, "{pages:?}");
        }
    }

    #[test]
    fn a_service_that_repeats_itself_is_an_error_and_not_a_loop() {
        let mut stream = stream();
        for _ in 0..MOST_REPEATED {
            stream.take_in(page(Some(u64::MAX), &["a"])).unwrap();
        }
        let error = stream.take_in(page(Some(u64::MAX), &["a"])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().contains("nothing new"), "{error}");
    }

    #[test]
    fn what_is_ready_is_taken_once_and_in_order() {
        let mut stream = stream();
        assert!(stream.take_ready().is_empty());
        stream.take_in(page(Some(3), &["a", "b"])).unwrap();
        let users: Vec<_> = stream.take_ready().iter().map(|s| s.user_id().as_str().to_owned()).collect();
        assert_eq!(users, ["a", "b"]);
        assert!(stream.take_ready().is_empty() && !stream.ended);
    }

    #[test]
    fn a_user_who_drifts_to_a_later_page_is_given_once() {
        let mut stream = stream();
        stream.take_in(page(Some(4), &["a", "b"])).unwrap();
        stream.take_in(page(Some(4), &["B", "c"])).unwrap();
        let users: Vec<_> = stream.ready.iter().map(|s| s.user_id().as_str().to_owned()).collect();
        assert_eq!(users, ["a", "b", "c"]);
        assert_eq!(stream.total(), Some(4));
    }
}
