use bytes::Bytes;

use super::{Batch, Descriptor, Get, GetMany, Operation, Request};
use crate::error::Error;
use crate::model::{Presence, Presences, UserId};

/// Who asks about whom, and what the caller makes of the presence.
#[doc(hidden)]
#[derive(Debug)]
pub struct Together<T> {
    pub(crate) user: UserId,
    pub(crate) id: UserId,
    pub(crate) give: fn(Presence) -> T,
}

/// Several calls of [`Get`] as one request. Whom it asks about is settled when it has its turn.
pub(crate) struct GetTogether<F> {
    get: GetMany,
    settle: Option<F>,
}

impl<F: FnOnce() -> Vec<UserId>> GetTogether<F> {
    /// `settle` gives distinct users, at most as many as one request takes.
    pub(crate) fn new(user: UserId, settle: F) -> Self {
        Self { get: GetMany { user, batch: Batch::default() }, settle: Some(settle) }
    }
}

impl<F: FnOnce() -> Vec<UserId> + Send + 'static> Operation for GetTogether<F> {
    type Output = Presences;

    /// The callers made single calls, and errors speak to them.
    const DESCRIPTOR: &'static Descriptor = Get::DESCRIPTOR;

    fn request(&self) -> Result<Request, Error> {
        Ok(Request { operation: Self::DESCRIPTOR, ..self.get.request()? })
    }

    fn at_turn(&mut self) -> Option<Result<Request, Error>> {
        self.get.batch = Batch::of(self.settle.take()?());
        Some(self.request())
    }

    fn decode(&mut self, body: Bytes) -> Result<Presences, Error> {
        self.get.decode(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_it_asks_about_is_settled_once_at_its_turn() {
        let ids = || vec![UserId::new("c2").unwrap(), UserId::new("C3").unwrap()];
        let mut get = GetTogether::new(UserId::new("wzy").unwrap(), ids);
        assert_eq!(get.request().unwrap().body(), Some(r#"{"usernames":[]}"#));
        let request = get.at_turn().unwrap().unwrap();
        assert_eq!((request.operation.name, request.path()), ("get", "/users/wzy/presence"));
        assert_eq!(request.body(), Some(r#"{"usernames":["c2","C3"]}"#));
        assert!(get.at_turn().is_none(), "an attempt made again asks about the same users");
        let presences = get.decode(Bytes::from_static(br#"{"result":[{"uid":"c3"}]}"#)).unwrap();
        assert_eq!((presences.len(), presences.missing().len()), (1, 1));
    }
}
