use bytes::Bytes;
use http::Method;
use serde::Deserialize;

use super::{Descriptor, Endpoint, Operation, Request};
use crate::call::Call;
use crate::error::Error;
use crate::model::time::Moment;
use crate::model::{Subscription, SubscriptionsPage, UserId};
use crate::wire::{self, Lenient, Object, lenient_list};

/// The page size every deployment allows (the service's own default is 1).
pub(crate) const DEFAULT_PAGE_SIZE: u32 = 100;
/// The largest page of the deployments that allow most.
const MAX_PAGE_SIZE: u32 = 500;

/// Reads one page of a user's subscriptions:
/// `GET /users/{username}/presence/sublist`. See [`User::subscriptions_page`](crate::User::subscriptions_page).
#[derive(Clone, Debug)]
pub struct GetSubscriptionsPage {
    pub(crate) user: UserId,
    pub(crate) page: u32,
    pub(crate) page_size: u32,
}

impl Call<GetSubscriptionsPage> {
    /// How many subscriptions a page holds: 1 to 500, 100 if not given. Newer deployments take at most 100.
    pub fn page_size(self, page_size: u32) -> Self {
        self.map(|get| GetSubscriptionsPage { page_size, ..get })
    }
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    totalnum: Lenient,
    #[serde(default, deserialize_with = "lenient_list")]
    sublist: Vec<Object<Item>>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    uid: Option<String>,
    #[serde(default)]
    expiry: Lenient,
}

impl Operation for GetSubscriptionsPage {
    type Output = SubscriptionsPage;

    const DESCRIPTOR: &'static Descriptor = &Descriptor {
        name: "subscriptions",
        endpoint: Endpoint::Subscriptions,
        method: Method::GET,
        template: "/users/{username}/presence/sublist",
    };

    fn request(&self) -> Result<Request, Error> {
        if self.page == 0 {
            return Err(Error::invalid("the page is 0; the first page is 1"));
        }
        if self.page_size == 0 || self.page_size > MAX_PAGE_SIZE {
            return Err(Error::invalid(format!(
                "the page size is {}; allowed are 1 to {MAX_PAGE_SIZE}",
                self.page_size
            )));
        }
        let request = Request::new(Self::DESCRIPTOR, &[self.user.as_str()])?;
        Ok(request.query(&[("pageNum", self.page), ("pageSize", self.page_size)]))
    }

    fn decode(&mut self, body: Bytes) -> Result<SubscriptionsPage, Error> {
        let Object(page) = wire::read_result::<Object<Page>>(&body)?;
        let subscription = |Object(item): Object<Item>| {
            let user_id = UserId::from_answer(item.uid.as_deref().unwrap_or_default());
            Subscription::new(user_id, Moment::from_wire(item.expiry.0))
        };
        Ok(SubscriptionsPage::new(page.totalnum.0, page.sublist.into_iter().map(subscription).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(page: u32, page_size: u32) -> GetSubscriptionsPage {
        GetSubscriptionsPage { user: UserId::new("wzy").unwrap(), page, page_size }
    }

    #[test]
    fn the_request_is_the_documented_one() {
        let request = get(1, 100).request().unwrap();
        assert_eq!(request.path, "/users/wzy/presence/sublist?pageNum=1&pageSize=100");
        assert!(request.body.is_none());
    }

    #[test]
    fn page_and_size_have_bounds() {
        assert!(get(1, 1).request().is_ok() && get(9, 500).request().is_ok());
        for (page, size) in [(0, 100), (1, 0), (1, 501)] {
            assert!(get(page, size).request().is_err(), "{page} {size}");
        }
    }

    #[test]
    fn numbers_and_empty_forms_are_read_in_every_spelling() {
        for (body, total, users) in [
            (
                r#"{"result":{"totalnum":"2","sublist":[{"uid":"a","expiry":"1645822322"},{"uid":"b"}]}}"#,
                Some(2),
                2,
            ),
            (r#"{"result":{"totalnum":1,"sublist":[{"uid":"a","expiry":1645822322}]}}"#, Some(1), 1),
            (r#"{"result":{"totalnum":"0","sublist":null}}"#, Some(0), 0),
            (r#"{"result":{"sublist":{}}}"#, None, 0),
        ] {
            let page = get(1, 100).decode(Bytes::from_static(body.as_bytes())).unwrap();
            assert_eq!((page.total(), page.subscriptions().len()), (total, users), "{body}");
        }
    }
}
