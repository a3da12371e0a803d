use std::sync::Arc;

use bytes::Bytes;
use http::Method;

use super::request::Usernames;
use super::{Batch, Bulk, Descriptor, Endpoint, Operation, Request};
use crate::error::Error;
use crate::many::PartialFailure;
use crate::model::{Presences, UserId};
use crate::wire::Rows;

/// Reads the presence of up to 100 users: `POST /users/{username}/presence`. See
/// [`User::get_many`](crate::User::get_many).
#[derive(Clone, Debug)]
pub struct GetMany {
    pub(crate) user: UserId,
    pub(crate) batch: Batch,
}

impl Operation for GetMany {
    type Output = Presences;

    const DESCRIPTOR: &'static Descriptor = &Descriptor {
        name: "get_many",
        endpoint: Endpoint::Get,
        method: Method::POST,
        template: "/users/{username}/presence",
    };

    fn request(&self) -> Result<Request, Error> {
        Request::new(Self::DESCRIPTOR, &[self.user.as_str()])?.json(&Usernames { usernames: &self.batch })
    }

    fn decode(&mut self, body: Bytes) -> Result<Presences, Error> {
        let rows = Rows::read(body.into())?;
        Ok(Presences::matched(self.batch.shared(), rows))
    }
}

impl Bulk for GetMany {
    fn with_ids(&self, ids: Arc<[UserId]>) -> Self {
        Self { batch: Batch::of(ids), ..self.clone() }
    }

    fn ids(&self) -> Arc<[UserId]> {
        self.batch.shared()
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

    #[test]
    fn the_request_is_the_documented_one_and_the_documents_own_answer_is_read() {
        let mut get =
            GetMany { user: UserId::new("wzy").unwrap(), batch: Batch::collect(["c2", "c3"]).unwrap() };
        let request = get.request().unwrap();
        assert_eq!(request.path, "/users/wzy/presence");
        assert_eq!(request.body.unwrap(), r#"{"usernames":["c2","c3"]}"#);

        let body = r#"{"result":[{"uid":"c3","status":{"android":"0","android":"0"}}]}"#;
        let presences = get.decode(Bytes::from_static(body.as_bytes())).unwrap();
        assert_eq!(presences.get("c3").unwrap().devices().len(), 1);
        assert_eq!(presences.missing(), [UserId::new("c2").unwrap()]);
        assert_eq!(presences.raw().collect::<Vec<_>>(), [body]);
    }
}
