use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;

use super::request::Usernames;
use super::{Batch, Bulk, Descriptor, Endpoint, Operation, Request};
use crate::error::Error;
use crate::many::{Many, PartialFailure};
use crate::model::{Presences, UserId};
use crate::wire::{Rows, excerpt};

/// The longest subscription: 30 days.
const MAX_TTL: Duration = Duration::from_secs(2_592_000);
/// How long a subscription lasts unless said otherwise: a day.
pub(crate) const DEFAULT_TTL: Duration = Duration::from_secs(86_400);

/// Subscribes to users: `POST /users/{username}/presence/{expiry}`. See [`User::subscribe`](crate::User::subscribe).
#[derive(Clone, Debug)]
pub struct Subscribe {
    pub(crate) user: UserId,
    pub(crate) batch: Batch,
    pub(crate) ttl: Duration,
}

impl Many<Subscribe> {
    /// How long the subscription lasts: 1 second to 30 days (2,592,000 s), fractions rounded up; a day if not given.
    pub fn ttl(self, ttl: Duration) -> Self {
        self.map(|subscribe| Subscribe { ttl, ..subscribe })
    }
}

impl Operation for Subscribe {
    type Output = Presences;

    const DESCRIPTOR: &'static Descriptor = &Descriptor {
        name: "subscribe",
        endpoint: Endpoint::Subscribe,
        method: Method::POST,
        template: "/users/{username}/presence/{expiry}",
    };

    fn request(&self) -> Result<Request, Error> {
        self.check()?;
        let seconds = self.ttl.as_secs() + u64::from(self.ttl.subsec_nanos() > 0);
        Request::new(Self::DESCRIPTOR, &[self.user.as_str(), &seconds.to_string()])?
            .json(&Usernames { usernames: &self.batch })
    }

    fn decode(&mut self, body: Bytes) -> Result<Presences, Error> {
        let rows = Rows::read(body.into())?;
        Ok(Presences::matched(self.batch.shared(), rows))
    }
}

impl Bulk for Subscribe {
    fn with_ids(&self, ids: Arc<[UserId]>) -> Self {
        Self { batch: Batch::of(ids), ..self.clone() }
    }

    fn ids(&self) -> Arc<[UserId]> {
        self.batch.shared()
    }

    fn check(&self) -> Result<(), Error> {
        if let Some(own) = self.batch.contains(&self.user) {
            return Err(Error::invalid(format!("{} is the subscribing user itself", excerpt(own.as_str())))
                .with_hint(Some("Leave it out of the list.")));
        }
        if self.ttl.is_zero() || self.ttl > MAX_TTL {
            return Err(Error::invalid(format!(
                "the ttl is {} s; allowed are 1 to {} s (30 days)",
                self.ttl.as_secs_f64(),
                MAX_TTL.as_secs()
            )));
        }
        Ok(())
    }

    fn join(outputs: Vec<Self::Output>) -> Self::Output {
        outputs.into_iter().collect()
    }

    fn keep(output: Self::Output, partial: &mut PartialFailure) {
        partial.presences = Some(output);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscribe(ids: &[&str], ttl: Duration) -> Subscribe {
        Subscribe { user: UserId::new("wzy").unwrap(), batch: Batch::collect(ids).unwrap(), ttl }
    }

    #[test]
    fn the_request_is_the_documented_one() {
        let request = subscribe(&["c2", "c3"], Duration::from_secs(1000)).request().unwrap();
        assert_eq!(request.path, "/users/wzy/presence/1000");
        assert_eq!(request.body.unwrap(), r#"{"usernames":["c2","c3"]}"#);
    }

    #[test]
    fn the_ttl_is_whole_seconds_within_30_days() {
        for (ttl, segment) in [(1, "/1"), (1001, "/2"), (2_592_000_000, "/2592000")] {
            let path = subscribe(&["c2"], Duration::from_millis(ttl)).request().unwrap().path;
            assert!(path.ends_with(segment), "{path}");
        }
        for ttl in [0, 2_592_000_001] {
            let error = subscribe(&["c2"], Duration::from_millis(ttl)).request().unwrap_err();
            assert!(error.message().contains("30 days"), "{error}");
        }
    }

    #[test]
    fn oneself_is_refused_in_any_case() {
        assert!(subscribe(&["c2", "WZY"], DEFAULT_TTL).request().is_err());
        assert!(subscribe(&["c2"], DEFAULT_TTL).check().is_ok());
    }
}
