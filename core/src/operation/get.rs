use bytes::Bytes;
use http::Method;

use super::{Batch, Descriptor, Endpoint, GetMany, Operation, Request, Together};
use crate::error::{Error, ErrorKind};
use crate::model::{Presence, UserId};
use crate::wire::excerpt;

/// Reads the presence of one user: `POST /users/{username}/presence`. See [`User::get`](crate::User::get).
#[derive(Clone, Debug)]
pub struct Get(GetMany);

impl Get {
    pub(crate) fn new(user: UserId, batch: Batch) -> Self {
        Self(GetMany { user, batch })
    }
}

impl Operation for Get {
    type Output = Presence;

    const DESCRIPTOR: &'static Descriptor = &Descriptor {
        name: "get",
        endpoint: Endpoint::Get,
        method: Method::POST,
        template: GetMany::DESCRIPTOR.template,
    };

    fn request(&self) -> Result<Request, Error> {
        Ok(Request { operation: Self::DESCRIPTOR, ..self.0.request()? })
    }

    fn decode(&mut self, body: Bytes) -> Result<Presence, Error> {
        let presences = self.0.decode(body)?;
        presences
            .iter()
            .next()
            .ok_or_else(|| not_answered(presences.missing().first().map(UserId::as_str).unwrap_or_default()))
    }

    fn together(&self) -> Option<Together<Presence>> {
        let id = self.0.batch.ids().first()?.clone();
        Some(Together { user: self.0.user.clone(), id, give: |presence| presence })
    }
}

/// The error for a user about whom the answer says nothing.
pub(crate) fn not_answered(user: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("the answer holds no presence of {}", excerpt(user)))
        .with_hint(Some("Some deployments answer only for users subscribed to: subscribe first."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get() -> Get {
        Get::new(UserId::new("wzy").unwrap(), Batch::collect(["C2"]).unwrap())
    }

    #[test]
    fn one_user_is_found_by_id() {
        let body = br#"{"result":[{"uid":"","ext":"no"},{"uid":"c2","ext":"yes"}]}"#;
        let presence = get().decode(Bytes::from_static(body)).unwrap();
        assert_eq!((presence.user_id().as_str(), presence.ext()), ("C2", "yes"));
    }

    #[test]
    fn an_answer_without_the_user_is_not_found_and_never_a_neighbour() {
        for body in [&br#"{"result":[]}"#[..], br#"{"result":[{"uid":""}]}"#, br#"{"result":[{"uid":"c3"}]}"#]
        {
            let error = get().decode(Bytes::from_static(body)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
        }
    }
}
