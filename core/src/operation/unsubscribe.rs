use std::sync::Arc;

use bytes::Bytes;
use http::Method;

use super::{Batch, Bulk, Descriptor, Endpoint, Operation, Request};
use crate::error::Error;
use crate::many::PartialFailure;
use crate::model::UserId;
use crate::wire;

/// Ends subscriptions: `DELETE /users/{username}/presence`. See [`User::unsubscribe`](crate::User::unsubscribe).
#[derive(Clone, Debug)]
pub struct Unsubscribe {
    pub(crate) user: UserId,
    pub(crate) batch: Batch,
}

impl Operation for Unsubscribe {
    type Output = ();

    const DESCRIPTOR: &'static Descriptor = &Descriptor {
        name: "unsubscribe",
        endpoint: Endpoint::Unsubscribe,
        method: Method::DELETE,
        template: "/users/{username}/presence",
    };

    /// A bare array: the service's documents name a field `users`, its examples and clients send none.
    fn request(&self) -> Result<Request, Error> {
        Request::new(Self::DESCRIPTOR, &[self.user.as_str()])?.json(&self.batch)
    }

    fn decode(&mut self, body: Bytes) -> Result<(), Error> {
        wire::read_ok(&body)
    }
}

impl Bulk for Unsubscribe {
    fn with_ids(&self, ids: Arc<[UserId]>) -> Self {
        Self { batch: Batch::of(ids), ..self.clone() }
    }

    fn ids(&self) -> Arc<[UserId]> {
        self.batch.shared()
    }

    fn join(_: Vec<()>) {}

    fn keep((): (), _: &mut PartialFailure) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_a_bare_array_and_oneself_is_allowed() {
        let batch = Batch::collect(["c1", "wzy"]).unwrap();
        let request = Unsubscribe { user: UserId::new("wzy").unwrap(), batch }.request().unwrap();
        assert_eq!(request.path, "/users/wzy/presence");
        assert_eq!(request.body.unwrap(), r#"["c1","wzy"]"#);
    }
}
